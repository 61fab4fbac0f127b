"""A planner whose right is limited to an area changes the blocks of a plan in it, and no others, by whatever step.

The plan is that of four quarters of four blocks: SQ01 is the south-western one.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from starlette.testclient import TestClient

from api.editing.areas import Area
from api.errors import NotAllowedError
from api.server import Server
from tests.api.editing.conftest import HOME, served

P1 = f"{HOME}/plans/p1"
AREA = {"town": ("communities", "SQ01")}


@pytest.fixture
def server(planned_file: Path, tmp_path: Path) -> Iterator[Server]:
    with served(planned_file, tmp_path) as made:
        yield made


@pytest.fixture
def li(person: Callable[..., TestClient]) -> TestClient:
    return person("li", "planner", area=AREA)


@pytest.fixture
def quarters(server: Server) -> dict[str, list[str]]:
    """The blocks of each quarter."""
    found: dict[str, list[str]] = {}
    for row in server.storage.open("town").rows("blocks").to_pylist():
        found.setdefault(row["community_id"], []).append(row["id"])
    return found


def step(client: TestClient, seen: int, address: str = f"{P1}/edits", **said: Any) -> Any:
    return client.post(address, json=said or None, headers={"If-Match": f'"{seen}"'})


def refused(answer: Any) -> list[str]:
    """Return the blocks that a refusal names, having looked at its words."""
    told = answer.json()
    assert answer.status_code == 403, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "li edits in communities SQ01 only" in told["detail"]
    assert "li只能在communities SQ01范围内修改" in told["reasons_zh"][0]
    for block in told["blocks"]:
        assert block in told["detail"]
        assert block in told["reasons_zh"][0]
    return list(told["blocks"])


def test_blocks_of_the_area_are_moved_and_no_others(li: TestClient, quarters: dict[str, list[str]]) -> None:
    assert step(li, 1, do="move", blocks=["B0014"], to="SQ02").status_code == 200
    assert "B0014" in quarters["SQ01"]
    own, other = "B0009", quarters["SQ02"][0]
    assert refused(step(li, 2, do="move", blocks=[own, other], to="SQ03")) == [other]
    assert refused(step(li, 2, do="move", blocks=[other], to="SQ01")) == [other]
    assert li.get(P1).json()["version"] == 2


def test_merging_splitting_cutting_and_locking_ask_for_every_block(
    li: TestClient, town: TestClient, quarters: dict[str, list[str]]
) -> None:
    """The corner of the quarters is at (500400, 3340400)."""
    south, north = ([[500_200, y - 10], [500_200, y + 410]] for y in (3_340_000, 3_340_400))
    assert refused(step(li, 1, do="merge", a="SQ02", b="SQ03"))
    assert set(refused(step(li, 1, do="split", community="SQ03"))) <= set(quarters["SQ03"])
    assert set(refused(step(li, 1, do="cut", community="SQ03", line=north))) <= set(quarters["SQ03"])
    both = {"kind": "together", "of": "blocks", "ids": [*quarters["SQ03"], *quarters["SQ01"]]}
    assert refused(step(li, 1, do="lock", wish=both)) == sorted(quarters["SQ03"])
    assert step(town, 1, do="lock", wish=both).status_code == 200
    assert refused(step(li, 2, do="unlock", wish=both)) == sorted(quarters["SQ03"])
    assert step(town, 2, do="unlock", wish=both).status_code == 200
    assert step(li, 3, do="lock", wish={**both, "ids": quarters["SQ01"][:2]}).status_code == 200
    assert step(li, 4, do="unlock", wish={**both, "ids": quarters["SQ01"][:2]}).status_code == 200
    assert step(li, 5, do="cut", community="SQ01", line=south).status_code == 200


def test_what_others_did_outside_is_neither_undone_nor_redone(
    li: TestClient, town: TestClient, quarters: dict[str, list[str]]
) -> None:
    assert step(town, 1, do="move", blocks=["B0014"], to="SQ02").status_code == 200
    assert step(li, 2, f"{P1}/undo").status_code == 200, "it lies in the area, whoever did it"
    assert step(li, 3, f"{P1}/redo").status_code == 200
    other = quarters["SQ04"][0]
    assert step(town, 4, do="move", blocks=[other], to="SQ03").status_code == 200
    assert refused(step(li, 5, f"{P1}/undo")) == [other]
    assert step(town, 5, f"{P1}/undo").status_code == 200
    assert refused(step(li, 6, f"{P1}/redo")) == [other]


def test_a_step_behind_others_is_checked_on_the_plan_as_it_stands(
    li: TestClient, town: TestClient, quarters: dict[str, list[str]]
) -> None:
    assert step(town, 1, do="move", blocks=[quarters["SQ04"][0]], to="SQ03").status_code == 200
    behind = step(li, 1, do="move", blocks=["B0014"], to="SQ02")
    assert behind.status_code == 200, behind.text
    assert behind.json()["merged"]["onto"] == 2
    other = quarters["SQ02"][-1]
    assert refused(step(li, 3, do="move", blocks=[other], to="SQ01")) == [other]


def test_a_branch_may_be_begun_and_is_bound_alike(li: TestClient, quarters: dict[str, list[str]]) -> None:
    assert li.post(f"{P1}/branches", json={"id": "p2"}).status_code == 201
    edits = f"{HOME}/plans/p2/edits"
    assert step(li, 1, edits, do="move", blocks=["B0014"], to="SQ02").status_code == 200
    assert refused(step(li, 2, edits, do="move", blocks=[quarters["SQ02"][0]], to="SQ01"))


def test_the_plan_as_a_whole_is_for_who_edits_the_whole(li: TestClient) -> None:
    for method, path in (("POST", "/propose"), ("POST", "/explain"), ("PATCH", ""), ("DELETE", "")):
        answer = li.request(method, P1 + path, json={} if method == "PATCH" else None, headers={"If-Match": '"1"'})
        assert answer.status_code == 403
        assert "this is of the whole study" in answer.json()["detail"]


def test_an_area_that_is_not_there_holds_nothing(person: Callable[..., TestClient]) -> None:
    lost = person("li", "planner", area={"town": ("communities", "SQ99")})
    answer = step(lost, 1, do="move", blocks=["B0014"], to="SQ02")
    assert (answer.status_code, answer.json()["blocks"]) == (403, ["B0014"])


def test_outlines_of_different_hands_may_differ_a_little() -> None:
    area = Area("li", "communities", "SQ01", shapely.box(0, 0, 100, 100))
    area.require_blocks(["a"], [shapely.box(50, 0, 102, 100)])
    with pytest.raises(NotAllowedError, match="1 of the 2 blocks"):
        area.require_blocks(["a", "b"], [shapely.box(0, 0, 50, 100), shapely.box(50, 0, 104, 100)])
