"""Why a measure is done in its year, or not at all: one sentence each, in both languages."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.programme.board import FEN, Board
from geo.programme.model import campaign_of
from geo.programme.options import ProgrammeOptions

Said = tuple[str, str]
TEN_THOUSAND = 1e4


def explained(index: pd.Index, board: Board, options: ProgrammeOptions, year: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return year, `met_by` and the reason of every measure.

    Parameters
    ----------
    index
        All measures that were given.
    year
        Year number of every measure of the board, -1 where it is not done.
    """
    told = _Reasons(board, options, year)
    row = {one: m for m, one in enumerate(board.ids)}
    said = [told.of(row[one]) if one in row else _barred(*board.barred[one]) for one in index]
    when = [options.years[year[row[one]]] if one in row and year[row[one]] >= 0 else None for one in index]
    by = [board.ids[told.instead[row[one]]] if row.get(one, -1) in told.instead else "" for one in index]
    return pd.DataFrame(
        {"year": pd.array(when, dtype="Int64"), "met_by": pd.array(by, dtype="str"),
         "why_zh": pd.array([zh for zh, _ in said], dtype="str"),
         "why_en": pd.array([en for _, en in said], dtype="str")},
        index=pd.Index(index, name="measure_id", dtype="str"),
    )  # fmt: skip


def _barred(zh: str, en: str) -> Said:
    return f"未列入:{zh}。", f"Not chosen: {en}."


class _Reasons:
    """What a reason is drawn from: what each measure meets for its money, and what money is left."""

    def __init__(self, board: Board, options: ProgrammeOptions, year: npt.NDArray[np.int64]) -> None:
        self.board, self.options = board, options
        self.year = [int(y) for y in year]
        self.instead = board.met_by(year)
        self.cost = board.fen / FEN / TEN_THOUSAND
        self.meets = board.need / np.maximum(self.cost, 1e-9)
        taken = (year >= 0) & ~board.safety & (board.fen > 0)
        self.least = float(self.meets[taken].min()) if taken.any() else 0.0
        spent = np.zeros(len(options.years))
        np.add.at(spent, year[year >= 0], self.cost[year >= 0])
        left = np.array(options.budgets_yuan) / TEN_THOUSAND - spent
        if options.carry_over:
            # What a year can still take is what no later year's balance falls below.
            left = np.minimum.accumulate(np.cumsum(left)[::-1])[::-1]
        self.left = left
        self.at_work: dict[int, set[int]] = defaultdict(set)
        self.campaign = campaign_of(board, options)
        for m in np.flatnonzero((year >= 0) & self.campaign):
            self.at_work[int(board.site[m])].add(self.year[m])
        self.replaces: dict[int, list[int]] = defaultdict(list)
        for a, b in board.excludes:
            self.replaces[int(a)].append(int(b))

    def of(self, m: int) -> Said:
        """Return the reason of one measure."""
        return self._done(m) if self.year[m] >= 0 else self._left_out(m)

    def _done(self, m: int) -> Said:
        t, one = self.year[m], self.board.ids[m]
        at = self.options.years[t]
        if one in self.options.locked:
            return f"人工锁定,{at}年实施。", f"Locked by hand; done in {at}."
        if self.board.safety[m] and t == 0:
            return "安全底线,必须实施;在第一年实施。", "Safety floor, always done; in the first year."
        if self.board.safety[m]:
            return (f"安全底线,必须实施;排在{at}年,较早年份的资金和能力用于等待代价更大的安全措施。",
                    f"Safety floor, always done; in {at}: the money and capacities of earlier years go to safety "
                    "measures whose waiting would cost more.")  # fmt: skip
        if not self.board.fen[m]:
            return f"不需政府资金,{at}年实施。", f"Needs no public money; done in {at}."
        return (f"{at}年实施:每万元政府资金满足需求{self.meets[m]:,.1f}。",
                f"Done in {at}: meets {self.meets[m]:,.1f} of need for each 10,000 yuan of public money.")  # fmt: skip

    def _left_out(self, m: int) -> Said:
        board, o = self.board, self.options
        site = int(board.site[m])
        if board.ids[m] in o.forbidden or (site >= 0 and board.sites[site] in o.forbidden):
            return "未列入:人工排除。", "Not chosen: forbidden by hand."
        if m in self.instead:
            other = board.ids[self.instead[m]]
            return f"已由{other}一并解决,不另实施。", f"Met by {other}, which makes it needless."
        rival = next((other for other in self.replaces.get(m, ()) if self.year[other] >= 0), None)
        if rival is not None:
            one = board.ids[rival]
            return f"未列入:已选{one},两者只取其一。", f"Not chosen: {one} is done, and only one of the two is."
        if board.need[m] <= 0:
            return "未列入:没有加权需求。", "Not chosen: it has no weighted need."
        mine = self.at_work.get(site) if self.campaign[m] else None
        years = sorted(mine) if mine and o.campaign_years == 1 else range(len(o.years))
        room = max(0.0, *(float(self.left[t]) for t in years))
        cost, meets = float(self.cost[m]), f"{self.meets[m]:,.1f}" if board.fen[m] else "-"
        if cost > room + 1e-9:
            return (f"未列入:需政府资金{cost:,.2f}万元,可实施的年份最多剩{room:,.2f}万元;每万元满足需求{meets}。",
                    f"Not chosen: it takes {cost:,.2f} × 10,000 yuan of public money; at most {room:,.2f} is left in a "
                    f"year in which it could be done; it meets {meets} of need for each 10,000.")  # fmt: skip
        return (f"未列入:受能力、公平、先后次序或求解精度限制(每万元满足需求{meets};已选措施最低{self.least:,.1f})。",
                f"Not chosen: capacities, fairness, order, or the gap that was asked for, leave it out (need for each "
                f"10,000 yuan: {meets}; the least of what is chosen: {self.least:,.1f}).")  # fmt: skip
