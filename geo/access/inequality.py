"""How evenly access is spread among people: coverage by distance, quantiles, Lorenz curve and Gini coefficient.

Everything is counted by people, not by homes: a tower of 400 weighs 400 times a house of one.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Fault, InputError

Floats = npt.NDArray[np.float64]


def coverage(walk: pd.Series, people: pd.Series, at: npt.ArrayLike | None = None) -> pd.DataFrame:
    """Return how many people have a walk of at most each of some lengths.

    Parameters
    ----------
    walk
        By home: to the nearest place [m or min]; inf or NaN where there is none that can be reached.
    people
        By home, same index; NaN is unknown and counted nowhere (see `attrs`).
    at
        Lengths [as `walk`]; left out: every length at which somebody is added.

    Returns
    -------
    DataFrame
        Index `walk`, rising. `people` (with a walk of at most this), `share` (of all people known, those without any
        reach included; NaN where there are none). `attrs`: `people` (all known), `people_unreached`, `homes_unknown`.

    Examples
    --------
    >>> coverage(pd.Series([100.0, 300.0, np.inf]), pd.Series([50, 30, 20]), at=[200, 400])
          people  share
    walk
    200.0   50.0    0.5
    400.0   80.0    0.8
    """
    length, weight = _checked(walk, people)
    length = np.where(np.isnan(length), np.inf, length)
    known = ~np.isnan(weight)
    length, weight = length[known], weight[known]
    rising = np.argsort(length, kind="stable")
    length, running = length[rising], np.append(0.0, np.cumsum(weight[rising]))
    lengths = np.unique(length[np.isfinite(length) & (weight[rising] > 0)]) if at is None else np.unique(_lengths(at))
    total = float(running[-1])
    within = running[np.searchsorted(length, lengths, side="right")]
    table = pd.DataFrame({"people": within, "share": within / total if total else np.nan},
                         index=pd.Index(lengths, name="walk", dtype="float64"))  # fmt: skip
    table.attrs = {
        "people": total, "people_unreached": float(weight[rising][np.isinf(length)].sum()),
        "homes_unknown": int((~known).sum()),
    }  # fmt: skip
    return table


def quantiles(values: pd.Series, people: pd.Series, shares: npt.ArrayLike = (0.1, 0.25, 0.5, 0.75, 0.9)) -> pd.Series:
    """Return the values that shares of the people do not exceed: at 0.5 the walk (or access) of the median person.

    Parameters
    ----------
    values
        By home; inf is larger than all, NaN is unknown and left out with its people.
    people
        By home, same index.
    shares
        0 to 1.

    Returns
    -------
    Series
        Index `share`. The smallest value that at least this share of the people does not exceed.

    Notes
    -----
    The inverse of the distribution function, definition 1 of Hyndman, R. J., Fan, Y. (1996), The American Statistician
    50(4), 361-365, each person an observation: a value that somebody has, never one between two.
    """
    value, weight = _observed(values, people)
    wanted = np.asarray(shares, float)
    if not np.all((wanted >= 0) & (wanted <= 1)):
        raise InputError(Fault(f"shares {wanted.tolist()}", "give shares from 0 to 1"))
    order = np.argsort(value, kind="stable")
    running = np.cumsum(weight[order])
    # A share is reached when only rounding is missing.
    at = np.searchsorted(running, wanted * running[-1] * (1 - 1e-12), side="left")
    return pd.Series(value[order][at], index=pd.Index(wanted, name="share"), name=values.name)


def lorenz(access: pd.Series, people: pd.Series) -> pd.DataFrame:
    """Return the Lorenz curve of access: what share of it the worst-off share of people has.

    Parameters
    ----------
    access
        By home: for each person, 0 and more (a floating catchment's `access`, say); NaN is unknown and left out.
    people
        By home, same index.

    Returns
    -------
    DataFrame
        Columns `people_share`, `access_share`, both from 0 to 1; worst-off first, a row for each different value and
        the origin before them. Straight lines lie between. NaN in `access_share` where nobody has anything.

    Notes
    -----
    Lorenz, M. O. (1905), Publications of the American Statistical Association 9(70), 209-219.
    """
    value, weight = _observed(access, people)
    if not np.all(np.isfinite(value)):
        ids = access.index[np.isinf(access.to_numpy(float)) & (people.to_numpy(float) > 0)]
        raise InputError(Fault("access without end cannot be shared out", "leave those homes out",
                               ids=tuple(str(i) for i in ids)))  # fmt: skip
    levels, level = np.unique(value, return_inverse=True)
    heads = np.bincount(level, weight)
    has = np.cumsum(heads * levels)
    total = has[-1]
    return pd.DataFrame({
        "people_share": np.append(0.0, np.cumsum(heads) / heads.sum()),
        "access_share": np.append(0.0, has / total) if total > 0 else np.full(len(levels) + 1, np.nan),
    })  # fmt: skip


def gini(access: pd.Series, people: pd.Series) -> float:
    """Return the Gini coefficient of access among people: 0 all have the same, towards 1 one person has everything.

    NaN where nobody has anything: nothing is shared, evenly or not.

    Notes
    -----
    Twice the area between the Lorenz curve and the line of equality, ``1 - Σ (p_k - p_(k-1)) (L_k + L_(k-1))``; equal
    to half the mean absolute difference between two people over the mean. Gini, C. (1912), Variabilità e mutabilità;
    Gastwirth, J. L. (1972), The Review of Economics and Statistics 54(3), 306-316.
    """
    curve = lorenz(access, people)
    share, has = curve["people_share"].to_numpy(), curve["access_share"].to_numpy()
    # Rounding may leave a hair below 0; NaN stays NaN.
    return float(np.maximum(1 - np.sum(np.diff(share) * (has[1:] + has[:-1])), 0.0))


def _observed(values: pd.Series, people: pd.Series) -> tuple[Floats, Floats]:
    """Return known values of homes with known people, at least one person."""
    value, weight = _checked(values, people)
    seen = ~np.isnan(value) & (weight > 0)
    if not seen.any():
        raise InputError(Fault("no home has both people and a known value", "give homes with people"))
    return value[seen], weight[seen]


def _checked(values: pd.Series, people: pd.Series) -> tuple[Floats, Floats]:
    faults = []
    if not values.index.is_unique:
        twice = values.index[values.index.duplicated()].unique()
        faults.append(Fault("homes that stand twice", "give each home one row", ids=tuple(str(i) for i in twice)))
    elif not (values.index.equals(people.index) or
              (len(values) == len(people) and values.index.difference(people.index).empty)):  # fmt: skip
        apart = values.index.symmetric_difference(people.index)
        faults.append(Fault("values and people are of different homes", "give both for the same homes",
                            ids=tuple(str(i) for i in apart)))  # fmt: skip
    value, weight = values.to_numpy(float), people.to_numpy(float)
    for name, series, low in (("values", values, value < 0), ("people", people, (weight < 0) | np.isinf(weight))):
        if low.any():
            faults.append(Fault(f"{name} that are no amounts", "give 0 or more, NaN if unknown",
                                ids=tuple(str(i) for i in series.index[low])))  # fmt: skip
    if faults:
        raise InputError(faults)
    return value, weight if values.index.equals(people.index) else people.reindex(values.index).to_numpy(float)


def _lengths(at: npt.ArrayLike) -> Floats:
    lengths = np.asarray(at, float).ravel()
    if not np.all(np.isfinite(lengths) & (lengths >= 0)):
        raise InputError(Fault(f"lengths {lengths.tolist()}", "give lengths of 0 and more"))
    return lengths
