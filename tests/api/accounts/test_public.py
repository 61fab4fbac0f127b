"""What a town shows to everybody: base tables and published plans, and no trace of the rest by whatever door."""

import contextlib
import io
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
from httpx import Response
from starlette.testclient import TestClient

from api.accounts import public
from api.accounts.public import NOT_PUBLIC, PublicStudy, may_see, seen_by, whole
from api.accounts.rights import ANONYMOUS, Caller
from api.editing.board import PlanBoard
from api.errors import NotAllowedError, NotFoundError
from api.features.snapshot import Snapshots
from api.main import open_server
from api.server import Server
from api.settings import Settings
from api.storage import plans
from api.storage.records import Collection, CollectionWrite, DocumentWrite, FeatureWrite, FileWrite
from geo.contracts import TABLES
from geo.partition.steps import Move
from tests.api.accounts.conftest import client_as
from tests.api.accounts.test_privacy import _crawl, _words
from tests.api.editing.conftest import small_plan
from tests.api.served import STUDY_ID, serve, small_study

HOME = f"/studies/{STUDY_ID}"
PLANNER, LOOKER = Caller("王规划", {STUDY_ID: "planner"}), Caller("赵看图", {STUDY_ID: "viewer"})
HIDDEN = ("草案七七", "缺口八八", "王规划", "暂缓公布", "plan.draft", "gaps.secret", "楼道九九")
"""Titles, names, remarks and ids that the public is never told."""
TILE = "WebMercatorQuad/0/0/0"
GONE = "draft.communities"


@pytest.fixture(scope="module")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town with the plans `draft` and `open`; the second was edited and is published. And somebody's gaps."""
    folder = tmp_path_factory.mktemp("public")
    server = serve(small_study(), folder)
    store, board = server.storage.open(STUDY_ID), server.part_or_new(PlanBoard)
    board.create(store, "draft", small_plan(), title=("草案七七", ""), by=PLANNER.name)
    board.create(store, "open", small_plan(), title=("公布方案", "Published"), by=PLANNER.name)
    board.edit(store, "open", Move(blocks=("B0002",), to="SQ02"), seen=1, by=PLANNER.name)
    for version, state in enumerate(("proposed", "approved", "published"), start=2):
        board.turn(store, "open", state, seen=version, by=PLANNER.name, note="暂缓公布", review_number="黔S(2026)7")
    made = Collection("gaps.secret.gap_communities", "Polygon", TABLES["communities"].columns, "community_id",
                      source="gaps", result_id="secret")  # fmt: skip
    rows = store.rows("communities").drop_columns(["version", "tx"])
    about = {"source": "gaps", "id": "secret", "title_zh": "缺口八八", "params": {}}
    outcome = {"process": "gaps", "summary": {"n": "缺口八八"}, "collections": [made.id],
               "files": {"map": "jobs/g1/map.html"}, "by": PLANNER.name}  # fmt: skip
    upload = {"name": "缺口八八.gpkg", "by": PLANNER.name}
    store.commit([CollectionWrite(made, rows), DocumentWrite("result", "gaps.secret", about),
                  DocumentWrite("job", "g1", outcome), DocumentWrite("upload", "u-1", upload),
                  FileWrite("jobs/g1/map.html", "text/html", "缺口八八".encode()),
                  FileWrite("jobs/g1/out.pmtiles", "application/vnd.pmtiles", b"PMTiles")],
                 by=PLANNER.name, action="gaps")  # fmt: skip
    finding = store.rows("findings").to_pylist()[0]
    kept = {name: value for name, value in finding.items() if name not in ("id", "version", "tx", "geometry")}
    store.commit([FeatureWrite("findings", finding["id"], "replace", kept | {"note": "楼道九九"}, finding["geometry"])],
                 by=PLANNER.name, action="feature updated")  # fmt: skip
    server.close()
    return folder / f"{STUDY_ID}.gpkg"


@contextlib.contextmanager
def _served(file: Path, folder: Path) -> Iterator[Server]:
    path = Path(shutil.copyfile(file, folder / file.name))
    made = open_server(Settings(studies={STUDY_ID: path}, anonymous_viewers=True))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def town(town_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with _served(town_file, tmp_path_factory.mktemp("shown")) as made:
        yield made


@pytest.fixture
def own_town(town_file: Path, tmp_path: Path) -> Iterator[Server]:
    with _served(town_file, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def everybody(town: Server) -> TestClient:
    return client_as(town, ANONYMOUS)


@pytest.fixture(scope="module")
def looker(town: Server) -> TestClient:
    return client_as(town, LOOKER)


def _same(told: Response, hidden: str, none: Response, absent: str) -> bool:
    """Tell whether an answer about what is hidden is that about what is not there; requests have numbers."""
    texts = [re.sub(r"<code>[0-9a-f]{12}</code>", "", each.text) for each in (told, none)]
    return told.status_code == none.status_code and texts[0].replace(hidden, absent) == texts[1]


def _told(content: bytes) -> list[str]:
    said = _words(content)
    return [each for each in HIDDEN if each in said]


# ── the rule ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_rule_is_that_of_the_documentation() -> None:
    def made(name: str, source: Any = "study") -> Collection:
        return Collection(name, "Polygon", (), "id", source=source, result_id="" if source == "study" else "x")

    for table in TABLES:
        assert may_see(ANONYMOUS, made(table), {"x"}) == (table not in NOT_PUBLIC)
    assert may_see(ANONYMOUS, made("plan.x.blocks", "plan"), {"x"})
    assert not may_see(ANONYMOUS, made("plan.x.blocks", "plan"), {"y"})
    for source in ("gaps", "siting", "examination", "programme", "conversion"):
        assert not may_see(ANONYMOUS, made(f"{source}.x.sites", source), {"x"})
        assert may_see(LOOKER, made(f"{source}.x.sites", source), set())
    assert (public.PLAN, public.BASE, public.RESULT) == (plans.PLAN, plans.BASE, plans.RESULT)


def test_a_view_writes_nothing_and_has_nothing_to_take_away(town: Server, tmp_path: Path) -> None:
    store = town.storage.open(STUDY_ID)
    view = seen_by(town, ANONYMOUS, store)
    assert isinstance(view, PublicStudy)
    assert view is seen_by(town, ANONYMOUS, store)
    assert seen_by(town, LOOKER, store) is store is whole(view) is whole(store)
    tries: list[Callable[[], object]] = [
        lambda: view.commit([], by="x", action="x"), lambda: view.undo(1, by="x"), view.study,
        lambda: view.put_study(small_study(), by="x", action="x"), lambda: view.backup(tmp_path / "b.gpkg"),
    ]  # fmt: skip
    for each in tries:
        with pytest.raises(NotAllowedError):
            each()
    assert view.file("jobs/g1/map.html") is None
    assert view.files() == {}
    assert [view.documents(kind) for kind in ("job", "upload", "saved")] == [[], [], []]
    with pytest.raises(NotFoundError):
        view.rows("findings")
    assert {each.collection for each in view.changes(0)}.isdisjoint({"findings", "plan.draft.blocks"})


# ── every door ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_no_link_leads_the_public_to_what_is_not_published(everybody: TestClient, looker: TestClient) -> None:
    seen = _crawl(everybody)
    assert len(seen) > 50, sorted(seen)
    assert {path: found for path, content in seen.items() if (found := _told(content))} == {}
    assert any("公布方案" in _words(content) for content in seen.values())
    told = {each for path in ("/layers", "/plans", "/collections") for each in _told(looker.get(HOME + path).content)}
    assert {"草案七七", "plan.draft", "gaps.secret"} <= told  # the crawl passes there, and would have seen them


DOORS = [
    "/collections/{c}", "/collections/{c}/items", "/collections/{c}/items?f=html", "/collections/{c}/items?as_of=2",
    "/collections/{c}/items?as_of=0", "/collections/{c}/items/SQ01", "/collections/{c}/items/SQ01?as_of=3",
    "/collections/{c}/items/SQ01/versions", "/collections/{c}/queryables", "/collections/{c}/schema",
    "/collections/{c}/tiles", f"/collections/{{c}}/tiles/{TILE}", "/collections/{c}/tiles/WebMercatorQuad?f=tilejson",
    f"/tiles/{TILE}?collections={{c}}", f"/tiles/{TILE}?collections=roads,{{c}}", "/collections/{c}/export?f=geojson",
    "/styles/collection.{c}", "/styles/collection.{c}/metadata", "/labels/{c}", "/search?q=a&collections={c}",
    "/sheet?layers={c}&f=png",
]  # fmt: skip


@pytest.mark.parametrize("hidden", ["plan.draft.communities", "gaps.secret.gap_communities", "findings"])
def test_a_hidden_collection_answers_as_one_that_is_not_there(
    everybody: TestClient, looker: TestClient, hidden: str
) -> None:
    absent = f"{hidden[:-1]}x"
    for door in DOORS:
        path, other = HOME + door.format(c=hidden), HOME + door.format(c=absent)
        if "sheet" not in door:
            looker.get(path)  # whoever may see it has it made, and kept
        told, none = everybody.get(path), everybody.get(other)
        assert told.status_code in (400, 404), door
        # A sheet names layers that are called alike, of those that are shown.
        assert _same(told, hidden, none, absent) or door.startswith("/sheet"), door
        assert len(_told(told.content)) <= 1, door
    options = everybody.options(f"{HOME}/collections/{hidden}/items")
    assert options.status_code == 404


def test_a_hidden_plan_answers_as_one_that_is_not_there(everybody: TestClient, looker: TestClient) -> None:
    for door in ("", "/plan.json", "/texts", "/texts?f=html", "?f=html", "/compare?with=open"):
        told, none = (everybody.get(f"{HOME}/plans/{each}{door}") for each in ("draft", "graft"))
        assert told.status_code == 404, door
        assert _same(told, "draft", none, "graft"), door
    assert everybody.get(f"{HOME}/plans/open/compare?with=draft").status_code == 404
    assert everybody.get(f"{HOME}/arrows/plan.draft.moves").status_code == 404
    assert everybody.get(f"{HOME}/styles/plan.draft").status_code == 404
    assert looker.get(f"{HOME}/plans/draft").status_code == 200


def test_lists_leave_out_what_is_hidden(everybody: TestClient, looker: TestClient) -> None:
    shown = {each["id"] for each in everybody.get(f"{HOME}/collections").json()["collections"]}
    there = {each["id"] for each in looker.get(f"{HOME}/collections").json()["collections"]}
    assert {f"plan.open.{frame}" for frame in plans.FRAMES} | {"roads", "blocks", "buildings"} <= shown
    assert not any(each in NOT_PUBLIC or each.startswith(("plan.draft", "gaps.")) for each in shown)
    assert {each for each in there if each.startswith("plan.draft")}
    assert NOT_PUBLIC & there == {"findings", "finding_history", "observations"}
    assert [each["id"] for each in everybody.get(f"{HOME}/plans").json()["plans"]] == ["open"]
    assert everybody.get(f"{HOME}/holds").json() == {"holds": []}
    assert _told(everybody.get(f"{HOME}/search?q=楼").content) == []
    assert not _told(everybody.get(f"{HOME}/api").content)


def test_jobs_and_their_files_are_for_people_with_a_role(everybody: TestClient, looker: TestClient) -> None:
    from api.jobs import Jobs

    app: Any = everybody.app
    server: Server = app.state.server
    job = server.part(Jobs).queue(server.storage.open(STUDY_ID)).put("gaps", {"inputs": {}}, by="王规划")
    assert looker.get(f"{HOME}/jobs").json()["numberMatched"] == 1
    assert everybody.get(f"{HOME}/jobs").json()["jobs"] == []
    for door in ("", "/log", "/results", "/events", "?f=html"):
        told, none = (everybody.get(f"{HOME}/jobs/{each}{door}") for each in (job.id, "none"))
        assert told.status_code == 404, door
        assert _same(told, job.id, none, "none"), door
    assert client_as(server, PLANNER).get(f"{HOME}/files/jobs/g1/map.html").status_code == 200
    for key in ("jobs/g1/map.html", "jobs/g1/out.pmtiles", "uploads/u-1/a.gpkg", "none"):
        assert everybody.get(f"{HOME}/files/{key}").status_code == 404
    for path in ("/files", "/transactions", "/transactions/1", "/uploads", "/backup", "/plans/open/report"):
        assert everybody.get(f"{HOME}{path}").status_code == 403, path
    assert everybody.get(f"{HOME}/findings/building:JZ001:3a:1/history").status_code == 404


def test_the_whole_study_in_one_file_holds_what_is_shown(everybody: TestClient) -> None:
    told = everybody.get(f"{HOME}/export")
    assert told.status_code == 200
    said = _words(told.content)
    assert "plan_open_communities" in said
    assert not [each for each in (*HIDDEN, "plan_draft", "gaps_secret", "finding") if each in said]


# ── a published plan ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_published_plan_tells_what_was_decided_and_not_by_whom(everybody: TestClient) -> None:
    plan = everybody.get(f"{HOME}/plans/open").json()
    assert (plan["state"], plan["title_zh"], plan["review_number"]) == ("published", "公布方案", "黔S(2026)7")
    assert (plan["by"], plan["history"], plan["steps"], plan["branch_of"]) == ("", [], 0, None)
    assert [(turn["to"], turn["by"], turn["note"]) for turn in plan["turns"]] == [("published", "", "")]
    for door in ("/plan.json", "/texts", "?f=html", "/texts?f=html"):
        answer = everybody.get(f"{HOME}/plans/open{door}")
        assert (answer.status_code, _told(answer.content)) == (200, [])
    tile = everybody.get(f"{HOME}/collections/plan.open.communities/tiles/{TILE}")
    assert len(mapbox_vector_tile.decode(tile.content)["plan.open.communities"]["features"]) == 4


def test_its_draft_is_not_shown_as_it_once_was(town: Server, everybody: TestClient, looker: TestClient) -> None:
    store = town.storage.open(STUDY_ID)
    turned = next(each for each in store.transactions() if each.action == "plan published").tx
    blocks = f"{HOME}/collections/plan.open.blocks/items"
    for then, shown in ((turned - 1, 404), (turned, 200)):
        assert everybody.get(f"{blocks}?as_of={then}").status_code == shown
        assert looker.get(f"{blocks}?as_of={then}").status_code == 200
    told = [each["version"] for each in everybody.get(f"{blocks}/B0002/versions").json()["versions"]]
    assert looker.get(f"{blocks}/B0002/versions").json()["versions"][-1]["version"] == told[-1] > len(told) == 1
    log = everybody.get(f"{HOME}/freshness?since=0").json()["collections"]
    assert "document:result" in log
    assert not [each for each in log if each.startswith(("plan.draft", "gaps", "document:p", "document:j", "finding"))]


# ── what is kept between answers ─────────────────────────────────────────────────────────────────────────────────────
def test_nothing_kept_for_one_is_given_to_another(everybody: TestClient, looker: TestClient) -> None:
    """Every list has another tag for the public, so that signing in or out never finds the other's copy fresh."""
    for path in ("/collections", "/layers", "/styles", f"/tiles/{TILE}", "/collections/roads/items?limit=2"):
        tags = [each.get(HOME + path).headers["etag"] for each in (looker, everybody)]
        assert tags[0] != tags[1], path
        assert everybody.get(HOME + path, headers={"If-None-Match": tags[0]}).status_code == 200
        assert everybody.get(HOME + path, headers={"If-None-Match": tags[1]}).status_code == 304
    hidden = f"{HOME}/collections/plan.draft.communities/tiles/{TILE}"
    tag = looker.get(hidden).headers["etag"]
    assert everybody.get(hidden, headers={"If-None-Match": tag}).status_code == 404


def test_shared_caches_keep_what_the_public_is_told_alone(everybody: TestClient, looker: TestClient) -> None:
    for path in ("/collections", f"/tiles/{TILE}", f"/collections/plan.open.communities/tiles/{TILE}",
                 "/collections/roads/items"):  # fmt: skip
        assert everybody.get(HOME + path).headers["cache-control"].startswith("public, max-age=0"), path
        told = looker.get(HOME + path).headers
        assert told["cache-control"].startswith("private"), path
        assert "Authorization, Cookie" in told["vary"]


def test_a_plan_that_is_withdrawn_is_gone_at_once(own_town: Server) -> None:
    server = own_town
    everybody = client_as(server, ANONYMOUS)
    paths = [f"{HOME}/plans/open", f"{HOME}/collections/plan.open.communities/tiles/{TILE}",
             f"{HOME}/collections/plan.open.blocks/items", f"{HOME}/arrows/plan.open.moves",
             f"{HOME}/labels/plan.open.communities", f"{HOME}/styles/plan.open"]  # fmt: skip
    assert [everybody.get(each).status_code for each in paths] == [200] * len(paths)
    board = server.part(PlanBoard)
    store = server.storage.open(STUDY_ID)
    board.turn(store, "open", "draft", seen=5, by=PLANNER.name)
    assert [everybody.get(each).status_code for each in paths] == [404] * len(paths)
    for path in ("/layers", "/styles", "/plans", "/collections", "/search?q=a"):
        assert "公布方案" not in everybody.get(HOME + path).text
    # What was opened for the public first is edited by planners all the same.
    board.edit(store, "open", Move(blocks=("B0003",), to="SQ01"), seen=6, by=PLANNER.name)
    held = server.part(Snapshots)
    with pytest.raises(NotFoundError):
        held.get(seen_by(server, ANONYMOUS, store), "plan.open.blocks")


def test_the_public_file_of_a_layer_is_that_of_its_items(everybody: TestClient) -> None:
    packed = everybody.get(f"{HOME}/collections/plan.open.communities/export?f=shp")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as files:
        assert any(re.search(r"\.shp$", name) for name in files.namelist())
