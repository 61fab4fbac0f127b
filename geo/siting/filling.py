"""What goes into which premises, as a mixed-integer programme; and the best use of one of them alone."""

import time
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from geo.errors import InfeasibleError
from geo.siting.choice import Floats, Ints
from geo.siting.ground import AREA_TOLERANCE, Flags
from geo.siting.integer import Program, Solved, solve
from geo.siting.options import PlacingOptions
from geo.standards.facilities import Complex

MONEY = 10_000.0
"""Money in the model is in units of this many yuan."""

MONEY_TOLERANCE = 0.005
"""What costs no more than this above the budget costs as much as the budget: half a fen [yuan]."""

SHARE_TOLERANCE = 1e-6
"""How much of a share that was reached may be lost again when the next one is raised."""

MANY = 12
"""Requirements whose combinations are all tried for one of the premises; of more, those that give most."""


@dataclass(frozen=True)
class Offer:
    """What could go where, as arrays over homes, premises and requirements.

    Attributes
    ----------
    open : array homes × requirements
        Weighted people who are not covered today.
    cover : tuple over requirements of csr_array homes × premises
    allowed : array premises × requirements
    floor_m2, ground_m2, cost : arrays premises × requirements
        What it would take there [m², yuan].
    site_cost : array over premises
        [yuan]
    floor_room, ground_room : arrays over premises
        What they have [m²]; infinite at search points; 0 where unknown.
    open_ended : array over premises
        Search points: as large as what goes there.
    shared : array over requirements
        May stand with others in the same premises.
    core : array over requirements
        Among the core functions of a complex.
    community : array over homes
        Number of the community, -1 outside.
    communities : tuple of (str, str, str)
        Id, and name in Chinese and English.
    whole, covered : arrays over communities
        Weighted people, and those covered today, over all requirements.
    most : array over requirements
        No more places of it than this; infinite where any number will do.
    """

    open: Floats
    cover: tuple[sparse.csr_array, ...]
    allowed: Flags
    floor_m2: Floats
    ground_m2: Floats
    cost: Floats
    site_cost: Floats
    floor_room: Floats
    ground_room: Floats
    open_ended: Flags
    shared: Flags
    core: Flags
    community: Ints
    communities: tuple[tuple[str, str, str], ...]
    whole: Floats
    covered: Floats
    most: Floats


@dataclass(frozen=True)
class Filled:
    """What goes where (flags premises × requirements), and the weighted people newly covered.

    No choice gives more than `bound`; without equity it would be `value_without_equity`. `fairness` has the sum of the
    shares of the worst community, of the two worst … as it was raised, and what it cannot exceed (given those before).
    """

    rooms: Flags
    value: float
    bound: float
    value_without_equity: float
    seconds: float
    method: str
    fairness: tuple[tuple[float, float], ...] = ()


def fill(offer: Offer, options: PlacingOptions, rule: Complex, keep: Ints, *, seconds: float, gap: float) -> Filled:
    """Return what goes into which premises.

    With `worst_first` the sum of the m worst shares is raised for m = 1, 2 … (which is the lexicographic max-min:
    Ogryczak 1997), each keeping what was reached before. Then most weighted people, then the least money.

    Raises
    ------
    InfeasibleError
        No filling keeps what is demanded; the reasons say what collides.
    """
    begun = time.monotonic()

    def left() -> float:
        return max(seconds - (time.monotonic() - begun), 0.5)

    draft = Draft(offer, options, rule, keep)
    if isinstance(options.equity, float | int):
        draft.floor(float(options.equity))
    if not len(draft.x):
        if any(low[0] > 0 for low in draft.rows.low):
            raise _collisions(offer, options, rule, keep)
        return Filled(draft.rooms(None), 0.0, 0.0, 0.0, time.monotonic() - begun, "nothing to choose")
    method, unfair, most_of_all = "HiGHS", np.nan, np.inf
    fairness: list[tuple[float, float]] = []
    start: Floats | None = None
    if options.equity != "none":
        plain = Draft(offer, replace(options, equity="none"), rule, keep)
        without = solve(plain.program(-plain.gain()), seconds=left() / 4, gap=gap)
        if without.x is not None:
            unfair, most_of_all = -without.value, -without.bound
            start = draft.known(plain.rooms(without.x)) if options.equity == "worst_first" else None
    if start is None and options.equity == "worst_first" and not options.complexes and not len(keep):
        start = draft.known(draft.rooms(None))
    if options.equity == "worst_first":
        changing = draft.changing()
        levels = min(len(changing), options.equity_levels)
        for level in range(1, levels + 1):
            goal, row = draft.level(level, changing)
            start = draft.completed(start, level, changing)
            share_of_time = left() / (levels - level + 2)
            solved = solve(draft.program(goal), seconds=share_of_time, start=start)
            _require(solved, offer, options, rule, keep)
            start = solved.x
            fairness.append((-solved.value, max(-solved.bound, -solved.value)))
            draft.rows.low[row] = np.array([-solved.value - SHARE_TOLERANCE])
        method = "HiGHS, the worst-off communities first"
    most = solve(draft.program(-draft.gain()), seconds=left(), gap=gap, start=start)
    _require(most, offer, options, rule, keep)
    best = most.x
    value, bound = -most.value, min(-most.bound, most_of_all)
    if best is not None and abs(bound - value) <= 1e-6 * max(value, 1.0):
        # among choices as good, the cheapest, with no premises that add nothing
        draft.rows.one(draft.z, draft.weight, value - 1e-6 * max(value, 1.0), np.inf)
        cheapest = solve(draft.program(draft.money()), seconds=left(), start=best)
        best = cheapest.x if cheapest.x is not None else best
    rooms = draft.rooms(best)
    value = value_of(offer, rooms)
    unfair = value if np.isnan(unfair) else max(unfair, value)
    return Filled(rooms, value, max(bound, value), unfair, time.monotonic() - begun, method,
                  tuple(fairness))  # fmt: skip


def value_of(offer: Offer, rooms: Flags) -> float:
    """Return the weighted people newly covered."""
    return float(sum(
        offer.open[:, r] @ (np.asarray(offer.cover[r] @ rooms[:, r].astype(np.float64)) > 0)
        for r in range(rooms.shape[1])
    ))  # fmt: skip


def best_use(offer: Offer, j: int, gives: Floats, budget: float) -> tuple[Flags, float]:
    """Return which requirements to put into one of the premises for the most, and what that gives.

    Parameters
    ----------
    offer, j
    gives : array over requirements
        What each would give there: they add up.
    budget
        What the premises and what goes in may cost [yuan].
    """
    none = np.zeros(offer.allowed.shape[1], dtype=np.bool_)
    fitting = np.flatnonzero(offer.allowed[j] & (gives > 0) & (offer.most > 0))
    if not len(fitting):
        return none, 0.0
    fitting = np.sort(fitting[np.argsort(-gives[fitting], kind="stable")[:MANY]])
    sets = (np.arange(1 << len(fitting))[:, None] >> np.arange(len(fitting))) & 1
    takes = sets @ np.column_stack([offer.floor_m2[j, fitting], offer.ground_m2[j, fitting], offer.cost[j, fitting]])
    alone = (sets @ ~offer.shared[fitting] > 0) & (sets.sum(axis=1) > 1)
    fits = ~alone & (takes[:, 0] <= offer.floor_room[j] + AREA_TOLERANCE)
    fits &= takes[:, 1] <= offer.ground_room[j] + AREA_TOLERANCE
    fits &= (takes[:, 2] + offer.site_cost[j] <= budget + MONEY_TOLERANCE) & (sets.sum(axis=1) > 0)
    if not fits.any():
        return none, 0.0
    value = np.where(fits, (sets @ gives[fitting]).round(6), -1.0)
    best = int(np.lexsort([np.arange(len(sets)), takes[:, 2], -value])[0])
    chosen = none.copy()
    chosen[fitting] = sets[best].astype(np.bool_)
    return chosen, float(value[best])


@dataclass
class Rows:
    """Rows of a programme as they are gathered: columns, values, and between what the sum lies."""

    columns: list[Ints] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)

    def one(self, columns: Ints, values: Floats | float, low: float, high: float) -> int:
        """Add a row; return its number."""
        self.columns.append(np.asarray(columns, dtype=np.int64))
        self.values.append(np.broadcast_to(np.asarray(values, dtype=np.float64), len(columns)))
        self.low.append(np.array([low]))
        self.high.append(np.array([high]))
        return len(self.columns) - 1

    def matrix(self, width: int) -> sparse.csc_array:
        """Return them as a matrix."""
        start = np.concatenate([[0], np.cumsum([len(each) for each in self.columns])])
        joined = [np.concatenate(part) if part else np.zeros(0) for part in (self.values, self.columns)]
        return sparse.csr_array(
            (joined[0], joined[1].astype(np.int64), start), shape=(len(self.columns), width)
        ).tocsc()


class Draft:
    """The programme as it is made.

    Columns: y, whether premises are used; x, what goes into them; c, which are complexes; z, the share of a group of
    homes (covered by the same premises, in the same community) that is newly covered; then t and d of equity.
    """

    def __init__(self, offer: Offer, options: PlacingOptions, rule: Complex, keep: Ints) -> None:
        self.offer, self.options, self.rule, self.keep = offer, options, rule, keep
        gives = np.column_stack([cover.T @ offer.open[:, r] for r, cover in enumerate(offer.cover)])
        useful = offer.allowed & (offer.most > 0)
        if not options.complexes and not len(keep):
            useful &= gives > 0
        self.premises = np.flatnonzero(useful.any(axis=1))
        self.y = np.full(len(offer.site_cost), -1, dtype=np.int64)
        self.y[self.premises] = np.arange(len(self.premises))
        self.x_site, self.x_what = np.nonzero(useful)
        self.x = len(self.premises) + np.arange(len(self.x_site))
        self.columns = len(self.premises) + len(self.x)
        self.whole = [np.ones(self.columns, dtype=np.bool_)]
        self.upper = [np.ones(self.columns)]
        self.lower = [np.zeros(self.columns)]
        self.rows = Rows()
        self.complexes = self.possible = np.zeros(0, dtype=np.int64)
        self.z_rows: list[int] = []
        self._room()
        self._limits()
        if options.complexes:
            self._complexes()
        self.z, self.weight, self.z_community = self._groups()

    def new(self, count: int, upper: float, *, whole: bool) -> Ints:
        """Return new columns."""
        made = np.arange(self.columns, self.columns + count)
        self.columns += count
        self.whole.append(np.full(count, whole))
        self.upper.append(np.full(count, upper))
        self.lower.append(np.zeros(count))
        return made

    def gain(self) -> Floats:
        """Return the weighted people that columns newly cover."""
        goal = np.zeros(self.columns)
        goal[self.z] = self.weight
        return goal

    def money(self) -> Floats:
        """Return what columns cost, and a yuan for each use, so that nothing useless stays where all is free."""
        offer, goal = self.offer, np.zeros(self.columns)
        goal[: len(self.premises)] = (_known(offer.site_cost[self.premises]) + 1.0) / MONEY
        goal[self.x] = (_known(offer.cost[self.x_site, self.x_what]) + 1.0) / MONEY
        return goal

    def program(self, goal: Floats) -> Program:
        """Return what to minimise."""
        padded = np.zeros(self.columns)
        padded[: len(goal)] = goal
        return Program(
            padded, self.rows.matrix(self.columns), _joined(self.rows.low), _joined(self.rows.high),
            np.concatenate(self.upper), np.concatenate(self.whole), np.concatenate(self.lower),
        )  # fmt: skip

    def rooms(self, solution: Floats | None) -> Flags:
        """Return what goes where."""
        found = np.zeros(self.offer.allowed.shape, dtype=np.bool_)
        if solution is not None:
            taken = solution[self.x] > 0.5
            found[self.x_site[taken], self.x_what[taken]] = True
        return found

    def changing(self) -> Ints:
        """Return the communities whose share can become larger."""
        some = np.zeros(len(self.offer.whole), dtype=np.bool_)
        some[self.z_community[self.z_community >= 0]] = True
        return np.flatnonzero(some & (self.offer.whole > 0))

    def level(self, level: int, communities: Ints) -> tuple[Floats, int]:
        """Return the goal that the sum of so many of the worst shares is largest, and the row that will keep it."""
        offer = self.offer
        t = self.new(1, 1.0, whole=False)
        d = self.new(len(communities), 1.0, whole=False)
        for k, one in enumerate(communities.tolist()):
            mine = np.flatnonzero(self.z_community == one)
            self.rows.one(
                np.concatenate([t, d[[k]], self.z[mine]]),
                np.concatenate([[1.0, -1.0], -self.weight[mine] / offer.whole[one]]),
                -np.inf, offer.covered[one] / offer.whole[one],
            )  # fmt: skip
        goal = np.zeros(self.columns)
        goal[t], goal[d] = -level, 1.0
        row = self.rows.one(np.concatenate([t, d]), np.concatenate([[float(level)], -np.ones(len(d))]), -np.inf, np.inf)
        return goal, row

    def known(self, rooms: Flags) -> Floats:
        """Return a filling as columns, before any of equity."""
        offer = self.offer
        found = np.zeros(self.columns)
        found[self.y[self.premises]] = rooms[self.premises].any(axis=1)
        found[self.x] = rooms[self.x_site, self.x_what]
        for c, j in zip(self.complexes.tolist(), self.possible.tolist(), strict=True):
            functions = rooms[j] & (offer.floor_m2[j] > 0)
            area = offer.floor_m2[j, functions].sum() if offer.open_ended[j] else offer.floor_room[j]
            found[c] = (
                functions.sum() >= self.rule.functions_min
                and (functions & offer.core).sum() >= self.rule.core_min
                and area >= self.rule.area_min_m2
            )
        for z, row in zip(self.z.tolist(), self.z_rows, strict=True):
            found[z] = min(1.0, found[self.rows.columns[row][:-1]].sum())
        return found

    def completed(self, start: Floats | None, level: int, communities: Ints) -> Floats | None:
        """Return a known filling with the columns of a new level: t is the m-th worst share, d what others lack."""
        if start is None:
            return None
        offer = self.offer
        gained = np.zeros(len(offer.whole))
        inside = self.z_community >= 0
        np.add.at(gained, self.z_community[inside], (self.weight * start[self.z])[inside])
        share = ((offer.covered + gained)[communities] / offer.whole[communities]).clip(0, 1)
        t = np.sort(share)[level - 1]
        return np.concatenate([start, [t], np.maximum(t - share, 0.0)])

    def floor(self, share: float) -> None:
        """Every community reaches this covered share."""
        offer = self.offer
        for one in np.flatnonzero(offer.whole > 0).tolist():
            lacking = share * offer.whole[one] - offer.covered[one]
            if lacking > 1e-9 * offer.whole[one]:
                mine = np.flatnonzero(self.z_community == one)
                self.rows.one(self.z[mine], self.weight[mine], lacking * (1 - 1e-9), np.inf)

    def _room(self) -> None:
        """What goes into premises fits, and what may not share stands alone."""
        offer = self.offer
        for j in self.premises.tolist():
            mine = np.flatnonzero(self.x_site == j)
            x, what, y = self.x[mine], self.x_what[mine], self.y[j]
            for needs, room in ((offer.floor_m2[j, what], offer.floor_room[j]),
                                (offer.ground_m2[j, what], offer.ground_room[j])):  # fmt: skip
                if np.isfinite(room) and needs.sum() > room:
                    self.rows.one(np.append(x, y), np.append(needs, -room), -np.inf, 0.0)
            for each in x.tolist():
                self.rows.one(np.array([each, y]), np.array([1.0, -1.0]), -np.inf, 0.0)
            for alone in x[~offer.shared[what]].tolist():
                others = x[x != alone]
                if len(others):
                    self.rows.one(np.append(others, alone), np.append(np.ones(len(others)), float(len(others))),
                                  -np.inf, float(len(others)))  # fmt: skip

    def _limits(self) -> None:
        """Money, numbers, and premises that must be used."""
        offer, options = self.offer, self.options
        if np.isfinite(options.budget):
            both = np.concatenate([np.arange(len(self.premises)), self.x])
            yuan = np.concatenate([offer.site_cost[self.premises], offer.cost[self.x_site, self.x_what]])
            self.rows.one(both, yuan / MONEY, -np.inf, options.budget / MONEY)
        if options.count is not None:
            self.rows.one(np.arange(len(self.premises)), 1.0, -np.inf, float(options.count))
        for r in np.flatnonzero(np.isfinite(offer.most)).tolist():
            self.rows.one(self.x[self.x_what == r], 1.0, -np.inf, float(offer.most[r]))
        for j in self.keep.tolist():
            self.rows.one(self.x[self.x_site == j], 1.0, 1.0, np.inf)

    def _complexes(self) -> None:
        """So many of the premises are complexes."""
        offer, rule = self.offer, self.rule
        possible = offer.open_ended | (offer.floor_room >= rule.area_min_m2)
        sites = self.possible = self.premises[possible[self.premises]]
        self.complexes = self.new(len(sites), 1.0, whole=True)
        for c, j in zip(self.complexes.tolist(), sites.tolist(), strict=True):
            mine = np.flatnonzero((self.x_site == j) & (offer.floor_m2[j, self.x_what] > 0))
            x, what = self.x[mine], self.x_what[mine]
            self.rows.one(np.append(x, c), np.append(np.ones(len(x)), -float(rule.functions_min)), 0.0, np.inf)
            core = x[offer.core[what]]
            self.rows.one(np.append(core, c), np.append(np.ones(len(core)), -float(rule.core_min)), 0.0, np.inf)
            if offer.open_ended[j]:
                self.rows.one(np.append(x, c), np.append(offer.floor_m2[j, what], -rule.area_min_m2), 0.0, np.inf)
        self.rows.one(self.complexes, 1.0, float(self.options.complexes), np.inf)

    def _groups(self) -> tuple[Ints, Floats, Ints]:
        """Return columns, weights and communities of groups of homes that the same premises newly cover."""
        offer, fair = self.offer, self.options.equity != "none"
        columns, weights, communities = [], [], []
        for r, cover in enumerate(offer.cover):
            mine = np.flatnonzero(self.x_what == r)
            part = sparse.csr_array(cover[:, self.x_site[mine]])
            rows = np.flatnonzero((offer.open[:, r] > 0) & (np.diff(part.indptr) > 0))
            if not len(rows):
                continue
            theirs = offer.community[rows] if fair else np.full(len(rows), -1, dtype=np.int64)
            packed = np.packbits(part[rows].toarray() > 0, axis=1)
            keys = np.ascontiguousarray(
                np.column_stack([packed, theirs.astype(np.int32).view(np.uint8).reshape(-1, 4)])
            )
            _, first, group = np.unique(keys.view(f"V{keys.shape[1]}").ravel(), return_index=True, return_inverse=True)
            z = self.new(len(first), 1.0, whole=False)
            for column, row in zip(z.tolist(), rows[first].tolist(), strict=True):
                covering = self.x[mine[part.indices[part.indptr[row] : part.indptr[row + 1]]]]
                row_of = self.rows.one(
                    np.append(covering, column), np.append(np.ones(len(covering)), -1.0), 0.0, np.inf
                )
                self.z_rows.append(row_of)
            columns.append(z)
            weights.append(np.bincount(group.ravel(), weights=offer.open[rows, r]))
            communities.append(theirs[first])
        none = np.zeros(0, dtype=np.int64)
        return (np.concatenate([none, *columns]), np.concatenate([np.zeros(0), *weights]),
                np.concatenate([none, *communities]))  # fmt: skip


def _require(solved: Solved, offer: Offer, options: PlacingOptions, rule: Complex, keep: Ints) -> None:
    if solved.impossible:
        raise _collisions(offer, options, rule, keep)
    if solved.x is None:
        raise InfeasibleError(
            ["no placing was found in the time given: give more seconds, or demand less"],
            reasons_zh=["在给定时间内没有找到可行方案:请延长时间,或放宽要求"],
        )


def _collisions(offer: Offer, options: PlacingOptions, rule: Complex, keep: Ints) -> InfeasibleError:
    """Return what collides: money or premises that are too few for what is demanded, or what nothing can reach."""
    loose = replace(options, budget=np.inf, count=None)
    free = Draft(offer, loose, rule, keep)
    if isinstance(options.equity, float | int):
        free.floor(float(options.equity))
    zh, en = [], []
    cheapest = solve(free.program(free.money()), seconds=20.0) if len(free.x) else None
    if cheapest is not None and cheapest.x is not None:
        yuan = float(_known(offer.site_cost)[free.premises] @ np.rint(cheapest.x[: len(free.premises)])
                     + _known(offer.cost)[free.x_site, free.x_what] @ np.rint(cheapest.x[free.x]))  # fmt: skip
        if yuan > options.budget:
            zh.append(f"满足各项要求至少需要{yuan:,.0f}元,预算为{options.budget:,.0f}元")
            en.append(f"what is demanded costs {yuan:,.0f} yuan at least, the budget is {options.budget:,.0f}")
        number = np.zeros(free.columns)
        number[: len(free.premises)] = 1.0
        fewest = solve(free.program(number), seconds=20.0)
        if options.count is not None and fewest.x is not None and round(fewest.value) > options.count:
            zh.append(f"满足各项要求至少需要{round(fewest.value)}处房地,最多允许{options.count}处")
            en.append(f"what is demanded takes {round(fewest.value)} premises at least, {options.count} are allowed")
        if not en:
            zh.append("预算与数量限制合在一起,无法满足各项要求")
            en.append("the budget and the number of premises together are too small for what is demanded")
        return InfeasibleError(en, reasons_zh=zh)
    low: list[tuple[str, str, str]] = []
    if isinstance(options.equity, float | int):
        low = [offer.communities[k] for k in _out_of_reach(offer, free, float(options.equity)).tolist()]
    if low:
        share = f"{options.equity:.0%}"
        zh.append(f"{'、'.join(name for _, name, _ in low)}即使用上全部房地,覆盖率也达不到{share}")
        en.append(f"even with all premises in use a covered share of {share} is out of reach of "
                  f"{', '.join(name for _, _, name in low)}")  # fmt: skip
    if options.complexes:
        zh.append(f"可用房地容不下{options.complexes}处嵌入式综合体(每处不小于{rule.area_min_m2:g}平方米、"
                  f"不少于{rule.functions_min}项功能)")  # fmt: skip
        en.append(f"the premises cannot take {options.complexes} embedded complexes (each of {rule.area_min_m2:g} m² "
                  f"and {rule.functions_min} functions at least)")  # fmt: skip
    if not en:
        zh.append("各项要求互相冲突")
        en.append("the demands collide with one another")
    return InfeasibleError(en, reasons_zh=zh, table="communities" if low else None, ids=[each for each, _, _ in low])


def _out_of_reach(offer: Offer, free: Draft, share: float) -> Ints:
    most = offer.covered.copy()
    inside = free.z_community >= 0
    np.add.at(most, free.z_community[inside], free.weight[inside])
    return np.flatnonzero((most < share * offer.whole - 1e-6) & (offer.whole > 0))


def _known(values: Floats) -> Floats:
    return np.nan_to_num(values)


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)
