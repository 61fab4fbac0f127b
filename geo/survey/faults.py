"""What can be wrong with a survey, cell by cell: every kind with its level, sentence and remedy in both languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from geo.errors import Fault, InputError

Level = Literal["file", "row", "warning"]
"""`file`: nothing of the file is used. `row`: its row is not used. `warning`: used, and told."""


@dataclass(frozen=True)
class CellFault:
    """One thing that is wrong in a survey, and where.

    Attributes
    ----------
    kind : str
        Key of its kind (`KINDS`).
    sheet : str
        The sheet, or the file's name for CSV and GeoJSON; "" for the file as a whole.
    row : int
        The row as the spreadsheet numbers it, from 1; 0 for a whole sheet or file.
    column, heading : str
        The column's letter, and its heading; "" for a whole row.
    value : str
        What stands there.
    what_zh, what_en, remedy_zh, remedy_en : str
        What is wrong, and what to do.
    """

    kind: str
    sheet: str
    row: int
    column: str
    heading: str
    value: str
    what_zh: str
    what_en: str
    remedy_zh: str
    remedy_en: str

    @property
    def level(self) -> Level:
        """How far it reaches: the file, its row, or a warning."""
        return KINDS[self.kind].level

    @property
    def cell(self) -> str:
        """The cell as a spreadsheet names it: `F12`; "" for a whole sheet or file."""
        return f"{self.column}{self.row or ''}"


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault: its level and sentences; `{...}` stand for what is known of the case."""

    level: Level
    what_zh: str
    what_en: str
    remedy_zh: str
    remedy_en: str


def _file(*texts: str) -> FaultKind:
    return FaultKind("file", *texts)


def _row(*texts: str) -> FaultKind:
    return FaultKind("row", *texts)


def _warn(*texts: str) -> FaultKind:
    return FaultKind("warning", *texts)


_AGAIN = ("请用本软件重新生成调查表后填写", "make the workbook anew with shequ, and fill that in")
_CORRECT = ("请改正；不清楚的留空", "correct it; leave it empty when unknown")

KINDS: Mapping[str, FaultKind] = {
    # the file
    "not_workbook": _file("文件不是 xlsx 工作簿", "the file is no xlsx workbook",
                          "请用 Excel 或 WPS 另存为 .xlsx", "save it as .xlsx in Excel or WPS"),
    "encrypted": _file("工作簿有打开密码", "the workbook is encrypted",
                       "请取消打开密码后再导入", "remove the password needed to open it"),
    "old_xls": _file("文件是旧版 xls 工作簿", "the file is a workbook of the old xls kind",
                     "请另存为 .xlsx", "save it as .xlsx"),
    "damaged": _file("工作簿已损坏，无法读取（{detail}）", "the workbook is damaged and cannot be read ({detail})",
                     "请用 Excel 或 WPS 打开后另存为 .xlsx", "open it in Excel or WPS and save it as .xlsx"),
    "zip_bomb": _file("工作簿解压后过大（{detail}）", "the workbook unpacks to too much ({detail})",
                      "请只保留本软件生成的工作表", "keep only the sheets that shequ made"),
    "too_large": _file("文件过大（{detail}）", "the file is too large ({detail})",
                       "请分小区导入", "import it by estates"),
    "too_many_rows": _file("工作表行列过多（{detail}）", "the sheet has too many rows or columns ({detail})",
                           "请删去表外的单元格", "delete the cells outside the table"),
    "meta_missing": _file("不是本软件生成的调查表（缺少隐藏页 _shequ）",
                          "this is no survey workbook of shequ (its hidden sheet _shequ is missing)", *_AGAIN),
    "newer_format": _file("调查表由更新版本的软件生成（格式 {detail}）",
                          "the workbook was made by a newer shequ (format {detail})",
                          "请升级本软件", "update shequ"),
    "other_study": _file("调查表是为“{detail}”生成的，不是本项目", "the workbook was made for another study, {detail}",
                         "请选用本项目的调查表", "give the workbook of this study"),
    "wrong_edition": _file("调查表按指标体系 {detail} 生成，与所选版本不同",
                           "the workbook was made for the edition {detail}, not for the one chosen",
                           "请选用同一版本的指标体系，或重新生成调查表",
                           "choose that edition, or make the workbook anew"),
    "text_encoding": _file("文件既不是 UTF-8 也不是 GB 18030 文本（{detail}）",
                           "the file is neither UTF-8 nor GB 18030 text ({detail})",
                           "请另存为 UTF-8 编码的 CSV", "save it as CSV in UTF-8"),
    "not_table": _file("文件不是可读的表（{detail}）", "the file is no table that can be read ({detail})",
                       "请重新导出", "export it again"),
    "id_column_missing": _file("找不到对象编号列（现有列：{detail}）",
                               "no column holds the subjects' ids (it has: {detail})",
                               "请将该列命名为 building_id 等，或在对应关系中说明",
                               "name it building_id or the like, or say it in the mapping"),
    "nothing_asked": _file("没有一列是问题代码或调查项（现有列：{detail}）",
                           "no column is a code or an item of the catalogue (it has: {detail})",
                           "请在对应关系（columns）中说明各列", "say in the mapping (columns) which is which"),
    # sheets and columns
    "sheet_missing": _row("缺少工作表“{detail}”", "the sheet {detail} is missing", *_AGAIN),
    "sheet_twice": _row("工作表“{detail}”重复出现", "the sheet {detail} stands twice",
                        "请删去多余的副本", "delete the copy"),
    "keys_missing": _row("隐藏的列代码行被改动或删除", "the hidden row of column keys was changed or deleted",
                         "请撤销该改动，或将填写内容复制到本软件重新生成的调查表",
                         "undo that, or copy what was filled in into a workbook made anew with shequ"),
    "column_missing": _row("缺少列“{detail}”", "the column {detail} is missing", *_AGAIN),
    "column_twice": _row("列“{detail}”重复出现", "the column {detail} stands twice", "请删去多余的列",
                         "delete the copy"),
    "merged_cells": _row("单元格被合并（{detail}）", "cells were merged ({detail})",
                         "请取消合并，逐行填写", "unmerge them and fill in every row"),
    "error_cell": _row("单元格是公式错误", "the cell holds a spreadsheet error", "请填写数值或文字", "write a value"),
    "formula_unevaluated": _row("公式没有计算结果", "the formula has no computed value",
                                "请在 Excel 中打开并保存，或直接填写数值",
                                "open and save it in Excel, or write the value"),
    "sheet_renamed": _warn("工作表已改名，原名“{detail}”", "the sheet was renamed; it was {detail}",
                           "已按隐藏标记识别，无需处理", "it was told by its hidden mark; nothing to do"),
    "sheet_unknown": _warn("多出的工作表，未读取", "a sheet of its own, not read",
                           "如有调查内容，请填入相应表单", "put what belongs to the survey into its forms"),
    "column_unknown": _warn("多出的列，未读取", "a column of its own, not read",
                            "如有需要，请写入备注列", "write what matters into the notes"),
    # whom a row is about
    "id_missing": _row("有填写内容但没有编号", "the row is filled in but has no id", "请补填编号", "fill in the id"),
    "id_edited": _row("预填的编号被改动，原为“{detail}”", "the id that was filled in was changed; it was {detail}",
                      "请改回原编号；新增对象另起一行", "restore it; use a row of its own for another subject"),
    "building_unknown": _row("项目中没有这栋楼", "the study has no such building",
                             "请核对编号；新楼须先导入项目", "check the id; import new buildings first"),
    "building_use": _row("该建筑不是住宅（{detail}），不在调查范围", "the building is not residential ({detail})",
                         "请核对编号，或先更正建筑用途", "check the id, or correct the building's use first"),
    "estate_unknown": _row("项目中没有这个小区", "the study has no such estate", "请核对编号", "check the id"),
    "unit_unknown": _row("项目中没有这个体检单元", "the study has no such examination unit", "请核对编号",
                         "check the id"),
    "block_unknown": _row("项目中没有这个街坊", "the study has no such block", "请核对编号", "check the id"),
    "row_twice": _row("同一对象重复填写（首次在第 {detail} 行）", "the subject stands twice (first in row {detail})",
                      "请合并为一行", "make one row of them"),
    "row_superseded": _warn("同一对象有更晚的提交，本行未采用", "a later submission for the same subject goes before",
                            "无需处理", "nothing to do"),
    "subject_missing": _row("没有填写对象", "the subject is missing", "请从下拉框选择", "choose one from the list"),
    "subject_word": _row("对象用词不在下拉框内", "the subject is none of the list",
                         "请从下拉框选择：{detail}", "choose one of: {detail}"),
    # results
    "result_word": _row("结果用词不在下拉框内", "the result is none of the list",
                        "请从下拉框选择：有、无、不涉及", "choose Found, Clear or Not applicable"),
    "flag_word": _row("应填是或否", "this is neither yes nor no", "请从下拉框选择：是、否", "choose Yes or No"),
    "contradiction": _row("此处填“{detail}”，但问题明细中列有该对象的这一问题",
                          "here it says {detail}, but the findings list this problem of the same subject",
                          "请改为“有”，或删去问题明细中的行，或将其状态改为已整治",
                          "write Found, or delete the finding, or set its status to done"),
    "not_applicable_found": _row("这一问题不适用于该对象（{detail}），却填了有问题",
                                 "the problem cannot arise here ({detail}), yet it is found",
                                 "请改为“不涉及”，或更正楼栋的层数、年份",
                                 "write Not applicable, or correct the building's floors or year"),
    "clear_but_open": _warn("此处填“无”，但项目中该问题尚未销号（{detail}），仍按未整治计",
                            "here it is clear, but the study has it open ({detail}): it stays open",
                            "如确已整治，请在问题明细中填写整治状态与完成日期",
                            "if it was put right, give its status and day in the findings"),
    "word_other": _warn("用词与下拉框不同，按“{detail}”读取", "another word than the list has; read as {detail}",
                        "请尽量从下拉框选择", "choose from the list where possible"),
    # who and when
    "date_missing": _row("没有填写调查日期", "the day of the survey is missing", "请补填", "fill it in"),
    "date_unreadable": _row("不是日期", "this is no day", "请写成 2026-03-01 的形式", "write it like 2026-03-01"),
    "date_future": _row("日期晚于今天（{detail}）", "the day lies after today ({detail})", *_CORRECT),
    "date_before_built": _row("日期早于建成年份（{detail}）", "the day lies before the building was built ({detail})",
                              *_CORRECT),
    "date_before_1990": _row("日期早于 1990 年", "the day lies before 1990", *_CORRECT),
    "surveyor_missing": _row("没有填写调查人", "the surveyor is missing", "请补填", "fill it in"),
    # findings
    "finding_twice": _row("问题编号重复（首次在第 {detail} 行）", "the finding id stands twice (first in row {detail})",
                          "新的问题请留空编号", "leave the id of a new finding empty"),
    "finding_moved": _row("这一问题编号在项目中属于另一对象或代码（{detail}）",
                          "the study has this finding id on another subject or code ({detail})",
                          "请核对编号；新的问题请留空编号", "check the id; leave that of a new finding empty"),
    "finding_same": _warn("与上面的一行相同，按另一处问题计", "the same as a row above; taken as another problem",
                          "如为重复填写请删去", "delete it if it was entered twice"),
    "code_missing": _row("没有填写问题代码", "the code is missing", "请从下拉框选择", "choose one from the list"),
    "code_unknown": _row("指标体系中没有这个问题代码", "the catalogue has no such code",
                         "请从下拉框选择", "choose one from the list"),
    "code_subject": _row("这一代码不用于此类对象（应为：{detail}）",
                         "the code is not for this kind of subject ({detail})",
                         "请改正代码或对象", "correct the code or the subject"),
    "severity_word": _row("严重程度用词不在下拉框内", "the severity is none of the list",
                          "请从下拉框选择：一般、严重、很严重", "choose General, Serious or Very serious"),
    "severity_milder": _row("严重程度轻于规模所定的“{detail}”",
                            "the severity is milder than the extent makes it ({detail})",
                            "请按规模界限改正", "follow the limits of the extent"),
    "severity_graver": _warn("严重程度重于规模所定的“{detail}”，按所填采用",
                             "the severity is graver than the extent makes it ({detail}); taken as written",
                             "请在备注中说明理由", "say why in the note"),
    "extent_text": _row("规模不是数字", "the extent is no number", *_CORRECT),
    "extent_negative": _row("规模为负数", "the extent is negative", *_CORRECT),
    "extent_infinite": _row("规模不是有限的数", "the extent is not a finite number", *_CORRECT),
    "extent_fraction": _row("规模应为整数", "the extent must be a whole number", *_CORRECT),
    "extent_implausible": _row("规模过大，超过 {detail}", "the extent is implausibly large: more than {detail}",
                               "请核对数值与单位", "check the value and its unit"),
    "extent_unit": _row("规模单位不符，应为{detail}", "the unit of the extent is wrong; it is {detail}",
                        "请改正单位，并换算数值", "correct the unit, and convert the value"),
    "extent_unit_word": _row("规模单位不在下拉框内", "the unit of the extent is none of the list",
                             "请从下拉框选择", "choose one from the list"),
    "extent_missing": _warn("这一问题应填规模", "this problem should have an extent",
                            "请尽量补填；缺少时严重程度按默认值",
                            "fill it in if possible; the default severity is used"),
    "flats_over": _row("套数多于该楼的住宅套数（{detail}）", "more flats than the building has ({detail})",
                       "请核对套数", "check the number"),
    "status_word": _row("整治状态用词不在下拉框内", "the status is none of the list",
                        "请从下拉框选择：待整治、已列入计划、已整治、已复核",
                        "choose Open, Scheduled, Done or Checked"),
    "status_older": _warn("项目中已是“{detail}”，且日期晚于本行，未改回",
                          "the study has it as {detail}, later than this row; it stays so",
                          "如确需改回，请将调查日期改为复查的日期",
                          "if it came back, write the day on which it was seen again"),
    "status_back": _warn("项目中已是“{detail}”，此处又改回，按所填采用",
                         "the study has it as {detail}; here it goes back, and is taken as written",
                         "如为复核不合格，请在备注中说明", "say why in the note"),
    "done_without_date": _row("已整治但没有完成日期", "it is done but has no day of it", "请补填完成日期",
                              "fill it in"),
    "done_not_done": _warn("填了完成日期，但状态不是已整治", "it has a day of completion but is not done",
                           "请核对整治状态", "check the status"),
    "done_before_survey": _row("完成日期早于调查日期（{detail}）", "it was done before the survey ({detail})",
                               *_CORRECT),
    "due_before_survey": _row("整治期限早于调查日期（{detail}）", "it is due before the survey ({detail})", *_CORRECT),
    "place_not_number": _row("坐标不是数字", "the coordinate is no number", *_CORRECT),
    "place_half": _row("坐标只填了一个", "only one of two coordinates is given", "请补全或留空", "give both or none"),
    "place_swapped": _row("X、Y 坐标填反", "x and y are swapped", "请对调", "exchange them"),
    "place_outside": _row("位置在项目范围之外", "the place lies outside the study", *_CORRECT),
    "place_far": _row("位置距其楼栋 {detail} 米", "the place lies {detail} m from its building", *_CORRECT),
    # photos
    "photo_path": _row("照片名带有路径", "the photo's name has a path in it",
                       "请只填文件名，照片放在一个文件夹内", "write the file's name only; keep photos in one folder"),
    "photo_missing": _row("照片文件夹中没有 {detail}", "the folder of photos has no {detail}",
                          "请补放照片，或改正文件名", "add the photo, or correct its name"),
    "photo_ambiguous": _row("有多个文件与 {detail} 相符", "several files fit {detail}",
                            "请填写完整文件名", "write the full name"),
    "photo_unreferenced": _warn("没有一条问题使用的照片：{detail}", "photos that no finding names: {detail}",
                                "请在问题明细中填写照片名", "name them in the findings"),
    # quantities
    "value_text": _row("不是数字", "this is no number", *_CORRECT),
    "value_negative": _row("数值为负", "the value is negative", *_CORRECT),
    "value_infinite": _row("不是有限的数", "the value is not finite", *_CORRECT),
    "value_not_whole": _row("应为整数", "the value must be whole", *_CORRECT),
    "value_implausible": _row("数值过大，超过 {detail}", "the value is implausibly large: more than {detail}",
                              "请核对数值与单位", "check the value and its unit"),
    "share_over_one": _row("比例超过 100%", "the share is more than 100 %",
                           "请写成 35% 或 0.35", "write it like 35% or 0.35"),
    "fullwidth": _warn("全角字符，按“{detail}”读取", "full-width characters, read as {detail}",
                       "请用半角数字", "use half-width digits"),
    "blanks": _warn("前后有空格，已去除", "blanks around it were removed", "无需处理", "nothing to do"),
    "controls": _warn("含有不可见的控制字符，已去除", "control characters in it were removed",
                      "无需处理", "nothing to do"),
    "number_text": _warn("数字写成了文字，按 {detail} 读取", "a number written as text, read as {detail}",
                         "请只填数字", "write the number only"),
    # values entered by hand
    "town_item_unknown": _row("没有这一指标", "there is no such indicator",
                              "请使用预填的指标行", "use the rows that were filled in"),
    "town_source_missing": _row("没有填写数据来源", "the source is missing",
                                "手工填报的数值必须注明来源", "a value entered by hand needs its source"),
    "town_computed": _row("该指标由调查结果计算，不接受手工填报",
                          "the indicator is counted from the survey, not entered",
                          "请删去该行", "delete the row"),
    "town_computed_too": _warn("该指标可由数据计算；能计算时以计算值为准",
                               "the indicator is computed where the data suffice; then that value goes before",
                               "无需处理", "nothing to do"),
    "percent_range": _row("百分数应在 0 到 100 之间", "a percentage lies between 0 and 100", *_CORRECT),
    "percent_as_share": _warn("单位是 %，数值却不超过 1", "the unit is %, but the value is at most 1",
                              "如为比例请乘以 100", "multiply it by 100 if it is a share"),
}  # fmt: skip
"""Every kind of fault, by its key."""


def refuse(faults: Iterable[CellFault], file: str) -> InputError:
    """Return the error that names all of these, for those who raise."""
    return InputError([
        Fault(f"{each.what_en} / {each.what_zh}", f"{each.remedy_en} / {each.remedy_zh}", file=file,
              layer=each.sheet or None,              ids=(each.cell,) if each.cell else ())
        for each in faults
    ])  # fmt: skip
