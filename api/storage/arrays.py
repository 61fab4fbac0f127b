"""Arrow arrays made of plain values without `pyarrow.array`, which loads pandas the first time (half a second)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def numbers(values: NDArray[np.int64] | NDArray[np.float64], known: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return whole or fractional numbers; null where not `known`, and where a fractional one is NaN."""
    fractional = values.dtype.kind == "f"
    if known is None and fractional:
        known = ~np.isnan(values)
    missing = 0 if known is None else len(values) - int(np.count_nonzero(known))
    bits = _bits(known) if missing and known is not None else None
    held = np.ascontiguousarray(values, dtype=np.float64 if fractional else np.int64)
    return pa.Array.from_buffers(
        pa.float64() if fractional else pa.int64(), len(held), [bits, pa.py_buffer(held)], missing
    )


def counts(values: Sequence[int | None]) -> pa.Array:
    """Return whole numbers; TypeError where one is something else."""
    if None not in values:
        return numbers(_whole(values))
    known = np.fromiter((value is not None for value in values), bool, len(values))
    return numbers(_whole([0 if value is None else value for value in values]), known)


def measures(values: Sequence[float | None]) -> pa.Array:
    """Return fractional numbers; ValueError or TypeError where one is something else."""
    if any(isinstance(value, str | bytes) for value in values):
        raise TypeError("text among numbers")
    return numbers(np.array(values, dtype=np.float64))


def flags(values: Sequence[int | None]) -> pa.Array:
    """Return flags, from 0 and 1."""
    missing = counts(values).null_count
    on = np.fromiter((bool(value) for value in values), bool, len(values))
    bits = _bits(np.fromiter((value is not None for value in values), bool, len(values))) if missing else None
    return pa.Array.from_buffers(pa.bool_(), len(on), [bits, _bits(on)], missing)


def blobs(values: Sequence[bytes | None], kind: pa.DataType) -> pa.Array:
    """Return bytes, or text from its UTF-8 bytes (`kind`: binary or string); TypeError where one is something else."""
    bits, missing = None, 0
    if None in values:
        known = np.fromiter((value is not None for value in values), bool, len(values))
        bits, missing = _bits(known), len(values) - int(np.count_nonzero(known))
        values = [b"" if value is None else value for value in values]
    data = b"".join(values)  # type: ignore[arg-type]
    ends = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, values), np.int64, len(values)), out=ends[1:])  # type: ignore[arg-type]
    offsets = pa.py_buffer(ends.astype(np.int32))
    return pa.Array.from_buffers(kind, len(values), [bits, offsets, pa.py_buffer(data)], missing)


def texts(values: Sequence[str | None]) -> pa.Array:
    """Return text."""
    return blobs([None if value is None else value.encode() for value in values], pa.string())


def _whole(values: Sequence[int | None]) -> NDArray[np.int64]:
    made = np.array(values)
    if made.dtype.kind not in "iub" and len(made):
        raise TypeError("something else among whole numbers")
    return made.astype(np.int64)


def _bits(values: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))
