"""The words of gaps of facilities, in Chinese and English; `layers.words` looks them up with all others."""

_LAYERS = {
    "layer.gap_homes": ("住宅可达设施", "Homes by what is within reach"),
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

_CLASSES = {
    "gaps.score_class": ("{range}分", "{range} of 100"),
    "gap_walk.near": ("可达，限距一半以内", "within reach, half of it at most"),
    "gap_walk.within": ("可达", "within reach"),
    "gap_walk.beyond": ("不可达，两倍限距以内", "not within reach, twice as far at most"),
    "gap_walk.far": ("不可达，更远或没有", "not within reach, farther or none"),
    "gap_walk.unknown": ("未知", "unknown"),
    "gap_access.none": ("0（无可达设施）", "0 (nothing within reach)"),
    "gap_access.low": ("不足平均的一半", "less than half the average"),
    "gap_access.under": ("平均的一半至平均", "half the average to the average"),
    "gap_access.over": ("平均至两倍", "the average to twice as much"),
    "gap_access.high": ("超过平均的两倍", "more than twice the average"),
    "gap_access.unknown": ("未知", "unknown"),
    "gaps.class_near": ("可达，≤{half}{unit}", "within reach, ≤ {half} {unit}"),
    "gaps.class_within": ("可达，{half}–{limit}{unit}", "within reach, {half}–{limit} {unit}"),
    "gaps.class_beyond": ("不可达，{limit}–{twice}{unit}", "not within reach, {limit}–{twice} {unit}"),
    "gaps.class_far": ("不可达，超过{twice}{unit}或没有", "not within reach, over {twice} {unit} or none"),
    "gaps.class_own_near": ("本社区有，步行≤{half}米", "its community has one, ≤ {half} m"),
    "gaps.class_own_within": ("本社区有，步行超过{half}米", "its community has one, over {half} m"),
    "gaps.class_own_far": ("本社区没有", "its community has none"),
    "gaps.class_town_near": ("镇内有，步行≤{half}米", "the town has one, ≤ {half} m"),
    "gaps.class_town_within": ("镇内有，步行超过{half}米", "the town has one, over {half} m"),
    "gaps.class_town_far": ("镇内没有", "the town has none"),
}

_PAGE = {
    "page.town_privacy": (
        "住户数据只以汇总形式出现：少于{n}户的范围不显示人数。",
        "Household data leave only in sums: no number of people is shown where fewer than {n} households live.",
    ),
    "page.about_data": ("数据与依据", "Data and sources"),
    "page.search_town": ("查找社区、小区、设施或楼栋", "Find a community, estate, facility or building"),
}

GAPS_WORDS: dict[str, tuple[str, str]] = {**_LAYERS, **_STATES, **_CLASSES, **_PAGE}
