"""Words of printed map sheets."""

SHEET_WORDS = {
    "sheet.scale": ("比例尺", "Scale"),
    "sheet.crs": ("坐标系", "CRS"),
    "sheet.date": ("制图日期", "Date"),
    "sheet.version": ("数据版本{tx}", "data version {tx}"),
    "sheet.office": ("编制单位", "Made by"),
    "sheet.sources": ("数据来源", "Sources"),
    "sheet.no_sources": ("规划项目自有数据", "the study's own data"),
    "sheet.more": ("……另有{n}项", "… and {n} more"),
    "sheet.map": ("现状图", "Map of today"),
    "sheet.published_note": (
        "本图界线依据已公布的方案绘制；行政区域界线以批准文件为准。",
        "Borders are those of the published plan; the approved documents prevail.",
    ),
}
