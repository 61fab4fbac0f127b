"""Farm houses: the register joined to the study, each house decided, all of it kept in the study."""

from collections.abc import Mapping
from pathlib import Path

import shapely

from api.operations.files import require_file_place
from geo.errors import Fault, InputError
from geo.farmhouses import FarmHouses, Ground, HouseOverride, read_parcels, read_register, sort_houses
from geo.ingest.formats import open_file
from geo.standards.farmhouse_rules import FarmHouseRules
from geo.study import Study, read_study, write_study
from layers.farmhouses_book import write_farmhouses_xlsx
from layers.words import Lang

_DECISIONS = {"拆": "demolish", "改": "alter", "用": "use", "demolish": "demolish", "alter": "alter", "use": "use"}


def sort_farmhouses(
    path: Path,
    register: Path,
    *,
    rules: FarmHouseRules,
    on: str,
    parcels: Path | None = None,
    overrides: Mapping[str, HouseOverride] | None = None,
) -> tuple[FarmHouses, Study]:
    """Decide on the farm houses of a register, and write them into the study.

    Parameters
    ----------
    path
        The study; its table `farmhouses` is replaced.
    register
        CSV or .xlsx (`geo.farmhouses.register.read_register`).
    rules
        Tried in order.
    on
        Day of the decision (ISO).
    parcels
        A file with outlines of parcels and their numbers.
    overrides
        house_id → a decision taken by hand (`deciding`).

    Raises
    ------
    InputError
        With every fault of the register, the parcels or the overrides; nothing is then written.
    """
    study = read_study(path)
    outlines = None
    if parcels is not None:
        opened = open_file(parcels)
        if len(opened.layers) != 1:
            raise InputError(Fault(f"the file has {len(opened.layers)} layers; one is wanted", "save the parcels alone",
                                   file=str(parcels)))  # fmt: skip
        layer = opened.read(next(iter(opened.layers)), None)
        frame = layer.frame if layer.crs is None else layer.frame.set_crs(layer.crs, allow_override=True)
        outlines = read_parcels(frame, study.crs, file=str(parcels))
    area = shapely.union_all(study["study_area"].geometry.to_numpy())
    ground = Ground(study["buildings"], study["communities"], area, study.crs, outlines)
    found = sort_houses(read_register(register, on=on), ground, rules=rules, on=on, overrides=overrides)
    note = {"rules": rules.name, "edition": rules.edition, "on": on, "register": register.name,
            "overridden": int(found.table["overridden"].sum())}  # fmt: skip
    done = study.having({"farmhouses": found.table}, step="farmhouses", note=note)
    write_study(done, path)
    return found, done


def deciding(given: str, *, by: str) -> tuple[str, HouseOverride]:
    """Return what `ID=DECISION:REASON` says; a decision is 拆, 改, 用, or demolish, alter, use.

    Examples
    --------
    >>> deciding("F0012=用:村集体租作民宿", by="村民会议")[1].decision
    'use'
    """
    name, _, rest = given.partition("=")
    kind, _, why = rest.replace("\uff1a", ":", 1).partition(":")
    if not name or kind.strip() not in _DECISIONS or not why.strip():
        raise InputError(Fault(f"the decision {given!r} is not understood",
                               "write ID=DECISION:REASON, DECISION one of demolish, alter, use"))  # fmt: skip
    return name.strip(), HouseOverride(_DECISIONS[kind.strip()], by, why.strip())  # type: ignore[arg-type]


def require_farmhouses_place(path: Path) -> None:
    """Refuse a place where the workbook cannot be written; write nothing."""
    require_file_place(path)
    if path.suffix.lower() != ".xlsx":
        raise InputError(Fault(f"{path.name} is no name of a workbook", "let it end in .xlsx", file=str(path)))


def save_farmhouses(found: FarmHouses, study: Study, path: Path, *, lang: Lang = "zh") -> None:
    """Write the houses, the villages' totals, what does not fit and the notes as an Excel workbook."""
    require_farmhouses_place(path)
    write_farmhouses_xlsx(path, found, study=study, lang=lang)
