"""The mapping file: what is read from it, and what each mistake says."""

from pathlib import Path

import pytest

from geo.errors import InputError
from geo.ingest.mapping import load_mapping, parse_mapping

GOOD = """
[study]
name = "清河镇"
crs = "EPSG:4549"

[[source]]
table = "roads"
file = "qinghe.gpkg"
layer = "道路"
columns = { road_id = "编号", name = "名称" }
fixed = { oneway = false }
filter = { "类别" = ["主干路", 2] }
[source.values]
road_class = { "主干路" = "primary" }

[rasters]
dem = "dem.tif"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_every_key(tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, GOOD))
    (source,) = mapping.source
    assert (mapping.study.name, mapping.study.crs, mapping.rasters.dem) == ("清河镇", "EPSG:4549", "dem.tif")
    assert (source.table, source.layer, source.columns["road_id"]) == ("roads", "道路", "编号")
    assert source.values == {"road_class": {"主干路": "primary"}}
    assert source.fixed == {"oneway": False}
    assert source.filter == {"类别": ["主干路", 2]}
    assert mapping.folder == tmp_path


def test_is_frozen(tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, GOOD))
    with pytest.raises(ValueError, match="frozen"):
        mapping.study.name = "another"


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_mapping(path).study.name == "清河镇"


SOURCE = '[[source]]\ntable = "roads"\nfile = "a.gpkg"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[study]\nnam = 'x'", r"\[study\], key nam: no such key[\s\S]*possible: name, name_en, crs"),
        ("[rasters]\nslope = 'x.tif'", r"\[rasters\], key slope: no such key[\s\S]*possible: population, dem"),
        ("[sources]\nx = 1", r"key sources: no such key[\s\S]*possible: study, source, rasters"),
        ('[[source]]\nfile = "a.gpkg"', r"source 1, key table: it is missing"),
        (
            SOURCE + '[[source]]\ntable = "road"\nfile = "b"',
            r"source 2, key table: 'road' is no table; possible: study_a",
        ),
        ('[[source]]\ntable = "seams"\nfile = "b"', r"'seams' is no table"),
        (SOURCE + "columns = ['a']", r"source 1, key columns: \['a'\] does not fit"),
        (SOURCE + "layer = 3", r"source 1, key layer: 3 does not fit"),
        (SOURCE + "layr = 'x'", r"source 1, key layr: no such key[\s\S]*table, file, layer, crs, encoding"),
        (SOURCE + "encoding = 'klingon'", r"'klingon' is no text encoding"),
        (
            SOURCE + "columns = { width = '宽' }",
            r"key columns: table roads has no column width[\s\S]*possible: road_id, name",
        ),
        (SOURCE + "fixed = { colour = 'red' }", r"key fixed: table roads has no column colour"),
        (SOURCE + "values = { colour = { a = 'b' } }", r"key values: table roads has no column colour"),
        (SOURCE + "fixed = { road_id = 'x' }", r"road_id is the id and differs in every row"),
        (SOURCE + "columns = { name = 'a' }\nfixed = { name = 'b' }", r"name stands under columns and under fixed"),
        (SOURCE + "filter = { kind = [] }", r"no value is listed for kind"),
        (SOURCE + "crs = 'EPSG:0'", r"crs of source 1 is 'EPSG:0', which is no coordinate reference system"),
        ("[study]\ncrs = 'Beijing'", r"crs of \[study\] is 'Beijing'"),
        ("[study\n", r"this is not TOML"),
    ],
)
def test_each_mistake_is_named_with_what_is_possible(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=said) as caught:
        load_mapping(path)
    assert all(fault.file == str(path) for fault in caught.value.faults)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = "[study]\nnam = 'x'\n" + SOURCE + "layr = 1\n[[source]]\ntable = 'road'\n"
    with pytest.raises(InputError) as caught:
        load_mapping(written(tmp_path, text))
    assert len(caught.value.faults) == 4  # nam, layr, the table's name, the missing file


def test_refuses_what_is_no_mapping_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such mapping file"):
        load_mapping(tmp_path / "none.toml")
    gbk = tmp_path / "gbk.toml"
    gbk.write_bytes('[study]\nname = "清河镇"'.encode("gb18030"))
    with pytest.raises(InputError, match="not written in UTF-8"):
        load_mapping(gbk)
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * 1_000_001)
    with pytest.raises(InputError, match="too large"):
        load_mapping(big)


def test_a_mapping_cannot_say_where_its_folder_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder: no such key"):
        parse_mapping({"folder": "/etc"}, folder=tmp_path)
