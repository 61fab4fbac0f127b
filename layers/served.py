"""What a server draws: the catalogue's layers of a study's own tables, and of every plan and run kept with it.

`layers_of` builds the entries again from what a result's document says (limits, years, requirements). `style_columns`
computes, without pandas, what styles classify a study's own tables by; `tile_columns` tells what a map needs of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_args

import pyarrow as pa
import pyarrow.compute as pc

from geo.errors import Fault, InputError, StandardError
from geo.partition.plan import Limits
from geo.standards.indicators import load_catalogue
from layers.catalogue import (
    Field,
    Layer,
    catalogue,
    categories,
    conversions_layer,
    examination_layers,
    farmhouses_layer,
    gap_layers,
    programme_layers,
    single,
    siting_layers,
)
from layers.styles import (
    CENSUS_SYMBOL,
    PASSAGE_SYMBOLS,
    PREMISES_SYMBOLS,
    STUDY_AREA_SYMBOL,
    Style,
    barrier_group,
    facility_group,
    road_group,
    seam_group,
)
from layers.words import Lang

if TYPE_CHECKING:
    from geo.gaps.result import Gaps

PLAN_TABLES: Final = ("communities", "communities_before", "blocks", "seams", "moves")
"""Frames of a plan; the base map under them is the study's own."""

LONG_TEXTS: Final = ("text_", "note_", "reason_", "reasons_", "bounds_", "evidence_", "plan_", "why_", "problem_")
"""Beginnings of columns with sentences: they stand in items, not in tiles."""

NAMES: Final = ("name", "name_en")

_M2_PER_HA: Final = 10_000.0
_NO_LIMITS: Final = Limits(0, 0, 0, None, None)

_GROUPED: Final[Mapping[str, tuple[str, str, Callable[[object], str]]]] = {
    "roads": ("road_group", "road_class", road_group),
    "barriers": ("barrier_group", "kind", barrier_group),
    "facilities": ("facility_group", "category", facility_group),
    "seams": ("seam_group", "feature_class", seam_group),
}
"""Frame → computed column, the column it comes from, how."""

_BUILDING_FIELDS = (
    Field("use", "use", "choice", words="use"),
    Field("floors", "floors", "count"),
    Field("height_m", "height", "count", optional=True),
    Field("year_built", "year_built", "year"),
    Field("structure", "structure", optional=True),
    Field("dwellings", "dwellings", "count", optional=True),
    Field("households", "households", "count", optional=True),
    Field("people", "people", "count", optional=True),
)
_TODAY_FIELDS = (
    Field("kind", "kind", "choice", words="kind"),
    Field("households", "households", "count"),
    Field("people", "people", "count"),
    Field("children", "children", "count", optional=True),
    Field("elders", "elders", "count", optional=True),
    Field("town", "town", optional=True),
    Field("locked", "locked", "flag", optional=True),
)
_ESTATE_FIELDS = (
    Field("closed", "closed", "flag"),
    Field("year_built", "year_built", "year"),
    Field("households", "households", "count"),
    Field("people", "people", "count"),
)
_BLOCK_FIELDS = (
    Field("community_id", "community_before", "community"),
    Field("households", "households", "count"),
    Field("people", "people", "count"),
    Field("density_per_ha", "density", "density"),
    Field("area_m2", "area_km2", "km2"),
    Field("buildings_count", "buildings_count", "count", optional=True),
)
_SEAM_FIELDS = (
    Field("feature_name", "feature", column_en="feature_name_en"),
    Field("seam_group", "feature_class", "choice", words="seam"),
    Field("length_m", "length_m", "metres"),
    Field("barrier", "barrier", "flag"),
)
_CENSUS_FIELDS = (
    Field("households", "households", "count"),
    Field("people", "people", "count"),
    Field("children", "children", "count", optional=True),
    Field("elders", "elders", "count", optional=True),
)
_PREMISES_FIELDS = (
    Field("kind", "premises_kind", "choice", words="premises_kind"),
    Field("floor_area_m2", "floor_area", "count", optional=True),
    Field("site_area_m2", "site_area", "count", optional=True),
    Field("cost", "cost", "yuan", optional=True),
    Field("categories", "category", optional=True),
)
_UNIT_FIELDS = (
    Field("people", "people", "count"),
    Field("households", "households", "count"),
    Field("size", "unit_size", "choice", words="limits"),
    Field("blocks_count", "blocks_count", "count"),
    Field("estates_count", "estates_count", "count"),
)
_FINDING_FIELDS = (
    Field("code", "code"),
    Field("severity", "severity", "choice", words="severity"),
    Field("status", "finding_status", "choice", words="finding_status"),
    Field("subject", "subject", "choice", words="subject"),
    Field("location", "location", optional=True),
    Field("photo", "photo", optional=True),
    Field("surveyed_on", "surveyed_on", optional=True),
    Field("due_on", "due_on", optional=True),
    Field("done_on", "done_on", optional=True),
    Field("note", "surveyor_note", optional=True),
)


@cache
def study_layers() -> tuple[Layer, ...]:
    """Return the layers of a study's own tables, bottom first; records without a place have none."""
    plan = {layer.id: layer for layer in catalogue(_NO_LIMITS)}
    examined = {layer.id: layer for layer in examination_layers(load_catalogue("examination-2025"))}

    def today(layer: Layer, fields: tuple[Field, ...], *, group: str = "group.today", **more: Any) -> Layer:  # noqa: ANN401 - of a Layer
        return replace(layer, group=group, fields=fields, **more)

    def own(table: str, style: Style, fields: tuple[Field, ...], **more: Any) -> Layer:  # noqa: ANN401 - as above
        return Layer(**{"id": table, "table": table, "title": f"layer.{table}", "group": "group.today",
                        "geometry": "polygon", "style": style, "fields": fields, **more})  # fmt: skip

    road_fields = (Field("road_group", "road_class", "choice", words="road"),)
    return (
        own("study_area", single("layer.study_area", STUDY_AREA_SYMBOL), (), group="group.base"),
        today(plan["communities_before"], _TODAY_FIELDS, id="communities", table="communities",
              title="layer.communities_today"),
        today(plan["blocks"], _BLOCK_FIELDS, group="group.figures"),
        own("census", single("layer.census", CENSUS_SYMBOL), _CENSUS_FIELDS, group="group.figures", shown=False),
        replace(plan["barriers"], fields=(Field("barrier_group", "kind", "choice", words="barrier"),)),
        replace(plan["buildings"], fields=_BUILDING_FIELDS),
        replace(plan["roads"], fields=road_fields, label="name"),
        farmhouses_layer(),
        today(plan["estates"], _ESTATE_FIELDS),
        replace(examined["units"], fields=_UNIT_FIELDS),
        today(plan["seams"], _SEAM_FIELDS, group="group.lines", strong=""),
        own("premises", categories("kind", PREMISES_SYMBOLS, "premises_kind"), _PREMISES_FIELDS, shown=False,
            label="name"),
        own("passages", categories("kind", PASSAGE_SYMBOLS, "passage_kind"),
            (Field("kind", "passage_kind", "choice", words="passage_kind"),), geometry="point", shown=False),
        replace(plan["facilities"], group="group.today", label="name"),
        replace(examined["findings"], fields=_FINDING_FIELDS),
    )  # fmt: skip


def layers_of(source: str, params: Mapping[str, Any]) -> tuple[Layer, ...]:
    """Return the catalogue's layers of a study's own tables or of a result, bottom first.

    Parameters
    ----------
    source
        `study`, `plan`, `gaps`, `siting`, `examination`, `programme` or `conversion`.
    params
        What the result's document says: of a plan `limits` (fields of `Limits`); of gaps `requirements`, `standards`,
        `after`, `labels` (`gaps_params`); of siting `scenes`; of an examination `catalogue`; of a programme `years`.

    Raises
    ------
    InputError
        When there is no such source, or `params` do not hold what it needs.
    """
    if source not in _BUILT:
        raise InputError(Fault(f"there is no source {source!r}", f"use one of: {', '.join(_BUILT)}"))
    try:
        return _BUILT[source](params)
    except (KeyError, TypeError, ValueError, AttributeError, StandardError) as error:
        raise InputError(
            Fault(f"the layers of {source} cannot be told from its document ({error!r})", "run it again")
        ) from error


def usual(source: str, layers: Iterable[Layer]) -> frozenset[str]:
    """Return the ids of the layers that are shown when a result is first looked at: at most one of each table.

    Of siting the homes by cover; of gaps communities by their score and the facilities; of a plan what it comes to, not
    what is today.
    """
    chosen: dict[str, str] = {}
    for layer in layers:
        if layer.shown and layer.id not in _LATER.get(source, ()) and layer.table not in _LATER.get(source, ()):
            chosen.setdefault(layer.table, layer.id)
        if layer.id == _RATHER.get((source, layer.table)):
            chosen[layer.table] = layer.id
    return frozenset(chosen.values())


def gaps_params(gaps: Mapping[str, Gaps], *, after: bool = False) -> dict[str, Any]:
    """Return what `layers_of("gaps", …)` needs, as JSON: columns of requirements and standards, titles, labels.

    `after`: the communities of a plan are among the frames, as `gap_communities_after`.
    """
    from layers.gaps.frames import prefix, requirement_titles, standard_titles, walk_labels  # noqa: PLC0415 - has pandas

    labels = {
        prefix(name, rule.key): {walk: list(pair) for walk, pair in walk_labels(rule).items()}
        for name, each in gaps.items()
        for rule in each.standard.requirements
    }
    return {
        "requirements": [[column, list(titles)] for column, titles in requirement_titles(gaps)],
        "standards": [[column, list(titles)] for column, titles in standard_titles(gaps)],
        "labels": labels,
        "after": after,
    }


def plan_params(limits: Limits) -> dict[str, Any]:
    """Return what `layers_of("plan", …)` needs, as JSON."""
    return {"limits": asdict(limits)}


def style_columns(frame: str, table: pa.Table) -> dict[str, pa.Array]:
    """Return the columns that styles and cards read of a table and that it does not hold, computed from those it does.

    Parameters
    ----------
    frame
        Name of the table within its study or result: `roads`.
    table
        Its columns as the caller may see them: what is withheld there is missing here too.

    Returns
    -------
    dict
        Of roads `road_group`, barriers `barrier_group`, facilities `facility_group`, seams `seam_group` (text); of
        blocks `density_per_ha` [households/ha]. Empty where there is nothing to add.
    """
    held = set(table.column_names)
    made: dict[str, pa.Array] = {}
    if frame in _GROUPED:
        column, source, group_of = _GROUPED[frame]
        if source in held and column not in held:
            made[column] = _grouped(table[source], group_of)
    if frame == "blocks" and {"households", "area_m2"} <= held and "density_per_ha" not in held:
        area = pc.divide(pc.cast(table["area_m2"], pa.float64()), _M2_PER_HA)
        known = pc.if_else(pc.greater(area, 0.0), area, pa.scalar(None, pa.float64()))
        made["density_per_ha"] = _whole(pc.divide(pc.cast(table["households"], pa.float64()), known))
    return made


def tile_columns(
    source: str, frame: str, columns: Iterable[str], params: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Return which columns of a table a map needs: what styles, names and cards read, in the table's order.

    Parameters
    ----------
    source, frame
        Whose table it is: `collection.source` and `collection.frame`.
    columns
        Those that are there, with those of `style_columns`.
    params
        As for `layers_of`; None where they are not known: then all columns but long texts.
    """
    there = list(columns)
    if source == "study":
        params = {}
    try:
        layers = None if params is None else [layer for layer in layers_of(source, params) if layer.table == frame]
    except InputError:
        layers = None
    if not layers:
        return tuple(each for each in there if not each.startswith(LONG_TEXTS))
    wanted = {*NAMES, "label", "status", "fate"}
    for layer in layers:
        wanted |= {layer.style.column, layer.strong, layer.label}
        wanted |= {name for field in layer.fields for name in (field.column, field.column_en)}
    return tuple(each for each in there if each in wanted and not each.startswith(LONG_TEXTS))


def title_of(layer: Layer) -> dict[Lang, str]:
    """Return a layer's title in both languages."""
    return {lang: layer.title_in(lang) for lang in get_args(Lang)}


def _grouped(values: pa.ChunkedArray, group_of: Callable[[object], str]) -> pa.Array:
    """Return the group of each value; each different value is looked at once."""
    coded = _whole(values.dictionary_encode())
    names = pa.array([group_of(each) for each in coded.dictionary.to_pylist()], pa.string())
    return pc.coalesce(names.take(coded.indices), pa.scalar(group_of(None), pa.string()))


def _whole(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _plan(params: Mapping[str, Any]) -> tuple[Layer, ...]:
    return tuple(layer for layer in catalogue(Limits(**params["limits"])) if layer.table in PLAN_TABLES)


def _examination(params: Mapping[str, Any]) -> tuple[Layer, ...]:
    name = str(params["catalogue"])
    if name.endswith(".toml"):
        raise ValueError(f"{name} is a file, not one of the catalogues that come with shequ")
    return _examined(name)


@cache
def _examined(catalogue_name: str) -> tuple[Layer, ...]:
    return (*examination_layers(load_catalogue(catalogue_name)), farmhouses_layer())


def _gaps(params: Mapping[str, Any]) -> tuple[Layer, ...]:
    labels: Mapping[str, Mapping[str, Sequence[str]]] = params.get("labels", {})
    made: list[Layer] = []
    for layer in gap_layers(_titled(params["requirements"]), _titled(params["standards"])):
        walks = layer.id.startswith("gap_walks_")
        named = labels.get(layer.style.column) if walks else None
        made.append(layer if named is None else replace(layer, style=_renamed(layer.style, named)))
    if not params.get("after"):
        return tuple(made)
    after = [replace(each, id=f"{each.id}_after", table="gap_communities_after", title="layer.gap_communities_after")
             for each in made if each.table == "gap_communities"]  # fmt: skip
    return (*made[:2], *after, *made[2:])


def _renamed(style: Style, labels: Mapping[str, Sequence[str]]) -> Style:
    """Return the style with other words for its classes."""
    return replace(style, classes=tuple(
        replace(each, label_zh=str(labels[each.value][0]), label_en=str(labels[each.value][1]))
        if each.value in labels else each for each in style.classes
    ))  # fmt: skip


def _titled(pairs: Sequence[Sequence[Any]]) -> list[tuple[str, tuple[str, str]]]:
    return [(str(key), (str(zh), str(en))) for key, (zh, en) in pairs]


_LATER: Final[Mapping[str, tuple[str, ...]]] = {
    "plan": ("communities_before",), "gaps": ("gap_homes", "gap_estates", "gap_communities_after"),
}  # fmt: skip
_RATHER: Final[Mapping[tuple[str, str], str]] = {("siting", "homes"): "state_1"}

_BUILT: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[Layer, ...]]]] = {
    "study": lambda _: study_layers(),
    "plan": _plan,
    "gaps": _gaps,
    "siting": lambda params: siting_layers(_titled(params["scenes"])),
    "examination": _examination,
    "programme": lambda params: programme_layers([int(year) for year in params["years"]]),
    "conversion": lambda _: (conversions_layer(),),
}
