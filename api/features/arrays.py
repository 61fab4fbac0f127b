"""Arrow arrays and scalars from Python and NumPy, and back, straight through their buffers.

Arrow's own ways (`pa.array`, `pa.scalar`, `to_numpy`) import pandas where it is installed, to see whether they were
given something of it: a second and a hundred megabytes that a server which only reads has no use for.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bits = npt.NDArray[np.bool_]


def flags(values: Bits, missing: Bits | None = None) -> pa.Array:
    """Return bools, null where `missing`."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [_valid(missing), _packed(values)])


def floats(values: npt.NDArray[np.float64]) -> pa.Array:
    """Return numbers, null where NaN."""
    held = pa.py_buffer(np.ascontiguousarray(values, dtype=np.float64))
    return pa.Array.from_buffers(pa.float64(), len(values), [_valid(np.isnan(values)), held])


def integers(values: npt.NDArray[np.integer]) -> pa.Array:
    """Return whole numbers."""
    held = pa.py_buffer(np.ascontiguousarray(values, dtype=np.int64))
    return pa.Array.from_buffers(pa.int64(), len(values), [None, held])


def texts(values: Sequence[str | None]) -> pa.Array:
    """Return text, null where None."""
    encoded = [b"" if each is None else each.encode() for each in values]
    ends = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(each) for each in encoded], out=ends[1:])
    missing = np.array([each is None for each in values], dtype=bool)
    return pa.Array.from_buffers(
        pa.string(), len(encoded), [_valid(missing), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    )


def flag(value: bool | None) -> pa.Scalar:
    """Return one bool, or null."""
    return flags(np.array([value is True]), np.array([value is None]))[0]


def number(value: float | None) -> pa.Scalar:
    """Return one number, or null."""
    return floats(np.array([np.nan if value is None else value]))[0]


def text(value: str | None) -> pa.Scalar:
    """Return one text, or null."""
    return texts([value])[0]


def told_true(values: pa.Array | pa.ChunkedArray) -> Bits:
    """Return where bools are true, and not null."""
    sure = pc.coalesce(whole(values), flag(False))
    if not len(sure):
        return np.zeros(0, dtype=bool)
    bits = np.unpackbits(np.frombuffer(sure.buffers()[1], dtype=np.uint8), bitorder="little")
    return bits[sure.offset : sure.offset + len(sure)].astype(bool)


def as_floats(values: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Return numbers of any type, NaN where null."""
    told = pc.coalesce(pc.cast(whole(values), pa.float64()), _nan())
    if not len(told):
        return np.zeros(0)
    return np.frombuffer(told.buffers()[1], dtype=np.float64)[told.offset : told.offset + len(told)]


def _nan() -> pa.Scalar:
    return pa.Array.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.array([np.nan]))])[0]


def numbers(values: pa.Array | pa.ChunkedArray) -> npt.NDArray[Any]:
    """Return what a column of int64 or float64 holds, without a copy; whatever stands there where it is null."""
    values = whole(values)
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    held = np.frombuffer(values.buffers()[1], dtype=np.int64 if pa.types.is_int64(values.type) else np.float64)
    return held[values.offset : values.offset + len(values)]


def objects(values: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Return Python objects: texts or bytes, None where null."""
    made = np.empty(len(values), dtype=object)
    made[:] = values.to_pylist()
    return made


def whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    if not isinstance(values, pa.ChunkedArray):
        return values
    if values.num_chunks == 1:
        return values.chunk(0)
    return pa.concat_arrays(values.chunks or [pa.nulls(0, values.type)])


def _valid(missing: Bits | None) -> pa.Buffer | None:
    return None if missing is None or not missing.any() else _packed(~missing)


def _packed(values: Bits) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))
