"""The words of gaps of facilities, in Chinese and English; `layers.words` looks them up with all others."""

_LAYERS = {
    "layer.gap_buildings": ("住所步行可达得分", "Homes by what is within reach"),
    "layer.gap_communities": ("社区设施得分", "Communities by score"),
    "layer.gap_states": ("社区设施缺口", "Communities by state"),
    "layer.gap_estates": ("小区设施得分", "Estates by score"),
    "layer.gap_reach": ("可达用地", "Land within reach"),
    "layer.gap_facilities": ("设施", "Facilities"),
    "layer.gap_network": ("步行网络", "Walking network"),
    "group.gaps": ("设施缺口", "Gaps"),
}

_STATES = {
    "gap_state.missing": ("缺", "missing"),
    "gap_state.far": ("过远", "too far"),
    "gap_state.small": ("面积不足", "too small"),
    "gap_state.full": ("容量不足", "full"),
    "gap_state.unknown": ("未知", "unknown"),
    "gap_state.met": ("达标", "met"),
    "gap_state.not_asked": ("不涉及", "not asked"),
    "gap_change.better": ("改善", "better"),
    "gap_change.worse": ("变差", "worse"),
    "gap_change.same": ("不变", "same"),
    "gap_change.unknown": ("未知", "unknown"),
    "gap_change.new": ("新设社区", "new community"),
    "gap_change.ended": ("撤销社区", "community ended"),
    "gap_who.all": ("居民", "residents"),
    "gap_who.elders": ("老年人", "the old"),
    "gap_who.children": ("儿童", "children"),
    "gap_scope.residents": ("居民可达", "within reach of residents"),
    "gap_scope.community": ("每个社区", "in each community"),
    "gap_scope.town": ("全域", "in the town"),
    "gap_unit.places": ("位", "places"),
    "gap_unit.m2": ("平方米", "m²"),
    "gap_unit.facilities": ("处", "facilities"),
}

_PAGE = {
    "page.town_privacy": (
        "住户数据只以汇总形式出现：少于{n}户的范围不显示人数。",
        "Household data leave only in sums: no number of people is shown where fewer than {n} households live.",
    ),
    "page.about_data": ("数据与依据", "Data and sources"),
    "page.search_town": ("查找社区、小区、设施或楼栋", "Find a community, estate, facility or building"),
}

GAPS_WORDS: dict[str, tuple[str, str]] = {**_LAYERS, **_STATES, **_PAGE}
