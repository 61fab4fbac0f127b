"""An answer of siting as one offline page: candidates, the homes they cover, walks before and after, step by step."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from geo.siting.result import MODELS, REASONS, Placed, Sited, WhatIf
from layers.catalogue import distance_style, gained_style, saved_style, siting_layers
from layers.features import label_points, to_lonlat
from layers.siting.facts import (
    FEWEST_PEOPLE,
    HOME_STATES,
    Answer,
    Scene,
    basis,
    community_frame,
    community_names,
    facility_frame,
    home_frame,
    kind_word,
    listed,
    metres_text,
    money_words,
    option_title,
    people_text,
    place_name,
    proof,
    reach_word,
    scenes_of,
    share_text,
    site_frame,
    summary,
    title_of,
    told,
    totals_of,
    who_word,
)
from layers.town_page import Strings, TownPage, packed, points_of, shapes_of, town_data
from layers.words import LANGS, Lang, is_missing, number, study_name, word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geo.study import Study
    from layers.styles import Style

Pair = list[str]

_SIMPLIFY_M = {"home": 0.3, "community": 2.0, "candidate": 0.3}
"""How far a simplified outline may lie from the true one [m]."""


def siting_map(answer: Answer, *, study: Study, lang: Lang = "zh") -> folium.Map:
    """Return an answer of siting as an interactive map that needs no network; `layers.maps.save` writes it.

    Homes by cover (today, newly, still not), by walk or by walk saved, before and after; candidates with the reason and
    the numbers on click, chosen ones numbered in the order of what they add; today's facilities; what each further
    site adds; of a `Placed` what goes into which premises with its costs, by facility; of a `WhatIf` the options side
    by side. Of people it tells sums only, small ones as "fewer than". Both languages.

    Parameters
    ----------
    answer
        As `geo.siting` returns it.
    study
        The study it was made for: outlines, roads, water, facilities, names.
    lang
        Language the page opens in.

    Raises
    ------
    InputError
        When the map library has not been built (in a checkout).
    """
    return TownPage(page_data(answer, study=study, lang=lang), name="siting_map", start="shequSitingMap", lang=lang)


def page_data(answer: Answer, *, study: Study, lang: Lang = "zh") -> dict[str, Any]:
    """Return everything the page shows, as JSON values; coordinates are degrees (EPSG:4326), rounded to 0.1 m."""
    return _Page(answer, study).data(lang)


def _both(text_in: Callable[[Lang], str]) -> Pair:
    """Return a text in both languages."""
    return [text_in(lang) for lang in LANGS]


class _Page:
    """The data of one answer while they are gathered."""

    def __init__(self, answer: Answer, study: Study) -> None:
        self.answer, self.study = answer, study
        self.scenes = scenes_of(answer)
        self.sites, self.facilities = site_frame(answer, study), facility_frame(answer, study)
        self.homes = home_frame(answer, study)
        self.strings = Strings()
        self.areas: list[str] = []
        self.order = {str(key): n for n, key in enumerate(self.sites.index)}
        self.communities = {lang: community_names(study, lang) for lang in LANGS}

    def data(self, lang: Lang) -> dict[str, Any]:
        answer, study = self.answer, self.study
        areas = community_frame(answer, study, self.scenes[0])
        self.areas = [] if areas is None else sorted(str(key) for key in areas.index)
        title = _both(lambda code: f"{study_name(study, code)}{'' if code == 'zh' else ' · '}{title_of(answer, code)}")
        ground = areas if areas is not None else self.homes if len(self.homes) else self.sites
        data = town_data(
            study, ground=ground, title=title, subtitle=self._subtitle(),
            about=basis(answer, study), words=("siting.", "community", "estate", "category", "capacity"), lang=lang,
            homes=self.homes.index,
        )  # fmt: skip
        origin = data["origin"]
        kind = "sited" if isinstance(answer, Sited) else "placed" if isinstance(answer, Placed) else "whatif"
        layers = {layer.id: layer.style for layer in siting_layers([("1", ("", ""))])}
        return data | {
            "kind": kind, "few": FEWEST_PEOPLE,
            "styles": {"state": _classes(layers["state_1"]), "walk": _classes(distance_style()),
                       "saved": _classes(saved_style()), "gained": _classes(gained_style()),
                       "taken": _classes(layers["candidates"]),
                       "facility": _classes(layers["facilities"])},
            "summary": [summary(answer, code) for code in LANGS], "proof": [proof(answer, code) for code in LANGS],
            "example": isinstance(answer, Placed) and not answer.costs_given,
            "homes": shapes_of(self.homes, origin, _SIMPLIFY_M["home"]),
            "home_area": self._home_areas(),
            "scenes": [*self._overview(areas), *(self._scene(scene, areas) for scene in self.scenes)],
            "candidates": self._candidates(origin),
            "facilities": self._facilities(origin),
            "areas": [] if areas is None else self._areas(areas.sort_index(), origin),
            "reasons": {key: list(pair) for key, pair in REASONS.items()},
            "steps": [] if isinstance(answer, WhatIf) else self._steps(answer),
            "figures": self._figures(),
            "strings": self.strings.all,
        }  # fmt: skip

    def _subtitle(self) -> Pair:
        """Return what was asked, in a line."""
        answer = self.answer
        if isinstance(answer, Placed):
            return _both(lambda code: " · ".join([
                "、".join(each.title_zh for each in answer.requirements) if code == "zh"
                else ", ".join(each.title_en for each in answer.requirements),
                f"{word('siting.about_budget', code)} {money_words(answer.budget, code)}"]))  # fmt: skip
        parts = _both(lambda code: " · ".join([reach_word(answer.limit_m, answer.limit_min, code),
                                               who_word(answer.requirement, code)]))  # fmt: skip
        if isinstance(answer, Sited):
            return [f"{part} · {model}" for part, model in zip(parts, MODELS[answer.model], strict=True)]
        return parts

    def _home_areas(self) -> list[int]:
        """Return for every home the position of its community, -1 where it lies in none."""
        order = {key: n for n, key in enumerate(self.areas)}
        inside = self.scenes[0].homes["community_id"].reindex(self.homes.index)
        return [-1 if is_missing(key) else order.get(str(key), -1) for key in inside]

    def _scene(self, scene: Scene, areas: gpd.GeoDataFrame | None) -> dict[str, Any]:
        rows = scene.homes.reindex(self.homes.index)
        signs = dict(zip(HOME_STATES, "cn-u", strict=True))
        totals = totals_of(scene)
        told_as = {name: _both(lambda code, name=name: people_text(totals[name], code))  # type: ignore[misc]
                   for name in ("people", "covered_before", "covered_after")}  # fmt: skip
        new = totals["covered_after"] - totals["covered_before"]
        covered = None if areas is None else community_frame(self.answer, self.study, scene)
        return {
            "key": scene.key, "title": list(scene.title),
            "sites": [self.order[each] for each in scene.sites if each in self.order],
            "who": _both(lambda code: who_word(scene.requirement, code)),
            "reach": _both(lambda code: reach_word(scene.limit_m, scene.limit_min, code)),
            "state": "".join(signs.get(str(each), "u") for each in rows["state"]),
            "before": packed(rows["walk_before_m"]), "after": packed(rows["walk_after_m"]),
            "near_before": self._nearest(rows["nearest_before"]), "near_after": self._nearest(rows["nearest_after"]),
            "new": _both(lambda code: people_text(new, code)),
            **told_as,
            "share": [share_text(totals["share_before"]), share_text(totals["share_after"])],
            "mean": [None if is_missing(totals[f"mean_{when}_m"]) else round(totals[f"mean_{when}_m"])
                     for when in ("before", "after")],
            "areas": [] if covered is None else self._shares(covered),
        }  # fmt: skip

    def _overview(self, areas: gpd.GeoDataFrame | None) -> list[dict[str, Any]]:
        """Return what all facilities of a `Placed` do together, as the first scene; nothing for the other answers."""
        if not isinstance(self.answer, Placed):
            return []
        table = self.answer.together
        known = table[["people", "covered_before", "covered_after"]].sum()
        shares = [share_text(known[f"covered_{when}"] / known["people"]) if known["people"] > 0 else "—"
                  for when in ("before", "after")]  # fmt: skip
        return [{
            "key": "all", "overview": True, "title": _both(lambda code: word("siting.overview", code)),
            "sites": [self.order[str(key)] for key in self.answer.sites.index], "state": "", "who": ["", ""],
            "new": _both(lambda code: number(self.answer.value, code)),  # type: ignore[union-attr]
            "share": shares, "mean": [None, None],
            "areas": [] if areas is None else self._shares(table[table.index.isin(areas.index)]),
        }]  # fmt: skip

    def _nearest(self, ids: pd.Series) -> str:
        """Return the nearest of every home: the position among facilities, then among candidates."""
        places = {str(key): n for n, key in enumerate(self.facilities.index)}
        places |= {key: len(places) + n for key, n in self.order.items()}
        return packed([np.nan if is_missing(key) else places.get(str(key), np.nan) for key in ids])

    def _shares(self, areas: pd.DataFrame) -> list[list[Any]]:
        """Return the communities of a scene: position, people, shares and walks before and after."""
        order = {key: n for n, key in enumerate(self.areas)}
        return [
            [order[str(key)], *_both(lambda code, row=row: people_text(row["people"], code)),  # type: ignore[misc]
             *(None if is_missing(row[f"share_{when}"]) else round(float(row[f"share_{when}"]), 4)
               for when in ("before", "after")),
             *(None if is_missing(row[f"mean_{when}_m"]) else round(float(row[f"mean_{when}_m"]))
               for when in ("before", "after"))]
            for key, row in areas.iterrows()
        ]  # fmt: skip

    def _areas(self, areas: gpd.GeoDataFrame, origin: Sequence[int]) -> dict[str, Any]:
        spots = to_lonlat(gpd.GeoDataFrame(geometry=label_points(areas), crs=areas.crs)).geometry
        return {
            "name": [_both(lambda code, row=row, key=key: place_name(row, key, code)) for key, row in areas.iterrows()],  # type: ignore[misc]
            "shapes": shapes_of(areas, origin, _SIMPLIFY_M["community"]),
            "at": [[round(spot.y, 6), round(spot.x, 6)] for spot in spots],
        }

    def _facilities(self, origin: Sequence[int]) -> dict[str, Any]:
        """Return today's facilities in columns."""
        frame = self.facilities
        keys: dict[str, list[int]] = {scene.requirement.key: [] for scene in self.scenes}
        for n, scene in enumerate(self.scenes, start=int(isinstance(self.answer, Placed))):  # after the overview
            keys[scene.requirement.key].append(n)
        return {
            "at": points_of(frame, origin), "name": self.strings.numbers(frame["name"]),
            "name_en": self.strings.numbers(frame["name_en"]), "category": self.strings.numbers(frame["category"]),
            "capacity": [None if is_missing(value) else round(float(value)) for value in frame["capacity"]],
            "scenes": [[n for key in listed(counts) for n in keys[key]] for counts in frame["counts"]],
        }  # fmt: skip

    def _candidates(self, origin: Sequence[int]) -> list[dict[str, Any]]:
        """Return the candidates: where, what, whether taken and why, with their numbers written out."""
        spots = points_of(self.sites, origin)
        shapes = self._outlines(origin)
        made = []
        for spot, (key, row) in zip(spots, self.sites.iterrows(), strict=True):
            community = row["community_id"]
            made.append({
                "id": str(key), "at": spot, "shape": shapes.get(str(key), []), "taken": str(row["taken"]),
                "rank": None if pd.isna(row["rank"]) else int(row["rank"]),
                "name": _both(lambda code: place_name(row, key, code)),  # noqa: B023 - called at once
                "kind": _both(lambda code: kind_word(row["kind"], code)),  # noqa: B023 - called at once
                "search": row["kind"] == "search_point",
                "community": ["", ""] if is_missing(community) else [
                    self.communities[code].get(str(community), str(community)) for code in LANGS],
                "reason": "" if is_missing(row["reason"]) else str(row["reason"]),
                "why": [told(row[f"reason_{code}"], code) for code in LANGS],
                "facts": self._facts(str(key)), "text": self._text(str(key)),
                "rooms": self._rooms(str(key)), "refused": self._refused(str(key)),
            })  # fmt: skip
        return made

    def _outlines(self, origin: Sequence[int]) -> dict[str, Any]:
        if isinstance(self.answer, WhatIf):
            return {}
        areas = self.answer.candidates[self.answer.candidates.geom_type.isin(("Polygon", "MultiPolygon"))]
        shapes = shapes_of(areas, origin, _SIMPLIFY_M["candidate"])
        return dict(zip(areas.index.astype(str), shapes, strict=True))

    def _facts(self, key: str) -> list[list[Any]]:
        """Return the numbers of a candidate: word, value in both languages."""
        if isinstance(self.answer, WhatIf):
            return self._point_facts(self.answer, key)
        row = self.answer.candidates.loc[key]
        lines = [_plain("floor_area", row["floor_area_m2"]), _plain("ground", row["site_area_m2"])]
        if isinstance(self.answer, Placed):
            if key in self.answer.sites.index:
                chosen = self.answer.sites.loc[key]
                lines += [_plain("used", chosen["used_m2"]), _plain("spare", chosen["spare_m2"]),
                          *(_money(name, chosen[name]) for name in ("site_cost", "fitting_cost", "cost")),
                          _plain("value", chosen["value"]), _plain("value_only", chosen["value_only"]),
                          self._next(chosen["next_id"])]  # fmt: skip
            else:
                lines += [_money("cost", row["cost"]), _plain("value_alone", row["value_alone"])]
            return [line for line in lines if line]
        lines.append(_money("cost", row["cost"]))
        if key not in self.answer.sites.index:
            return [line for line in [*lines, _people("people_reach", row["people_reach"]),
                                      _people("people_alone", row["people_alone"])] if line]  # fmt: skip
        chosen = self.answer.sites.loc[key]
        twice = {"all": "residents_new", "elders": "elders_new", "children": "children_new"}[
            self.answer.requirement.who
        ]
        people = [name for name in ("people_reach", "people_new", "residents_new", "elders_new", "children_new",
                                    "people_only", "users") if name != twice]  # fmt: skip
        lines += [_people(name, chosen[name]) for name in people]
        lines += [_metres("mean_before", chosen["mean_before_m"]), _metres("mean_after", chosen["mean_after_m"]),
                  self._next(chosen["next_id"]), _people("next_people", chosen["next_people"]),
                  ["where", *told_in(chosen, "communities")]]  # fmt: skip
        return [line for line in lines if line]

    def _point_facts(self, answer: WhatIf, key: str) -> list[list[Any]]:
        known = answer.points[answer.points.index.get_level_values("site_id").astype(str) == key]
        if known.empty:
            return []
        row = known.iloc[0]
        options = known.index.get_level_values("option").astype(str)
        used = ["option", *_both(lambda code: ("、" if code == "zh" else ", ").join(
            option_title(each, code) for each in options))]  # fmt: skip
        return [used, _people("people_reach", row["people_reach"]), _people("people_alone", row["people_alone"])]

    def _next(self, key: object) -> list[Any]:
        if is_missing(key):
            return []
        row = self.sites.loc[str(key)]
        return ["next", *_both(lambda code: place_name(row, key, code))]

    def _text(self, key: str) -> Pair:
        if isinstance(self.answer, WhatIf) or key not in self.answer.sites.index:
            return ["", ""]
        return told_in(self.answer.sites.loc[key], "text")

    def _rooms(self, key: str) -> list[dict[str, Any]]:
        """Return what goes into one of the premises."""
        if not isinstance(self.answer, Placed) or key not in self.answer.sites.index:
            return []
        titles = {scene.key: list(scene.title) for scene in self.scenes}
        made = []
        for requirement, row in self.answer.rooms.loc[key].iterrows():
            area = row["need_m2"] if row["need_m2"] > 0 else row["need_site_m2"]
            made.append({
                "title": titles[str(requirement)],
                "m2": None if is_missing(area) else round(float(area)),
                "cost": _both(lambda code: money_words(float(row["cost"]), code)),  # noqa: B023 - called at once
                "new": _both(lambda code: people_text(row["people_new"], code)),  # noqa: B023 - called at once
                "users": _both(lambda code: people_text(row["users"], code)),  # noqa: B023 - called at once
                "walk": [metres_text(row["mean_before_m"], code) + " → " + metres_text(row["mean_after_m"], code)
                         for code in LANGS],
            })  # fmt: skip
        return made

    def _refused(self, key: str) -> list[list[str]]:
        """Return what cannot go into one of the premises, and why."""
        if not isinstance(self.answer, Placed):
            return []
        titles = {scene.key: scene.title for scene in self.scenes}
        refused = self.answer.refused
        mine = refused[refused.index.get_level_values("site_id").astype(str) == key]
        return [[*titles[str(requirement)], *told_in(row, "reason")] for (_, requirement), row in mine.iterrows()]

    def _steps(self, answer: Sited | Placed) -> list[dict[str, Any]]:
        """Return what each further site adds: its bar, and what stands beside it."""
        made = []
        for n, row in answer.steps.iterrows():
            if is_missing(row["site_id"]):
                continue
            placed = isinstance(answer, Placed)
            added = row["value"] if placed else row["people_new"]
            beside = (_both(lambda code: money_words(float(row["cost_total"]), code)) if placed  # noqa: B023
                      else [share_text(row["covered_share"])] * 2)  # fmt: skip
            made.append({
                "n": int(str(n)), "site": self.order[str(row["site_id"])], "bar": round(float(added), 1),
                "added": _both(lambda code: number(added, code) if placed else people_text(added, code)),  # noqa: B023
                "beside": beside,
            })  # fmt: skip
        return made

    def _figures(self) -> list[list[Any]]:
        """Return the figures at the head of the panel: number in both languages, its words in both."""
        answer = self.answer
        if not isinstance(answer, Placed):
            return []
        return [
            [_both(lambda code: word("siting.count_sites", code, n=len(answer.sites))),
             _both(lambda code: word("siting.layer_sites", code))],
            [_both(lambda code: money_words(answer.spent, code)), _both(lambda code: word("siting.about_spent", code))],
        ]  # fmt: skip


def told_in(row: pd.Series, column: str) -> Pair:
    """Return a sentence of a row in both languages, as it may leave."""
    return _both(lambda code: told(row[f"{column}_{code}"], code))


def _people(key: str, value: object) -> list[Any]:
    return [] if is_missing(value) else [key, *_both(lambda code: people_text(value, code))]


def _plain(key: str, value: object) -> list[Any]:
    return [] if is_missing(value) else [key, *_both(lambda code: number(value, code))]


def _metres(key: str, value: object) -> list[Any]:
    return [key, *_both(lambda code: word("siting.no_way", code) if is_missing(value) else number(value, code))]


def _money(key: str, value: object) -> list[Any]:
    unknown = is_missing(value)
    return [key, *_both(lambda code: word("siting.cost_unknown", code) if unknown
                        else number(float(str(value)) / 10_000, code, digits=1))]  # fmt: skip


def _classes(style: Style) -> list[dict[str, Any]]:
    """Return the classes of a style as the page reads them."""
    return [{"value": each.value, "label": [each.label_zh, each.label_en], "lower": each.lower, "upper": each.upper,
             "symbol": asdict(each.symbol)} for each in style.classes]  # fmt: skip
