"""Attributes of features as the keys and values of a layer: each value once, features point at them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from layers.tiles.kernels import texts, whole_numbers


@dataclass(frozen=True)
class Tags:
    """`codes[c, f]` is the number of the value that feature `f` has under key `c`, -1 for none."""

    codes: np.ndarray
    keys: bytes
    values: bytes


def tags_of(attributes: pa.Table) -> Tags:
    """Return the columns of a table as keys and values, both as bytes of a layer. Missing values are left out."""
    codes = np.empty((attributes.num_columns, attributes.num_rows), np.int32)
    keys, values, count = [], [], 0
    for number, name in enumerate(attributes.column_names):
        text = name.encode()
        keys.append(b"\x1a" + varint(len(text)) + text)
        column = attributes.column(number).combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0) if column.num_chunks else pa.nulls(0, column.type)
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        codes[number] = numbers_of(coded.indices.cast(pa.int64()).fill_null(_NONE[0]), np.int64)
        codes[number, codes[number] >= 0] += count
        values.append(_values(coded.dictionary))
        count += len(coded.dictionary)
    return Tags(codes, b"".join(keys), b"".join(values))


def _values(values: pa.Array) -> bytes:
    """Return values of one type, none of them missing, as values of a layer."""
    if pa.types.is_boolean(values.type):
        return b"".join(b"\x22\x02\x38" + (b"\x01" if each else b"\x00") for each in values.to_pylist())
    if pa.types.is_integer(values.type):
        return whole_numbers(numbers_of(values.cast(pa.int64()), np.int64)).tobytes()  # type: ignore[no-any-return]
    if pa.types.is_floating(values.type):
        out = np.empty((len(values), 11), np.uint8)
        out[:, :3] = (0x22, 0x09, 0x19)
        out[:, 3:] = numbers_of(values.cast(pa.float64()), np.float64).astype("<f8").view(np.uint8).reshape(-1, 8)
        return out.tobytes()
    return texts(*text_buffers(values)).tobytes()  # type: ignore[no-any-return]


def places(positions: np.ndarray) -> pa.Array:
    """Return positions as `take` asks for them; `pyarrow.array` loads pandas the first time (a tenth of a second)."""
    held = pa.py_buffer(np.ascontiguousarray(positions, dtype=np.int64))
    return pa.Array.from_buffers(pa.int64(), len(positions), [None, held])


def numbers_of(values: pa.Array, kind: type[np.int64] | type[np.float64]) -> np.ndarray:
    """Return numbers, none of them missing, as they lie in memory; `to_numpy` would load pandas, too."""
    held = values.buffers()[1]
    return np.frombuffer(held or b"", kind, len(values), 8 * values.offset)


_NONE = places(np.array([-1]))


def text_buffers(values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the offsets (int64) and the UTF-8 bytes of an array of texts."""
    if not pa.types.is_large_string(values.type):
        values = values.cast(pa.large_string())
    _, offsets, content = values.buffers()
    starts = np.frombuffer(offsets, np.int64, len(values) + 1, 8 * values.offset)
    return starts, np.frombuffer(content or b"", np.uint8)


def varint(number: int) -> bytes:
    """Return a number of at least 0 as protocol buffers write it.

    Examples
    --------
    >>> varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
