"""Shapefiles, as old desktop programs want them: names of ten letters, one kind of shape a file, GB18030 or UTF-8."""

from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd

Encoding = Literal["utf-8", "gb18030"]
LONGEST_NAME, LONGEST_TEXT = 10, 254
"""A column's name in bytes, a text in bytes."""

_CODEPAGE = {"utf-8": "UTF-8", "gb18030": "GB18030"}


def write_shapefile(
    frame: gpd.GeoDataFrame, name: str, folder: Path, *, encoding: Encoding = "utf-8"
) -> tuple[tuple[str, str], ...]:
    """Write a table as a shapefile with .prj and .cpg; one for each kind of shape where there are several.

    Parameters
    ----------
    frame
        With its ids as index; in the CRS that the files are to have.
    name
        Of the files.
    folder
        Where they go; must be there.
    encoding
        Of texts; programs in China expect GB18030, others UTF-8.

    Returns
    -------
    tuple of (str, str)
        What the format could not hold, in Chinese and English: names and texts that were cut.
    """
    import pyogrio  # noqa: PLC0415 - only who writes with GDAL loads it

    table = frame.reset_index()
    columns = [column for column in table.columns if column != table.geometry.name]
    short = short_names([str(column) for column in columns], encoding)
    notes = []
    cut = {old: new for old, new in zip(columns, short, strict=True) if old != new}
    if cut:
        told = ", ".join(f"{old} → {new}" for old, new in cut.items())
        notes.append((f"列名缩短：{told}。", f"Names were shortened: {told}."))
    table = table.rename(columns=dict(zip(columns, short, strict=True)))
    texts, lost = 0, table.copy()
    for column in short:
        values = table[column]
        if isinstance(values.dtype, pd.BooleanDtype) or values.dtype == bool:
            lost[column] = values.astype("Int64")
        elif values.dtype == object or isinstance(values.dtype, pd.StringDtype):
            fitted = values.map(lambda value: _fitted(value, encoding), na_action="ignore")
            texts += int((fitted.notna() & (fitted != values)).sum())
            lost[column] = fitted
    if texts:
        notes.append((f"{texts}处文字超过{LONGEST_TEXT}字节或含有该编码没有的字，已截短或替换。",
                      f"{texts} texts were cut to {LONGEST_TEXT} bytes, or had signs replaced."))  # fmt: skip
    kinds = lost.geom_type.str.removeprefix("Multi")
    there = sorted(kinds.dropna().unique())
    for kind in there or ["Polygon"]:
        part = lost[kinds == kind] if len(lost) else lost
        suffix = f"_{kind.lower()}" if len(there) > 1 else ""
        path = folder / f"{name}{suffix}.shp"
        pyogrio.write_dataframe(
            part, path, driver="ESRI Shapefile", encoding=_CODEPAGE[encoding],
            geometry_type=kind if part.empty else None,
        )  # fmt: skip
        path.with_suffix(".cpg").write_text(_CODEPAGE[encoding], encoding="ascii")
    if len(there) > 1:
        notes.append(("各类图形分别存为一个文件。", "Each kind of shape is a file of its own."))
    return tuple(notes)


def short_names(names: list[str], encoding: Encoding = "utf-8") -> list[str]:
    """Return names of at most ten bytes, all different whatever the case; of several words each keeps its beginning.

    Examples
    --------
    >>> short_names(["households", "households_source", "community_id", "floor_area_m2"])
    ['households', 'house_sour', 'communi_id', 'flo_are_m2']
    """
    made: list[str] = []
    taken: set[str] = set()
    for name in names:
        short = _short(name, encoding)
        number = 1
        while short.lower() in taken:
            number += 1
            short = _bytes(_short(name, encoding), LONGEST_NAME - len(str(number)) - 1, encoding) + f"_{number}"
        taken.add(short.lower())
        made.append(short)
    return made


def _short(name: str, encoding: Encoding) -> str:
    """Return a name of at most ten bytes: its longest words lose their ends first."""
    words = name.split("_")
    if len(words) > 4:
        return _bytes(name, LONGEST_NAME, encoding)
    while len("_".join(words).encode(encoding, "replace")) > LONGEST_NAME:
        longest = max(range(len(words)), key=lambda n: (len(words[n].encode(encoding, "replace")), n))
        words[longest] = words[longest][:-1]
    return "_".join(words)


def _bytes(text: str, most: int, encoding: Encoding) -> str:
    while len(text.encode(encoding, "replace")) > most:
        text = text[:-1]
    return text


def _fitted(value: object, encoding: Encoding) -> str:
    text = str(value).encode(encoding, "replace").decode(encoding)
    return _bytes(text, LONGEST_TEXT, encoding)
