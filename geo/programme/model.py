"""The choice as a mixed-integer programme: what may be done when, and every demand as a row.

Measures that certainly are done in the same year are one item: those that must be done and share a trench or, where a
site's works take one year, share the site. An item has a column for each year.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

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
    rank : array
        Need that an item meets for its money: what is alike in it may be looked at together.
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
    rank: Floats

    def years_of(self, column: Floats) -> Ints:
        """Return the year number of every measure of the board, -1 where it is not done."""
        chosen = np.rint(column[: self.items * self.years]).reshape(self.items, self.years).astype(np.int64)
        when = np.where(chosen.any(axis=1), chosen.argmax(axis=1), -1) if self.items else np.zeros(0, dtype=np.int64)
        full = np.concatenate([when, [-1]])
        return full[self.item]

    def with_row(self, coefficients: Floats, low: float, high: float) -> "Model":
        """Return the model with one more row."""
        row = sparse.csc_matrix(coefficients)
        return self._with(
            matrix=sparse.vstack([self.matrix, row]).tocsc(),
            row_low=np.append(self.row_low, low),
            row_high=np.append(self.row_high, high),
        )

    def _with(self, **changed: object) -> "Model":
        return Model(**{**self.__dict__, **changed})  # type: ignore[arg-type]


@dataclass
class _Rows:
    """Rows as they are gathered."""

    rows: list[Ints] = field(default_factory=list)
    columns: list[Ints] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)
    count: int = 0

    def add(self, rows: Ints, columns: Ints, values: Floats, low: Floats | float, high: Floats | float, count: int
            ) -> None:  # fmt: skip
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


def demands(board: Board, options: ProgrammeOptions) -> list[str]:
    """Return what the user demands beyond the safety floor, by name; each can be left out of a model (`drop`).

    `budget`, `carry`-less years and so on are one demand; each capacity, lock and forbidden item is one of its own.
    """
    found = ["budget"]
    found += [f"capacity:{key}" for key in sorted(options.capacities)]
    if options.sites_per_year is not None:
        found.append("sites")
    if options.campaign_years < len(options.years) and (board.works & (board.site >= 0)).any():
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
    T, L, n = len(options.years), window_of(options, drop), len(board)
    single = L == 1
    allowed, must, some = _by_hand(board, options, drop, L, floor=floor)
    in_site = board.works & (board.site >= 0)
    item, items = _items(board, must, in_site, single=single, only_musts=only_musts)
    kept = np.flatnonzero(item >= 0)
    P = sparse.csr_matrix((np.ones(len(kept)), (item[kept], kept)), shape=(items, n))
    item_must = np.zeros(items, dtype=np.bool_)
    item_must[item[kept]] = must[kept]
    open_ = np.ones((items, T), dtype=np.bool_)
    np.logical_and.at(open_, item[kept], allowed[kept])
    x = np.arange(items * T).reshape(items, T)
    rows = _Rows()

    # 1. Sites and trenches: who says when they are at work.
    columns = items * T
    place = np.full(items, -1, dtype=np.int64)
    np.maximum.at(place, item[kept], np.where(in_site, board.site, -1)[kept])
    places, frames = [np.repeat(place, T)], [np.repeat(item_must, T)]
    hosts: list[tuple[int, Ints]] = []
    windows: list[tuple[int, int]] = []
    once = item_must.copy()
    links: list[tuple[Ints, Ints]] = []
    site_columns: list[Ints] = []

    def own_host(members: Ints, number: int, *, one_year: bool) -> Ints:
        """Return the columns that say when the members are at work: those of the one that must be, or new ones."""
        nonlocal columns
        musts = members[item_must[members]]
        if one_year and len(musts):
            host = x[musts[0]]
        else:
            host = np.arange(columns, columns + T)
            columns += T
            places.append(np.full(T, number))
            frames.append(np.ones(T, dtype=np.bool_))
            hosts.append((int(host[0]), members))
            if one_year:
                rows.one(host, 1.0, -np.inf, 1.0)
        others = members[x[members, 0] != host[0]]
        links.append((x[others].ravel(), np.tile(host, len(others))))
        if one_year:
            once[others] = True
        return host

    if L < T or (options.sites_per_year is not None and "sites" not in drop):
        for number, members in _grouped(item, board.site, in_site & (item >= 0)):
            host = own_host(members, number, one_year=single)
            site_columns.append(host)
            if 1 < L < T:
                starts = np.arange(columns, columns + T - L + 1)
                columns += len(starts)
                places.append(np.full(len(starts), number))
                frames.append(np.ones(len(starts), dtype=np.bool_))
                windows.append((int(starts[0]), int(host[0])))
                rows.one(starts, 1.0, -np.inf, 1.0)
                for t in range(T):
                    covering = starts[max(0, t - L + 1): t + 1]
                    rows.one(np.append(covering, host[t]), np.append(-np.ones(len(covering)), 1.0), -np.inf, 0.0)
    for _, members in _grouped(item, board.trench, (board.trench >= 0) & (item >= 0)):
        homes = place[members]
        if len(members) > 1 and not (single and homes[0] >= 0 and (homes == homes[0]).all()):
            own_host(members, int(homes.max()), one_year=True)
    free = np.flatnonzero(~once)
    rows.add(np.repeat(np.arange(len(free)), T), x[free].ravel(), np.ones(len(free) * T), -np.inf, 1.0, len(free))
    musts = np.flatnonzero(item_must)
    rows.add(np.repeat(np.arange(len(musts)), T), x[musts].ravel(), np.ones(len(musts) * T), 1.0, 1.0, len(musts))
    for ones, host in links:
        count = len(ones)
        both = np.concatenate([np.arange(count)] * 2)
        rows.add(both, np.concatenate([ones, host]), np.repeat([1.0, -1.0], count), -np.inf, 0.0, count)

    # 2. Money.
    cost = np.asarray(P @ board.fen) / SCALE
    carried, more = columns, np.zeros(0, dtype=np.int64)
    continuous = 0
    if "budget" not in drop:
        budget = np.floor(np.array(options.budgets_yuan) * FEN + 1e-6) / SCALE
        carry = options.carry_over and T > 1
        if carry:
            columns += T - 1
            continuous += T - 1
        if extra:
            more = np.arange(columns, columns + T)
            columns += T
            continuous += T
        for t in range(T):
            used, values = x[:, t], cost
            if carry and t < T - 1:
                used, values = np.append(used, carried + t), np.append(values, 1.0)
            if carry and t > 0:
                used, values = np.append(used, carried + t - 1), np.append(values, -1.0)
            if extra:
                used, values = np.append(used, more[t]), np.append(values, -1.0)
            rows.one(used, values, -np.inf, budget[t])

    # 3. Capacities.
    for key in sorted(options.capacities):
        if f"capacity:{key}" in drop:
            continue
        load = np.asarray(P @ _load(board, key))
        using = np.flatnonzero(load)
        for t, most in enumerate(by_year(options.capacities[key], T)):
            if len(using):
                rows.one(x[using, t], load[using], -np.inf, most)
    if options.sites_per_year is not None and "sites" not in drop and site_columns:
        # A host shared by two sites that a trench joins counts for both.
        for t, many in enumerate(by_year(options.sites_per_year, T)):
            rows.one(np.array([host[t] for host in site_columns]), 1.0, -np.inf, many)

    places.append(np.full(continuous, -1))
    frames.append(np.zeros(continuous, dtype=np.bool_))

    # 4. What is met without being done: a measure that another, which is done, makes needless.
    met_by = sorted({int(b) for a, b in board.excludes if item[a] >= 0 and item[b] >= 0}) if not only_musts else []
    met = {m: np.arange(columns + i * T, columns + (i + 1) * T) for i, m in enumerate(met_by)}
    first_met = columns
    columns += len(met) * T
    for m, mine in met.items():
        others = np.unique(item[board.excludes[board.excludes[:, 1] == m, 0]])
        others = others[others >= 0]
        for t in range(T):
            rows.one(np.append(x[others, t], mine[t]), np.append(-np.ones(len(others)), 1.0), -np.inf, 0.0)
        rows.one(np.append(mine, x[item[m]]), 1.0, -np.inf, 1.0)
    places.append(np.repeat([int(place[item[m]]) for m in met_by], T))
    frames.append(np.zeros(len(met) * T, dtype=np.bool_))

    # 5. Fairness.
    total = sum(options.budgets_yuan) * FEN / SCALE
    need = np.asarray(P @ board.need)
    for c in range(len(board.communities)):
        mine = sparse.csr_matrix(np.where(board.community == c, 1.0, 0.0))
        if options.max_share_per_community is not None and "max_share" not in drop:
            spent = (P @ mine.multiply(board.fen).T).toarray().ravel() / SCALE
            using = np.flatnonzero(spent)
            rows.one(x[using].ravel(), np.repeat(spent[using], T), -np.inf, options.max_share_per_community * total)
        if options.equity_floor > 0 and "equity" not in drop and not only_musts:
            met_need = (P @ mine.multiply(board.need).T).toarray().ravel()
            using = np.flatnonzero(met_need)
            if len(using):
                scale = met_need.sum()
                more_met = [m for m in met_by if board.community[m] == c]
                rows.one(np.concatenate([x[using].ravel(), *(met[m] for m in more_met)]),
                         np.concatenate([np.repeat(met_need[using], T),
                                         *(np.full(T, board.need[m]) for m in more_met)]) / scale,
                         options.equity_floor - 1e-9, np.inf)  # fmt: skip
    if options.elder_child_min and "elder_child" not in drop and not only_musts:
        count = np.asarray(P @ board.elder_child.astype(float))
        using = np.flatnonzero(count)
        rows.one(x[using].ravel(), np.repeat(count[using], T), options.elder_child_min, np.inf)

    # 6. What needs or excludes what; what the user locked of a site.
    for a, b in sorted({(int(item[a]), int(item[b])) for a, b in board.needs if item[a] >= 0}):
        if a == b or b < 0:  # the relaxation leaves out what need not be done, unless something needs it
            continue
        for t in range(T):
            rows.one(np.concatenate([x[a, : t + 1], x[b, : t + 1]]), np.repeat([1.0, -1.0], t + 1), -np.inf, 0.0)
    for a, b in sorted({(int(item[a]), int(item[b])) for a, b in board.excludes if item[a] >= 0 and item[b] >= 0}):
        rows.one(np.concatenate([x[a], x[b]]), 1.0, -np.inf, 1.0)
    if not only_musts:
        for members, when in some:
            rows.one(x[np.unique(item[members])][:, when].ravel(), 1.0, 1.0, np.inf)

    low, high = np.zeros(columns), np.ones(columns)
    high[: items * T] = open_.ravel()
    integer = np.ones(columns, dtype=np.bool_)
    if continuous:
        high[carried: carried + continuous] = np.inf
        integer[carried: carried + continuous] = False
    integer[first_met: first_met + len(met) * T] = False
    for start, _ in windows:
        integer[start: start + T - L + 1] = False
    delay, value = np.zeros(columns), np.zeros(columns)
    waiting = np.asarray(P @ np.where(board.safety, board.need, 0.0)) if floor else np.zeros(items)
    delay[: items * T] = np.outer(waiting, np.arange(T)).ravel()
    counts = (1.0 - options.discount) ** np.arange(T)
    value[: items * T] = np.outer(need, counts).ravel()
    for m, mine in met.items():
        value[mine] = board.need[m] * counts
    return Model(
        matrix=rows.matrix(columns),
        row_low=np.concatenate(rows.low) if rows.low else np.zeros(0),
        row_high=np.concatenate(rows.high) if rows.high else np.zeros(0),
        low=low, high=high, integer=integer, delay=delay, value=value, item=item, items=items, years=T,
        place=np.concatenate(places).astype(np.int64), frame=np.concatenate(frames), hosts=tuple(hosts),
        windows=tuple(windows), carried=carried if continuous else columns,
        met=tuple((m, int(mine[0])) for m, mine in met.items()), extra=more,
        rank=need / np.maximum(cost, 1e-6),
    )  # fmt: skip


def _by_hand(
    board: Board, options: ProgrammeOptions, drop: Collection[str], L: int, *, floor: bool
) -> tuple[Flags, Flags, list[tuple[Ints, list[int]]]]:
    """Return years in which each measure may be done, which must be, and rows of which some must be (rows, years)."""
    T = len(options.years)
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
        mine = board.site == site[one]
        mine = mine & board.works if (mine & board.works).any() else mine
        if year is not None:
            allowed[np.ix_(mine, (np.arange(T) < year) | (np.arange(T) >= year + L))] = False
        some.append((np.flatnonzero(mine), list(range(T)) if year is None else [year]))
    for one in options.forbidden:
        if f"forbid:{one}" in drop:
            continue
        if one in row:
            allowed[row[one]] = False
        elif one in site:  # else it could not be chosen anyway
            allowed[board.site == site[one]] = False
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
        return (board.class_ == name).astype(float)
    return np.where(board.key == key, board.quantity, 0.0)


def known_capacity(board_keys: Collection[str], key: str) -> bool:
    """Return whether a capacity can be of that name."""
    return key in board_keys or key in {f"class:{name}" for name in CLASSES}


def columns_of(model: Model, year: npt.NDArray[np.int64], options: ProgrammeOptions, board: Board) -> Floats | None:
    """Return the columns of a choice (a year number for each measure, -1 for none), or None when it breaks the model."""
    T = model.years
    column = np.zeros(model.matrix.shape[1])
    kept = np.flatnonzero((model.item >= 0) & (year >= 0))
    column[model.item[kept] * T + year[kept]] = 1.0
    body = column[: model.items * T].reshape(model.items, T)
    for first, members in model.hosts:
        column[first: first + T] = body[members].max(axis=0)
    L = options.campaign_years
    for start, host in model.windows:
        at_work = np.flatnonzero(column[host: host + T])
        if len(at_work):
            column[start + min(int(at_work[0]), T - L)] = 1.0
    for m, first in model.met:
        others = [int(year[a]) for a, b in board.excludes if b == m and year[a] >= 0]
        if others and year[m] < 0:
            column[first + min(others)] = 1.0
    if options.carry_over and T > 1 and model.carried < len(column):
        cost = np.zeros(T)
        used = np.flatnonzero(year >= 0)
        np.add.at(cost, year[used], board.fen[used] / SCALE)
        budget = np.floor(np.array(options.budgets_yuan) * FEN + 1e-6) / SCALE
        column[model.carried: model.carried + T - 1] = np.maximum(0.0, np.cumsum(budget - cost))[:-1]
    return column if keeps(model, column) else None


def keeps(model: Model, column: Floats, *, close: float = 1e-6) -> bool:
    """Return whether a column vector keeps every row and bound."""
    sums = model.matrix @ column
    size = close * np.maximum(1.0, np.abs(np.where(np.isfinite(model.row_high), model.row_high, 1.0)))
    within = (sums >= model.row_low - size) & (sums <= model.row_high + size)
    return bool(within.all() and (column >= model.low - close).all() and (column <= model.high + close).all())
