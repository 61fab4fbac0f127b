"""Lifts in existing housing: consent of owners, where one can be added, what each flat pays."""

from dataclasses import dataclass
from pathlib import Path

from api.operations.files import all_or_none, require_place
from geo.errors import Fault, InputError
from geo.lifts import (
    Basis,
    Consents,
    Counting,
    Ledger,
    Scope,
    Screen,
    Shares,
    count_consent,
    read_building_facts,
    read_coefficients,
    read_ledger,
    screen_buildings,
    share_cost,
)
from geo.standards.lift_rules import LiftRules
from geo.study import read_study
from layers.lifts_book import write_lifts_docx, write_lifts_xlsx
from layers.words import Lang

WORKBOOK, DOCUMENT = "lifts.xlsx", "lifts.docx"
"""What `write_lifts` writes; the document only where there are votes."""


@dataclass(frozen=True)
class Lifts:
    """What is known of lifts in a town: the screen, and with a ledger the votes and, with a cost, the shares."""

    name: tuple[str, str]
    rules: LiftRules
    screen: Screen
    ledger: Ledger | None = None
    consents: Consents | None = None
    shares: tuple[tuple[str, Shares], ...] = ()
    """vote_id → what its flats pay."""
    strangers: tuple[str, ...] = ()
    """Buildings of the ledger that the study does not have."""


def consent_lifts(
    path: Path,
    *,
    rules: LiftRules,
    ledger: Path | None = None,
    buildings: Path | None = None,
    scope: Scope = "unit",
    counting: Counting = "owner",
    cost_yuan: str | None = None,
    public_yuan: str = "0",
    basis: Basis = "coefficient_area",
    coefficients: Path | None = None,
) -> Lifts:
    """Return where lifts can be added in a study, how the owners of a ledger have voted, and what each would pay.

    Parameters
    ----------
    path
        The study.
    rules
        Shares of consent, limits of the screen, example coefficients.
    ledger
        The ownership ledger (CSV or .xlsx); None for the screen alone.
    buildings
        A sheet about buildings; by default a sheet 楼栋 of the ledger's workbook, where there is one.
    scope, counting
        Whose owners vote together, and who is one person.
    cost_yuan, public_yuan
        What one lift costs, and what others pay of it [yuan]; None, and no shares are made.
    basis, coefficients
        How the rest is shared, and the owners' own table by floor.

    Raises
    ------
    InputError
        With every fault of the ledger and the sheets; when a cost is given without a ledger.
    """
    study = read_study(path)
    read = None if ledger is None else read_ledger(ledger)
    facts = None
    if buildings is not None:
        facts = read_building_facts(buildings)
    elif ledger is not None and ledger.suffix.lower() != ".csv":
        facts = read_building_facts(ledger)
    screen = screen_buildings(
        study["buildings"], rules=rules, roads=study.get("roads"), facts=facts, findings=study.get("findings"),
        observations=study.get("observations"), ledger=read,
    )  # fmt: skip
    name = (study.name, study.name_en or study.name)
    if read is None:
        if cost_yuan is not None:
            raise InputError(Fault("a cost is shared among the flats of a ledger", "give the ledger too (--ledger)"))
        return Lifts(name, rules, screen)
    consents = count_consent(read, rules=rules, scope=scope, counting=counting)
    table = rules.coefficients if coefficients is None else read_coefficients(coefficients)
    shares = () if cost_yuan is None else tuple(
        (str(vote), share_cost(read, building_id=row["building_id"], unit=row["unit"] if scope == "unit" else None,
                               cost_yuan=cost_yuan, public_yuan=public_yuan, basis=basis, coefficients=table))
        for vote, row in consents.table.iterrows()
    )  # fmt: skip
    strangers = sorted(set(read.flats["building_id"]) - set(study["buildings"].index))
    return Lifts(name, rules, screen, read, consents, shares, tuple(strangers))


def require_lifts_place(out: Path) -> None:
    """Refuse a folder in which the outputs cannot be written; write nothing."""
    require_place(out, (WORKBOOK, DOCUMENT))


def write_lifts(found: Lifts, out: Path, *, lang: Lang = "zh") -> list[Path]:
    """Write the workbook, and the document where there are votes, into a folder, all or none."""
    require_lifts_place(out)
    names = [WORKBOOK] if found.consents is None else [WORKBOOK, DOCUMENT]
    with all_or_none(out, names) as draft:
        write_lifts_xlsx(
            draft / WORKBOOK, name=found.name, rules=found.rules, screen=found.screen, ledger=found.ledger,
            consents=found.consents, shares=dict(found.shares), lang=lang,
        )  # fmt: skip
        if found.consents is not None and found.ledger is not None:
            write_lifts_docx(draft / DOCUMENT, name=found.name, rules=found.rules, consents=found.consents,
                             ledger=found.ledger, shares=dict(found.shares), lang=lang)  # fmt: skip
    return [out / name for name in names]
