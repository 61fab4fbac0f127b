"""GeoTIFF rasters, made here cell by cell."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from geo.errors import InputError
from geo.ingest import grids
from geo.ingest.grids import check_raster, raster_kind, read_raster

X0, Y0 = 500_000.0, 3_500_000.0


def tif(
    folder: Path,
    values: NDArray[np.generic],
    *,
    name: str = "population.tif",
    crs: str | None = "EPSG:4549",
    transform: Affine | None = None,
    **more: object,
) -> Path:
    """Write a raster whose upper left corner is (500000, 3500100), cells of 10 m unless told otherwise."""
    path = folder / name
    bands = values[None] if values.ndim == 2 else values
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=bands.shape[1], width=bands.shape[2], dtype=bands.dtype,
        crs=crs, transform=transform or Affine(10, 0, X0, 0, -10, Y0 + 100), **more,
    ) as out:  # fmt: skip
        out.write(bands)
    return path


CELLS = np.arange(100, dtype="float32").reshape(10, 10)
METRIC = CRS.from_epsg(4549)


def test_reads_only_what_is_asked_for(tmp_path: Path) -> None:
    raster = read_raster(tif(tmp_path, CELLS), (X0 + 20, Y0 + 30, X0 + 50, Y0 + 60), METRIC)
    assert raster.values.tolist() == CELLS[4:7, 2:5].tolist()
    assert raster.values.dtype == np.float32
    assert raster.transform.c == X0 + 20
    assert raster.transform.f == Y0 + 60
    assert raster.crs == METRIC


def test_bounds_beyond_the_edge_end_at_the_edge(tmp_path: Path) -> None:
    raster = read_raster(tif(tmp_path, CELLS), (X0 - 500, Y0 - 500, X0 + 500, Y0 + 500), METRIC)
    assert raster.values.shape == (10, 10)


def test_nodata_becomes_nan(tmp_path: Path) -> None:
    values = CELLS.astype("int32")
    values[0, 0] = -1
    raster = read_raster(tif(tmp_path, values, nodata=-1), (X0, Y0, X0 + 100, Y0 + 100), METRIC)
    assert np.isnan(raster.values[0, 0])
    assert np.isfinite(raster.values).sum() == 99


def test_keeps_its_own_crs(tmp_path: Path) -> None:
    degrees = tif(tmp_path, CELLS, crs="EPSG:4326", transform=Affine(0.001, 0, 119.995, 0, -0.001, 31.63))
    raster = read_raster(degrees, (X0 - 100, Y0 - 100, X0 + 100, Y0 + 100), METRIC)
    assert raster.crs == CRS.from_epsg(4326)
    assert raster.values.size < 100


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"crs": None}, "states no coordinate reference system"),
        ({"transform": Affine.identity()}, "does not say where it lies"),
        ({"values": np.zeros((3, 4, 4), dtype="uint8")}, "has 3 bands of uint8; one band"),
        ({"values": np.zeros((4, 4), dtype="complex64")}, "1 bands of complex64"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # the file is made wrong on purpose
def test_refuses_what_cannot_be_placed_or_read(tmp_path: Path, more: dict[str, object], said: str) -> None:
    path = tif(tmp_path, **{"values": CELLS, **more})
    with pytest.raises(InputError, match=said) as caught:
        check_raster(path)
    assert caught.value.faults[0].file == str(path)


def test_refuses_what_is_no_tiff(tmp_path: Path) -> None:
    path = tmp_path / "dem.tif"
    path.write_bytes(b"<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>")
    with pytest.raises(InputError, match=r"ends in \.tif but is no TIFF"):
        check_raster(path)


def test_refuses_a_file_cut_short(tmp_path: Path) -> None:
    path = tif(tmp_path, np.random.default_rng(1).random((300, 300)).astype("float32"))
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(InputError, match="the raster is damaged or cut short"):
        read_raster(path, (X0, Y0 - 2900, X0 + 3000, Y0 + 100), METRIC)


def test_refuses_a_raster_of_another_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the raster does not reach the study area"):
        read_raster(tif(tmp_path, CELLS), (X0 + 9000, Y0, X0 + 9100, Y0 + 100), METRIC)


def test_refuses_too_many_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grids, "MAX_CELLS", 50)
    with pytest.raises(InputError, match="more than 50 cells"):
        read_raster(tif(tmp_path, CELLS), (X0, Y0, X0 + 100, Y0 + 100), METRIC)


def test_names_tell_the_kind() -> None:
    names = ("WorldPop_2020.tif", "人口.tif", "dem_30m.tif", "高程.tif", "ortho.tif")
    assert [raster_kind(Path(name)) for name in names] == ["population", "population", "dem", "dem", None]
