"""What each flat pays for a lift: by the coefficients of floors that owners agree on, else by area.

Money is whole fen; parts are rounded by the largest remainder, so that they add up to the cost exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal

import pandas as pd

from geo.errors import Fault, InputError
from geo.ingest.sheets import Field, read_sheet
from geo.lifts.ledger import Ledger
from geo.standards.lift_rules import Coefficients, LiftRules

Basis = Literal["coefficient_area", "coefficient_flat", "area"]
"""Coefficient of the floor times area; coefficient per flat; exclusive area alone (article 283, nothing agreed)."""

_BASIS = {
    "coefficient_area": ("楼层系数×专有面积", "floor coefficient × exclusive area"),
    "coefficient_flat": ("楼层系数,每套相同", "floor coefficient, the same for every flat of a floor"),
    "area": ("专有面积占比(《民法典》第二百八十三条,无约定时)", "exclusive area (Civil Code art. 283, nothing agreed)"),
}  # fmt: skip

_FLOOR_FIELDS = (
    Field("floor", ("楼层", "所在层", "层"), "count", required=True, filled=True, minimum=-5, maximum=150),
    Field("coefficient", ("系数", "分摊系数"), "number", required=True, filled=True, minimum=0, maximum=1000),
)


@dataclass(frozen=True)
class Shares:
    """What the flats of one stair or building pay.

    Attributes
    ----------
    table : DataFrame
        One row for each flat, index `flat_id` (`JZ00012/2/301`). Columns: building_id, unit, flat, floor (Int64),
        area_m2, coefficient (NaN when the table does not name its floor), share (0 to 1), fen (Int64, whole), yuan.
    floors : DataFrame
        Index floor; flats, area_m2, coefficient, yuan.
    basis, cost_fen, public_fen
        How it was shared; the whole cost, and what others pay of it.
    known : bool
        Whether it could be shared: an unknown area or floor leaves every share unknown.
    notes : tuple of (str, str)
        Sources and what is unknown, in Chinese and English.
    """

    table: pd.DataFrame
    floors: pd.DataFrame
    basis: Basis
    cost_fen: int
    public_fen: int
    known: bool
    notes: tuple[tuple[str, str], ...]


def share_cost(
    ledger: Ledger,
    *,
    building_id: str,
    unit: str | None = None,
    cost_yuan: str | float,
    public_yuan: str | float = 0,
    basis: Basis = "coefficient_area",
    coefficients: Coefficients,
) -> Shares:
    """Return what every flat of a stair (or of a building, when `unit` is None) pays for a lift.

    Parameters
    ----------
    ledger
        The flats with their floors and areas.
    building_id, unit
        Whose lift it is.
    cost_yuan, public_yuan
        What it costs, and what is paid by others (subsidies) [yuan, to the fen].
    basis
        See `Basis`.
    coefficients
        By floor: the owners' own table (`read_coefficients`), or the example of the rules.

    Raises
    ------
    InputError
        When the ledger has no such stair, a sum is not one, others pay more than it costs, or nobody would pay.
    """
    cost, public = _fen(cost_yuan, "cost"), _fen(public_yuan, "what others pay")
    if not 0 <= public <= cost or cost == 0:
        remedy = "give a cost above 0, and at most as much paid by others"
        raise InputError(Fault(f"others pay {public / 100:,.2f} yuan of {cost / 100:,.2f}", remedy))
    flats = ledger.flats[ledger.flats["building_id"] == building_id]
    flats = flats if unit is None else flats[flats["unit"] == unit]
    if flats.empty:
        where = building_id if unit is None else f"{building_id}/{unit}"
        raise InputError(Fault(f"the ledger has no flats of {where}", "give a building (and stair) of the ledger",
                               file=ledger.file))  # fmt: skip
    flats = flats.drop_duplicates(["unit", "flat"])
    weights = [_weight(area, floor, basis, coefficients) for area, floor in
               zip(flats["area_cm2"], flats["floor"], strict=True)]  # fmt: skip
    unknown = [flat for flat, weight in zip(flats["flat"], weights, strict=True) if weight is None]
    told = [(f"分摊方式:{_BASIS[basis][0]}", f"Shared by: {_BASIS[basis][1]}")]
    if basis != "area":
        mark = ("(须由业主约定)", " (owners have to agree on theirs)") if coefficients.example else ("", "")
        told.append((f"系数表:{coefficients.title_zh}{mark[0]};{coefficients.source}",
                     f"Coefficients: {coefficients.title_en}{mark[1]}; {coefficients.source_en}"))  # fmt: skip
    names = [f"{building_id}/{u}/{f}" if u else f"{building_id}/{f}" for u, f in
             zip(flats["unit"], flats["flat"], strict=True)]  # fmt: skip
    table = pd.DataFrame({
        "building_id": flats["building_id"].array, "unit": flats["unit"].array, "flat": flats["flat"].array,
        "floor": flats["floor"].array, "area_m2": (flats["area_cm2"].astype("float64") / 10_000).array,
        "coefficient": [_coefficient(floor, coefficients) for floor in flats["floor"]],
    }, index=pd.Index(names, name="flat_id"))  # fmt: skip
    if unknown:
        told.append((f"{len(unknown)}套缺面积或楼层系数({'、'.join(unknown[:8])}),各套分摊额均未知",
                     f"{len(unknown)} flats lack an area or a coefficient ({', '.join(unknown[:8])}): all shares are "
                     "unknown"))  # fmt: skip
        parts: Sequence[int | None] = [None] * len(flats)
    else:
        known = [weight for weight in weights if weight is not None]
        if not sum(known):
            raise InputError(Fault("every flat has the coefficient 0: nobody would pay", "give other coefficients"))
        parts = largest_remainder(cost - public, known)
    table["share"] = [float("nan") if fen is None else fen / (cost - public) if cost > public else 0.0 for fen in parts]
    table["fen"] = pd.array(parts, dtype="Int64")
    table["yuan"] = table["fen"].astype("float64") / 100
    floors = table.groupby("floor", dropna=False).agg(
        flats=("flat", "size"), area_m2=("area_m2", lambda area: area.sum(skipna=False)),
        coefficient=("coefficient", "first"), yuan=("yuan", lambda yuan: yuan.sum(skipna=False)),
    )  # fmt: skip
    return Shares(table, floors, basis, cost, public, not unknown, tuple(told))


def largest_remainder(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Return whole parts of a whole total in proportion to weights; they add up to it exactly.

    What rounding down leaves goes one each to the largest remainders; of equal ones, to the first.

    Examples
    --------
    >>> largest_remainder(100, [Fraction(1), Fraction(1), Fraction(1)])
    [34, 33, 33]
    """
    whole = sum(weights, Fraction(0))
    exact = [total * weight / whole for weight in weights]
    parts = [int(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def read_coefficients(path: Path) -> Coefficients:
    """Return the owners' table of coefficients in a CSV or Excel file: 楼层 and 系数, a row for each floor.

    Raises
    ------
    InputError
        With every wrong cell, and floors that stand on several rows.
    """
    read = read_sheet(path, _FLOOR_FIELDS)
    faults = [*read.faults]
    for floor, rows in read.table.groupby("floor", sort=True).groups.items():
        if len(rows) > 1:
            faults.append(read.fault(f"floor {floor} stands on several rows", "keep one", [f"row {r}" for r in rows]))
    if read.table.empty:
        faults.append(read.fault("the table has no floors", "give a row for each floor"))
    if faults:
        raise InputError(faults)
    floors: Mapping[int, str] = {
        int(floor): str(Decimal(repr(value))) for floor, value in
        zip(read.table["floor"], read.table["coefficient"], strict=True)
    }  # fmt: skip
    return Coefficients(
        title_zh="楼层分摊系数(自定)", title_en="floor coefficients (the owners' own)", source=f"文件{path.name}",
        source_en=f"file {path.name}", floors=dict(floors),
    )  # fmt: skip


def funds(rules: LiftRules, *, lang: Literal["zh", "en"] = "zh") -> list[tuple[str, str, str]]:
    """Return the notes on money: title, text and source of each, in one language."""
    if lang == "zh":
        return [(fund.title_zh, fund.text_zh, fund.source) for fund in rules.funds]
    return [(fund.title_en, fund.text_en, fund.source_en) for fund in rules.funds]


def _weight(area: object, floor: object, basis: Basis, coefficients: Coefficients) -> Fraction | None:
    size = None if pd.isna(area) else Fraction(int(area))  # type: ignore[call-overload]
    if basis == "area":
        return size
    factor = None if pd.isna(floor) else coefficients.of(int(floor))  # type: ignore[call-overload]
    if basis == "coefficient_flat" or factor is None or factor == 0:
        return factor
    return None if size is None else size * factor


def _coefficient(floor: object, coefficients: Coefficients) -> float:
    factor = None if pd.isna(floor) else coefficients.of(int(floor))  # type: ignore[call-overload]
    return float("nan") if factor is None else float(factor)


def _fen(yuan: str | float, what: str) -> int:
    """Return a sum in fen, from its decimals as they are written."""
    try:
        fen = 100 * Decimal(str(yuan).replace(",", ""))
        whole = int(fen)
    except (ArithmeticError, ValueError):
        raise InputError(Fault(f"{what}: {yuan} is no sum of money", "write it in yuan, like 650000")) from None
    if fen != whole or whole < 0:
        raise InputError(Fault(f"{what}: {yuan} is no sum of money to the fen", "write it in yuan, like 650000.50"))
    return whole
