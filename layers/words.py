"""Every word that maps, tables and reports show, in Chinese and English: one lookup.

`word("community", "zh")` gives 社区. The words of the trade are those of the code, the addresses and the buttons;
labels of columns, classes and sentences stand beside them. A missing key is a mistake of ours and raises KeyError.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from layers.examination_words import EXAMINATION_WORDS
from layers.gaps_words import GAPS_WORDS
from layers.served_words import SERVED_WORDS
from layers.sheet_words import SHEET_WORDS
from layers.siting_words import SITING_WORDS

if TYPE_CHECKING:
    import pandas as pd

    from geo.study import Study

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = get_args(Lang)

_CHINESE = r"[\u3001-\u303f\u4e00-\u9fff\uff01-\uff5e]"
_BRACKETS = re.compile(r"\(([^()]*)\)")
_SIGNS = {",": "，", ";": "；", ":": "："}

_TRADE = {
    "study": ("规划项目", "study"),
    "block": ("街坊地块", "block"),
    "seam": ("边线", "seam"),
    "estate": ("小区", "estate"),
    "community": ("社区", "community"),
    "group": ("整体单元", "atom group"),
    "profile": ("标准", "profile"),
    "plan": ("方案", "plan"),
    "action": ("动作", "action"),
    "finding": ("体检问题", "finding"),
    "indicator": ("指标", "indicator"),
    "programme": ("改造计划", "programme"),
    "facility": ("设施", "facility"),
    "gap": ("缺口", "gap"),
    "siting": ("选址", "siting"),
}

_LAYERS = {
    "layer.communities": ("调整后社区", "Communities after"),
    "layer.communities_before": ("现状社区", "Communities today"),
    "layer.moves": ("划转地块", "Transferred parcels"),
    "layer.blocks": ("街坊地块", "Blocks"),
    "layer.seams": ("边线", "Seams"),
    "layer.conversions": ("村改居类型", "Villages into communities"),
    "layer.roads": ("道路", "Roads"),
    "layer.barriers": ("河流与铁路", "Rivers and railways"),
    "layer.estates": ("小区", "Estates"),
    "layer.buildings": ("建筑", "Buildings"),
    "layer.facilities": ("设施", "Facilities"),
    "group.plan": ("调整方案", "The plan"),
    "group.figures": ("户数", "Households"),
    "group.lines": ("边界依据", "What borders follow"),
    "group.base": ("底图", "Base map"),
}

_FIELDS = {
    "name": ("名称", "Name"),
    "name_en": ("英文名", "English name"),
    "kind": ("类型", "Kind"),
    "status": ("调整情况", "Change"),
    "fate": ("调整情况", "What becomes of it"),
    "households": ("常住户数", "Households"),
    "people": ("常住人口", "People"),
    "households_before": ("现状户数", "Households today"),
    "people_before": ("现状人口", "People today"),
    "households_change": ("户数增减", "Change in households"),
    "against_limits": ("对照标准", "Against the limits"),
    "dwellings": ("住宅套数", "Dwellings"),
    "density": ("户密度", "Household density"),
    "area_km2": ("面积", "Area"),
    "area_m2": ("面积", "Area"),
    "blocks_count": ("街坊数", "Blocks"),
    "buildings_count": ("建筑数", "Buildings"),
    "estates_count": ("小区数", "Estates"),
    "name_proposed": ("名称待定", "Name to be decided"),
    "bounds_to": ("四至", "Bounds"),
    "bounds_of": ("四至（以…）", "Bounds (half-planes)"),
    "locked": ("整体保留", "Kept whole"),
    "heir": ("承接社区", "Received by"),
    "from": ("划出社区", "From"),
    "to": ("划入社区", "To"),
    "whole": ("整体划入", "Transferred whole"),
    "text": ("正式表述", "Official wording"),
    "bounds": ("四至", "Bounds"),
    "feature": ("沿线", "Follows"),
    "feature_class": ("类别", "Class"),
    "length_m": ("长度", "Length"),
    "barrier": ("阻隔", "Barrier"),
    "cut": ("调整后社区界", "Community border after"),
    "cut_before": ("现状社区界", "Community border today"),
    "block_id": ("街坊编号", "Block"),
    "community_id": ("社区编号", "Community id"),
    "community_after": ("调整后社区", "Community after"),
    "community_before": ("现状社区", "Community today"),
    "category": ("类别", "Category"),
    "capacity": ("规模", "Capacity"),
    "year_built": ("建成年份", "Year built"),
    "number": ("序号", "No."),
    "rule": ("规则", "Rule"),
    "measured": ("实测", "Measured"),
    "allowed": ("允许", "Allowed"),
    "note": ("说明", "Note"),
    "table": ("数据表", "Table"),
    "row": ("编号", "Row"),
    "what": ("处理", "What was done"),
    "reason": ("代码", "Code"),
    "item": ("项目", "Item"),
    "value": ("数值", "Value"),
    "unit": ("单位", "Unit"),
    "weight": ("权重", "Weight"),
    "weighted": ("加权值", "Weighted"),
    "term": ("分项", "Term"),
    "meaning": ("含义", "Meaning"),
    "total": ("合计", "Total"),
    "subtotal": ("小计", "Subtotal"),
    "times": ("次数", "Cases"),
    "renamed": ("更名", "Renamed"),
    "name_source": ("名称由来", "Where the name is from"),
    "place": ("范围", "Where"),
    "why": ("理由", "Why"),
    "measure": ("指标", "Measure"),
    "before": ("现状", "Today"),
    "after": ("方案", "Plan"),
    "verdict": ("评价", "Verdict"),
    "formula": ("计算方法", "Formula"),
    "source": ("依据", "Source"),
    "principle": ("原则与要求", "Principle or test"),
    "better": ("优劣方向", "Better when"),
    "heir_id": ("沿用者编号", "Heir (id)"),
    "rule_heir": ("按规则的承接社区", "Heir by the rule"),
    "by_planner": ("由规划人员指定", "Decided by the planner"),
    "share_in_heir": ("归入承接社区的占比", "Share in the heir"),
    "largest_part": ("最大部分所在社区", "Where its largest part is"),
    "share_largest": ("最大部分占比", "Share of the largest part"),
    "subject": ("对象", "Subject"),
    "conversion_type": ("改制类型", "Type"),
    "eligible": ("改居条件", "Conditions"),
    "condition_1": ("条件一：城镇建设用地范围内", "Condition 1: inside the construction land"),
    "condition_2": ("条件二：耕地不足以保障基本生活", "Condition 2: arable land no longer suffices"),
    "condition_3": ("条件三：三分之二以上劳力转移", "Condition 3: two thirds in non-farm work"),
    "condition_4": ("条件四：集体资产处置完毕", "Condition 4: collective assets settled"),
    "evidence": ("证明材料", "Evidence"),
    "asks": ("对方案的要求", "What it asks of a plan"),
    "proposal": ("建议", "Proposal"),
    "overridden": ("经人工改定", "Overruled"),
    "override_who": ("改定人", "By whom"),
    "override_why": ("改定理由", "Why overruled"),
    "mixed_share": ("混居户占比", "Share of mixed households"),
    "step": ("步骤", "Step"),
    "who": ("责任主体", "Who acts"),
    "requirement": ("要求和法律依据", "What it must satisfy"),
    "papers": ("材料", "Papers"),
    "day": ("时限（自建议之日起）", "Day (from the proposal)"),
    "alternative": ("方案", "Plan"),
    "aim": ("目标", "Aim"),
    "k": ("社区数", "Communities"),
    "households_min": ("最小社区户数", "Smallest community"),
    "households_max": ("最大社区户数", "Largest community"),
    "objective": ("加权总和", "Weighted sum"),
    "loss": ("总和高出", "Sum above A's"),
    "distance": ("归属不同的户占比", "Households grouped otherwise"),
    "households_apart": ("归属不同的户数", "Households apart from A"),
    "pareto": ("未被其他方案全面超过", "Beaten by none everywhere"),
    "gives_up": ("得失", "What it gains and gives up"),
    "chance": ("种子", "Seed"),
}

_VALUES = {
    "kind.community": ("社区", "community"),
    "kind.village": ("村", "village"),
    "kind.converted": ("村改居社区", "converted village"),
    "status.kept": ("保留不变", "kept"),
    "status.changed": ("范围调整", "changed"),
    "status.created": ("新设", "created"),
    "fate.kept": ("保留不变", "kept"),
    "fate.received": ("划入", "receives"),
    "fate.gave": ("划出", "gives"),
    "fate.exchanged": ("有划入有划出", "receives and gives"),
    "fate.abolished": ("撤销", "abolished"),
    "fate.renamed": ("更名", "renamed"),
    "fate.created": ("新设", "created"),
    "name_source.kept": ("沿用原名", "kept"),
    "name_source.decided": ("已确定", "decided"),
    "name_source.proposed": ("暂定", "proposed"),
    "verdict.better": ("变好", "better"),
    "verdict.worse": ("变差", "worse"),
    "verdict.unchanged": ("不变", "unchanged"),
    "verdict.changed": ("有变化", "changed"),
    "verdict.unknown": ("未知", "unknown"),
    "better.up": ("越大越好", "more"),
    "better.down": ("越小越好", "less"),
    "better.neutral": ("不分好坏", "neither"),
    "by.households": ("户数", "households"),
    "by.land": ("土地", "land"),
    "subject.village": ("村", "village"),
    "subject.converted": ("村改居社区", "converted village"),
    "subject.compound": ("小区", "compound"),
    "conversion.T1": ("一村改一社居", "T1: one village, one community"),
    "conversion.T2": ("村居合并", "T2: merged with a neighbourhood"),
    "conversion.T3": ("新小区单设", "T3: a compound of its own"),
    "conversion.none": ("不改", "no conversion"),
    "eligible.pass": ("具备", "met"),
    "eligible.fail": ("不具备", "not met"),
    "eligible.unknown": ("待核", "still to be shown"),
    "limits.below": ("低于下限", "below the minimum"),
    "limits.within": ("符合标准", "within the limits"),
    "limits.above": ("超过上限", "above the maximum"),
    "limits.unknown": ("户数不详", "not known"),
    "limits.none": ("未设限额", "no limits set"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "unknown": ("不详", "not known"),
    "action.repaired": ("修复", "repaired"),
    "action.dropped": ("剔除", "dropped"),
    "action.assumed": ("假定", "assumed"),
    "action.estimated": ("估算", "estimated"),
    "seam.expressway": ("快速路及以上", "motorway, trunk road"),
    "seam.primary": ("主干路", "primary road"),
    "seam.secondary": ("次干路", "secondary road"),
    "seam.tertiary": ("支路", "tertiary road"),
    "seam.street": ("街巷", "street, lane"),
    "seam.path": ("步道、小路", "path, footway"),
    "seam.water": ("河流水系", "river, canal, water"),
    "seam.railway": ("铁路", "railway"),
    "seam.wall": ("围墙、陡坎等", "wall, cliff, other"),
    "seam.border": ("原社区界", "old community border"),
    "seam.study_edge": ("规划范围边", "edge of the study"),
    "seam.none": ("无明显地物", "no feature"),
    "facility.health": ("医疗卫生", "health"),
    "facility.education": ("教育托幼", "education, childcare"),
    "facility.elderly": ("养老", "elderly care"),
    "facility.civic": ("社区管理服务", "community service"),
    "facility.culture": ("文化体育", "culture, sport"),
    "facility.shop": ("商业", "shops"),
    "facility.transport": ("交通", "transport"),
    "facility.other": ("其他", "other"),
    "barrier.water": ("河流水系", "water"),
    "barrier.railway": ("铁路", "railway"),
    "barrier.other": ("围墙及其他", "walls and others"),
    "road.expressway": ("快速路及以上", "motorway, trunk"),
    "road.primary": ("主干路", "primary"),
    "road.secondary": ("次干路", "secondary"),
    "road.tertiary": ("支路", "tertiary"),
    "road.street": ("街巷", "streets, lanes"),
    "road.path": ("步道、小路", "paths"),
    "rule.contiguity": ("连片", "in one piece"),
    "rule.households_min": ("户数下限", "fewest households"),
    "rule.households_max": ("户数上限", "most households"),
    "rule.people_min": ("人口下限", "fewest people"),
    "rule.people_max": ("人口上限", "most people"),
    "rule.whole": ("整体保留", "kept whole"),
    "rule.together": ("须在同一社区", "together"),
    "rule.apart": ("须在不同社区", "apart"),
    "rule.as_is": ("保持原状", "as it is"),
    "rule.forbid_cross": ("不得跨越的边线", "seams not to be spanned"),
    "rule.forbid_cut": ("不得作为边界的边线", "seams not to be a border"),
    "rule.town": ("不得跨镇街", "within one town"),
    "term.abolished": ("撤并", "abolished"),
    "term.seam": ("边线", "seam"),
    "term.change": ("变动", "change"),
    "term.land": ("土地变动", "land"),
    "term.mixed": ("村居混编", "mixed"),
    "term.size": ("规模", "size"),
    "term.shape": ("形状", "shape"),
    "term.service": ("服务", "service"),
}

_TABLES = {
    "table.study_area": ("规划范围", "Study area"),
    "table.roads": ("道路", "Roads"),
    "table.barriers": ("河流与铁路", "Rivers and railways"),
    "table.communities": ("社区", "Communities"),
    "table.estates": ("小区", "Estates"),
    "table.passages": ("出入口与过街设施", "Gates and crossings"),
    "table.buildings": ("建筑", "Buildings"),
    "table.facilities": ("设施", "Facilities"),
    "table.premises": ("闲置房地", "Idle rooms and land"),
    "table.census": ("统计区", "Census areas"),
    "table.blocks": ("街坊地块", "Blocks"),
    "table.seams": ("边线", "Seams"),
    "table.population": ("人口栅格", "Population raster"),
    "table.dem": ("地形栅格", "Terrain raster"),
    "option.mode": ("方式", "mode"),
    "option.min_households": ("户数下限", "fewest households"),
    "option.target_households": ("目标户数", "target households"),
    "option.max_households": ("户数上限", "most households"),
    "option.min_people": ("人口下限", "fewest people"),
    "option.max_people": ("人口上限", "most people"),
    "option.k": ("社区个数", "number of communities"),
    "option.keep_villages": ("村整体保留", "villages kept whole"),
    "option.keep_estates": ("小区不拆分", "estates kept whole"),
    "option.locks": ("锁定", "locks"),
    "option.conditions": ("单个社区的条件", "conditions of single communities"),
    "option.minimal_change": ("最小调整", "minimal change"),
    "option.seams": ("边线规定", "rules for seams"),
    "option.weights": ("权重", "weights"),
    "option.cut_costs": ("边界代价", "costs of borders"),
    "option.effort": ("搜索力度", "effort"),
    "option.time_limit_s": ("时限（秒）", "time limit (s)"),
    "option.allow_islands": ("容许孤立片区", "cut-off parts allowed"),
    "mode.redraw": ("重划", "redraw"),
    "mode.merge": ("整体合并", "merge whole communities"),
    "effort.quick": ("快速", "quick"),
    "effort.normal": ("常规", "normal"),
    "effort.thorough": ("细致", "thorough"),
    "source.register": ("社区（村）台账", "the communities' own totals"),
    "source.building": ("分栋数据", "counts per building"),
    "source.block": ("地块自带总数", "totals of the blocks themselves"),
    "source.estate": ("小区总数", "totals of estates"),
    "source.census": ("统计区总数", "totals of census areas"),
    "source.community": ("社区（村）总数", "totals of communities"),
    "source.raster": ("人口栅格", "population raster"),
    "source.floor_area": ("按建筑面积估算", "estimate from floor area"),
}

_UNITS = {
    "unit.households": ("户", "households"),
    "unit.household": ("户", "household"),
    "unit.person": ("人", "person"),
    "unit.people": ("人", "people"),
    "unit.communities": ("个", "communities"),
    "unit.km2": ("平方公里", "km²"),
    "unit.km²": ("平方公里", "km²"),
    "unit.m": ("米", "m"),
    "unit.per_hectare": ("户/公顷", "households/ha"),
    "unit.buildings": ("栋", "buildings"),
    "unit.km": ("公里", "km"),
    "unit.villages": ("个", "villages"),
    "unit.estates": ("个", "estates"),
    "unit.kinds": ("处", "kinds"),
    "unit.share": ("占比", "share"),
    "unit.index": ("指数", "index"),
}

_PAGE = {
    "page.title": ("社区优化整合方案", "Community boundary plan"),
    "page.edition": ("（版本{edition}）", " (edition {edition})"),
    "page.mark": ("内部资料 · 工作草图", "Internal working draft"),
    "page.mark_note": (
        "本图为内部工作草图，边界仅供方案研究，不作为行政区域界线依据。公开使用前须依法送审并标注审图号。",
        "An internal working draft: borders are for study only and have no legal force. "
        "Before publication the map goes to official review and carries its review number (审图号).",
    ),
    "page.review_number": ("审图号", "Review no. (审图号)"),
    "page.review_pending": ("（未送审）", "(not reviewed)"),
    "page.panel": ("面板", "Panel"),
    "page.tab_map": ("图层", "Map"),
    "page.tab_communities": ("社区", "Communities"),
    "page.tab_moves": ("调整", "Changes"),
    "page.tab_score": ("评估", "Scorecard"),
    "page.tab_about": ("说明", "About"),
    "page.view": ("视图", "View"),
    "page.before": ("现状", "Today"),
    "page.after": ("方案", "Plan"),
    "page.swipe": ("卷帘对比", "Swipe"),
    "page.swipe_handle": ("左右拖动对比现状与方案", "Drag to compare today with the plan"),
    "page.colour": ("着色", "Colour by"),
    "page.colour_communities": ("社区", "Community"),
    "page.colour_limits": ("户数对标", "Limits"),
    "page.colour_density": ("户密度", "Density"),
    "page.layers": ("图层", "Layers"),
    "page.legend": ("图例", "Legend"),
    "page.labels": ("社区名称与户数", "Community names"),
    "page.road_labels": ("道路名称", "Road names"),
    "page.old_borders": ("现状社区界（虚线）", "Today's borders (dashed)"),
    "page.language": ("English", "中文"),
    "page.whole_town": ("全图", "Whole town"),
    "page.north": ("北", "N"),
    "page.close": ("关闭", "Close"),
    "page.find": ("在图上查看", "Show on the map"),
    "page.zoom_in": ("放大", "Zoom in"),
    "page.zoom_out": ("缩小", "Zoom out"),
    "page.print": ("打印", "Print"),
    "page.households_unit": ("{n}户", "{n} hh"),
    "page.fewer": ("少于{n}", "fewer than {n}"),
    "page.block_note": (
        "户数少于{n}的街坊不显示具体户数",
        "Blocks of fewer than {n} households show no exact figure",
    ),
    "page.sort": ("点击表头排序", "Click a heading to sort"),
    "page.no_before": (
        "现状无社区划分，本方案为首次划分。",
        "There are no communities today: a first division.",
    ),
    "page.no_moves": ("本方案不改变任何社区的范围。", "This plan changes no community."),
    "page.violations": ("不符合标准之处", "Rules not met"),
    "page.no_violations": ("方案符合全部规则。", "The plan keeps every rule."),
    "page.kept_communities": ("保留不变的社区", "Communities kept as they are"),
    "page.community_border": ("社区界", "Community border"),
    "page.no_community": ("未划入社区的区域", "land of no community"),
    "page.figure_communities": ("社区（村）数", "communities"),
    "page.figure_moved": ("变动户数占比", "of households move"),
    "page.figure_households": ("常住户", "households"),
    "page.summary": ("{before}个调整为{after}个", "{before} become {after}"),
    "page.summary_first": ("首次划分为{after}个", "{after} communities, where there were none"),
    "page.summary_kept": ("{before}个，数目不变", "{before}, as many as today"),
    "page.limits_set": ("（本次设定）", " (set for this plan)"),
    "page.limits": ("每个社区{low}—{high}户", "{low}–{high} households a community"),
    "page.limits_min": ("每个社区不少于{low}户", "at least {low} households a community"),
    "page.limits_max": ("每个社区不超过{high}户", "at most {high} households a community"),
    "page.noscript": ("本图需要浏览器启用 JavaScript。", "This map needs JavaScript in the browser."),
    "page.alternatives": ("比选方案", "Other plans"),
    "page.this_plan": ("本方案", "This plan"),
    "page.sizes": ("各社区户数", "Households of a community"),
    "page.why": ("为何如此划分", "Why it is so"),
    "page.alternative_borders": ("比选方案{name}的社区界", "Borders of plan {name}"),
    "page.score_note": (
        "点击指标查看计算方法和依据。不设综合得分，好坏逐项比较。",
        "Tap a measure for its formula and source. There is no composite score.",
    ),
    "page.score_counts": (
        "{better}项变好，{worse}项变差，{unchanged}项不变",
        "{better} better, {worse} worse, {unchanged} unchanged",
    ),
    "page.score_others": ("，{n}项未知或不分好坏", ", {n} unknown or neither"),
}

_REPORT = {
    "report.title": ("社区优化整合方案", "Plan for the Adjustment of Communities"),
    "report.draft": ("（工作草图 · 内部资料）", "(internal working draft)"),
    "report.summary": ("总体情况", "Summary"),
    "report.basis": ("调整依据与原则", "Basis and principles"),
    "report.maps": ("调整前后示意图", "Maps before and after"),
    "report.map_before": ("调整前（现状）社区范围示意图", "Communities today"),
    "report.map_after": ("调整后社区范围示意图", "Communities after the adjustment"),
    "report.communities": ("调整后社区一览", "Communities after the adjustment"),
    "report.actions": ("调整内容", "Adjustments"),
    "report.bounds": ("调整后各社区四至范围", "Bounds of each community"),
    "report.matrix": ("新旧社区对照", "Old and new communities"),
    "report.matrix_households": ("户数", "Households"),
    "report.matrix_people": ("人口", "People"),
    "report.violations": ("不符合标准之处", "Rules not met"),
    "report.assumptions": ("数据处理与假定", "Repairs and assumptions"),
    "report.sources": ("标准、数据来源与计算说明", "Standard, sources and computation"),
    "report.terms": ("计算目标分项", "What the computation weighed"),
    "report.no_font": (
        "（本机未找到中文字体，图中以编号代替名称）",
        "(no font with Chinese characters on this machine: the maps show ids instead of names)",
    ),
    "report.figure": ("图{n}", "Figure {n}"),
    "report.table": ("表{n}", "Table {n}"),
    "report.page": ("第{page}页", "Page {page}"),
    "report.change": ("调整情况", "Change"),
    "report.author": ("编制单位", "Prepared by"),
    "report.date": ("编制日期", "Date"),
    "report.date_blank": ("        年    月    日", ""),
    "report.name_proposed": ("名称为暂定名，由有关方面确定", "the name is a proposal and waits for a decision"),
    "report.kept": ("保留{names}等{n}个社区（村），范围不变", "{n} stay as they are: {names}"),
    "report.kept_one": ("保留{names}，范围不变", "{names} stays as it is"),
    "report.that_is": ("即{text}。", " That is: {text}."),
    "report.example": ("说明（首例）", "Note (first case)"),
    "report.no_repairs": ("数据未作修复、假定或估算。", "Nothing was repaired, assumed or estimated in the data."),
    "report.summary_today": (
        "{study}现有社区（村）{before}个，常住户{households}户、常住人口{people}人。",
        "{study} has {before} communities and villages today, with {households} households and {people} people.",
    ),
    "report.summary_today_none": (
        "{study}现状无社区（村）划分数据，常住户{households}户、常住人口{people}人。",
        "{study} has no communities in the data today; it has {households} households and {people} people.",
    ),
    "report.summary_register": (
        "社区（村）台账合计{register}户，比本方案所用的户数{way}{difference}户，原因见“数据处理与假定”。",
        "The communities' own totals add up to {register} households, {difference} {way} than this plan uses; "
        "“Repairs and assumptions” says why.",
    ),
    "report.fewer": ("少", "fewer"),
    "report.more_than": ("多", "more"),
    "report.summary_sources": ("户数来源：{sources}。", "Where the households come from: {sources}."),
    "report.basis_profile": ("按照《{profile}》{limits}的标准", "By the standard “{profile}” ({limits})"),
    "report.basis_set": (
        "参照《{profile}》，按本次设定的限额（{limits}）",
        "By limits set for this plan ({limits}), otherwise by the standard “{profile}”",
    ),
    "report.summary_first": ("{basis}，本方案{change}社区。", "{basis}, there will be {change}."),
    "report.summary_plan": (
        "{basis}，本方案将{change}：撤销{abolished}个，新设{created}个，调整范围{changed}个，"
        "保留不变{kept}个{renamed}。共划转地块{moves}处、{moved}户，占全部常住户的{share}。",
        "{basis}, {change}: {abolished} abolished, {created} set up, {changed} changed, "
        "{kept} kept as they are{renamed}. {moves} parcels with {moved} households pass to another community, "
        "{share} of all.",
    ),
    "report.summary_sizes": (
        "调整后平均每个社区{mean}户，最小的是{low_name}（{low}户），最大的是{high_name}（{high}户）。",
        "After the adjustment a community has {mean} households on average; the smallest is {low_name} ({low}), "
        "the largest {high_name} ({high}).",
    ),
    "report.borders": (
        "社区之间的边界共{length}公里：{parts}。",
        "The borders between the communities are {length} km long: {parts}.",
    ),
    "report.borders_lines": (
        "沿道路、河流、铁路等地物的占{share}",
        "{share} follow roads, rivers, railways and the like",
    ),
    "report.borders_old": ("沿原社区界的占{share}", "{share} follow old community borders where no line is known"),
    "report.borders_none": ("无地物可依的占{share}，须实地核定", "{share} follow nothing on the map and need a check"),
    "report.principles_whole": (
        "每个社区（村）连片完整；{kept}尽量减少居民所属社区的变动。",
        "Every community is one piece; {kept}as few residents as possible change community.",
    ),
    "report.keeps_both": ("不拆分小区和需整体保留的村；", "estates and kept villages are not split; "),
    "report.keeps_estates": ("不拆分小区；", "estates are not split; "),
    "report.keeps_villages": ("不拆分需整体保留的村；", "kept villages are not split; "),
    "report.no_matrix": (
        "现状无社区划分，无新旧对照。",
        "There are no communities today, so there is nothing to compare.",
    ),
    "report.merge_note": (
        "本方案整体合并现状社区，户数直接取自社区台账；下表中划分街坊地块和分摊户数时留下的记录不影响本方案。",
        "This plan merges whole communities and takes their own totals; what the table says of cutting blocks and "
        "placing households does not touch it.",
    ),
    "report.old_new": ("现状社区 \\ 调整后社区", "today \\ after"),
    "report.none": ("无", "none"),
    "report.summary_renamed": ("，更名{n}个", ", {n} renamed"),
    "report.matrix_list": ("新旧社区对照明细", "What passes from which community to which"),
    "report.scorecard": ("方案评估", "Scorecard"),
    "report.scorecard_intro": (
        "以下按四项原则、三个有利于和五个有利于逐项比较现状与方案，现状和方案用同一算法计算。"
        "不设综合得分。各项指标的计算方法和依据见附件，序号相同。",
        "Today and the plan are compared by the four principles, the three tests and the five favourables; the same "
        "formula reads both. There is no composite score. The annex has every formula and its source by number.",
    ),
    "report.scorecard_first": (
        "现状无社区划分，以下按四项原则、三个有利于和五个有利于列出方案的各项数值。"
        "不设综合得分。各项指标的计算方法和依据见附件，序号相同。",
        "There are no communities today to compare with; the plan's values follow by the four principles, the three "
        "tests and the five favourables. There is no composite score. The annex has every formula and its source.",
    ),
    "report.scorecard_unknown": ("未知的指标及原因：{list}", "Not known of the plan, and why: {list}"),
    "report.scorecard_count": (
        "{n}项指标中，{better}项变好，{worse}项变差，{unchanged}项不变{others}。",
        "Of {n} measures {better} get better, {worse} get worse and {unchanged} stay{others}.",
    ),
    "report.scorecard_others": (
        "，{changed}项有变化而不分好坏，{unknown}项未知",
        ", {changed} change for neither better nor worse, and {unknown} are not known",
    ),
    "report.scorecard_better": ("变好的有：{list}。", "Better: {list}."),
    "report.scorecard_worse": ("变差的有：{list}。", "Worse: {list}."),
    "report.scorecard_see": ("另见第{list}项", "see also no. {list}"),
    "report.annex": ("附件：评估指标的计算方法和依据", "Annex: formulas and sources of the scorecard"),
    "report.formulas": ("评估指标的计算方法和依据", "Formulas and sources of the scorecard"),
    "report.as_above": ("同上", "as above"),
    "report.sharing": ("归并后可统筹共用的设施：{list}", "What can be pooled after a merger: {list}"),
    "report.procedure_both": (
        "相邻社区居民会议仅村居合并时召开。",
        "The neighbourhood's meeting is heard only where a village merges with one.",
    ),
    "report.conversions": ("村改居", "Villages into communities"),
    "report.conversions_intro": (
        "村改居须具备四项条件：一、全部区域在城镇建设用地范围内；二、集体耕地已不足以保障村民基本生活；"
        "三、三分之二以上劳动力转移到非农产业；四、集体资产、债权债务清理完毕，改制完成、产权明晰。"
        "类型由规则提出，由有关方面决定。",
        "Four conditions must all be met: the whole range inside the construction land; collective arable land no "
        "longer enough; two thirds of the labour force in non-farm work; assets and debts settled, the reform done, "
        "property clear. The types are proposals by rule; the authorities decide.",
    ),
    "report.conversions_none": (
        "另有{n}个对象（村、村改居社区、小区）不涉及改制，见工作簿。",
        "{n} more (villages, converted villages, compounds) are not converted; the workbook lists them.",
    ),
    "report.conversions_no": ("按规则无须改制的村和小区。", "Nothing is to be converted by the rules."),
    "report.procedure": ("程序：{type}", "Procedure: {type}"),
    "report.procedure_law": ("第{day}日（法定）", "day {day} (by law)"),
    "report.procedure_custom": ("第{day}日", "day {day}"),
    "report.alternatives": ("比选方案", "Plans compared"),
    "report.alternatives_intro": (
        "下列方案均满足全部硬性要求，没有一个各项都优于另一个；方案A按给定权重最优，其余与之比较。",
        "Each of these plans keeps every hard rule, and none beats another in everything; A is best under the weights "
        "as given, and the others are set against it.",
    ),
    "report.requirements": ("本次设定的要求", "What was asked of this plan"),
    "report.requirements_said": ("本次另设要求：{list}。", "It was asked besides: {list}."),
    "report.minimal_change": (
        "最小调整，以现状（或原方案）为起点，只纠正不符合规则之处",
        "minimal change, which mends only what breaks a rule, starting from today (or from the plan before)",
    ),
    "report.proof_best": (
        "已证明：满足全部要求的方案中没有更好的",
        "proven best: no plan that keeps every rule is better",
    ),
    "report.summary_proof": (
        "按所列权重计算，{proof}。",
        "By the weights given it is {proof}.",
    ),
    "score.principles": ("四项原则", "Four principles"),
    "score.tests": ("三个有利于", "Three tests"),
    "score.favourables": ("五个有利于", "Five favourables"),
    "report.proof_gap": ("已证明：更好的方案至多好{share}", "proven: at most {share} better exists"),
    "report.proof_pairs": (
        "已逐对证明：任何两个相邻社区之间都无法划得更好",
        "proven pair by pair: no two neighbouring communities can be parted better between them",
    ),
    "report.proof_none": ("由搜索得出，未证明最优", "found by search, not proven best"),
    "report.renamed_changed": ("{status}、更名", "{status}, renamed"),
    "ask.lock.whole": ("{names}整体保留", "{names} kept whole"),
    "ask.lock.as_is": ("{names}保持原状", "{names} kept exactly as today"),
    "ask.lock.free": ("{names}可以拆分", "{names} may be split"),
    "ask.lock.together": ("{names}须在同一社区", "{names} in one community"),
    "ask.lock.apart": ("{names}须在不同社区", "{names} in different communities"),
    "ask.has": ("{names}须在{community}", "{names} with {community}"),
    "ask.lacks": ("{names}不得在{community}", "{names} not with {community}"),
    "ask.office": ("{community}的办公场所须在其范围内", "{community} keeps its own office inside"),
    "ask.not_touching": ("{community}不得与{names}相邻", "{community} without a common border with {names}"),
    "ask.prefer": ("{names}宜作边界", "borders along {names} preferred"),
    "ask.avoid": ("{names}不宜作边界", "borders along {names} avoided"),
    "ask.forbid_cut": ("{names}不得作边界", "{names} never a border"),
    "ask.forbid_cross": ("不得跨越{names}", "no community across {names}"),
    "ask.blocks": ("街坊{ids}", "blocks {ids}"),
    "ask.estates": ("小区{ids}", "estates {ids}"),
    "ask.more": ("{ids}等{n}处", "{ids} and others, {n} in all"),
    "report.not_stated": ("未说明", "not stated"),
    "report.more": ("另有{n}条同类记录，见数据表。", "and {n} more of the same kind, in the workbook."),
    "sheet.communities": ("社区一览", "Communities"),
    "sheet.matrix_households": ("对照表（户数）", "Matrix (households)"),
    "sheet.matrix_people": ("对照表（人口）", "Matrix (people)"),
    "sheet.matrix_area_m2": ("对照表（面积）", "Matrix (area)"),
    "sheet.matrix_buildings_count": ("对照表（建筑）", "Matrix (buildings)"),
    "sheet.heirs": ("名称沿用", "Who keeps the name"),
    "sheet.scorecard": ("方案评估", "Scorecard"),
    "sheet.six_ones": ("六个一", "Six ones"),
    "sheet.conversions": ("村改居", "Conversions"),
    "sheet.procedures": ("村改居程序", "Procedures"),
    "sheet.alternatives": ("方案比选", "Plans compared"),
    "sheet.distances": ("方案差异", "Distances"),
    "sheet.tried": ("已试方案", "Tried"),
    "sheet.bounds": ("四至范围", "Bounds"),
    "sheet.terms": ("计算目标分项", "Terms weighed"),
    "sheet.moves": ("调整动作", "Changes"),
    "sheet.violations": ("不符合项", "Rules not met"),
    "sheet.assumptions": ("数据处理与假定", "Repairs, assumptions"),
    "sheet.provenance": ("依据与参数", "Provenance"),
    "about.study": ("规划项目", "Study"),
    "about.crs": ("坐标系", "Coordinate system"),
    "about.profile": ("采用标准", "Profile"),
    "about.edition": ("版本", "Edition"),
    "about.source": ("标准出处", "Source of the profile"),
    "about.limits": ("户数限额", "Household limits"),
    "about.households_from": ("户数来源", "Households come from"),
    "about.register": ("社区台账户数", "Communities' own totals"),
    "about.seed": ("随机种子", "Seed"),
    "about.engine": ("计算引擎版本", "Engine version"),
    "about.options": ("参数", "Option"),
    "about.notes": ("数据说明", "Note"),
    "about.proof": ("最优性", "Optimality"),
    "about.stopped": ("达到时限提前结束", "the time limit ended the search"),
    "about.started": ("起点", "Started from"),
    "about.started_plan": ("原有方案（{digest}）", "a plan made before ({digest})"),
    "about.lower_bound": ("加权总和与下界", "Weighted sum and lower bound"),
    "about.islands": ("孤立片区（低于下限）", "Cut-off parts below the minimum"),
    "about.profile_note": ("标准说明", "Note on the profile"),
    "about.people_limits": ("人口限额", "People limits"),
    "about.defaults": ("默认参数", "defaults"),
    "about.attribution": ("数据来源", "Data"),
    "about.households_total": ("常住户数合计", "Households in all"),
    "about.people_total": ("常住人口合计", "People in all"),
    "about.moved_households": ("变动户数", "Households that change community"),
    "about.moved_share": ("变动户数占比", "Share of households that change"),
}

PLAN_WORDS: dict[str, tuple[str, str]] = {
    **_TRADE, **_LAYERS, **_FIELDS, **_VALUES, **_TABLES, **_UNITS, **_PAGE, **_REPORT
}  # fmt: skip
"""The words of plans, and those that everything shares."""

WORDS: dict[str, tuple[str, str]] = {
    **EXAMINATION_WORDS, **GAPS_WORDS, **SITING_WORDS, **SERVED_WORDS, **SHEET_WORDS, **PLAN_WORDS,
}  # fmt: skip
"""Key → (Chinese, English)."""


def word(key: str, lang: Lang, **values: object) -> str:
    """Return the word or sentence `key` in `lang`, with `values` filled into its braces.

    Examples
    --------
    >>> word("community", "zh")
    '社区'
    >>> word("page.limits", "en", low="1,000", high="3,000")
    '1,000–3,000 households a community'
    """
    text = WORDS[key][LANGS.index(lang)]
    return text.format(**values) if values else text


def heading(key: str, lang: Lang) -> str:
    """Return a word as it stands at the head of a column: with a capital letter in English.

    Examples
    --------
    >>> heading("indicator", "en"), heading("indicator", "zh")
    ('Indicator', '指标')
    """
    text = word(key, lang)
    return text[:1].upper() + text[1:] if lang == "en" else text


def fullwidth(text: str) -> str:
    """Return Chinese text with its commas, semicolons, colons and brackets in the Chinese form.

    Signs between Latin letters and figures stay.

    Examples
    --------
    >>> fullwidth("撤销A社区,将A社区整体划入B社区管辖;1,200户(常住)")
    '撤销A社区，将A社区整体划入B社区管辖；1,200户（常住）'
    """
    text = _BRACKETS.sub(_bracketed, text)
    for half, full in _SIGNS.items():
        text = re.sub(f"(?<={_CHINESE}){half}|{half}(?={_CHINESE})", full, text)
    return text


def _bracketed(match: re.Match[str]) -> str:
    around = match.string[max(0, match.start() - 1) : match.end() + 1]
    return f"（{match[1]}）" if re.search(_CHINESE, around) else match[0]


def value_word(kind: str, value: object, lang: Lang) -> str:
    """Return the word for one value of a choice (`status`, `kept`), or the value itself when it is not listed."""
    if is_missing(value):
        return word("unknown", lang)
    key = f"{kind}.{value}"
    return word(key, lang) if key in WORDS else str(value)


def name_in(row: "Mapping[str, Any] | pd.Series", lang: Lang, or_else: str = "") -> str:
    """Return a row's name in `lang`, or in the other language when it has none, or `or_else`."""
    for column in ("name", "name_en") if lang == "zh" else ("name_en", "name"):
        value = row.get(column)
        if not is_missing(value) and str(value).strip():
            return str(value)
    return or_else


def study_name(study: "Study", lang: Lang) -> str:
    """Return the study's name in `lang`; the Chinese one where it has no other."""
    return study.name if lang == "zh" else study.name_en or study.name


def number(value: object, lang: Lang, *, digits: int = 0) -> str:
    """Return a number with thousands separated, or the word for "not known".

    Examples
    --------
    >>> number(12345.6, "en"), number(None, "zh")
    ('12,346', '不详')
    """
    if is_missing(value):
        return word("unknown", lang)
    return f"{float(str(value)):,.{digits}f}"


def is_missing(value: object) -> bool:
    """Tell whether a single value is missing (None, NaN, NA)."""
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - NaN and NaT are unlike themselves
    except TypeError:  # pandas' NA: neither like nor unlike
        return True
