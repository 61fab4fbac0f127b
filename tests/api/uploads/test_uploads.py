"""Uploads as people use them: taken, listed, appended, imported, deleted; what is refused, with place and remedy."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from starlette.testclient import TestClient

from api.jobs.requests import checked
from api.storage import StudyStore
from api.uploads.keeping import KEPT_DAYS, Uploads
from tests.api.served import SOUTH, STUDY_ID, WEST

HERE = f"/studies/{STUDY_ID}"


def shops(
    folder: Path, name: str = "商铺.geojson", *, ids: bool = False, at: tuple[float, float] = (WEST, SOUTH)
) -> Path:
    """Write three shops, with columns of their own names."""
    spots = [shapely.Point(at[0] + 50 * n, at[1] + 30) for n in (1, 2, 3)]
    columns = {"MC": ["甲店", "乙店", "丙店"], "LX": ["超市", "药店", "超市"]}
    frame = gpd.GeoDataFrame(columns, geometry=spots, crs=4549)
    if ids:
        frame["facility_id"] = ["F1", "N2", "N3"]
    path = folder / name
    if path.suffix == ".geojson":
        frame.to_crs(4326).to_file(path, driver="GeoJSON")
    else:
        frame.to_file(path, driver="ESRI Shapefile", encoding="GB18030")
    return path


MAPPED = {"columns": {"name": "MC", "category": "LX"},
          "values": {"category": {"超市": "supermarket", "药店": "pharmacy"}}}  # fmt: skip


def sent(town: TestClient, *paths: Path, **query: str) -> dict[str, Any]:
    answer = town.post(f"{HERE}/uploads", files=[("file", (p.name, p.read_bytes())) for p in paths], params=query)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_an_upload_tells_what_is_in_it_and_is_there_until_it_is_deleted(
    town: TestClient, store: StudyStore, tmp_path: Path
) -> None:
    told = sent(town, shops(tmp_path))
    (layer,) = told["layers"]
    assert (told["format"], told["kind"], layer["rows"]) == ("GeoJSON", "vector", 3)
    assert [each["name"] for each in layer["columns"]] == ["MC", "LX"]
    assert layer["columns"][1]["values"] == ["超市", "药店"]
    assert layer["crs"]["code"] == "EPSG:4326"
    assert layer["bbox"][0] == pytest.approx(120.0005, abs=1e-3)
    assert told["until"] > told["at"]
    assert KEPT_DAYS == 30
    listed = town.get(f"{HERE}/uploads").json()["uploads"]
    assert told["id"] in [each["id"] for each in listed]
    assert town.get(f"{HERE}/uploads/{told['id']}").json() == told
    href = next(link["href"] for link in told["links"] if link["rel"] == "enclosure")
    assert town.get(href).content == (tmp_path / "商铺.geojson").read_bytes()
    assert town.delete(f"{HERE}/uploads/{told['id']}").status_code == 204
    assert store.files(f"uploads/{told['id']}") == {}
    assert town.get(f"{HERE}/uploads/{told['id']}").status_code == 404


def test_rows_are_appended_in_one_transaction_and_can_be_taken_back(
    town: TestClient, store: StudyStore, tmp_path: Path
) -> None:
    upload = sent(town, shops(tmp_path))["id"]
    before = store.rows("facilities").num_rows
    answer = town.post(f"{HERE}/uploads/{upload}/append", params={"collection": "facilities"}, json=MAPPED)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["ids"] == [f"{upload}-1", f"{upload}-2", f"{upload}-3"]
    assert [each["code"] for each in told["repairs"]] == ["ids_made"]
    rows = store.rows("facilities", ids=told["ids"]).to_pylist()
    assert sorted(row["category"] for row in rows) == ["pharmacy", "supermarket", "supermarket"]
    spot = shapely.from_wkb(rows[0]["geometry"])
    assert WEST < spot.x < WEST + 200
    assert set(store.rows("facilities", ids=told["ids"])["tx"].to_pylist()) == {told["tx"]}
    again = town.post(f"{HERE}/uploads/{upload}/append", params={"collection": "facilities"}, json=MAPPED)
    assert again.status_code == 409
    assert "are in facilities already" in again.json()["detail"]
    store.undo(told["tx"], by="li")
    assert store.rows("facilities").num_rows == before


def findings(folder: Path, name: str, **more: list[str]) -> Path:
    """Write two findings of houses of XQ1, with the columns of the table."""
    spots = [shapely.Point(WEST + 80, SOUTH + 50 + 45 * n) for n in (0, 1)]
    columns = {"subject": "building", "subject_id": ["JZ001", "JZ002"], "code": "3a", "severity": "serious",
               "status": ["open", "done"], "surveyed_on": "2026-05-02", **more}  # fmt: skip
    path = folder / name
    gpd.GeoDataFrame(columns, geometry=spots, crs=4549).to_crs(4326).to_file(path, driver="GeoJSON")
    return path


def test_findings_that_are_appended_have_a_history_as_if_made_one_by_one(
    town: TestClient, store: StudyStore, tmp_path: Path
) -> None:
    upload = sent(town, findings(tmp_path, "a.geojson"))["id"]
    answer = town.post(f"{HERE}/uploads/{upload}/append", params={"collection": "findings"}, json={})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    one = town.post(f"{HERE}/findings", json={"subject": "building", "subject_id": "JZ003", "code": "3a",
                                              "severity": "serious"}).json()  # fmt: skip
    rows = {row["id"]: row for row in store.rows("finding_history").to_pylist()}
    made = [rows[f"{finding}#1"] for finding in told["ids"]]
    assert [(row["after"], row["by"], row["number"]) for row in made] == [("open", "owner", 1), ("done", "owner", 1)]
    assert {row["tx"] for row in made} == {told["tx"]} == set(store.rows("findings", ids=told["ids"])["tx"].to_pylist())
    alone = rows[f"{one['id']}#1"]
    own = ("id", "finding_id", "tx", "after")
    for row in made:
        assert {k: v for k, v in row.items() if k not in own} == {k: v for k, v in alone.items() if k not in own}
    assert town.get(f"{HERE}/findings/{told['ids'][0]}/history").json()["changes"][0]["after"] == "open"
    kept = store.rows("findings", ids=told["ids"]).to_pylist()
    assert [(row["surveyor"], row["place_given"]) for row in kept] == [("owner", True)] * 2
    store.undo(told["tx"], by="li")
    assert store.rows("findings", ids=told["ids"]).num_rows == 0
    assert not [row for row in store.rows("finding_history")["finding_id"].to_pylist() if row in told["ids"]]


def test_findings_that_are_refused_leave_no_history(town: TestClient, store: StudyStore, tmp_path: Path) -> None:
    taken = store.rows("findings")["id"].to_pylist()[0]
    upload = sent(town, findings(tmp_path, "b.geojson", finding_id=["new-1", taken]))["id"]
    before, head = store.rows("finding_history").num_rows, store.head()
    answer = town.post(f"{HERE}/uploads/{upload}/append", params={"collection": "findings"}, json={})
    assert answer.status_code == 409, answer.text
    assert (store.rows("finding_history").num_rows, store.head()) == (before, head)


@pytest.mark.parametrize(
    ("collection", "asked", "ids", "at", "status", "said"),
    [
        ("facilities", {}, False, (WEST, SOUTH), 422, "category"),
        ("facilities", {"layer": "x"}, False, (WEST, SOUTH), 422, "no layer x"),
        ("facilities", {"columns": {"name": "没有"}}, False, (WEST, SOUTH), 422, "没有"),
        ("facilities", MAPPED, True, (WEST, SOUTH), 409, "F1"),
        ("facilities", MAPPED, False, (WEST + 60_000, SOUTH), 422, "outside of the study"),
        ("communities", {"columns": {"name": "MC"}}, False, (WEST, SOUTH), 422, "Point"),
        ("blocks", MAPPED, False, (WEST, SOUTH), 405, "follows from other tables"),
        ("nothing", MAPPED, False, (WEST, SOUTH), 404, "there is no collection"),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit_are_refused_and_none_is_kept(
    town: TestClient, store: StudyStore, tmp_path: Path, collection: str, asked: dict[str, Any], ids: bool,
    at: tuple[float, float], status: int, said: str,
) -> None:  # fmt: skip
    upload = sent(town, shops(tmp_path, ids=ids, at=at))["id"]
    head = store.head()
    answer = town.post(f"{HERE}/uploads/{upload}/append", params={"collection": collection}, json=asked)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert store.head() == head


def test_the_parts_of_a_shapefile_become_one_upload(town: TestClient, tmp_path: Path) -> None:
    path = shops(tmp_path, "shops.shp")
    told = sent(town, *sorted(tmp_path.glob("shops.*")))
    assert (told["name"], told["format"]) == ("shops.zip", "zipped shapefile")
    assert told["layers"][0]["columns"][0]["values"] == ["甲店", "乙店", "丙店"]
    alone = town.post(f"{HERE}/uploads", files={"file": (path.name, path.read_bytes())})
    assert alone.status_code == 400
    assert "not the parts of one shapefile" in alone.json()["detail"]


def test_shapes_that_cross_themselves_are_refused_with_their_row_and_taken_where_import_may_mend(
    town: TestClient, tmp_path: Path
) -> None:
    bow = shapely.Polygon([(0, 0), (50, 50), (50, 0), (0, 50)])
    good = shapely.box(0, 0, 10, 10)
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=[good, bow], crs=4549)
    path = tmp_path / "bow.gpkg"
    frame.set_geometry(frame.translate(WEST, SOUTH)).to_file(path, driver="GPKG")
    answer = town.post(f"{HERE}/uploads", files={"file": (path.name, path.read_bytes())})
    assert answer.status_code == 422
    (fault,) = answer.json()["faults"]
    assert (fault["file"], fault["layer"], fault["ids"]) == ("bow.gpkg", "bow", ["1"])
    assert "mend=true" in fault["remedy"]
    told = sent(town, path, mend="true")
    assert told["layers"][0]["faults"][0]["ids"] == ["1"]


def test_processes_take_uploads_by_their_id_and_look_at_what_comes_with_a_request(
    town: TestClient, store: StudyStore, tmp_path: Path
) -> None:
    upload = sent(town, shops(tmp_path))
    made = checked(store, "import", {"inputs": {"files": [upload["id"]]}})
    assert made.inputs.file_keys() == [upload["key"]]
    asked = {"inputs": {"files": ["u-0000000000000000"]}}
    answer = town.post(f"{HERE}/processes/import/execution", json=asked)
    assert answer.status_code == 400
    assert "there is no upload u-0000000000000000" in answer.json()["detail"]
    inline = {"inputs": {"files": [{"value": "PE9HUlZSVERhdGFTb3VyY2UvPg==", "name": "a.geojson"}]}}
    answer = town.post(f"{HERE}/processes/import/execution", json=inline)
    assert answer.status_code == 422
    assert "is no GeoJSON: it is XML" in answer.json()["detail"]


@pytest.mark.parametrize(("name", "status"), [("urn:ogc:def:crs:EPSG::4490", 201), ("EPSG:4549", 201), ("/etc/x", 422)])
def test_a_crs_that_is_no_name_of_one_is_not_passed_over(town: TestClient, name: str, status: int) -> None:
    shape = '{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[100,30]}}'
    crs = f'{{"type":"name","properties":{{"name":"{name}"}}}}'
    text = f'{{"type":"FeatureCollection","crs":{crs},"features":[{shape}]}}'
    answer = town.post(f"{HERE}/uploads", files={"file": ("a.geojson", text.encode())})
    assert answer.status_code == status, answer.text
    if status == 422:
        assert "which is no coordinate reference system" in answer.json()["detail"]


def test_a_form_that_is_none_is_refused(town: TestClient) -> None:
    answer = town.post(f"{HERE}/uploads", content=b"{}", headers={"content-type": "application/geo+json"})
    assert (answer.status_code, answer.headers["accept-post"]) == (415, "multipart/form-data")
    assert town.post(f"{HERE}/uploads", files={"other": ("a.csv", b"a\n")}).status_code == 400
    two = [("file", ("a.csv", b"a\n")), ("file", ("b.csv", b"a\n"))]
    assert "2 files" in town.post(f"{HERE}/uploads", files=two).json()["detail"]


def test_what_is_old_goes_when_the_next_comes(town: TestClient, store: StudyStore, tmp_path: Path) -> None:
    from api.storage.records import DocumentWrite, FileWrite

    body = {"name": "a.csv", "key": "uploads/u-old/a.csv", "bytes": 1, "until": "2020-01-01T00:00:00+00:00", "by": "li"}
    store.commit([FileWrite("uploads/u-old/a.csv", "text/csv", b"a"), DocumentWrite("upload", "u-old", body)],
                 by="li", action="made old")  # fmt: skip
    sent(town, shops(tmp_path))
    assert store.document("upload", "u-old") is None
    assert store.file("uploads/u-old/a.csv") is None


def test_a_file_that_takes_too_much_ends_its_own_process_only(store: StudyStore, tmp_path: Path) -> None:
    from api.errors import TooLargeError
    from api.uploads.limits import Limits
    from api.uploads.opening import Opener

    opener = Opener(Limits(memory_bytes=1))
    path = shops(tmp_path)
    large = tmp_path / "large.geojson"
    large.write_bytes(path.read_bytes() + b" " * 60_000_000)
    with pytest.raises(TooLargeError, match="of memory"):
        opener.judge(large)
    opener.close()
    late = Opener(Limits(wall_s=0.0))
    with pytest.raises(TooLargeError, match="takes longer"):
        late.judge(path)
    late.close()
    part = Uploads(Opener())
    assert part.opener.judge(path)[0]["layers"][0]["rows"] == 3
    part.close()
