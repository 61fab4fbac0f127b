"""Small programmes that can be looked through one by one: measures made by hand, and every choice of them."""

import itertools

import numpy as np
import pandas as pd

from geo.programme.options import ProgrammeOptions, by_year


def measures(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return a table of measures; what a row does not say is plain: works on one site, basic, no safety, priced."""
    plain = {
        "key": "roof", "title_zh": "屋面", "title_en": "roof", "class_": "basic", "safety": False, "trench": False,
        "elder_child": False, "remedy": "works", "subject": "building", "site_id": "S1", "site_name": "S1",
        "community_id": "C1", "quantity": 1.0, "unit": "count", "public_yuan": 100.0, "residents_yuan": 0.0,
        "social_yuan": 0.0, "need": 1.0, "trench_group": None, "needs": "", "excludes": "", "priced": True,
        "example_cost": False, "ready": True, "why_not_zh": "", "why_not_en": "", "numbers": "4",
    }  # fmt: skip
    full = [{"measure_id": f"m{i}", "subject_id": f"b{i}", **plain, **row} for i, row in enumerate(rows)]
    frame = pd.DataFrame(full).set_index("measure_id")
    frame["cost_yuan"] = frame["public_yuan"] + frame["residents_yuan"] + frame["social_yuan"]
    return frame


def options(budgets: list[float], **said: object) -> ProgrammeOptions:
    """Return options for years from 2026 on, asking for the best itself."""
    years = tuple(range(2026, 2026 + len(budgets)))
    return ProgrammeOptions.read({"years": years, "budgets_yuan": budgets, "gap": 0.0, "safety_slack": 0.0, **said})


def keeps(table: pd.DataFrame, year: np.ndarray, o: ProgrammeOptions, *, floor: bool = True) -> bool:
    """Return whether a choice (year number or -1 for each row) keeps everything that was asked, told independently."""
    T = len(o.years)
    done = year >= 0
    if (done & ~table["ready"].to_numpy(bool)).any():
        return False
    if floor and not done[table["safety"].to_numpy(bool) & table["ready"].to_numpy(bool)].all():
        return False
    public = table["public_yuan"].fillna(0).to_numpy()
    purse = 0.0
    for t in range(T):
        purse += o.budgets_yuan[t] - public[year == t].sum()
        if purse < -1e-6:
            return False
        purse = purse if o.carry_over else 0.0
    campaign = (table["remedy"] == "works").to_numpy()
    if o.safety_ahead:
        ahead = table["safety"].to_numpy(bool) & table["ready"].to_numpy(bool)
        dug = table["trench_group"].isin(table["trench_group"][ahead].dropna()).to_numpy()
        campaign = campaign & ~ahead & ~dug
    works = done & campaign
    for t in range(T):
        if o.sites_per_year is not None:
            at = table["site_id"][works & (year == t)].nunique()
            if at > by_year(o.sites_per_year, T)[t]:
                return False
        for key, most in o.capacities.items():
            if key.startswith("class:"):
                load = ((table["class_"] == key[6:]) & (year == t)).sum()
            else:
                load = table["quantity"][(table["key"] == key) & (year == t)].sum()
            if load > by_year(most, T)[t] + 1e-9:
                return False
    for site in table["site_id"].unique():
        at = year[works & (table["site_id"] == site).to_numpy()]
        if len(at) and at.max() - at.min() >= o.campaign_years:
            return False
    for group in table["trench_group"].dropna().unique():
        at = year[done & (table["trench_group"] == group).to_numpy()]
        if len(set(at)) > 1:
            return False
    for c in table["community_id"].dropna().unique():
        mine = (table["community_id"] == c).to_numpy()
        if o.max_share_per_community is not None and (
            public[mine & done].sum() > o.max_share_per_community * sum(o.budgets_yuan) + 1e-6
        ):
            return False
        total = table["need"][mine & table["ready"].to_numpy(bool)].sum()
        met = done.copy()
        met[list(met_by(table, year))] = True
        if total and table["need"][mine & met].sum() < o.equity_floor * total - 1e-6:
            return False
    if (done & table["elder_child"].to_numpy(bool)).sum() < o.elder_child_min:
        return False
    row = {one: i for i, one in enumerate(table.index)}
    for i, one in enumerate(table.index):
        for column in ("needs", "excludes"):
            for key in filter(None, str(table[column].iloc[i]).split(";")):
                for other in rivals(table, i, key):
                    if year[i] < 0:
                        continue
                    if column == "needs" and not 0 <= year[other] <= year[i]:
                        return False
                    if column == "excludes" and year[other] >= 0:
                        return False
        del one
    for one, when in o.locked.items():
        if one in row:
            if year[row[one]] < 0 or (when != "in" and o.years[year[row[one]]] != when):
                return False
        else:
            mine = (table["site_id"] == one).to_numpy() & table["ready"].to_numpy(bool)
            for narrower in ((table["remedy"] == "works").to_numpy(), campaign):
                mine = mine & narrower if (mine & narrower).any() else mine
            at = year[mine & done]
            if not len(at) or (when != "in" and o.years[at.min()] != when):
                return False
    rest = ~(table["safety"].to_numpy(bool) & table["ready"].to_numpy(bool))
    out = [(table.index == one) | ((table["site_id"] == one).to_numpy() & rest) for one in o.forbidden]
    return not any((done & one).any() for one in out)


def worth(table: pd.DataFrame, year: np.ndarray, o: ProgrammeOptions) -> tuple[float, float]:
    """Return what counts: how long safety waits, and the need met, discounted."""
    need = table["need"].to_numpy()
    waits = (need * np.maximum(year, 0))[table["safety"].to_numpy(bool)].sum()
    met = need * (1 - o.discount) ** np.maximum(year, 0) * (year >= 0)
    for i, by in met_by(table, year).items():
        met[i] = need[i] * (1 - o.discount) ** year[by]
    return float(waits), float(met.sum())


def met_by(table: pd.DataFrame, year: np.ndarray) -> dict[int, int]:
    """Return the rows that are met because another that is done makes them needless, with the earliest such row."""
    found: dict[int, int] = {}
    for i in range(len(table)):
        for key in filter(None, str(table["excludes"].iloc[i]).split(";")):
            for other in rivals(table, i, key):
                if (
                    year[other] < 0 <= year[i]
                    and table["ready"].iloc[other]
                    and (other not in found or year[i] < year[found[other]])
                ):
                    found[other] = i
    return found


def rivals(table: pd.DataFrame, i: int, key: str) -> np.ndarray:
    """Return the rows that a key means for row i: on its own subject, else on its site, of another kind of subject."""
    same = (table["key"] == key) & (table["subject"] == table["subject"].iloc[i])
    same &= table["subject_id"] == table["subject_id"].iloc[i]
    if not same.any():
        same = (table["key"] == key) & (table["site_id"] == table["site_id"].iloc[i])
        same &= table["subject"] != table["subject"].iloc[i]
    return np.setdiff1d(np.flatnonzero(same.to_numpy()), [i])


def best(table: pd.DataFrame, o: ProgrammeOptions) -> tuple[float, float] | None:
    """Return what the best choice is worth, by trying all; None when there is none."""
    found = None
    for some in itertools.product(range(-1, len(o.years)), repeat=len(table)):
        year = np.array(some)
        if keeps(table, year, o):
            waits, met = worth(table, year, o)
            if found is None or (round(waits, 9), -round(met, 9)) < (round(found[0], 9), -round(found[1], 9)):
                found = (waits, met)
    return found


def years_of(programme, table: pd.DataFrame) -> np.ndarray:
    """Return the year number of every row, -1 where it is not done."""
    year = programme.choice["year"].reindex(table.index)
    return np.array([-1 if pd.isna(y) else int(y) - programme.options.years[0] for y in year])
