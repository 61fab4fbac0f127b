"""Every layer of a plan, an examination and a programme, one entry each: pages, QGIS styles and legends are from here.

To add a layer: one entry here, its symbols in `layers/styles.py`, its title and labels in `layers/words.py`. Columns
that only a style needs (colour, density …) are computed in `layers/features.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from geo.contracts import HOUSE_DECISIONS, SEVERITIES
from geo.partition.plan import Limits
from geo.standards.indicators import Catalogue, Indicator
from layers.styles import (
    ACCESS_FILLS,
    AGAINST_FILLS,
    BARRIER_SYMBOLS,
    COMMUNITY_COLOURS,
    CONVERSION_FILLS,
    COUNTED_SYMBOL,
    COVER_FILLS,
    COVERAGE_FILLS,
    DECISION_FILLS,
    DENSITY_BREAKS,
    DENSITY_FILLS,
    DISTANCE_BREAKS,
    DISTANCE_FILLS,
    ESTATE_SYMBOL,
    FACILITY_COLOURS,
    FINDING_SYMBOL,
    GAINED_FILLS,
    GAP_FILLS,
    INK,
    MOVE_SYMBOL,
    PHASE_FILLS,
    REACH_SYMBOL,
    REACHED_FILLS,
    ROAD_SYMBOLS,
    SAVED_BREAKS,
    SAVED_FILLS,
    SAVED_FIRST,
    SCORE_BREAKS,
    SCORE_FILLS,
    SEAM_SYMBOLS,
    SEVERITY_FILLS,
    SHARE_BREAKS,
    SHARE_FILLS,
    SITE_FILLS,
    SITED_FACILITY,
    STATE_FILLS,
    UNIT_SYMBOL,
    UNKNOWN_SYMBOL,
    WAYS_SYMBOL,
    Against,
    Style,
    StyleClass,
    Symbol,
    ranges,
)
from layers.words import WORDS, Lang, number, word

Format = Literal["text", "count", "year", "km2", "metres", "density", "flag", "choice", "community", "share", "yuan"]
"""How a popup shows a value. `choice` looks its word up under `words`; `community` shows the name behind an id."""

Geometry = Literal["polygon", "line", "point"]


@dataclass(frozen=True)
class Field:
    """One line of a popup: the column, the word key of its label, how it is shown.

    `column_en` is the column that holds the English text where a table has one for each language.
    """

    column: str
    label: str
    format: Format = "text"
    column_en: str = ""
    words: str = ""
    optional: bool = False
    """Worth a line only where there is a value; of a flag, only where it is set."""


@dataclass(frozen=True)
class Layer:
    """One layer: where its rows come from, how they are drawn, what a click says."""

    id: str
    table: str
    """Key in the frames of `layers.features.layer_frames`."""
    title: str
    """Word key of its title."""
    group: str
    """Word key of the group it stands in."""
    geometry: Geometry
    style: Style
    fields: tuple[Field, ...] = ()
    label: str = ""
    """Column whose text labels the features in QGIS; empty for none."""
    shown: bool = True
    """Drawn when the page opens."""
    strong: str = ""
    """Flag column: rows without the flag are drawn thinner and fainter."""
    titles: tuple[str, str] = ("", "")
    """Its title in both languages where it is no word of ours: an indicator's."""

    def title_in(self, lang: Lang) -> str:
        """Return its title."""
        return self.titles[lang == "en"] or word(self.title, lang)


_COMMUNITY_FIELDS = (
    Field("name_proposed", "name_proposed", "flag", optional=True),
    Field("kind", "kind", "choice", words="kind"),
    Field("fate", "status", "choice", words="fate"),
    Field("renamed", "renamed", "flag", optional=True),
    Field("households", "households", "count"),
    Field("households_before", "households_before", "count", optional=True),
    Field("people", "people", "count"),
    Field("area_m2", "area_km2", "km2"),
    Field("blocks_count", "blocks_count", "count"),
    Field("buildings_count", "buildings_count", "count"),
    Field("estates_count", "estates_count", "count"),
    Field("bounds_to_zh", "bounds_to", column_en="bounds_to_en"),
    Field("bounds_of_zh", "bounds_of", column_en="bounds_of_en"),
    Field("text_zh", "text", column_en="text_en"),
    Field("note_zh", "note", column_en="note_en"),
)
_BEFORE_FIELDS = (
    Field("kind", "kind", "choice", words="kind"),
    Field("fate", "fate", "choice", words="fate"),
    Field("renamed", "renamed", "flag", optional=True),
    Field("households", "households", "count"),
    Field("people", "people", "count"),
    Field("area_m2", "area_km2", "km2"),
    Field("locked", "locked", "flag"),
    Field("text_zh", "text", column_en="text_en"),
)
_BLOCK_FIELDS = (
    Field("community_id", "community_after", "community"),
    Field("community_id_before", "community_before", "community"),
    Field("households", "households", "count"),
    Field("people", "people", "count"),
    Field("density_per_ha", "density", "density"),
    Field("area_m2", "area_km2", "km2"),
)
_SEAM_FIELDS = (
    Field("feature_name", "feature", column_en="feature_name_en"),
    Field("seam_group", "feature_class", "choice", words="seam"),
    Field("length_m", "length_m", "metres"),
    Field("cut", "cut", "flag"),
    Field("cut_before", "cut_before", "flag"),
    Field("barrier", "barrier", "flag"),
)
_MOVE_FIELDS = (
    Field("from_id", "from", "community"),
    Field("to_id", "to", "community"),
    Field("whole", "whole", "flag"),
    Field("households", "households", "count"),
    Field("people", "people", "count"),
    Field("area_m2", "area_km2", "km2"),
    Field("buildings_count", "buildings_count", "count"),
    Field("bounds_zh", "bounds", column_en="bounds_en"),
    Field("text_zh", "text", column_en="text_en"),
)


def catalogue(limits: Limits) -> tuple[Layer, ...]:
    """Return every layer of a plan, bottom first. Only the classes against the limits depend on `limits`."""
    communities = categories("colour", {str(n): _ground(fill) for n, fill in enumerate(COMMUNITY_COLOURS)}, "")
    return (
        _base("barriers", "polygon", categories("barrier_group", BARRIER_SYMBOLS, "barrier")),
        _base("roads", "line", categories("road_group", ROAD_SYMBOLS, "road")),
        _base("buildings", "polygon", single("layer.buildings", Symbol(fill="#8D8A80", fill_opacity=0.35))),
        Layer("communities_before", "communities_before", "layer.communities_before", "group.plan", "polygon",
              communities, _BEFORE_FIELDS, label="name"),
        Layer("communities", "communities", "layer.communities", "group.plan", "polygon", communities,
              _COMMUNITY_FIELDS, label="name"),
        Layer("communities_before_limits", "communities_before", "against_limits", "group.figures", "polygon",
              _against_style(limits), _BEFORE_FIELDS, label="name", shown=False),
        Layer("communities_limits", "communities", "against_limits", "group.figures", "polygon",
              _against_style(limits), _COMMUNITY_FIELDS, label="name", shown=False),
        Layer("blocks", "blocks", "density", "group.figures", "polygon", _density_style(), _BLOCK_FIELDS, shown=False),
        _base("estates", "polygon", single("layer.estates", ESTATE_SYMBOL), shown=False, label="name"),
        Layer("seams", "seams", "layer.seams", "group.lines", "line", categories("seam_group", SEAM_SYMBOLS, "seam"),
              _SEAM_FIELDS, shown=False, strong="cut"),
        Layer("moves", "moves", "layer.moves", "group.plan", "polygon", single("layer.moves", MOVE_SYMBOL),
              _MOVE_FIELDS),
        _base("facilities", "point", categories("facility_group", {
            group: Symbol(fill=fill, stroke="#FFFFFF", width=1.0, radius=4.0)
            for group, fill in FACILITY_COLOURS.items()}, "facility"), shown=False, fields=(
                Field("category", "category"), Field("capacity", "capacity", "count"))),
    )  # fmt: skip


def conversions_layer() -> Layer:
    """Return the layer of villages and compounds by the way they go; it is in the GeoPackage, where there is one."""
    style = categories("type", {
        kind: Symbol(fill=fill, fill_opacity=0.7, stroke=INK, width=1.2) for kind, fill in CONVERSION_FILLS.items()
    }, "conversion")  # fmt: skip
    fields = (
        Field("subject", "subject", "choice", words="subject"),
        Field("type", "conversion_type", "choice", words="conversion"),
        Field("households", "households", "count"),
        Field("people", "people", "count"),
        Field("eligible", "eligible", "choice", words="eligible"),
        Field("reasons_zh", "why", column_en="reasons_en"),
        Field("evidence_zh", "evidence", column_en="evidence_en"),
        Field("plan_zh", "asks", column_en="plan_en"),
        Field("text_zh", "proposal", column_en="text_en"),
    )
    return Layer(
        "conversions", "conversions", "layer.conversions", "group.plan", "polygon", style, fields, label="name"
    )


_COUNTED_IN = {"building": "buildings", "estate": "estates", "unit": "units"}
"""Subject of an indicator → the layer in which it is coloured."""

_EXAMINED_FIELDS = (
    Field("surveyed_share", "surveyed_share", "share"),
    Field("severity", "severity", "choice", words="severity"),
    Field("findings_open", "findings_open", "count"),
    Field("findings_done", "findings_done", "count"),
)
_BUILDING_FIELDS = (
    Field("estate", "estate", optional=True, column_en="estate_en"),
    Field("year_built", "year_built", "year"),
    Field("floors", "floors", "count"),
    Field("housing_group", "housing_group", "choice", words="housing_group"),
    *_EXAMINED_FIELDS,
)
_PLACE_FIELDS = (
    Field("households", "households", "count"),
    Field("buildings", "buildings_count", "count"),
    Field("buildings_surveyed", "buildings_surveyed", "count"),
    *_EXAMINED_FIELDS,
    Field("findings_per_ha", "findings_per_ha", "density"),
)
_UNIT_FIELDS = (
    Field("people", "people", "count"),
    Field("size", "unit_size", "choice", words="limits"),
    *_PLACE_FIELDS,
)
_FINDING_FIELDS = (
    Field("title_zh", "indicator", column_en="title_en"),
    Field("problem_zh", "finding", column_en="problem_en"),
    Field("code", "code"),
    Field("severity", "severity", "choice", words="severity"),
    Field("status", "finding_status", "choice", words="finding_status"),
    Field("location", "location", optional=True),
    Field("photo", "photo", optional=True),
    Field("surveyed_on", "surveyed_on", optional=True),
)
_HOUSE_FIELDS = (
    Field("decision", "decision", "choice", words="house_decision"),
    Field("reason_zh", "why", column_en="reason_en"),
    Field("parcel_id", "parcel_id"),
    Field("parcel_m2", "parcel_m2", "count"),
    Field("footprint_m2", "footprint_m2", "count"),
    Field("floors", "floors", "count"),
    Field("danger_grade", "danger_grade"),
    Field("decided_on", "decided_on"),
)
_SITE_FIELDS = (
    Field("first_year", "first_year", "year"),
    Field("measures", "measures_count", "count"),
    Field("safety", "safety_count", "count"),
    Field("cost_yuan", "cost", "yuan"),
    Field("public_yuan", "payer_public", "yuan"),
)
_MEASURE_FIELDS = (
    Field("title_zh", "programme_measure", column_en="title_en"),
    Field("class_", "class", "choice", words="class"),
    Field("phase", "year", "choice", words="phase"),
    Field("cost_yuan", "cost", "yuan"),
)


def examination_layers(indicators: Catalogue) -> tuple[Layer, ...]:
    """Return every layer of an examination, bottom first; what the places are coloured by comes from one of them.

    `severity` and `coverage` colour buildings, `severity_blocks` and `coverage_blocks` blocks; `indicator_<number>`
    colours what the indicator counts by what is known of it (column `i<number>`), `share_blocks` blocks by the share of
    their surveyed places with the problem.
    """
    severity, coverage = _severity_style(), _coverage_style()
    states = tuple(
        _state_layer(each) for each in indicators.of("housing", "residential") if each.subject in _COUNTED_IN
    )
    return (
        Layer("coverage", "buildings", "layer.coverage", "group.examination", "polygon", coverage, _BUILDING_FIELDS,
              shown=False, label="name"),
        Layer("coverage_blocks", "blocks", "layer.coverage_blocks", "group.examination", "polygon", coverage,
              _PLACE_FIELDS, shown=False),
        Layer("severity", "buildings", "layer.severity", "group.examination", "polygon", severity, _BUILDING_FIELDS,
              label="name"),
        Layer("severity_blocks", "blocks", "layer.severity_blocks", "group.examination", "polygon", severity,
              _PLACE_FIELDS, shown=False),
        Layer("severity_estates", "estates", "layer.severity_estates", "group.examination", "polygon", severity,
              _PLACE_FIELDS, shown=False, label="name"),
        *states,
        Layer("share_blocks", "blocks", "layer.share_blocks", "group.examination", "polygon", _share_style(),
              _PLACE_FIELDS, shown=False),
        Layer("units", "units", "layer.units", "group.examination", "polygon", single("layer.units", UNIT_SYMBOL),
              _UNIT_FIELDS, shown=False, label="name"),
        Layer("findings", "findings", "layer.findings", "group.examination", "point", categories("severity", {
            name: replace(FINDING_SYMBOL, fill=SEVERITY_FILLS[name]) for name in reversed(SEVERITIES)}, "severity"),
            _FINDING_FIELDS, shown=False),
    )  # fmt: skip


def farmhouses_layer() -> Layer:
    """Return the layer of farm houses by their decision: 拆, 改, 用; those without one are hatched."""
    outline = Symbol(stroke="#FFFFFF", width=0.6, fill_opacity=0.95)
    symbols = {name: replace(outline, fill=fill) for name, fill in DECISION_FILLS.items()} | {"unknown": UNKNOWN_SYMBOL}
    style = categories("decision", {name: symbols[name] for name in HOUSE_DECISIONS}, "house_decision")
    return Layer("farmhouses", "farmhouses", "layer.farmhouses", "group.examination", "polygon", style, _HOUSE_FIELDS,
                 shown=False)  # fmt: skip


def programme_layers(years: Sequence[int]) -> tuple[Layer, ...]:
    """Return the layers of a programme: sites by the year in which their works begin, measures by their year."""
    style = phase_style(years)
    return (
        Layer("programme", "sites", "layer.programme", "group.programme", "polygon", style, _SITE_FIELDS, label="name"),
        Layer("measures", "measures", "layer.measures", "group.programme", "polygon", style, _MEASURE_FIELDS,
              shown=False),
    )  # fmt: skip


def phase_style(years: Sequence[int]) -> Style:
    """Return one class per year of a programme, one for what it does not choose, one where there is nothing to do."""
    outline = Symbol(stroke="#FFFFFF", width=0.8, fill_opacity=0.88)
    classes = [
        StyleClass(str(year), f"{year}年", str(year), replace(outline, fill=PHASE_FILLS[n % len(PHASE_FILLS)]))
        for n, year in enumerate(years)
    ]
    for name, fill in (("not_chosen", "#B9B4A6"), ("nothing", "#EFEBE0")):
        classes.append(StyleClass(name, *WORDS[f"phase.{name}"], replace(outline, fill=fill, stroke="#A9A294")))
    return Style("categories", tuple(classes), "phase")


_CANDIDATE_FIELDS = (
    Field("kind_zh", "siting.kind", column_en="kind_en"),
    Field("rank", "siting.rank", "count", optional=True),
    Field("reason_zh", "siting.why", column_en="reason_en"),
)


def siting_layers(scenes: Sequence[tuple[str, tuple[str, str]]]) -> tuple[Layer, ...]:
    """Return every layer of an answer of siting, bottom first.

    Parameters
    ----------
    scenes
        What homes are looked at by: the number of a scene as in the columns `state_<number>` and `walk_<number>` of the
        homes, and its titles.
    """
    homes = []
    for n, titles in scenes:
        for kind, style in (("walk", distance_style(f"walk_{n}")), ("state", _cover_style(f"state_{n}"))):
            named = (f"{titles[0]}：{WORDS[_HOMES_BY[kind]][0]}", f"{titles[1]}: {WORDS[_HOMES_BY[kind]][1]}")
            homes.append(Layer(f"{kind}_{n}", "homes", _HOMES_BY[kind], "siting.group", "polygon", style,
                               titles=named))  # fmt: skip
    taken = Symbol(stroke="#FFFFFF", width=1.2, radius=7.0)
    others = Symbol(stroke="#5B6673", width=1.2, radius=3.6)
    sites = {name: replace(taken if name in ("yes", "hand") else others, fill=fill)
             for name, fill in SITE_FILLS.items()}  # fmt: skip
    style = Style("categories", tuple(
        StyleClass(name, *WORDS[_TAKEN[name]], symbol) for name, symbol in sites.items()), "taken")  # fmt: skip
    return (
        *homes,
        Layer("communities_cover", "communities_cover", "siting.layer_communities", "siting.group", "polygon",
              single("siting.layer_communities", Symbol(pattern="none", stroke="#6B705C", width=1.4)), label="name"),
        Layer("facilities", "facilities", "siting.layer_facilities", "siting.group", "point",
              single("siting.layer_facilities", SITED_FACILITY),
              (Field("category", "category"), Field("capacity", "capacity", "count", optional=True))),
        Layer("candidates", "candidates", "siting.layer_candidates", "siting.group", "point", style, _CANDIDATE_FIELDS,
              label="label"),
    )  # fmt: skip


_HOMES_BY = {"state": "siting.layer_homes", "walk": "siting.layer_walks"}
_TAKEN = {"yes": "siting.chosen.yes", "hand": "siting.chosen.hand", "no": "siting.chosen.no",
          "unfit": "siting.chosen.unfit"}  # fmt: skip


def _cover_style(column: str) -> Style:
    fills = {name: Symbol(fill=fill, fill_opacity=0.95, stroke="#FFFFFF", width=0.5)
             for name, fill in COVER_FILLS.items()}  # fmt: skip
    return categories(column, {**fills, "unreached": UNKNOWN_SYMBOL}, "siting.state")


def distance_style(column: str = "walk") -> Style:
    """Return the classes of a walk to the nearest facility [m]."""
    classes = ranges(DISTANCE_BREAKS, DISTANCE_FILLS, "#FFFFFF", WORDS["unit.m"])
    unknown = StyleClass("unknown", *WORDS["siting.walk.unknown"], UNKNOWN_SYMBOL)
    return Style("ranges", (*classes, unknown), column)


def gained_style(column: str = "gained") -> Style:
    """Return the classes of how many facilities newly cover a home; the last holds all that are more."""
    most = len(GAINED_FILLS) - 1
    classes = []
    for n, fill in enumerate(GAINED_FILLS):
        key = "siting.gained.none" if n == 0 else "siting.gained.most" if n == most else "siting.gained.n"
        zh, en = (text.format(n=n) for text in WORDS[key])
        classes.append(StyleClass(str(n), zh, en, Symbol(fill=fill, fill_opacity=0.95, stroke="#FFFFFF", width=0.5)))
    return Style("categories", tuple(reversed(classes)), column)


def saved_style(column: str = "saved") -> Style:
    """Return the classes of how much shorter a walk has become [m], the most first, then where nothing changed."""
    edges = (None, *SAVED_BREAKS, None)
    made = []
    for n, fill in enumerate(SAVED_FILLS):
        low, high = edges[len(SAVED_BREAKS) - n], edges[len(SAVED_BREAKS) - n + 1]
        key = "siting.saved.none" if low is None else "siting.saved.more" if high is None else "siting.saved.between"
        labels = [text.format(m=f"{low or 0:g}", low=f"{low or 0:g}", high=f"{high or 0:g}") for text in WORDS[key]]
        symbol = Symbol(fill=fill, fill_opacity=0.95, stroke="#FFFFFF", width=0.5)
        made.append(StyleClass("none" if low is None else f"{low:g}", labels[0], labels[1], symbol, low, high))
    first = StyleClass("first", *WORDS["siting.saved.first"], Symbol(fill=SAVED_FIRST, stroke="#FFFFFF", width=0.5))
    unknown = StyleClass("unknown", *WORDS["siting.walk.unknown"], UNKNOWN_SYMBOL)
    return Style("ranges", (first, *made, unknown), column)


def walk_style(column: str = "") -> Style:
    """Return the classes of a walk to the nearest facility (`layers.gaps.frames.WALKS`)."""
    fills = {name: Symbol(fill=fill, fill_opacity=0.92, stroke="#FFFFFF", width=0.5)
             for name, fill in REACHED_FILLS.items()}  # fmt: skip
    return categories(column, {**fills, "unknown": UNKNOWN_SYMBOL}, "gap_walk")


def gap_style(column: str = "state") -> Style:
    """Return the classes of what is known of a requirement in an area (`geo.gaps.result.STATES`)."""
    fills = {name: Symbol(fill=fill, fill_opacity=0.72, stroke=INK, width=1.2) for name, fill in GAP_FILLS.items()}
    return categories(column, {**fills, "unknown": replace(UNKNOWN_SYMBOL, stroke=INK, width=1.2)}, "gap_state")


def score_style(column: str = "score", *, ground: bool = False) -> Style:
    """Return the classes of a score of facilities, from 0 to 1, shown from 0 to 100; `ground`: names stand on it."""
    opacity, stroke, width = (0.72, INK, 1.2) if ground else (0.92, "#FFFFFF", 0.5)
    edges = (None, *SCORE_BREAKS, None)
    classes = []
    for n, fill in enumerate(SCORE_FILLS):
        low, high = edges[n], edges[n + 1]
        label = f"< {100 * (high or 0):g}" if low is None else f"≥ {100 * low:g}" if high is None else (
            f"{100 * low:g}–{100 * high:g}")  # fmt: skip
        symbol = Symbol(fill=fill, fill_opacity=opacity, stroke=stroke, width=width)
        zh, en = (each.format(range=label) for each in WORDS["gaps.score_class"])
        classes.append(StyleClass(f"s{n}", zh, en, symbol, low, high))
    unknown = StyleClass("unknown", *WORDS["gap_state.unknown"], replace(UNKNOWN_SYMBOL, fill_opacity=opacity))
    return Style("ranges", (*classes, unknown), column)


def access_style() -> Style:
    """Return the classes of supply per 1,000 people against the average."""
    fills = {name: Symbol(fill=fill, fill_opacity=0.92, stroke="#FFFFFF", width=0.5)
             for name, fill in ACCESS_FILLS.items()}  # fmt: skip
    return categories("access", {**fills, "unknown": UNKNOWN_SYMBOL}, "gap_access")


def gap_layers(
    requirements: Sequence[tuple[str, tuple[str, str]]], standards: Sequence[tuple[str, tuple[str, str]]]
) -> tuple[Layer, ...]:
    """Return the layers of gaps, bottom first: what homes and communities are coloured by, and what lies round them.

    Parameters
    ----------
    requirements
        Beginning of the columns of each requirement, and its title in both languages.
    standards
        The same of each standard.
    """
    made = [
        Layer("gap_reach", "gap_reach", "layer.gap_reach", "group.gaps", "polygon",
              single("layer.gap_reach", REACH_SYMBOL), label="title_zh", shown=False),
        Layer("gap_network", "gap_network", "layer.gap_network", "group.gaps", "line",
              single("layer.gap_network", WAYS_SYMBOL), shown=False),
    ]  # fmt: skip
    for table, label in (("gap_communities", "name"), ("gap_estates", "name"), ("gap_homes", "")):
        ground = table == "gap_communities"
        made += [Layer(f"{table}_{name}", table, f"layer.{table}", "group.gaps", "polygon",
                       score_style(f"{name}_score", ground=ground), label=label, titles=titles)
                 for name, titles in standards]  # fmt: skip
    for name, titles in requirements:
        made.append(Layer(f"gap_states_{name}", "gap_communities", "layer.gap_states", "group.gaps", "polygon",
                          gap_style(name), label="name", shown=False, titles=titles))  # fmt: skip
        made.append(Layer(f"gap_walks_{name}", "gap_homes", "layer.gap_homes", "group.gaps", "polygon",
                          walk_style(name), shown=False, titles=titles))  # fmt: skip
    made.append(Layer("gap_facilities", "gap_facilities", "layer.gap_facilities", "group.gaps", "point",
                      single("layer.gap_facilities", COUNTED_SYMBOL), label="name"))  # fmt: skip
    return tuple(made)


def _state_layer(indicator: Indicator) -> Layer:
    table = _COUNTED_IN[indicator.subject]
    fills = {name: Symbol(fill=fill, fill_opacity=0.92, stroke="#FFFFFF" if name != "not_applicable" else "#A9A294",
                          width=0.6) for name, fill in STATE_FILLS.items()}  # fmt: skip
    style = categories(f"i{indicator.number:02d}", {**fills, "unknown": UNKNOWN_SYMBOL}, "state")
    titles = (f"{indicator.number} {indicator.title_zh}", f"{indicator.number} {indicator.title_en}")
    return Layer(f"indicator_{indicator.number:02d}", table, "layer.indicator", "group.examination", "polygon", style,
                 shown=False, label="name", titles=titles)  # fmt: skip


def _severity_style() -> Style:
    fills = {name: Symbol(fill=fill, fill_opacity=0.92, stroke="#FFFFFF", width=0.6)
             for name, fill in SEVERITY_FILLS.items()}  # fmt: skip
    return categories("severity", {**fills, "unknown": UNKNOWN_SYMBOL}, "severity")


def _coverage_style() -> Style:
    fills = {name: Symbol(fill=fill, fill_opacity=0.92, stroke="#FFFFFF", width=0.6)
             for name, fill in COVERAGE_FILLS.items()}  # fmt: skip
    return categories("coverage_class", {**fills, "none": UNKNOWN_SYMBOL}, "coverage")


def _share_style() -> Style:
    names = ("zero", "some", "tenth", "quarter", "half")
    edges = (None, *SHARE_BREAKS, None)
    classes = [
        StyleClass(name, *WORDS[f"share.{name}"], Symbol(fill=fill, fill_opacity=0.9, stroke="#FFFFFF", width=0.6),
                   edges[n], edges[n + 1])
        for n, (name, fill) in enumerate(zip(names, SHARE_FILLS, strict=True))
    ]  # fmt: skip
    unknown = StyleClass("unknown", *WORDS["state.unknown"], UNKNOWN_SYMBOL)
    return Style("ranges", (*classes, unknown), "share")


def _base(
    table: str,
    geometry: Geometry,
    style: Style,
    *,
    shown: bool = True,
    fields: tuple[Field, ...] = (),
    label: str = "",
) -> Layer:
    return Layer(table, table, f"layer.{table}", "group.base", geometry, style, fields, label, shown)


def single(title: str, symbol: Symbol) -> Style:
    """Return one class for everything; its label is the word `title`."""
    return Style("single", (StyleClass("", *WORDS[title], symbol),))


def categories(column: str, symbols: Mapping[str, Symbol], words: str) -> Style:
    """Return one class per value; its label is the word `words.value`, or nothing where a legend would say nothing."""
    classes = tuple(
        StyleClass(value, *(WORDS[f"{words}.{value}"] if words else ("", "")), symbol)
        for value, symbol in symbols.items()
    )
    return Style("categories", classes, column)


def _ground(fill: str) -> Symbol:
    return Symbol(fill=fill, fill_opacity=0.78, stroke=INK, width=2.2, stroke_opacity=0.85)


def _against_style(limits: Limits) -> Style:
    low, high = limits.min_households or None, limits.max_households
    numbers: dict[Against, tuple[str, str]] = {
        "below": _numbers("<", low),
        "within": _between(low, high),
        "above": _numbers(">", high),
        "unknown": ("", ""),
    }
    absent = {name for name, limit in (("below", low), ("above", high)) if limit is None}
    classes = tuple(
        StyleClass(
            name,
            f"{word(f'limits.{name}', 'zh')}{numbers[name][0]}",
            f"{word(f'limits.{name}', 'en')}{numbers[name][1]}",
            _ground(fill),
        )
        for name, fill in AGAINST_FILLS.items()
        if name not in absent
    )
    return Style("categories", classes, "against_limits")


def _numbers(sign: str, limit: float | None) -> tuple[str, str]:
    if limit is None:
        return ("", "")
    return (f"（{sign} {number(limit, 'zh')}户）", f" ({sign} {number(limit, 'en')})")


def _between(low: float | None, high: float | None) -> tuple[str, str]:
    if low is None and high is None:
        return ("", "")
    if low is None:
        return _numbers("≤", high)
    if high is None:
        return _numbers("≥", low)
    return (f"（{number(low, 'zh')}—{number(high, 'zh')}户）", f" ({number(low, 'en')}–{number(high, 'en')})")


def _density_style() -> Style:
    unit = WORDS["unit.per_hectare"]
    unknown = StyleClass("unknown", *WORDS["limits.unknown"], Symbol(fill=AGAINST_FILLS["unknown"], stroke="#FFFFFF"))
    return Style("ranges", (*ranges(DENSITY_BREAKS, DENSITY_FILLS, "#FFFFFF", unit), unknown), "density_per_ha")
