"""Floating catchments: how much of a service there is for each person, where others nearby share it.

Step 1: what a place offers is divided by the people who can walk to it. Step 2: a home has the sum of these shares over
the places it can walk to. Weights make near people and places count for more; the third step lets people prefer near
places to far ones before they are counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.access.reach import Pairs
from geo.errors import Fault, InputError
from geo.network.graph import By

Floats = npt.NDArray[np.float64]
Method = Literal["2sfca", "e2sfca", "3sfca"]
"""Two steps and everybody within the limit alike; two steps with weights; three steps."""

_TITLES: Final = {
    "2sfca": ("两步移动搜索法(2SFCA)", "two-step floating catchment area (2SFCA)",
              "Luo, W., Wang, F. (2003), Environment and Planning B 30(6), 865-884"),
    "e2sfca": ("增强型两步移动搜索法(E2SFCA)", "enhanced two-step floating catchment area (E2SFCA)",
               "Luo, W., Qi, Y. (2009), Health & Place 15(4), 1100-1107"),
    "3sfca": ("三步移动搜索法(3SFCA)", "three-step floating catchment area (3SFCA)",
              "Wan, N., Zou, B., Sternberg, T. (2012), International Journal of Geographical Information Science "
              "26(6), 1073-1089"),
}  # fmt: skip


@dataclass(frozen=True)
class Decay:
    """How much a place counts, the farther the walk to it.

    Attributes
    ----------
    weigh : callable
        From walks [m or min] to weights, 0 and more, never more for a longer walk.
    text_zh, text_en : str
        What it is, with its numbers.
    """

    weigh: Callable[[Floats], Floats]
    text_zh: str
    text_en: str


@dataclass(frozen=True)
class Catchment:
    """What each home has of a service, and what each place has to serve.

    Attributes
    ----------
    homes : DataFrame
        Index the origins of the pairs. `access` (capacity for each person; NaN where some place within is unknown; inf
        where nobody at all lives near enough to share a place), `access_known` (what the places of known share give: at
        least this much), `places` (within the limit, weight above 0), `places_unknown` (of these).
    places : DataFrame
        Index the places of the pairs. `capacity`, `people` (within the limit, each once), `people_weighted` (as step 1
        counts them), `ratio` (capacity for each weighted person; NaN where capacity or people are unknown), `homes`.
    method : Method
    notes : tuple of (str, str)
        Method, weights, limit and what is unknown, in Chinese and English.
    """

    homes: pd.DataFrame
    places: pd.DataFrame
    method: Method
    notes: tuple[tuple[str, str], ...]

    @property
    def access(self) -> pd.Series:
        """Capacity for each person, by origin."""
        return self.homes["access"]


def steps(weights: Mapping[float, float]) -> Decay:
    """Return weights by zone: from a zone's outer edge [m or min], which belongs to it, to its weight; beyond all, 0.

    Examples
    --------
    >>> steps({5: 1, 10: 0.68, 15: 0.22}).weigh(np.array([0.0, 5.0, 5.1, 15.0, 16.0]))
    array([1.  , 1.  , 0.68, 0.22, 0.  ])
    """
    zones = sorted(weights.items())
    cuts, values = np.array([zone for zone, _ in zones], float), np.array([value for _, value in zones], float)
    # The comparisons are written so that NaN fails them.
    if not (zones and np.all(cuts >= 0) and np.all(values >= 0) and np.all(np.diff(values) <= 0)):
        remedy = "give zones like {5: 1, 10: 0.68, 15: 0.22}: weights of 0 and more that never rise with the walk"
        raise InputError(Fault(f"zones {dict(zones)} are no decay", remedy))
    told = "、".join(f"≤{zone:g}: {value:g}" for zone, value in zones)
    return Decay(lambda walk: np.append(values, 0.0)[np.searchsorted(cuts, walk, side="left")],
                 f"分区权重 {told}", f"weights by zone {told.replace('、', ', ')}")  # fmt: skip


def thirds(at_most: float) -> Decay:
    """Return the weights 1, 0.68, 0.22 of Luo and Qi (2009) on three zones of equal width up to a limit [m or min].

    They were made for drives of 10, 20 and 30 minutes; that they are laid on thirds of a walk is our reading.
    """
    if not 0 < at_most < np.inf:
        raise InputError(Fault(f"a limit of {at_most:g} has no thirds", "give at_most above 0, or a decay"))
    return steps({at_most / 3: 1.0, 2 * at_most / 3: 0.68, at_most: 0.22})


def gaussian(width: float) -> Decay:
    """Return exp(-walk² / (2 width²)), width in metres or minutes: 1 at the door, 0.61 at `width`."""
    _above_zero("width", width)
    return Decay(lambda walk: np.exp(-walk * walk / (2 * width**2)), f"高斯衰减,σ={width:g}", f"gaussian, σ={width:g}")


def gaussian_to_zero(at_most: float) -> Decay:
    """Return the gaussian that is 1 at the door and 0 at a limit [m or min] and beyond.

    Notes
    -----
    (exp(-½ (d/d0)²) - exp(-½)) / (1 - exp(-½)): Dai, D. (2010), Health & Place 16(5), 1038-1052.
    """
    _above_zero("limit", at_most)
    edge = float(np.exp(-0.5))

    def weigh(walk: Floats) -> Floats:
        weights: Floats = np.maximum(np.exp(-0.5 * (walk / at_most) ** 2) - edge, 0.0) / (1 - edge)
        return weights

    return Decay(weigh, f"高斯衰减,{at_most:g}处为0", f"gaussian that is 0 at {at_most:g}")


def power(exponent: float, *, scale: float = 1.0, least: float = 1.0) -> Decay:
    """Return (walk / scale)^-exponent, as gravity models have it; walks shorter than `least` count as `least`."""
    for name, value in (("exponent", exponent), ("scale", scale), ("least", least)):
        _above_zero(name, value)
    return Decay(lambda walk: np.power(np.maximum(walk, least) / scale, -exponent),
                 f"幂函数衰减,指数{exponent:g}", f"power decay, exponent {exponent:g}")  # fmt: skip


def catchment(
    pairs: Pairs,
    demand: pd.Series,
    capacity: pd.Series,
    *,
    at_most: float = np.inf,
    by: By = "metres",
    method: Method = "2sfca",
    decay: Decay | None = None,
) -> Catchment:
    """Return what each home has of a service, shared with all others who can walk to the same places.

    Parameters
    ----------
    pairs
        Homes and places with the walks between them, at least all within `at_most`.
    demand
        People (or children, elders …) by origin; NaN is unknown.
    capacity
        What a place offers (places, beds, m², staff), by place; NaN is unknown.
    at_most
        The longest walk that counts [m, or min with `by="minutes"`].
    by, method
        What a walk is measured by (`geo.network.graph.By`), and the method (`Method`).
    decay
        Weights by walk for `e2sfca` and `3sfca`; left out: `thirds(at_most)`. `2sfca` has none.

    Raises
    ------
    InputError
        When a home has no demand row or a place no capacity row (and the other way round), a value is negative or
        infinite, the limit is not above 0, or weights are given to `2sfca`.

    Notes
    -----
    With f the weights, 0 beyond the limit, P the demand, S the capacity and d the walks:

    1. ``R_j = S_j / Σ_i G_ij f(d_ij) P_i``
    2. ``A_i = Σ_j G_ij f(d_ij) R_j``

    G is 1 in two steps; in three, ``G_ij = f(d_ij) / Σ_k f(d_ik)``: how people of i divide their choice. All capacity
    is handed out: ``Σ_i P_i A_i = Σ_j S_j`` over places that somebody can walk to. One more place lowers nobody's
    access in two steps; in three it may, because it draws people away from better ones. Homes that are not joined to
    the network have no walks and access 0; leave them out where they should be unknown.
    """
    _check(pairs, demand, capacity, at_most=at_most, by=by, method=method, decay=decay)
    people = demand.reindex(pairs.origins).to_numpy(float)
    offered = capacity.reindex(pairs.places).to_numpy(float)
    homes, places = len(people), len(offered)
    walk = pairs.walk_m if by == "metres" else pairs.walk_min
    weights = _decay(method, decay, at_most)

    weight = weights.weigh(walk) * (walk <= at_most)
    near = weight > 0
    origin, place, weight = pairs.origin[near], pairs.place[near], weight[near]
    if method == "3sfca":
        weight *= weight / np.bincount(origin, weight, minlength=homes)[origin]

    weighted = np.bincount(place, weight * people[origin], minlength=places)
    # Nobody to share with: any capacity is without end for whoever comes, none is none.
    alone = np.where(offered > 0, np.inf, offered)
    ratio = np.where(weighted == 0, alone, np.divide(offered, weighted, where=weighted != 0, out=np.zeros(places)))
    share = weight * ratio[place]
    unknown = np.isnan(share)
    place_table = pd.DataFrame({
        "capacity": offered, "people": np.bincount(place, people[origin], minlength=places),
        "people_weighted": weighted, "ratio": ratio, "homes": np.bincount(place, minlength=places),
    }, index=pairs.places)  # fmt: skip
    home_table = pd.DataFrame({
        "access": np.bincount(origin, share, minlength=homes),
        "access_known": np.bincount(origin, np.where(unknown, 0.0, share), minlength=homes),
        "places": np.bincount(origin, minlength=homes),
        "places_unknown": np.bincount(origin[unknown], minlength=homes),
    }, index=pairs.origins)  # fmt: skip
    notes = _notes(method, weights, at_most, by=by, people=people, offered=offered)
    return Catchment(home_table, place_table, method, notes)


def _decay(method: Method, decay: Decay | None, at_most: float) -> Decay:
    if method == "2sfca":
        return Decay(np.ones_like, "限内权重均为1", "weight 1 within the limit")
    return decay or thirds(at_most)


def _notes(
    method: Method, decay: Decay, at_most: float, *, by: By, people: Floats, offered: Floats
) -> tuple[tuple[str, str], ...]:
    title_zh, title_en, source = _TITLES[method]
    unit_zh, unit_en = ("米", "m") if by == "metres" else ("分钟", "min")
    notes = [(f"方法:{title_zh};{source}", f"Method: {title_en}; {source}")]
    notes.append((f"权重({unit_zh}):{decay.text_zh}", f"Weights ({unit_en}): {decay.text_en}"))
    if np.isfinite(at_most):
        notes.append((f"步行不超过{at_most:g}{unit_zh}", f"Walks of at most {at_most:g} {unit_en}"))
    homes, places = int(np.isnan(people).sum()), int(np.isnan(offered).sum())
    if homes:
        notes.append((
            f"{homes}处住宅人口未知:其可达设施的人均量也未知",
            f"{homes} homes of unknown people: the shares of the places they can walk to are unknown",
        ))  # fmt: skip
    if places:
        notes.append((
            f"{places}处设施规模未知:能走到其处的住宅access为空,access_known为已知设施给出的下限",
            f"{places} places of unknown capacity: `access` is empty where one is near, `access_known` is the least",
        ))  # fmt: skip
    return tuple(notes)


def _check(
    pairs: Pairs, demand: pd.Series, capacity: pd.Series, *, at_most: float, by: By, method: Method, decay: Decay | None
) -> None:
    faults = amount_faults("demand", demand, pairs.origins) + amount_faults("capacity", capacity, pairs.places)
    if method not in _TITLES:
        faults.append(Fault(f"there is no method {method}", f"choose one of {', '.join(_TITLES)}"))
    if not at_most > 0:
        faults.append(Fault(f"walks of at most {at_most:g}", "give a limit above 0"))
    if by not in {"metres", "minutes"}:
        faults.append(Fault(f"walks measured by {by}", "choose metres or minutes"))
    if method == "2sfca" and decay is not None:
        faults.append(Fault("2sfca counts everybody within the limit alike", "leave decay out, or choose e2sfca"))
    if faults:
        raise InputError(faults)


def amount_faults(what: str, amounts: pd.Series, ids: pd.Index, *, endless: bool = False) -> list[Fault]:
    """Return what is wrong with amounts of these ids: each stands once, with 0 or more (if `endless`, also inf)."""
    faults = []
    twice = amounts.index[amounts.index.duplicated()].unique()
    if len(twice):
        faults.append(Fault(f"{what}: ids that stand twice", "give each one row", ids=_ids(twice)))
    lacking, strange = ids.difference(amounts.index), amounts.index.difference(ids)
    if len(lacking):
        faults.append(Fault(f"{what}: no row for {len(lacking)}", "add them, NaN if unknown", ids=_ids(lacking)))
    if len(strange):
        remedy = "make the pairs with them, or drop them"
        faults.append(Fault(f"{what}: {len(strange)} that the pairs do not know", remedy, ids=_ids(strange)))
    values = amounts.to_numpy(float)
    wrong = (values < 0) | (np.isinf(values) & (not endless))
    if wrong.any():
        least = "give 0 or more" if endless else "give finite amounts of 0 or more"
        faults.append(Fault(f"{what}: {values[wrong][0]:g} is no amount", f"{least}, NaN if unknown",
                            ids=_ids(amounts.index[wrong])))  # fmt: skip
    return faults


def _ids(index: pd.Index) -> tuple[str, ...]:
    return tuple(str(i) for i in index)


def _above_zero(name: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise InputError(Fault(f"{name} {value:g}", "give a number above 0"))
