"""What the report says: the assumptions in force, and a sentence in Chinese and English for all that was met."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from geo.errors import SHOWN_IDS
from geo.households.options import HouseholdOptions
from geo.study import Action, Repair


class Report:
    """The assumptions in force, as given or as measured in this town, and the lines told so far, in their order."""

    def __init__(self, options: HouseholdOptions) -> None:
        self.options = options
        self.repairs: list[Repair] = []
        self._measured: dict[str, tuple[str, str]] = {}

    def measure(self, ratios: dict[str, tuple[float, int]]) -> None:
        """Let ratios measured in this town (each with how many buildings tell it) replace the assumed ones."""
        given = self.options
        value = {name: ratio for name, (ratio, _) in ratios.items()}
        self.options = replace(
            given,
            household_size=value.get("household_size", given.household_size),
            occupancy=value.get("occupancy", given.occupancy),
            flat_m2=value.get("flat_m2", given.flat_m2),
            house_m2=value.get("house_m2", given.house_m2),
        )
        for name, (_, n) in ratios.items():
            self._measured[name] = (f"由本项目{n}栋建筑实测", f"measured on {n} buildings of this study")

    def provenance(self, option: str) -> tuple[str, str]:
        """Return where the value of an option comes from, in Chinese and English."""
        return self._measured.get(option) or self.options.provenance(option)

    def tell(
        self, code: str, table: str, ids: Iterable[object], *, option: str | None = None,
        **values: float | tuple[str, str],
    ) -> None:  # fmt: skip
        """Keep one line for the report: `_SAID` has its words, `option` the assumption it rests on and names."""
        rows = list(ids)
        action, detail_zh, detail = _SAID[code]
        values |= {"n": len(rows)}
        if option is not None:
            values |= {"value": getattr(self.options, option), "why": self.provenance(option)}
        zh, en = ({k: v[i] if isinstance(v, tuple) else v for k, v in values.items()} for i in (0, 1))
        self.repairs.append(Repair(table, _some(rows), action, code, detail.format(**en), detail_zh.format(**zh)))


def _some(ids: Sequence[object]) -> str:
    more = len(ids) - SHOWN_IDS
    shown = ", ".join(map(str, ids[:SHOWN_IDS]))
    return f"{shown} … (+{more})" if more > 0 else shown


_SAID: dict[str, tuple[Action, str, str]] = {
    "areas_overlap": (
        "assumed", "{n}对范围相互重叠,重叠部分计入面积较小者",
        "{n} pairs of areas lie on each other; the common land counts to the smaller one",
    ),
    "area_partly_outside": (
        "assumed", "{n}个范围超出街坊地块,其总数仅按{how}取位于地块内的部分",
        "{n} areas reach beyond the blocks; of their totals only the part inside is placed, by {how}",
    ),
    "border_straddled": (
        "assumed", "共{amount}户;有地块跨越其边界,地块整体计入户数较多的一方,按地块计为{counted}户",
        "it has {amount} households; blocks lie across its border and count whole where most of their households live, "
        "so its blocks hold {counted}",
    ),
    "nearest_block": (
        "repaired", "{n}栋建筑不在任何街坊地块内,计入最近的地块",
        "{n} buildings lie on no block and are counted to the nearest",
    ),
    "outside_blocks": (
        "dropped", "{n}栋建筑距任何地块超过{metres:g}米,不计入",
        "{n} buildings lie more than {metres:g} m from any block and are not counted",
    ),
    "unknown_estate": (
        "repaired", "{n}栋建筑登记的小区不在小区表中,按位置归属",
        "{n} buildings name an estate that is not in the table estates; the map decides for them",
    ),
    "unknown_community": (
        "repaired", "{n}栋建筑登记的社区不在社区表中,按位置归属",
        "{n} buildings name a community that is not in the table communities; the map decides for them",
    ),
    "registered_estate": (
        "assumed", "{n}栋建筑的位置与登记的小区不符,以登记为准",
        "{n} buildings stand elsewhere than in the estate their register names; the register is followed",
    ),
    "registered_community": (
        "assumed", "{n}栋建筑的位置与登记的社区不符,以登记为准",
        "{n} buildings stand elsewhere than in the community their register names; the register is followed",
    ),
    "unknown_use": (
        "assumed", "{n}栋用途不明的建筑按住宅计",
        "{n} buildings of unknown use are taken as residential",
    ),
    "mixed_share": (
        "assumed", "{n}栋商住混合建筑按{value:g}的面积计为居住({why})",
        "of {n} mixed buildings, {value:g} of the floor area is taken as lived in ({why})",
    ),
    "floors_from_height": (
        "estimated", "{n}栋建筑的层数由高度推算,每层{value:g}米({why})",
        "storeys of {n} buildings are made from their height, {value:g} m each ({why})",
    ),
    "floors_median": (
        "estimated", "{n}栋建筑的层数取同类建筑(同小区、同地块或全域同用途)的中位数",
        "storeys of {n} buildings are the median of like buildings (same use in the estate, the block, or the study)",
    ),
    "default_floors": (
        "assumed", "{n}栋建筑及同类建筑均无层数,按{value:g}层计({why})",
        "{n} buildings are given {value:g} storeys: neither they nor like buildings tell theirs ({why})",
    ),
    "households_from_dwellings": (
        "estimated", "{n}栋建筑的户数由住宅套数推算,每套{value:.3g}户({why})",
        "households of {n} buildings are made from their dwellings, {value:.3g} per dwelling ({why})",
    ),
    "households_from_people": (
        "estimated", "{n}栋建筑的户数由人口推算,每户{value:.3g}人({why})",
        "households of {n} buildings are made from their people, {value:.3g} each ({why})",
    ),
    "area_households": (
        "estimated", "{n}个范围只有人口,户数按每户{value:.3g}人推算({why})",
        "{n} areas know only their people; their households are made from them, {value:.3g} people each ({why})",
    ),
    "population_raster": (
        "estimated", "{n}个地块的{amount}人来自人口栅格,户数按每户{value:.3g}人推算({why})",
        "{amount} people of {n} blocks come from the population raster; households at {value:.3g} people each ({why})",
    ),
    "floor_area": (
        "estimated",
        "{n}栋建筑的{amount}户为按建筑面积估算:每套{flat:.3g}平方米({why_flat}),{low:g}层及以下{house:.3g}平方米"
        "({why_house}),每套{value:.3g}户({why})",
        "{amount} households of {n} buildings are an estimate from floor area: {flat:.3g} m² per dwelling ({why_flat}),"
        " {house:.3g} m² up to {low:g} storeys ({why_house}), {value:.3g} households per dwelling ({why})",
    ),
    "people_from_households": (
        "assumed", "{n}个地块中{amount}户的人口未知,按每户{value:.3g}人计({why})",
        "people of {amount} households in {n} blocks are unknown: {value:.3g} each ({why})",
    ),
    "dwellings_from_households": (
        "estimated", "{n}个地块的{amount}套住宅由户数推算,每套{value:.3g}户({why})",
        "{amount} dwellings in {n} blocks are made from households, {value:.3g} per dwelling ({why})",
    ),
    "no_households_known": (
        "assumed", "{n}个地块没有可用的户数依据,户数留空",
        "of {n} blocks nothing is known that may be used; their households stay missing",
    ),
    "placed_on_land": (
        "assumed", "{n}个范围有总数而无可分摊的住宅建筑,{amount}户按{how}直接计入所在地块",
        "{n} areas have a total but no residential building to take it; {amount} households go straight onto their"
        " blocks, by {how}",
    ),
    "crowded": (
        "assumed", "{n}栋建筑分摊后户均建筑面积不足{least:g}平方米(共{amount}户):该处建筑图层可能不全或层数偏低",
        "{n} buildings get less than {least:g} m² of floor area per household ({amount} households in all): buildings"
        " are probably missing from the map there, or storeys are too low",
    ),
    "known_above_total": (
        "assumed", "总数为{total:.0f}{unit},而范围内已知{parts:.0f}{unit},以{kept}为准",
        "the total is {total:.0f} {unit}, but {parts:.0f} are known inside; {kept} is kept",
    ),
    "total_not_reached": (
        "assumed", "总数为{total:.0f}{unit},而其内更可信的数合计{parts:.0f}{unit},余{left:.0f}{unit}无处可落",
        "the total is {total:.0f} {unit}, but more trusted totals fill the area with {parts:.0f}; {left:.0f} are not"
        " placed",
    ),
    "overruled": (
        "assumed",
        "{n}个范围的总数合计{total:.0f}{unit},与更可信的总数不符,现为{parts:.0f}{unit}(单个最大差{widest:+.0f})",
        "{n} totals of {total:.0f} {unit} together gave way to more trusted ones and now hold {parts:.0f} (widest"
        " single gap {widest:+.0f})",
    ),
}  # fmt: skip
"""What the report says of each code: action, Chinese, English."""
