"""The small town with a plan, gaps and an examination kept with it, behind a client."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.accounts.rights import Caller
from api.main import create_app
from api.operations.examinations import examine_study
from api.operations.gaps import gaps_study
from api.operations.plan_results import plan_writes
from api.operations.plans import explained
from api.operations.programmes import read_costs
from api.operations.results import examination_result, gaps_result, result_writes
from api.server import Server
from geo.standards import load_catalogue, load_facility_standard, load_menu, load_site_rules
from geo.study import write_study
from tests.api.editing.conftest import As, small_plan
from tests.api.served import STUDY_ID, client, serve, small_study

HOME = f"/studies/{STUDY_ID}"


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("styles")
    made = serve(small_study(), folder)
    store = made.storage.open(STUDY_ID)
    work = folder / "work.gpkg"
    write_study(small_study(), work)
    plan, menu = small_plan(), load_menu("renovation-menu-2020")
    gaps = gaps_study(work, standards=[load_facility_standard("six-ones")], plan=plan)
    examined = examine_study(
        work, catalogue=load_catalogue("examination-2025"), rules=load_site_rules("old-estates-2021"), menu=menu,
        costs=read_costs(None, menu), today="2026-06-30",
    )  # fmt: skip
    writes = [
        *plan_writes(explained(small_study(), plan), "p1", by="planner", at="2026-11-01T10:00:00Z",
                     title=("推荐方案", "Recommended")),
        *result_writes(gaps_result(gaps), "g1", by="planner", at="2026-11-02T10:00:00Z"),
        *result_writes(examination_result(examined), "e1", by="planner", at="2026-11-03T10:00:00Z"),
    ]  # fmt: skip
    store.commit(writes, by="planner", action="results")
    yield made
    made.close()


@pytest.fixture(scope="package")
def town(server: Server) -> TestClient:
    return client(server)


@pytest.fixture(scope="package")
def viewer(server: Server) -> TestClient:
    """Somebody without the right to household data."""
    app = create_app(server.settings, server)
    app.add_middleware(As, caller=Caller("visitor", {STUDY_ID: "viewer"}))
    return TestClient(app, base_url="http://127.0.0.1:8000")
