"""The choice as a mixed-integer programme: what may be done when, and every demand as a row.

Measures that certainly are done in the same year are one item: those that must be done and share a trench or, where a
site's campaign takes one year, belong to it. An item has a column for each year.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from geo.programme.board import CLASSES, FEN, Board, Flags, Floats, Ints
from geo.programme.options import ProgrammeOptions, by_year

SCALE = 1e6
"""Money in the model is in units of 10,000 yuan [fen]."""


@dataclass(frozen=True)
class Model:
    """Columns, rows and what each column counts.

    Attributes
    ----------
    matrix : csc_matrix
    row_low, row_high, low, high : arrays
    integer : array of flags
    delay, value : arrays
        What a column adds to the waiting of safety, and to the (discounted) need met.
    item : array
        Number of the item each measure of the board is in; -1 when the model leaves it out.
    items, years : int
        Column of item i in year t is `i * years + t`.
    place : array
        Number of the site a column belongs to; -1 for none: what one look at a few sites may change.
    frame : array of flags
        Columns that say when a site or trench is at work and when what must be done is done; the others only fill it.
    hosts, windows : what belongs to sites and trenches, to fill in the columns of a given choice
    met : pairs of int
        A measure that others make needless, and the first of its columns that say when one of them is done.
    extra : array
        Columns of the money that is missing each year; empty unless asked for.
    money, need : arrays
        Of each item: money in `SCALE`, and need with that of what it makes needless.
    instead : array of pairs of items
        The first makes the second needless: one of the two is done.
    counts : array
        What need met in a year counts.
    budget_rows : array
        The row of each year's money; empty where there is none.
    at_work : array of shape (sites, 2)
        A site's number, and the first of its columns that say in which years it is at work.
    single : bool
        The campaign of a site takes one year.
    """

    matrix: sparse.csc_matrix
    row_low: Floats
    row_high: Floats
    low: Floats
    high: Floats
    integer: Flags
    delay: Floats
    value: Floats
    item: Ints
    items: int
    years: int
    place: Ints
    frame: Flags
    hosts: tuple[tuple[int, Ints], ...]
    windows: tuple[tuple[int, int], ...]
    carried: int
    met: tuple[tuple[int, int], ...]
    extra: Ints
    money: Floats
    need: Floats
    instead: Ints
    counts: Floats
    budget_rows: Ints
    at_work: Ints
    single: bool

    def years_of(self, column: Floats) -> Ints:
        """Return the year number of every measure of the board, -1 where it is not done."""
        chosen = np.rint(column[: self.items * self.years]).reshape(self.items, self.years).astype(np.int64)
        when = np.where(chosen.any(axis=1), chosen.argmax(axis=1), -1) if self.items else np.zeros(0, dtype=np.int64)
        full = np.concatenate([when, [-1]])
        return np.asarray(full[self.item])

    def with_row(self, coefficients: Floats, low: float, high: float) -> "Model":
        """Return the model with one more row."""
        row = sparse.csc_matrix(coefficients)
        return replace(
            self,
            matrix=sparse.vstack([self.matrix, row]).tocsc(),
            row_low=np.append(self.row_low, low),
            row_high=np.append(self.row_high, high),
        )


@dataclass
class _Rows:
    """Rows as they are gathered."""

    rows: list[Ints] = field(default_factory=list)
    columns: list[Ints] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)
    count: int = 0

    def add(  # noqa: PLR0917 - a sparse matrix is three lists
        self, rows: Ints, columns: Ints, values: Floats, low: Floats | float, high: Floats | float, count: int
    ) -> None:
        """Add `count` rows; `rows` are numbered from 0."""
        if not count:
            return
        self.rows.append(np.asarray(rows, dtype=np.int64) + self.count)
        self.columns.append(np.asarray(columns, dtype=np.int64))
        self.values.append(np.asarray(values, dtype=float))
        self.low.append(np.broadcast_to(np.asarray(low, dtype=float), count))
        self.high.append(np.broadcast_to(np.asarray(high, dtype=float), count))
        self.count += count

    def one(self, columns: Ints, values: Floats | float, low: float, high: float) -> None:
        """Add one row."""
        columns = np.asarray(columns, dtype=np.int64).ravel()
        self.add(np.zeros(len(columns), dtype=np.int64), columns, np.broadcast_to(values, len(columns)), low, high, 1)

    def matrix(self, columns: int) -> sparse.csc_matrix:
        if not self.count:
            return sparse.csc_matrix((0, columns))
        return sparse.coo_matrix(
            (np.concatenate(self.values), (np.concatenate(self.rows), np.concatenate(self.columns))),
            shape=(self.count, columns),
        ).tocsc()


def window_of(options: ProgrammeOptions, drop: Collection[str]) -> int:
    """Return how many years running the works of a site may take."""
    return len(options.years) if "campaign" in drop else min(options.campaign_years, len(options.years))


def campaign_of(board: Board, options: ProgrammeOptions) -> Flags:
    """Return the works of their site's campaign; not safety, and what shares its trench, where that may go ahead."""
    mine = board.works & (board.site >= 0)
    if not options.safety_ahead:
        return mine
    dug = (board.trench >= 0) & np.isin(board.trench, board.trench[board.safety & (board.trench >= 0)])
    return mine & ~board.safety & ~dug


def demands(board: Board, options: ProgrammeOptions) -> list[str]:
    """Return what the user demands beyond the safety floor, by name; each can be left out of a model (`drop`).

    `budget`, `carry`-less years and so on are one demand; each capacity, lock and forbidden item is one of its own.
    """
    found = ["budget"]
    found += [f"capacity:{key}" for key in sorted(options.capacities)]
    if options.sites_per_year is not None:
        found.append("sites")
    if options.campaign_years < len(options.years) and campaign_of(board, options).any():
        found.append("campaign")
    if options.max_share_per_community is not None:
        found.append("max_share")
    if options.equity_floor > 0:
        found.append("equity")
    if options.elder_child_min > 0:
        found.append("elder_child")
    found += [f"forbid:{one}" for one in sorted(set(options.forbidden))]
    found += [f"lock:{one}" for one in sorted(options.locked)]
    return found


def build(
    board: Board,
    options: ProgrammeOptions,
    *,
    drop: Collection[str] = (),
    only_musts: bool = False,
    extra: bool = False,
    floor: bool = True,
) -> Model:
    """Return the choice as a model.

    Parameters
    ----------
    board, options
    drop
        Demands to leave out, by the names that `demands` gives them.
    only_musts
        Leave out what need not be done, and the demands it could serve (equity, elders and children, sites that must
        have some works): a relaxation.
    extra
        Let money be added to each year, in the columns `extra`.
    floor
        Every safety measure is done. Without it nothing must be: only to see what the floor collides with.
    """
    draft = _Draft(board, options, drop, only_musts=only_musts, floor=floor)
    draft.sites()
    draft.trenches()
    draft.once_each()
    draft.money(extra=extra)
    draft.capacities()
    draft.met_without_being_done()
    draft.fairness()
    draft.order()
    return draft.model(floor=floor)


class _Draft:
    """The model as it is made: its columns so far, and its rows."""

    def __init__(
        self, board: Board, options: ProgrammeOptions, drop: Collection[str], *, only_musts: bool, floor: bool
    ) -> None:
        self.board, self.options, self.drop, self.only_musts = board, options, drop, only_musts
        self.T, self.L = len(options.years), window_of(options, drop)
        self.single = self.L == 1
        allowed, must, self.some = _by_hand(board, options, drop, self.L, floor=floor)
        self.in_site = campaign_of(board, options)
        item, items = _items(board, must, self.in_site, single=self.single, only_musts=only_musts)
        kept = np.flatnonzero(item >= 0)
        self.item, self.items = item, items
        self.P = sparse.csr_matrix((np.ones(len(kept)), (item[kept], kept)), shape=(items, len(board)))
        self.must = np.zeros(items, dtype=np.bool_)
        self.must[item[kept]] = must[kept]
        self.open = np.ones((items, self.T), dtype=np.bool_)
        np.logical_and.at(self.open, item[kept], allowed[kept])
        self.place = np.full(items, -1, dtype=np.int64)
        np.maximum.at(self.place, item[kept], np.where(self.in_site, board.site, -1)[kept])
        self.x = np.arange(items * self.T).reshape(items, self.T)
        self.rows = _Rows()
        self.columns = items * self.T
        self.places, self.frames = [np.repeat(self.place, self.T)], [np.repeat(self.must, self.T)]
        self.free: list[Ints] = []
        self.limitless: list[Ints] = []
        self.once = self.must.copy()
        self.hosts: list[tuple[int, Ints]] = []
        self.windows: list[tuple[int, int]] = []
        self.site_hosts: list[Ints] = []
        self.at_work: list[tuple[int, int]] = []
        self.budget_rows = np.zeros(0, dtype=np.int64)
        self.carried, self.extra = -1, np.zeros(0, dtype=np.int64)
        self.met: dict[int, Ints] = {}

    def new(self, count: int, place: int | Ints, *, frame: bool) -> Ints:
        """Return new columns."""
        made = np.arange(self.columns, self.columns + count)
        self.columns += count
        self.places.append(np.broadcast_to(np.asarray(place, dtype=np.int64), count))
        self.frames.append(np.full(count, frame))
        return made

    def host(self, members: Ints, number: int, *, one_year: bool) -> Ints:
        """Return the columns that say when items are at work: those of the one that must be done, or new ones."""
        x, T = self.x, self.T
        musts = members[self.must[members]]
        if one_year and len(musts):
            host: Ints = x[musts[0]]
        else:
            host = self.new(T, number, frame=True)
            self.hosts.append((int(host[0]), members))
            if one_year:
                self.rows.one(host, 1.0, -np.inf, 1.0)
        others = members[x[members, 0] != host[0]]
        count = others.size * T
        both = np.tile(np.arange(count), 2)
        self.rows.add(both, np.concatenate([x[others].ravel(), np.tile(host, len(others))]),
                      np.repeat([1.0, -1.0], count), -np.inf, 0.0, count)  # fmt: skip
        if one_year:
            self.once[others] = True
        return host

    def sites(self) -> None:
        """The works of a site's campaign lie within its window; so many sites have theirs in a year."""
        limited = self.options.sites_per_year is not None and "sites" not in self.drop
        T, L = self.T, self.L
        if not (L < T or limited):
            return
        for number, members in _grouped(self.item, self.board.site, self.in_site & (self.item >= 0)):
            host = self.host(members, number, one_year=self.single)
            self.site_hosts.append(host)
            self.at_work.append((number, int(host[0])))
            if 1 < L < T:
                starts = self.new(T - L + 1, number, frame=True)
                self.free.append(starts)
                self.windows.append((int(starts[0]), int(host[0])))
                self.rows.one(starts, 1.0, -np.inf, 1.0)
                for t in range(T):
                    covering = starts[max(0, t - L + 1) : t + 1]
                    self.rows.one(np.append(covering, host[t]), np.append(-np.ones(len(covering)), 1.0), -np.inf, 0.0)
        if limited and self.site_hosts:
            for t, many in enumerate(by_year(self.options.sites_per_year or 0, T)):
                self.rows.one(np.array([host[t] for host in self.site_hosts]), 1.0, -np.inf, many)

    def trenches(self) -> None:
        """What lies in one trench is done in one year; on sites of one year that is so anyway."""
        trench = self.board.trench
        for _, members in _grouped(self.item, trench, (trench >= 0) & (self.item >= 0)):
            homes = self.place[members]
            if len(members) > 1 and not (self.single and homes[0] >= 0 and (homes == homes[0]).all()):
                self.host(members, int(homes.max()), one_year=True)

    def once_each(self) -> None:
        """Each item is done once at most, and what must be, once."""
        for which, low in ((~self.once, -np.inf), (self.must, 1.0)):
            some = np.flatnonzero(which)
            self.rows.add(np.repeat(np.arange(len(some)), self.T), self.x[some].ravel(), np.ones(len(some) * self.T),
                          low, 1.0, len(some))  # fmt: skip

    def money(self, *, extra: bool) -> None:
        """No year spends more public money than it has, with what is carried over and added."""
        if "budget" in self.drop:
            return
        T, cost = self.T, np.asarray(self.P @ self.board.fen) / SCALE
        budget = budgets_fen(self.options) / SCALE
        carried = self.new(T - 1, -1, frame=False) if self.options.carry_over and T > 1 else self.extra
        if len(carried):
            self.carried = int(carried[0])
        if extra:
            self.extra = self.new(T, -1, frame=False)
        self.budget_rows = np.arange(self.rows.count, self.rows.count + T)
        for part in (carried, self.extra):
            self.free.append(part)
            self.limitless.append(part)
        for t in range(T):
            used, values = [self.x[:, t]], [cost]
            for column, sign in ((carried[t : t + 1], 1.0), (carried[t - 1 : t] if t else carried[:0], -1.0),
                                 (self.extra[t : t + 1], -1.0)):  # fmt: skip
                used.append(column)
                values.append(np.full(len(column), sign))
            self.rows.one(np.concatenate(used), np.concatenate(values), -np.inf, float(budget[t]))

    def capacities(self) -> None:
        """So much of a kind of measure can be done in a year."""
        for key in sorted(self.options.capacities):
            if f"capacity:{key}" in self.drop:
                continue
            load = np.asarray(self.P @ _load(self.board, key))
            using = np.flatnonzero(load)
            for t, most in enumerate(by_year(self.options.capacities[key], self.T)):
                if len(using):
                    self.rows.one(self.x[using, t], load[using], -np.inf, most)

    def met_without_being_done(self) -> None:
        """The need of a measure is met, too, in the year in which another that makes it needless is done."""
        if self.only_musts:
            return
        item, excludes = self.item, self.board.excludes
        for m in sorted({int(b) for a, b in excludes if item[a] >= 0 and item[b] >= 0}):
            mine = self.new(self.T, int(self.place[item[m]]), frame=False)
            self.free.append(mine)
            self.met[m] = mine
            others = np.unique(item[excludes[excludes[:, 1] == m, 0]])
            others = others[others >= 0]
            for t in range(self.T):
                self.rows.one(
                    np.append(self.x[others, t], mine[t]), np.append(-np.ones(len(others)), 1.0), -np.inf, 0.0
                )
            self.rows.one(np.append(mine, self.x[item[m]]), 1.0, -np.inf, 1.0)

    def fairness(self) -> None:
        """Shares of communities, measures for the old and for children."""
        o, board, T = self.options, self.board, self.T
        for c in range(len(board.communities)):
            mine = board.community == c
            if o.max_share_per_community is not None and "max_share" not in self.drop:
                spent = np.asarray(self.P @ (board.fen * mine)) / SCALE
                using = np.flatnonzero(spent)
                most = o.max_share_per_community * sum(o.budgets_yuan) * FEN / SCALE
                self.rows.one(self.x[using].ravel(), np.repeat(spent[using], T), -np.inf, most)
            need = np.asarray(self.P @ (board.need * mine))
            using = np.flatnonzero(need)
            if o.equity_floor > 0 and "equity" not in self.drop and not self.only_musts and len(using):
                others = [m for m in self.met if mine[m]]
                columns = np.concatenate([self.x[using].ravel(), *(self.met[m] for m in others)])
                values = np.concatenate([np.repeat(need[using], T), *(np.full(T, board.need[m]) for m in others)])
                self.rows.one(columns, values / need.sum(), o.equity_floor - 1e-9, np.inf)
        if o.elder_child_min and "elder_child" not in self.drop and not self.only_musts:
            count = np.asarray(self.P @ board.elder_child.astype(float))
            using = np.flatnonzero(count)
            self.rows.one(self.x[using].ravel(), np.repeat(count[using], T), o.elder_child_min, np.inf)

    def order(self) -> None:
        """What needs or excludes what; what the user locked of a site."""
        item, x = self.item, self.x
        for a, b in _pairs(item, self.board.needs):
            # The relaxation leaves out what need not be done, unless something needs it.
            if a != b:
                for t in range(self.T):
                    self.rows.one(np.concatenate([x[a, : t + 1], x[b, : t + 1]]), np.repeat([1.0, -1.0], t + 1),
                                  -np.inf, 0.0)  # fmt: skip
        for a, b in _pairs(item, self.board.excludes):
            self.rows.one(np.concatenate([x[a], x[b]]), 1.0, -np.inf, 1.0)
        for members, when in self.some:
            if not self.only_musts:
                self.rows.one(x[np.unique(item[members])][:, when].ravel(), 1.0, 1.0, np.inf)

    def _replaced(self) -> Floats:
        """Return the need that each item meets of measures that it makes needless."""
        more = np.zeros(self.items)
        for a, b in self.board.excludes:
            if self.item[a] >= 0 and int(b) in self.met:
                more[self.item[a]] += self.board.need[b]
        return more

    def _instead(self) -> Ints:
        """Return pairs of items of which the first makes the second needless; both are measures by themselves."""
        alone = np.bincount(self.item[self.item >= 0], minlength=self.items) == 1
        pairs = [(self.item[a], self.item[b]) for a, b in self.board.excludes if int(b) in self.met]
        found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        found = found[(found >= 0).all(axis=1)]
        return np.unique(found[alone[found].all(axis=1)], axis=0)

    def model(self, *, floor: bool) -> Model:
        """Return the model."""
        board, body = self.board, self.items * self.T
        low, high = np.zeros(self.columns), np.ones(self.columns)
        high[:body] = self.open.ravel()
        integer = np.ones(self.columns, dtype=np.bool_)
        for part in self.limitless:
            high[part] = np.inf
        for part in self.free:
            integer[part] = False
        need = np.asarray(self.P @ board.need)
        waiting = np.asarray(self.P @ np.where(board.safety, board.need, 0.0)) if floor else np.zeros(self.items)
        counts: Floats = (1.0 - self.options.discount) ** np.arange(self.T, dtype=np.float64)
        delay, value = np.zeros(self.columns), np.zeros(self.columns)
        delay[:body] = np.outer(waiting, np.arange(self.T)).ravel()
        value[:body] = np.outer(need, counts).ravel()
        for m, mine in self.met.items():
            value[mine] = board.need[m] * counts
        return Model(
            matrix=self.rows.matrix(self.columns),
            row_low=np.concatenate(self.rows.low) if self.rows.low else np.zeros(0),
            row_high=np.concatenate(self.rows.high) if self.rows.high else np.zeros(0),
            low=low, high=high, integer=integer, delay=delay, value=value, item=self.item, items=self.items,
            years=self.T, place=np.concatenate(self.places), frame=np.concatenate(self.frames),
            hosts=tuple(self.hosts), windows=tuple(self.windows), carried=self.carried,
            met=tuple((m, int(mine[0])) for m, mine in self.met.items()), extra=self.extra,
            money=np.asarray(self.P @ board.fen) / SCALE, need=need + self._replaced(), instead=self._instead(),
            counts=counts,
            budget_rows=self.budget_rows, at_work=np.array(self.at_work, dtype=np.int64).reshape(-1, 2),
            single=self.single,
        )  # fmt: skip


def budgets_fen(options: ProgrammeOptions) -> Ints:
    """Return each year's public money in whole fen."""
    return np.floor(np.array(options.budgets_yuan) * FEN + 1e-6).astype(np.int64)


def _pairs(item: Ints, pairs: Ints) -> list[tuple[int, int]]:
    """Return pairs of measures as pairs of items; those that the model leaves out are left out."""
    return sorted({(int(item[a]), int(item[b])) for a, b in pairs if item[a] >= 0 and item[b] >= 0})


def _by_hand(
    board: Board, options: ProgrammeOptions, drop: Collection[str], L: int, *, floor: bool
) -> tuple[Flags, Flags, list[tuple[Ints, list[int]]]]:
    """Return years in which each measure may be done, which must be, and rows of which some must be (rows, years)."""
    T = len(options.years)
    campaign = campaign_of(board, options)
    allowed = np.ones((len(board), T), dtype=np.bool_)
    must = board.safety.copy() if floor else np.zeros(len(board), dtype=np.bool_)
    some: list[tuple[Ints, list[int]]] = []
    row = {one: i for i, one in enumerate(board.ids)}
    site = {one: i for i, one in enumerate(board.sites)}
    for one, when in sorted(options.locked.items()):
        if f"lock:{one}" in drop:
            continue
        year = None if when == "in" else options.years.index(when)
        if one in row:
            must[row[one]] = True
            if year is not None:
                allowed[row[one], np.arange(T) != year] = False
            continue
        mine, in_campaign = board.site == site[one], False
        for narrower in (board.works, campaign):
            if (mine & narrower).any():
                mine, in_campaign = mine & narrower, True
        if year is not None:
            late = np.arange(T) >= year + L if in_campaign else np.zeros(T, dtype=np.bool_)
            allowed[np.ix_(mine, (np.arange(T) < year) | late)] = False
        some.append((np.flatnonzero(mine), list(range(T)) if year is None else [year]))
    for one in options.forbidden:
        if f"forbid:{one}" in drop:
            continue
        if one in row:
            allowed[row[one]] = False
        elif one in site:  # else it could not be chosen anyway
            allowed[(board.site == site[one]) & ~board.safety] = False
    return allowed, must, some


def _items(board: Board, must: Flags, in_site: Flags, *, single: bool, only_musts: bool) -> tuple[Ints, int]:
    """Return the item of every measure (-1: left out) and how many there are."""
    n = len(board)
    ends = [np.zeros((0, 2), dtype=np.int64)]
    for group, holds in ((board.site, in_site & must if single else np.zeros(n, dtype=np.bool_)),
                         (board.trench, (board.trench >= 0) & must)):  # fmt: skip
        members = np.flatnonzero(holds)
        members = members[np.argsort(group[members], kind="stable")]
        same = group[members][1:] == group[members][:-1]
        ends.append(np.column_stack([members[:-1][same], members[1:][same]]))
    pairs = np.concatenate(ends)
    graph = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    item = connected_components(graph, directed=False)[1].astype(np.int64) if n else np.zeros(0, dtype=np.int64)
    if only_musts:
        item = np.where(must, item, -1)
        used = np.unique(item[item >= 0])
        new = np.full(n + 1, -1)
        new[used] = np.arange(len(used))
        return new[item], len(used)
    return item, int(item.max(initial=-1)) + 1


def _grouped(item: Ints, group: Ints, holds: Flags) -> list[tuple[int, Ints]]:
    """Return each group's number and its items."""
    pairs = np.unique(np.column_stack([group[holds], item[holds]]), axis=0)
    if not len(pairs):
        return []
    numbers, first = np.unique(pairs[:, 0], return_index=True)
    return [(int(g), part) for g, part in zip(numbers, np.split(pairs[:, 1], first[1:]), strict=True)]


def _load(board: Board, key: str) -> Floats:
    if key.startswith("class:"):
        name = key.removeprefix("class:")
        return np.asarray(board.class_ == name, dtype=np.float64)
    return np.asarray(np.where(board.key == key, board.quantity, 0.0))


def known_capacity(board_keys: Collection[str], key: str) -> bool:
    """Return whether a capacity can be of that name."""
    return key in board_keys or key in {f"class:{name}" for name in CLASSES}


def columns_of(model: Model, year: npt.NDArray[np.int64], options: ProgrammeOptions, board: Board) -> Floats | None:
    """Return the columns of a choice (year numbers of measures, -1 for none), or None when it breaks the model."""
    T = model.years
    column = np.zeros(model.matrix.shape[1])
    kept = np.flatnonzero((model.item >= 0) & (year >= 0))
    column[model.item[kept] * T + year[kept]] = 1.0
    body = column[: model.items * T].reshape(model.items, T)
    for first, members in model.hosts:
        column[first : first + T] = body[members].max(axis=0)
    L = options.campaign_years
    for start, host in model.windows:
        at_work = np.flatnonzero(column[host : host + T])
        if len(at_work):
            column[start + min(int(at_work[0]), T - L)] = 1.0
    for m, first in model.met:
        others = [int(year[a]) for a, b in board.excludes if b == m and year[a] >= 0]
        if others and year[m] < 0:
            column[first + min(others)] = 1.0
    if model.carried >= 0:
        cost = np.zeros(T)
        used = np.flatnonzero(year >= 0)
        np.add.at(cost, year[used], board.fen[used] / SCALE)
        budget = budgets_fen(options) / SCALE
        column[model.carried : model.carried + T - 1] = np.maximum(0.0, np.cumsum(budget - cost))[:-1]
    return column if keeps(model, column) else None


def keeps(model: Model, column: Floats, *, close: float = 1e-6) -> bool:
    """Return whether a column vector keeps every row and bound."""
    sums = model.matrix @ column
    size = close * np.maximum(1.0, np.abs(np.where(np.isfinite(model.row_high), model.row_high, 1.0)))
    within = (sums >= model.row_low - size) & (sums <= model.row_high + size)
    return bool(within.all() and (column >= model.low - close).all() and (column <= model.high + close).all())
