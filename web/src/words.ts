/** What the page itself says, in both languages. Words of data, layers and classes come with the catalogue. */

import type { Lang, Words } from "./catalogue";

const WORDS = {
  loading: ["正在打开地图…", "Opening the map…"],
  map: ["地图", "Map"],
  map_keys: [
    "地图。方向键移动，加减键缩放，回车查看十字中心处的要素。",
    "Map. Arrow keys move it, plus and minus zoom, Enter tells what lies under the cross in its middle.",
  ],
  panel: ["面板", "Panel"],
  fold: ["收起面板", "Fold the panel away"],
  unfold: ["展开面板", "Open the panel"],
  tab_layers: ["图层", "Layers"],
  tab_list: ["清单", "Lists"],
  tab_about: ["说明", "About"],
  view: ["视图", "View"],
  before: ["现状", "Today"],
  after: ["方案", "Plan"],
  swipe: ["卷帘对比", "Swipe"],
  swipe_handle: ["左右拖动，对比现状与方案", "Drag to compare today with the plan"],
  swipe_share: ["左侧现状占{n}%", "today takes {n}% on the left"],
  zoom_in: ["放大", "Zoom in"],
  zoom_out: ["缩小", "Zoom out"],
  whole: ["全图", "Whole town"],
  north: ["北", "N"],
  language: ["English", "中文"],
  language_hint: ["Show this page in English", "本页改用中文"],
  print: ["打印", "Print"],
  share: ["复制链接", "Copy link"],
  share_hint: ["复制指向当前视图的链接", "Copy a link to exactly this view"],
  shared: ["链接已复制，打开即是当前视图。", "Link copied: it opens exactly this view."],
  share_self: ["请复制浏览器地址栏中的地址。", "Copy the address from the browser's address bar."],
  search: ["按名称搜索", "Search by name"],
  search_none: ["没有名称含“{q}”的地物。", "Nothing has “{q}” in its name."],
  search_found: ["找到{n}条", "{n} found"],
  search_more: ["还有更多，请多输几个字。", "There are more: type a little more of the name."],
  search_clear: ["清除搜索", "Clear the search"],
  parts: ["{n}段", "{n} parts"],
  plans: ["方案", "Plans"],
  plan_none: ["不显示方案", "No plan"],
  state_draft: ["草案", "draft"],
  state_proposed: ["已提交", "proposed"],
  state_approved: ["已审定", "approved"],
  state_published: ["已公布", "published"],
  state_withdrawn: ["已撤回", "withdrawn"],
  none: ["不着色", "None"],
  colour_by: ["着色", "Colour by"],
  colour_what: ["{what}着色", "Colour {what} by"],
  of_homes: ["住宅", "homes"],
  of_communities: ["社区", "communities"],
  of_estates: ["小区", "estates"],
  of_buildings: ["楼栋", "buildings"],
  of_blocks: ["街坊", "blocks"],
  of_units: ["体检单元", "units"],
  class: ["分类", "Class"],
  opacity: ["不透明度", "Opacity"],
  opacity_of: ["“{name}”的不透明度", "Opacity of {name}"],
  legend: ["图例", "Legend"],
  nothing_shown: ["没有打开任何图层。", "No layer is switched on."],
  zoom_closer: ["放大后可见", "visible when closer"],
  list_of: ["列出", "List"],
  list_sort: ["排序", "Sort by"],
  list_name: ["名称", "Name"],
  list_rows: ["共{n}条", "{n} in all"],
  list_shown: ["共{all}条，列出前{n}条", "the first {n} of {all}"],
  list_more: ["再列{n}条", "{n} more"],
  list_empty: ["没有内容。", "Nothing here."],
  list_filter: ["筛选", "Filter"],
  on_map: ["在图上查看", "Show on the map"],
  card: ["所选要素", "Selected feature"],
  close: ["关闭", "Close"],
  zoom_to: ["缩放至此", "Zoom to it"],
  previous: ["上一个", "Previous"],
  next: ["下一个", "Next"],
  of: ["{i}/{n}", "{i} of {n}"],
  several: ["此处共有{n}个要素", "{n} features lie here"],
  gone: ["这个要素已不存在，可能刚被删除。", "This feature is no longer there; it may have just been deleted."],
  here: ["此处数值", "Values here"],
  no_value: ["无数据", "no data"],
  unknown: ["未知", "unknown"],
  fewer: ["户数过少，不予公布", "too few households to be told"],
  mark_draft: ["内部资料 · 工作草图", "Internal working draft"],
  review: ["审图号：{n}", "Review no. {n}"],
  review_pending: ["审图号：（未送审）", "Review no.: not reviewed"],
  mark_note: [
    "工作草图仅供内部讨论。地图公开使用前须依法送审并标注审图号。",
    "A working draft for internal discussion. A map of China may be made public only after review, with its review number.",
  ],
  about_study: ["本规划项目", "This study"],
  about_plan: ["当前方案", "The plan shown"],
  made: ["生成时间", "Made"],
  made_by: ["制作者", "By"],
  state: ["状态", "State"],
  services: ["在其他软件中使用", "In other programs"],
  services_note: [
    "以上地址可直接加入 QGIS（OGC API 要素、矢量切片）。",
    "QGIS opens these addresses directly (OGC API Features, vector tiles).",
  ],
  landing: ["服务首页（OGC API）", "Landing page (OGC API)"],
  style: ["图层样式（MapLibre）", "Map style (MapLibre)"],
  software: ["软件", "Software"],
  licences: ["所用开源软件的许可", "Licences of open-source software"],
  keys: ["键盘操作", "Keyboard"],
  keys_text: [
    "按 Tab 键依次到达各处；在地图上，方向键移动、+ 和 − 缩放、回车查看中心处的要素，Esc 关闭卡片；按 / 搜索。",
    "Tab reaches everything in turn. On the map the arrow keys move, + and − zoom, Enter tells what lies in the middle and Esc closes the card; / searches.",
  ],
  offline: ["服务器没有回应，正在重新连接…图上内容可能不是最新的。", "The server does not answer; trying again. What the map shows may be out of date."],
  online: ["已重新连接，地图已更新。", "Connected again; the map is up to date."],
  updated: ["数据刚被修改，地图已更新。", "The data was edited just now; the map is up to date."],
  tiles_failed: ["部分图面没有载入，稍后自动重试。", "Parts of the map did not load; it will try again."],
  no_webgl: [
    "本浏览器不能显示地图：WebGL 不可用。请更新浏览器，或开启硬件加速。清单和说明仍可使用。",
    "This browser cannot draw the map: WebGL is off. Update it or switch hardware acceleration on. Lists still work.",
  ],
  failed: ["地图没有打开", "The map did not open"],
  not_found: ["没有这个规划项目，或者您无权查看。", "There is no such study, or you may not look at it."],
  sign_in: ["请先登录再打开本页。", "Sign in first, then open this page again."],
  server_error: ["服务器出错（{status}）。", "The server failed ({status})."],
  no_server: ["服务器没有回应。", "The server does not answer."],
  retry: ["重试", "Try again"],
  empty: ["本规划项目还没有可显示的图层。", "This study has no layers to show yet."],
  all_studies: ["全部规划项目", "All studies"],
} as const satisfies Record<string, readonly [string, string]>;

export type Word = keyof typeof WORDS;

/** Return what the page says, with `{name}` filled in. */
export function say(word: Word, lang: Lang, values: Readonly<Record<string, string | number>> = {}): string {
  return WORDS[word][lang === "zh" ? 0 : 1].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Return a text in the language, or in the other one where it has none. */
export function pick(words: Words | null | undefined, lang: Lang): string {
  if (!words) return "";
  return words[lang] || words[lang === "zh" ? "en" : "zh"] || "";
}

/** Tell whether there are words for this key; of states of plans there may be some that the page does not know. */
export function known(key: string): key is Word {
  return key in WORDS;
}
