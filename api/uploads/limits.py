"""How much a file from outside may be, unpack to, and cost to read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits on one upload. What has more is refused with the limit and a remedy, before it is parsed where possible.

    Attributes
    ----------
    memory_bytes, cpu_s, wall_s
        Of the process that looks at it: address space beyond what it starts with, processor time, time.
    unpacked_bytes, members, ratio
        A zip's content, its number of files, and how many times larger than packed a file of 1 MB or more may be.
    json_bytes, json_values
        GeoJSON, plans: they are read whole into memory.
    layers, columns, rows, positions
        Of a vector file; rows and positions (vertices) of one layer.
    cells
        Of a raster.
    text_bytes
        A mapping (TOML), a list (CSV), an OpenStreetMap file in XML.
    """

    memory_bytes: int = 3 * 1024**3
    cpu_s: int = 90
    wall_s: float = 120.0
    unpacked_bytes: int = 1024**3
    members: int = 200
    ratio: int = 200
    json_bytes: int = 128 * 1024**2
    json_values: int = 30_000_000
    layers: int = 100
    columns: int = 500
    rows: int = 3_000_000
    positions: int = 50_000_000
    cells: int = 1_000_000_000
    text_bytes: int = 200 * 1024**2
