"""Lists that offices keep beside the survey: who owns which flat, which estates agree, what is under way, farm houses.

Owners, households and firms are invented, and nobody has a name: keys tell them apart.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from geo.standards.rules import SiteRules
from geo.study import Study

LEDGER = ("楼栋编号", "单元", "房号", "所在层", "专有面积(平方米)", "业主标识", "未售或未交付", "表决意见")
LEDGER_BUILDINGS = ("楼栋编号", "层数", "楼梯形式", "已有电梯", "列入拆迁计划")

STAIRS: tuple[tuple[str, float, float, str], ...] = (
    ("1", 0.95, 0.95, "两项均通过"),
    ("2", 0.88, 0.62, "同意不足四分之三"),
    ("3", 0.50, 0.95, "参与不足三分之二"),
)
"""Stair → how likely an owner votes, and then agrees; what is meant to come of it."""


def ownership(study: Study, found: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the ownership ledger of the stairs of four houses that lack a lift: sheets 专有部分 and 楼栋.

    The stairs of the first three vote as in `STAIRS`; nearly everybody in the fourth agrees. One owner holds two flats,
    some flats have two owners, one house has flats that its builder never sold, and one area is not known: a ledger as
    it is.

    Parameters
    ----------
    study : Study
        With buildings.
    found : DataFrame
        Findings; the houses are the first of those with an open 7a, five or six storeys, and no two of one estate.
    rng : Generator
        Chance.
    """
    lacking = found[(found["code"] == "7a") & found["status"].isin(["open", "scheduled"]) & found["estate_id"].notna()]
    houses = study["buildings"].loc[lacking["subject_id"].sort_values()]
    houses = houses[houses["floors"].between(5, 6)].drop_duplicates("estate_id").head(4)
    rows: list[tuple[object, ...]] = []
    owner = 0
    for place, (key, house) in enumerate(houses.iterrows()):
        for stair, *shares, _ in STAIRS:
            votes, agrees = (0.96, 1.0) if place == 3 else shares
            for floor in range(1, int(house["floors"]) + 1):
                for side in (1, 2):
                    owner += 1
                    again = floor == 3 and side == 2
                    person = f"Y{owner - 1:04d}" if again else f"Y{owner:04d}"
                    both = f"{person}、Y{owner:04d}B" if floor == 2 and side == 1 else person
                    unsold = place == 2 and floor == 1 and side == 1
                    area = round(float(rng.uniform(58, 96)), 2)
                    willing = rng.random() < agrees * (0.6 if floor == 1 and place < 3 else 1.0)
                    answer = "同意" if willing else str(rng.choice(["不同意", "弃权"]))
                    answer = answer if rng.random() < votes else "未表决"
                    answer = str(rows[-1][-1]) if again else answer
                    unmeasured = place == 1 and stair == "2" and floor == 4 and side == 2
                    size = None if unmeasured else area
                    owned = ("", "是", "") if unsold else (both, "否", answer)
                    rows.append((key, f"{stair}单元", f"{floor}0{side}", floor, size, *owned))
    about = pd.DataFrame(
        [(key, int(house["floors"]), "单元式", "否", "否") for key, house in houses.iterrows()],
        columns=LEDGER_BUILDINGS,
    )
    return {"专有部分": pd.DataFrame(rows, columns=LEDGER), "楼栋": about}


def projects(study: Study, found: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the list of renovation projects: the plan of 2025, finished or late, and that of 2026, partly begun.

    Quantities are what is reported of projects under way; one in four has not reported one thing or another.

    Parameters
    ----------
    study : Study
        With estates and buildings.
    found : DataFrame
        Findings: the estates with the most are planned first.
    rng : Generator
        Chance.
    """
    estates, buildings = study["estates"], study["buildings"]
    old = estates.index[estates["year_built"].astype("float64") < 2001]
    count = found[found["estate_id"].isin(old)].groupby("estate_id").size().rename("n").reset_index()
    ranked = count.sort_values(["n", "estate_id"], ascending=[False, True])["estate_id"].head(18)
    of = buildings.groupby("estate_id").agg(households=("households", "sum"), n=("floors", "size"))
    community = buildings["block_id"].map(study["blocks"]["community_id"]).groupby(buildings["estate_id"]).first()
    lived = (buildings.area * buildings["floors"].fillna(3)).groupby(buildings["estate_id"]).sum()
    rows = []
    for turn, key in enumerate(ranked):
        year = 2025 if turn < 7 else 2026
        homes, blocks = int(of.loc[key, "households"]), int(of.loc[key, "n"])
        begun = year == 2025 or rng.random() < 0.7
        start = date(year, 3, 1) + timedelta(days=int(rng.integers(0, 170)))
        end = start + timedelta(days=int(rng.integers(140, 300)))
        finished = begun and end <= date(2026, 9, 30)
        figures = {
            "管线改造(公里)": round(blocks * float(rng.uniform(0.08, 0.16)), 2),
            "加装电梯(部)": int(rng.integers(0, 3)),
            "新增停车位(个)": int(homes * rng.uniform(0.05, 0.15)),
            "新能源汽车充电桩(个)": int(rng.integers(0, 8)),
            "电动自行车充电桩(个)": int(homes * rng.uniform(0.05, 0.12)),
            "养老设施(个)": int(rng.random() < 0.25),
            "托育设施(个)": int(rng.random() < 0.12),
            "节能改造(平方米)": round(float(lived[key]) * float(rng.uniform(0.1, 0.4)), -1),
            "文体场地(平方米)": int(rng.integers(0, 5)) * 60,
        }
        cost = homes * float(rng.uniform(21_000, 32_000))
        paid = {"中央补助(元)": 0.34, "地方财政(元)": 0.42, "居民出资(元)": 0.14, "社会资本(元)": 0.10}
        figures |= {name: round(cost * share, -3) for name, share in paid.items()}
        told = {name: (value if begun and rng.random() < 0.95 else None) for name, value in figures.items()}
        rows.append(
            {
                "小区编号": key,
                "名称": estates.loc[key, "name"],
                "社区编号": community[key],
                "计划年度": year,
                "开工日期": start.isoformat() if begun else None,
                "完工日期": end.isoformat() if finished else None,
                "户数": homes if turn != 11 else None,
                "楼栋数": blocks,
                "建筑面积(平方米)": round(float(lived[key]), -1),
                **told,
                "来源": "演示数据",
            }
        )
    return pd.DataFrame(rows)


DECLARED = {
    "plan_per_estate": 0.95, "plan_consulted": 0.92, "safety_system": 0.97, "acceptance": 0.97,
    "complaint_channel": 0.95, "lines_coordinated": 0.85, "long_term_management": 0.85, "one_size": 0.0,
    "demolition": 0.02, "moving_residents": 0.02, "old_trees": 0.03, "weak_will": 0.06, "not_consulted": 0.05,
    "facade_only": 0.04, "demolition_plan": 0.03,
}  # fmt: skip
"""Rule of `old-estates-2021` → the share of estates for which the office says yes."""


def sites(study: Study, rules: SiteRules, rng: np.random.Generator) -> pd.DataFrame:
    """Return what the office says of old estates: the share of owners who consent, and its answers to rules.

    Estates completed after 2000 are not asked; one in six of the others has not been asked yet, and one in five has not
    answered everything.

    Parameters
    ----------
    study : Study
        With estates and buildings.
    rules : SiteRules
        `old-estates-2021`; its rules' titles are the headings.
    rng : Generator
        Chance.
    """
    estates = study["estates"].sort_index()
    lived_in = set(study["buildings"]["estate_id"].dropna())
    old = estates[(estates["year_built"].astype("float64") <= 2000) & estates.index.isin(lived_in)]
    old = old[rng.random(len(old)) < 5 / 6]
    n = len(old)
    share = np.clip(rng.normal(0.78, 0.14, n), 0.2, 1).round(3)
    table = pd.DataFrame({"小区编号": old.index, "名称": old["name"].to_numpy(), "同意率": share}).astype(object)
    forgetful = rng.random(n) < 0.2
    for key, chance in DECLARED.items():
        said = np.where(rng.random(n) < chance, "是", "否").astype(object)
        table[rules[key].title_zh] = np.where(forgetful & (rng.random(n) < 0.3), None, said)
    return table
