"""The commands of `shequ edit`: a plan changed by hand, step by step, in a draft that remembers them."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.asking import WISHES, Asked, asking, listed, read_heirs, read_names
from api.cli.console import (
    Lang,
    Language,
    Out,
    PlanFile,
    Sentences,
    StudyFile,
    count,
    progress_bar,
    say,
    show_files,
    show_table,
    shown,
    title,
)
from api.cli.planning import Heir, Name, show_plan
from geo.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.operations.drafts import Edited
    from geo.partition.edits import Answer, Offer
    from geo.partition.steps import Step

edit = typer.Typer(
    no_args_is_help=True,
    help="""
Change a plan by hand, and see at once what every edit does to the numbers and the rules.

`open` makes a draft file of a plan; each edit is added to it, and `undo` and `redo` go back and forth between commands.
A draft may break rules on the way, but never in silence. `save` makes a plan with all its outputs of it.

    shequ edit open town.gpkg plan/plan.json my.draft.json
    shequ edit move town.gpkg my.draft.json B0012,B0013 --to SQ01
    shequ edit undo town.gpkg my.draft.json
    shequ edit save town.gpkg my.draft.json --out plan2
""",
)

SHOWN_BLOCKS = 12
"""So many blocks of an offer are listed; more are moved by --whole."""

DraftFile = Annotated[Path, typer.Argument(metavar="DRAFT", help="The draft that `shequ edit open` made.")]
Community = Annotated[str, typer.Argument(metavar="ID", help="A community of the draft.")]


@edit.command("open")
def open_draft(
    study: StudyFile,
    plan: PlanFile,
    draft: Annotated[Path, typer.Argument(metavar="DRAFT", help="The draft file to write; it must not be there yet.")],
    lang: Sentences = Lang.zh,
) -> None:
    """Begin a draft of a plan."""
    from api.operations.drafts import create_draft

    with progress_bar() as told:
        told("opening the plan", 0.0)
        opened = create_draft(study, plan, draft)
    _show_state(opened, lang)
    show_files([draft])


@edit.command("show")
def show_draft(study: StudyFile, draft: DraftFile, lang: Sentences = Lang.zh) -> None:
    """Tell where a draft stands: its steps, its communities, the rules it breaks."""
    from api.operations.drafts import open_saved

    opened = open_saved(study, draft)
    for number, state in enumerate(opened.draft.states):
        mark = "→" if number == opened.draft.cursor else " "
        say(f"{mark} {number}  {state.text_zh if lang == Lang.zh else state.text_en}")
    _show_state(opened, lang)


@edit.command("move")
def move(
    study: StudyFile,
    draft: DraftFile,
    blocks: Annotated[str, typer.Argument(metavar="BLOCKS", help="Block ids by comma.")],
    to: Annotated[str, typer.Option(help="A community of the draft, one of today's, or new.")],
    whole: Annotated[
        bool, typer.Option("--whole", help="Take along the rest of every estate or village that would be torn apart.")
    ] = False,
    lang: Sentences = Lang.zh,
) -> None:
    """Move blocks to a community.

    Examples: `shequ edit move town.gpkg my.draft.json B0012,B0013 --to SQ01` · `… B0012 --to new --whole`
    """
    from geo.partition.steps import Merge, Move

    def rest(offer: "Offer") -> "Step":
        """Return the edit that follows an offer; the last blocks of a community go by a merger."""
        now = done.draft.assignment
        owner = now[offer.blocks[0]]
        last = {block for block, community in now.items() if community == owner} == set(offer.blocks)
        return Merge(a=owner, b=offer.to, heir=offer.to) if last else Move(blocks=offer.blocks, to=offer.to)

    done = _edited(study, draft, lambda: Move(blocks=tuple(listed(blocks)), to=None if to == "new" else to), lang)
    for offer in done.answer.offers if whole and done.answer else ():
        done = _edited(study, draft, partial(rest, offer), lang)


@edit.command("merge")
def merge(
    study: StudyFile,
    draft: DraftFile,
    a: Community,
    b: Annotated[str, typer.Argument(metavar="ID", help="Another one.")],
    heir: Annotated[str | None, typer.Option(metavar="ID", help="Which id lives on. Default: the larger's.")] = None,
    lang: Sentences = Lang.zh,
) -> None:
    """Merge two communities."""
    from geo.partition.steps import Merge

    _edited(study, draft, lambda: Merge(a=a, b=b, heir=heir), lang)


@edit.command("split")
def split(
    study: StudyFile,
    draft: DraftFile,
    community: Community,
    along: Annotated[
        list[str] | None, typer.Option(metavar="FEATURE", help="A road or river by name, or a seam id; several times.")
    ] = None,
    parts: Annotated[int | None, typer.Option(help="Into so many parts, within the limits where that can be.")] = None,
    lang: Sentences = Lang.zh,
) -> None:
    """Split a community along roads or rivers, or into parts that the engine looks for.

    Examples: `shequ edit split town.gpkg my.draft.json SQ01 --along 中山路` · `… SQ01 --parts 2`
    """
    from geo.partition.steps import Split

    ways = None if along is None else tuple(along)
    _edited(study, draft, lambda: Split(community=community, along=ways, parts=parts), lang)


@edit.command("cut")
def cut(
    study: StudyFile,
    draft: DraftFile,
    community: Community,
    line: Annotated[
        str | None,
        typer.Option(metavar='"X,Y X,Y …"', help="Points of the line: metres of the study, or longitude,latitude."),
    ] = None,
    line_file: Annotated[Path | None, typer.Option(metavar="FILE", help="GeoJSON with one line (WGS 84).")] = None,
    lang: Sentences = Lang.zh,
) -> None:
    """Cut a community by a line across it; every block goes whole to the side with most of its land."""
    from api.operations.files import line_of, read_line
    from geo.partition.steps import Cut
    from geo.study import read_study

    if (line is None) == (line_file is None):
        raise InputError(Fault("where is it to be cut?", "give --line or --line-file, one of the two"))
    crs = read_study(study).crs
    if line_file is not None:
        drawn = read_line(line_file, crs)
    else:
        drawn = line_of([point.split(",") for point in str(line).split()], crs)
    points = tuple((float(x), float(y)) for x, y, *_ in drawn.coords)
    _edited(study, draft, lambda: Cut(community=community, line=points), lang)


@edit.command("lock")
@asking(only=WISHES)
def lock(study: StudyFile, draft: DraftFile, lang: Sentences = Lang.zh, *, asked: Asked) -> None:
    """Lock something from now on, with a flag of shequ plan; what the draft breaks of it is said.

    Example: `shequ edit lock town.gpkg my.draft.json --stay SQ01=B0012,B0013`
    """
    from geo.partition.steps import Locked

    _edited(study, draft, lambda: Locked(do="lock", wish=_wish(asked)), lang)


@edit.command("unlock")
@asking(only=WISHES)
def unlock(study: StudyFile, draft: DraftFile, lang: Sentences = Lang.zh, *, asked: Asked) -> None:
    """Take back a lock of the plan or the draft, with the flag that asked for it."""
    from geo.partition.steps import Locked

    _edited(study, draft, lambda: Locked(do="unlock", wish=_wish(asked)), lang)


@edit.command("undo")
def undo(study: StudyFile, draft: DraftFile, lang: Sentences = Lang.zh) -> None:
    """Take back the last edit."""
    from api.operations.drafts import undo_draft

    _show_answer(undo_draft(study, draft), lang)


@edit.command("redo")
def redo(study: StudyFile, draft: DraftFile, lang: Sentences = Lang.zh) -> None:
    """Do again the edit that was undone last."""
    from api.operations.drafts import redo_draft

    _show_answer(redo_draft(study, draft), lang)


@edit.command("diff")
def diff(
    study: StudyFile,
    draft: DraftFile,
    plan: Annotated[
        Path | None,
        typer.Argument(metavar="[PLAN.json]", help="Compare with this plan; default: the one it began from."),
    ] = None,
    every: Annotated[bool, typer.Option("--blocks", help="List every block.")] = False,
    lang: Sentences = Lang.zh,
) -> None:
    """Tell which blocks are in another community than in a plan."""
    from api.operations.drafts import diff_draft
    from geo.partition.edits import diff_pairs

    moved = diff_draft(study, draft, plan)
    zh = lang == Lang.zh
    homes = count(moved["households"].sum())
    title(
        f"{len(moved):,} 个地块、{homes} 户归属不同" if zh else f"{len(moved):,} blocks with {homes} households differ"
    )
    if not len(moved):
        return
    heads = ("由", "到", "地块", "户数", "km²") if zh else ("from", "to", "blocks", "households", "km²")
    show_table(heads, [(row["from_id"], row["to_id"], row["blocks"], count(row["households"]),
                        f"{row['area_m2'] / 1e6:.2f}") for row in diff_pairs(moved).to_dict("records")])  # fmt: skip
    if every:
        for key, row in moved.iterrows():
            say(f"{key}: {row['from_id']} → {row['to_id']} ({count(row['households'])})", indent=2)


@edit.command("save")
def save(
    study: StudyFile, draft: DraftFile, out: Out = Path("plan"), lang: Language = Lang.zh, name: Name = None,
    heir: Heir = None,
) -> None:  # fmt: skip
    """Make a plan of a draft: plan.json, map, tables, report and GeoPackage.

    Rules that the draft breaks are in the report and listed here.
    """
    from api.operations.drafts import explain_draft, open_saved
    from api.operations.plans import require_outputs_place, write_outputs

    names, heirs = read_names(name), read_heirs(heir)
    require_outputs_place(out)
    with progress_bar() as told:
        told("explaining the plan", 0.0)
        planned = explain_draft(open_saved(study, draft), names=names, heirs=heirs)
        files = write_outputs(planned, out, lang=lang.value, told=told)
    show_plan(planned, lang, searched=False)
    show_files(files)


# ── one edit ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _edited(study: Path, draft: Path, step: "Callable[[], Step]", lang: Lang) -> "Edited":
    """Make the edit, write the draft, and say what the edit did."""
    from pydantic import ValidationError

    from api.operations.drafts import edit_draft

    try:
        made = step()
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()[:4])
        raise InputError(Fault(f"the edit is not understood: {said}", "shequ edit COMMAND --help tells how")) from error
    with progress_bar() as told:
        told("editing", 0.0)
        done = edit_draft(study, draft, made)
    _show_answer(done, lang)
    return done


def _wish(asked: Asked) -> Any:  # noqa: ANN401 - Lock or Condition, checked
    """Return the one lock or condition that the flags name."""
    from geo.partition.plan import PlanOptions

    read = PlanOptions.read({"locks": asked.locks(), "conditions": asked.conditions()})
    wishes = [*read.locks, *read.conditions]
    if len(wishes) != 1:
        raise InputError(
            Fault(f"{len(wishes) or 'no'} locks are named; an edit is one", "give one flag, e.g. --lock CU01")
        )
    return wishes[0]


def _show_answer(done: "Edited", lang: Lang) -> None:
    """Print what an edit did: in words, in numbers, and to the rules."""
    from layers.words import value_word

    answer, zh = done.answer, lang == Lang.zh
    if answer is None:
        return
    title(answer.text_zh if zh else answer.text_en)
    rows: list[tuple[str, ...]] = [
        (
            one.community_id,
            _change(one.households_before, one.households_after),
            _change(one.people_before, one.people_after),
        )
        for one in answer.communities
    ]
    if rows:
        show_table(("社区", "户数", "人口") if zh else ("community", "households", "people"), rows)
    moved = [one for one in answer.terms if abs(one.difference) > 1e-9]
    if moved:
        rows = []
        for one in moved:
            unit = value_word("unit", one.unit, lang.value)
            rows.append((value_word("term", one.name, lang.value), f"{one.before:,.1f} {unit}",
                         f"{one.after:,.1f} {unit}", f"{one.weighted:+.4f}"))  # fmt: skip
        show_table(("指标", "之前", "之后", "加权") if zh else ("term", "before", "after", "weighted"), rows)
    say(f"{'加权总和' if zh else 'weighted sum'} {answer.objective_before:.4f} → {answer.objective_after:.4f}")
    _show_findings(answer, lang)
    for offer in answer.offers:
        few = len(offer.blocks) <= SHOWN_BLOCKS
        how = f"shequ edit move … {','.join(offer.blocks)} --to {offer.to}" if few else "shequ edit move … --whole"
        say(f"{'可以' if zh else 'offer'}: {offer.text_zh if zh else offer.text_en}  ({how})")
    for note in answer.notes:
        say(f"note: {getattr(note, lang.value)}")
    _show_place(done, lang)


def _show_findings(answer: "Answer", lang: Lang) -> None:
    zh = lang == Lang.zh
    words = {"new": ("新违反", "new"), "changed": ("有变化", "changed"), "stays": ("仍违反", "stays"),
             "healed": ("已消除", "healed")}  # fmt: skip
    colours = {"new": "red", "changed": "yellow", "stays": "yellow", "healed": "green"}
    from api.cli.console import plain

    for found in answer.violations:
        text = found.text_zh if zh else found.text_en
        shown.print(f"[{colours[found.state]}]{words[found.state][not zh]}[/]: {plain(text)}", soft_wrap=True,
                    highlight=False)  # fmt: skip
    if not any(found.state != "healed" for found in answer.violations):
        say("没有违反规则" if zh else "no rule is broken")


def _show_state(opened: "Edited", lang: Lang) -> None:
    state, zh = opened.draft.state, lang == Lang.zh
    title(f"{len(state.ids)} 个社区,加权总和 {state.objective:.4f}" if zh
          else f"{len(state.ids)} communities, weighted sum {state.objective:.4f}")  # fmt: skip
    for found in state.violations:
        say(f"• {found.text_zh if zh else found.text_en}")
    if not state.violations:
        say("没有违反规则" if zh else "no rule is broken")
    _show_place(opened, lang)


def _show_place(opened: "Edited", lang: Lang) -> None:
    """Tell how many steps can be undone and redone."""
    back, forth = opened.draft.cursor, len(opened.draft.states) - 1 - opened.draft.cursor
    say(f"可撤销{back}步,可重做{forth}步" if lang == Lang.zh else f"{back} to undo, {forth} to redo")


def _change(before: int | None, after: int | None) -> str:
    if before is None and after is None:
        return "?"
    if before is None or after is None:
        return f"{'–' if before is None else f'{before:,}'} → {'–' if after is None else f'{after:,}'}"
    return f"{before:,} → {after:,} ({after - before:+,})"
