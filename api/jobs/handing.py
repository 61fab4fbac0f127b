"""What came of a run, handed over in files that can be read without believing them: JSON, Arrow, plain arrays.

A confined process (`api.jobs.confined`) writes them, the worker reads them. Nothing in them is ever executed, no name
in them leads out of their folder, and only results and the study's own tables can be in them.
"""

import stat
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from affine import Affine
from pyproj import CRS

from api.jobs.runs import Done
from api.storage.frames import collection_of, to_frame, to_rows
from api.storage.records import Collection, CollectionWrite, DocumentWrite, Write
from geo.contracts import TABLES, Column
from geo.raster import Raster
from geo.study import Repair, Study

_KINDS = frozenset({"result"})
"""Kinds of documents that may be handed over."""


def hand_over(done: Done, folder: Path) -> None:
    """Write what came of a run into a folder, in place of what was handed over before."""
    folder.mkdir(exist_ok=True)
    hand = _Writer(folder)
    told = {
        "summary": done.summary, "action": done.action, "collections": done.collections,
        "files": {output: path.name for output, path in done.files.items()},
        "writes": [hand.write(each) for each in done.writes],
        "study": None if done.study is None else hand.study(done.study),
    }  # fmt: skip
    (folder / "done.json").write_bytes(orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY))


def take_over(folder: Path, out: Path) -> Done:
    """Return what was handed over; its files lie in `out`.

    Raises
    ------
    ValueError
        When something is there that cannot be part of a run's answer.
    """
    hand = _Reader(folder)
    told = orjson.loads((folder / "done.json").read_bytes())
    return Done(
        told["summary"], str(told["action"]), tuple(hand.write(each) for each in told["writes"]),
        tuple(str(each) for each in told["collections"]),
        {str(output): _plain(out, name) for output, name in told["files"].items()},
        None if told["study"] is None else hand.study(told["study"]),
    )  # fmt: skip


def _plain(folder: Path, name: str) -> Path:
    """Return a file of a folder; no link, and nothing outside."""
    path = folder / name
    if Path(name).name != name or not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError(f"{name!r} is no file of the run")
    return path


class _Writer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    def write(self, each: Write) -> dict[str, Any]:
        if isinstance(each, CollectionWrite) and each.rows is not None:
            return {"collection": asdict(each.collection), "rows": self._rows(each.rows)}
        if isinstance(each, DocumentWrite):
            return {"kind": each.kind, "id": each.id, "body": each.body, "expected": each.expected}
        raise TypeError(f"a confined run cannot hand over {type(each).__name__}")

    def study(self, study: Study) -> dict[str, Any]:
        tables = []
        for name, frame in study.tables.items():
            made = collection_of(frame, name)
            tables.append({"collection": asdict(made), "rows": self._rows(to_rows(frame, made))})
        rasters = {name: {"values": self._array(each.values), "transform": list(each.transform)[:6],
                          "crs": _crs_text(each.crs)} for name, each in study.rasters.items()}  # fmt: skip
        return {
            "name": study.name, "name_en": study.name_en, "crs": _crs_text(study.crs), "notes": study.notes,
            "repairs": [vars(repair) for repair in study.repairs], "tables": tables, "rasters": rasters,
        }  # fmt: skip

    def _rows(self, rows: pa.Table) -> str:
        name = self._name("arrow")
        with pa.ipc.new_file(self._folder / name, rows.schema) as file:
            file.write_table(rows)
        return name

    def _array(self, values: Any) -> str:  # noqa: ANN401 - an array of any shape
        name = self._name("npy")
        np.save(self._folder / name, values, allow_pickle=False)
        return name

    def _name(self, suffix: str) -> str:
        self._made += 1
        return f"{self._made}.{suffix}"


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, told: Mapping[str, Any]) -> Write:
        if "collection" in told:
            made = _collection(told["collection"])
            if made.source == "study" or made.editable or made.id in TABLES:
                raise ValueError(f"{made.id} is no layer of a result")
            return CollectionWrite(made, self._rows(told["rows"]))
        if told["kind"] not in _KINDS:
            raise ValueError(f"a run cannot write a document {told['kind']}")
        return DocumentWrite(told["kind"], str(told["id"]), told["body"], told["expected"])

    def study(self, told: Mapping[str, Any]) -> Study:
        crs = CRS.from_user_input(told["crs"])
        tables = {}
        for each in told["tables"]:
            made = _collection(each["collection"])
            if made.id not in TABLES:
                raise ValueError(f"{made.id} is no table of a study")
            tables[made.id] = to_frame(self._rows(each["rows"]), made, crs)
        rasters = {
            name: Raster(np.load(_plain(self._folder, each["values"]), allow_pickle=False), Affine(*each["transform"]),
                         CRS.from_user_input(each["crs"])) for name, each in told["rasters"].items()
        }  # fmt: skip
        return Study(
            name=told["name"], name_en=told["name_en"], crs=crs, tables=tables, rasters=rasters,
            repairs=tuple(Repair(**each) for each in told["repairs"]), notes=told["notes"],
        )  # fmt: skip

    def _rows(self, name: str) -> pa.Table:
        with pa.ipc.open_file(_plain(self._folder, name)) as file:
            rows = file.read_all()
        rows.validate(full=True)
        return rows


def _collection(told: Mapping[str, Any]) -> Collection:
    columns = tuple(Column(**{**each, "allowed": tuple(each["allowed"])} if "allowed" in each else each)
                    for each in told["columns"])  # fmt: skip
    return Collection(**{**told, "columns": columns})


def _crs_text(crs: CRS) -> str:
    return f"EPSG:{code}" if (code := crs.to_epsg()) else str(crs.to_wkt())
