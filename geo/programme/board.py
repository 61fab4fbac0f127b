"""A table of measures as arrays: what the choice reads, in an order that does not depend on that of the rows."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Fault, InputError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

REQUIRED = ("key", "class_", "safety", "subject", "subject_id", "site_id", "public_yuan", "need", "ready")
"""Columns without which nothing can be chosen."""

CLASSES = ("basic", "improve", "upgrade")
FEN = 100
"""Money is counted in whole fen, so that no sum is a cent too large."""


@dataclass(frozen=True)
class Board:
    """The measures that can be chosen, by id.

    Attributes
    ----------
    ids : tuple of str
    fen : array
        Public money [fen].
    need : array
    safety, works, elder_child : arrays of flags
    site, community, trench : arrays
        Number of its site, community, trench group; -1 for none.
    sites, communities, trenches : tuples of str
        Their ids, by number.
    key, class_ : arrays of str
    quantity : array
        In the measure's unit; 1 where unknown.
    needs, excludes : arrays of shape (pairs, 2)
        The first is done with or after the second. Not both are done, and the first, done, meets the second's need.
    barred : dict from measure id to (Chinese, English)
        Measures that cannot be chosen, and why.
    safety_barred : tuple of str
        Safety measures among them.
    """

    ids: tuple[str, ...]
    fen: Ints
    need: Floats
    safety: Flags
    works: Flags
    elder_child: Flags
    site: Ints
    community: Ints
    trench: Ints
    sites: tuple[str, ...]
    communities: tuple[str, ...]
    trenches: tuple[str, ...]
    key: npt.NDArray[np.str_]
    class_: npt.NDArray[np.str_]
    quantity: Floats
    needs: Ints
    excludes: Ints
    barred: dict[str, tuple[str, str]]
    safety_barred: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def met_by(self, year: Ints) -> dict[int, int]:
        """Return the measures that are not done but met, each with the earliest of those that make it needless."""
        found: dict[int, int] = {}
        for a, b in self.excludes:
            if year[b] < 0 <= year[a] and (b not in found or year[a] < year[found[b]]):
                found[int(b)] = int(a)
        return found


def board_of(measures: pd.DataFrame) -> Board:
    """Return the measures as arrays.

    Raises
    ------
    InputError
        When columns are missing, ids stand twice, or a measure that can be chosen has no cost or need.
    """
    _require(measures)
    table = measures.sort_index(kind="stable")
    barred = {
        str(one): (zh, en)
        for one, zh, en, ready in zip(table.index, _texts(table, "why_not_zh"), _texts(table, "why_not_en"),
                                      table["ready"].to_numpy(bool), strict=True)
        if not ready
    }  # fmt: skip
    scope = _Scope(table)
    needs = scope.pairs("needs")
    index = [str(i) for i in table.index]
    safety_all = table["safety"].to_numpy(bool)
    ready = table["ready"].to_numpy(bool).copy()
    # What has to be done first cannot be done: then this cannot either. Safety does not wait for anything.
    while True:
        late = [(a, b) for a, b in needs if ready[a] and not ready[b] and not safety_all[a]]
        if not late:
            break
        for a, b in late:
            ready[a] = False
            barred[index[a]] = (f"须先实施的{index[b]}不能列入", f"{index[b]}, which must come first, cannot be chosen")
    kept = np.flatnonzero(ready)
    place = np.full(len(table), -1)
    place[kept] = np.arange(len(kept))
    chosen = table.iloc[kept]
    works = _texts_array(chosen, "remedy") != "management"
    site, sites = _numbered(chosen, "site_id")
    community, communities = _numbered(chosen, "community_id")
    trench, trenches = _numbered(chosen, "trench_group")
    return Board(
        ids=tuple(str(i) for i in chosen.index),
        fen=np.rint(chosen["public_yuan"].to_numpy(float) * FEN).astype(np.int64),
        need=chosen["need"].to_numpy(float),
        safety=chosen["safety"].to_numpy(bool),
        works=works,
        elder_child=_flags(chosen, "elder_child"),
        site=site, community=community, trench=trench, sites=sites, communities=communities, trenches=trenches,
        key=_texts_array(chosen, "key"),
        class_=_texts_array(chosen, "class_"),
        quantity=np.nan_to_num(_numbers(chosen, "quantity", 1.0), nan=1.0),
        needs=_kept(needs, place), excludes=_kept(scope.pairs("excludes"), place),
        barred=barred,
        safety_barred=tuple(i for i, s, r in zip(index, safety_all, ready, strict=True) if s and not r),
    )  # fmt: skip


def _require(measures: pd.DataFrame) -> None:
    missing = [name for name in REQUIRED if name not in measures.columns]
    if missing:
        raise InputError(Fault(f"the measures have no column {', '.join(missing)}", "make them with measures()"))
    faults = []

    def fault(what: str, remedy: str, wrong: pd.Series) -> None:
        if wrong.any():
            faults.append(Fault(what, remedy, table="measures", ids=tuple(str(i) for i in measures.index[wrong])))

    fault("measure ids stand on several rows", "give every measure one row", pd.Series(
        measures.index.duplicated(keep=False), measures.index))  # fmt: skip
    ready = measures["ready"].astype(bool)
    for column in ("public_yuan", "need"):
        value = pd.to_numeric(measures[column], errors="coerce").astype(float)
        wrong = ready & ~(np.isfinite(value) & (value >= 0))
        fault(f"measures that can be chosen have no {column}, or one below zero", "correct it, or set ready to false",
              wrong)  # fmt: skip
    fault("measures have no site", "give every measure a site_id", ready & measures["site_id"].isna())
    fault("the class of a measure is none of basic, improve, upgrade", "correct it",
          ~measures["class_"].isin(CLASSES))  # fmt: skip
    if faults:
        raise InputError(faults)


class _Scope:
    """Which measures of a key stand for "done before" or "not both": of the same subject, else of the same site."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.subject = list(zip(table["subject"].astype(str), table["subject_id"].astype(str), strict=True))
        self.site = [None if pd.isna(s) else str(s) for s in table["site_id"]]
        self.key = [str(k) for k in table["key"]]
        self.on_subject: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self.on_site: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row, (subject, site, key) in enumerate(zip(self.subject, self.site, self.key, strict=True)):
            self.on_subject[(*subject, key)].append(row)
            if site is not None:
                self.on_site[site, key].append(row)

    def pairs(self, column: str) -> list[tuple[int, int]]:
        """Return (row, row of what it names): on its own subject, else a building's estate, an estate's buildings."""
        if column not in self.table.columns:
            return []
        found = []
        for row, text in enumerate(_texts(self.table, column)):
            for key in filter(None, text.split(";")):
                same = self.on_subject.get((*self.subject[row], key), [])
                site = self.site[row]
                if not same and site is not None:
                    own = self.subject[row][0]
                    same = [other for other in self.on_site.get((site, key), []) if self.subject[other][0] != own]
                found += [(row, other) for other in same if other != row]
        return sorted(set(found))


def _kept(pairs: list[tuple[int, int]], place: Ints) -> Ints:
    kept = [(int(place[a]), int(place[b])) for a, b in pairs if place[a] >= 0 and place[b] >= 0]
    return np.array(kept, dtype=np.int64).reshape(-1, 2)


def _numbered(table: pd.DataFrame, column: str) -> tuple[Ints, tuple[str, ...]]:
    if column not in table.columns:
        return np.full(len(table), -1, dtype=np.int64), ()
    codes, names = pd.factorize(table[column].astype("object"), sort=True)
    return codes.astype(np.int64), tuple(str(name) for name in names)


def _texts(table: pd.DataFrame, column: str) -> list[str]:
    if column not in table.columns:
        return [""] * len(table)
    return ["" if pd.isna(text) else str(text) for text in table[column]]


def _texts_array(table: pd.DataFrame, column: str) -> npt.NDArray[np.str_]:
    return np.array(_texts(table, column), dtype=np.str_)


def _flags(table: pd.DataFrame, column: str) -> Flags:
    if column not in table.columns:
        return np.zeros(len(table), dtype=np.bool_)
    return np.asarray(table[column].astype("boolean").fillna(False), dtype=np.bool_)


def _numbers(table: pd.DataFrame, column: str, missing: float) -> Floats:
    if column not in table.columns:
        return np.full(len(table), missing)
    return np.asarray(pd.to_numeric(table[column]), dtype=np.float64)
