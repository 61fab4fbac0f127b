"""Plans over HTTP: kept, edited, undone, branched, compared, on their way to publication."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from api.server import Server
from api.storage.plans import FRAMES
from api.storage.records import FeatureWrite
from geo.partition.plan import Plan
from layers.words import fullwidth
from tests.api.editing.conftest import HOME, served, small_plan

PLANS = f"{HOME}/plans"
P1 = f"{PLANS}/p1"


@pytest.fixture
def server(planned_file: Path, tmp_path: Path) -> Iterator[Server]:
    with served(planned_file, tmp_path) as made:
        yield made


@pytest.fixture
def plan(town: TestClient) -> dict[str, Any]:
    """The plan p1, kept as a draft: the four quarters as they are."""
    told: dict[str, Any] = town.get(P1).json()
    return told


def move(town: TestClient | httpx.Client, blocks: list[str], to: str | None, seen: int, address: str = P1) -> Any:
    step = {"do": "move", "blocks": blocks, "to": to}
    return town.post(f"{address}/edits", json=step, headers={"If-Match": f'"{seen}"'})


def rows(server: Server, frame: str, plan_id: str = "p1") -> dict[str, dict[str, Any]]:
    table = server.storage.open("town").rows(f"plan.{plan_id}.{frame}")
    return {row["id"]: row for row in table.to_pylist()}


def sizes(told: dict[str, Any]) -> dict[str, int]:
    return {one["id"]: one["households"] for one in told["communities"]}


# ── kept ──
def test_a_kept_plan_tells_its_state_measures_and_layers(town: TestClient, server: Server) -> None:
    answer = town.post(PLANS, json={"id": "p2", "title_zh": "方案二", "plan": json.loads(small_plan().to_json())})
    assert (answer.status_code, answer.headers["location"]) == (201, f"http://127.0.0.1:8000{PLANS}/p2")
    plan = answer.json()
    assert (plan["state"], plan["version"], plan["steps"], plan["explained"]) == ("draft", 1, 0, True)
    assert sizes(plan) == {"SQ01": 277, "SQ02": 347, "SQ03": 332, "SQ04": 277}
    assert not plan["violations"]
    assert {"seam", "change", "size"} <= set(plan["terms"])
    assert {f"plan.p2.{frame}" for frame in FRAMES} <= set(server.storage.open("town").collections())
    assert [each["id"] for each in town.get(PLANS).json()["plans"]] == ["p1", "p2"]
    assert Plan.from_json(town.get(f"{P1}/plan.json").content).digest == small_plan().digest
    assert town.get(P1, headers={"If-None-Match": '"1"'}).status_code == 304


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"id": "P 1"}, "cannot be an id"),
        ({"id": "p1"}, "there is a plan p1 already"),
        ({"id": "p3", "plan": {}}, "the plan: assignment is missing"),
    ],
)
def test_plans_that_cannot_be_kept(town: TestClient, plan: dict[str, Any], body: dict[str, Any], said: str) -> None:
    answer = town.post(PLANS, json={"plan": json.loads(small_plan().to_json()), **body})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_a_plan_of_other_blocks_is_refused(town: TestClient) -> None:
    other = json.loads(small_plan().to_json())
    other["assignment"]["B9999"] = other["assignment"].pop("B0001")
    answer = town.post(PLANS, json={"id": "p2", "plan": other})
    assert answer.status_code == 422
    assert "blocks have no community in the plan" in answer.json()["detail"]
    assert town.get(f"{PLANS}/p2").status_code == 404


# ── edited ──
def test_an_edit_answers_with_what_it_changes(town: TestClient, plan: dict[str, Any], server: Server) -> None:
    answer = move(town, ["B0014"], "SQ02", 1)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["version"], answer.headers["etag"]) == (2, '"2"')
    assert told["answer"]["blocks"] == ["B0014"]
    counted = [
        (c["community_id"], c["households_before"], c["households_after"]) for c in told["answer"]["communities"]
    ]
    assert counted == [("SQ01", 277, 199), ("SQ02", 347, 425)]
    assert {term["name"]: term["difference"] for term in told["answer"]["terms"]}["change"] == 78
    assert told["plan"]["history"][0]["text_en"].startswith("1 block with 78 households moved")
    assert (told["plan"]["can_undo"], told["plan"]["explained"]) == (True, False)
    assert rows(server, "blocks")["B0014"]["community_id"] == "SQ02"
    assert rows(server, "communities")["SQ02"]["households"] == 425
    assert [(m["from_id"], m["to_id"], m["households"]) for m in rows(server, "moves").values()] == [
        ("SQ01", "SQ02", 78)
    ]


def test_an_edit_that_breaks_a_rule_says_so_and_is_made(town: TestClient, plan: dict[str, Any]) -> None:
    told = move(town, ["B0014", "B0013", "B0010"], "SQ02", 1).json()
    broken = [(v["rule"], v["community_id"], v["state"]) for v in told["answer"]["violations"]]
    assert ("SQ01", "new") in [(who, state) for _, who, state in broken]
    assert all(v["text_zh"] and v["text_en"] for v in told["answer"]["violations"])
    said = [
        v["text_zh"] for v in [*told["answer"]["violations"], *told["plan"]["violations"], *told["plan"]["history"]]
    ]
    assert said == [fullwidth(text) for text in said]


def test_steps_of_every_kind(town: TestClient, plan: dict[str, Any]) -> None:
    line = [[500_190, 3_339_990], [500_210, 3_340_410]]
    steps: list[dict[str, Any]] = [
        {"do": "merge", "a": "SQ01", "b": "SQ02"},
        {"do": "split", "community": "SQ02", "parts": 2},
        {"do": "cut", "community": "SQ03", "line": [[x, y + 400] for x, y in line]},
        {"do": "lock", "wish": {"kind": "together", "ids": ["B0001", "B0002"], "of": "blocks"}},
        {"do": "unlock", "wish": {"kind": "together", "ids": ["B0001", "B0002"], "of": "blocks"}},
    ]
    for version, step in enumerate(steps, start=1):
        answer = town.post(f"{P1}/edits", json=step, headers={"If-Match": f'"{version}"'})
        assert answer.status_code == 200, answer.text
    told = answer.json()["plan"]
    assert len(told["history"]) == 5
    assert sum(sizes(told).values()) == 1233


def test_refused_edits_leave_everything_as_it_is(town: TestClient, plan: dict[str, Any], server: Server) -> None:
    head = server.storage.open("town").head()
    nowhere = move(town, ["B0014"], "SQ99", 1)
    assert nowhere.status_code == 422
    assert "there is no community SQ99" in nowhere.json()["detail"]
    assert town.post(f"{P1}/edits", json={"do": "fly"}, headers={"If-Match": '"1"'}).status_code == 400
    unsaid = town.post(f"{P1}/edits", json={"do": "merge", "a": "SQ01", "b": "SQ02"})
    assert unsaid.status_code == 428
    assert "If-Match" in unsaid.json()["faults"][0]["remedy"]
    assert town.post(f"{PLANS}/p9/edits", json={"do": "merge", "a": "A", "b": "B"},
                     headers={"If-Match": '"1"'}).status_code == 404  # fmt: skip
    assert server.storage.open("town").head() == head


def test_undo_and_redo(town: TestClient, plan: dict[str, Any], server: Server) -> None:
    before = rows(server, "communities")["SQ02"]["geometry"]
    move(town, ["B0014"], "SQ02", 1)
    undone = town.post(f"{P1}/undo", headers={"If-Match": '"2"'}).json()
    assert sizes(undone["plan"]) == sizes(plan)
    assert undone["plan"]["can_redo"]
    assert rows(server, "communities")["SQ02"]["geometry"] == before
    assert not rows(server, "moves")
    redone = town.post(f"{P1}/redo", headers={"If-Match": '"3"'}).json()
    assert sizes(redone["plan"])["SQ02"] == 425
    nothing = town.post(f"{P1}/redo", headers={"If-Match": '"4"'})
    assert nothing.status_code == 422
    assert "nothing to redo" in nothing.json()["detail"]


def test_a_plan_outlives_the_server(town: TestClient, plan: dict[str, Any], server: Server) -> None:
    from api.editing.board import PlanBoard

    move(town, ["B0014"], "SQ02", 1)
    move(town, ["B0009"], "SQ03", 2)
    town.post(f"{P1}/undo", headers={"If-Match": '"3"'})
    kept = town.get(P1).json()
    del server.parts[PlanBoard]
    assert town.get(P1).json() == kept
    assert move(town, ["B0010"], "SQ02", 4).status_code == 200


# ── several planners ──
def test_edits_that_do_not_touch_are_merged(town: TestClient, plan: dict[str, Any], server: Server) -> None:
    move(town, ["B0014"], "SQ02", 1)
    second = move(town, ["B0005"], None, 1)
    assert second.status_code == 200, second.text
    told = second.json()
    assert (told["merged"]["seen"], told["merged"]["onto"], told["version"]) == (1, 2, 3)
    assert told["merged"]["edits"][0].startswith("1 block with 78 households moved")
    blocks = rows(server, "blocks")
    assert (blocks["B0014"]["community_id"], blocks["B0005"]["community_id"]) == ("SQ02", "N01")
    assert rows(server, "communities")["N01"]["name"] == "新社区(N01)"


def test_edits_that_touch_are_refused_with_what_changed(
    person: Callable[..., TestClient], plan: dict[str, Any], server: Server
) -> None:
    li, wang = person("li", "planner"), person("wang", "planner")
    assert move(li, ["B0014"], "SQ02", 1).status_code == 200
    refused = move(wang, ["B0011"], "SQ01", 1)
    assert refused.status_code == 412
    told = refused.json()
    assert (told["seen"], told["version"], told["communities"]) == (1, 2, ["SQ01", "SQ02"])
    assert [(c["by"], c["action"]) for c in told["changes"]] == [("li", "plan edited")]
    assert "changed by li" in told["detail"]
    assert rows(server, "blocks")["B0011"]["community_id"] == "SQ02"


def test_undo_is_not_merged(town: TestClient, plan: dict[str, Any]) -> None:
    move(town, ["B0014"], "SQ02", 1)
    assert town.post(f"{P1}/undo", headers={"If-Match": '"1"'}).status_code == 412
    town.post(f"{P1}/undo", headers={"If-Match": '"2"'})
    assert move(town, ["B0009"], "SQ03", 2).status_code == 412, "what was seen was taken back"


def test_many_planners_at_once(address: str, server: Server) -> None:
    """Eight hands on one plan: each edit that was accepted is in it, each that was not was told why."""
    moves = [("B0013", "SQ02"), ("B0001", "SQ04"), ("B0014", "SQ02"), ("B0003", "SQ03"), ("B0009", "SQ03"),
             ("B0012", "SQ04"), ("B0005", "SQ01"), ("B0008", "SQ02")]  # fmt: skip

    def one(number: int) -> tuple[int, str]:
        block, to = moves[number]
        with httpx.Client(timeout=60) as planner:
            answer = move(planner, [block], to, 1, f"{address}/plans/p1")
        assert answer.status_code in (200, 412), answer.text
        return answer.status_code, block

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))
    accepted = {block for status, block in answers if status == 200}
    told = httpx.get(f"{address}/plans/p1", timeout=60).json()
    assert len(told["history"]) == len(accepted) >= 1
    assert told["version"] == 1 + len(accepted)
    now = {block for block, row in rows(server, "blocks").items() if row["moved"]}
    assert now == accepted


def test_layers_that_another_program_spoiled_are_drawn_anew(
    town: TestClient, plan: dict[str, Any], server: Server
) -> None:
    store = server.storage.open("town")
    store.commit([FeatureWrite("plan.p1.blocks", "B0014", "delete")], by="qgis", action="spoiled")
    assert move(town, ["B0014"], "SQ02", 1).status_code == 200
    assert rows(server, "blocks")["B0014"]["community_id"] == "SQ02"


# ── branches ──
def test_a_branch_goes_its_own_way(town: TestClient, plan: dict[str, Any], server: Server) -> None:
    move(town, ["B0014"], "SQ02", 1)
    branch = town.post(f"{P1}/branches", json={"id": "p2"})
    assert branch.status_code == 201, branch.text
    assert branch.json()["branch_of"] == {"plan": "p1", "version": 2}
    assert branch.json()["title_zh"] == "方案一"
    move(town, ["B0009"], "SQ03", 1, f"{PLANS}/p2")
    assert rows(server, "blocks", "p2")["B0009"]["community_id"] == "SQ03"
    assert rows(server, "blocks", "p1")["B0009"]["community_id"] == "SQ01"
    told = town.get(f"{P1}/compare", params={"with": "p2"}).json()
    assert [(b["block_id"], b["from_id"], b["to_id"]) for b in told["blocks"]] == [("B0009", "SQ01", "SQ03")]
    assert [(p["from_id"], p["to_id"], p["households"]) for p in told["pairs"]] == [("SQ01", "SQ03", 73)]
    assert told["objective_second"] != told["objective_first"]
    assert {c["community_id"] for c in told["communities"]} == {"SQ01", "SQ03"}


# ── its way ──
def test_the_way_to_publication(person: Callable[..., TestClient], plan: dict[str, Any], server: Server) -> None:
    li, chen = person("li", "planner"), person("chen", "approver")
    move(li, ["B0014"], "SQ02", 1)
    proposed = li.post(f"{P1}/propose", json={"note": "请审"}, headers={"If-Match": '"2"'})
    assert (proposed.status_code, proposed.json()["state"], proposed.json()["explained"]) == (200, "proposed", True)
    assert "东门社区" in rows(server, "communities")["SQ02"]["text_zh"], "what is approved is what its texts say"
    edited = move(li, ["B0009"], "SQ03", 3)
    assert edited.status_code == 409
    assert "only drafts are edited" in edited.json()["reasons"][0]
    assert "草案" in edited.json()["reasons_zh"][0]
    assert li.post(f"{P1}/approve", headers={"If-Match": '"3"'}).status_code == 403
    assert chen.post(f"{P1}/publish", headers={"If-Match": '"3"'}).status_code == 409
    assert chen.post(f"{P1}/approve", headers={"If-Match": '"3"'}).json()["state"] == "approved"
    assert li.post(f"{P1}/withdraw", headers={"If-Match": '"4"'}).status_code == 403
    told = chen.post(f"{P1}/publish", json={"review_number": "GS(2026)001"}, headers={"If-Match": '"4"'}).json()
    assert (told["state"], told["review_number"]) == ("published", "GS(2026)001")
    assert [(turn["to"], turn["by"]) for turn in told["turns"]] == [
        ("proposed", "li"), ("approved", "chen"), ("published", "chen")]  # fmt: skip
    result = server.storage.open("town").document("result", "plan.p1")
    assert result is not None
    assert (result.body["state"], result.body["review_number"]) == ("published", "GS(2026)001")
    assert chen.post(f"{P1}/withdraw", headers={"If-Match": '"5"'}).json()["state"] == "draft"


def test_who_proposed_does_not_approve_in_a_team(
    person: Callable[..., TestClient], plan: dict[str, Any], server: Server
) -> None:
    chen = person("chen", "approver")
    assert chen.post(f"{P1}/propose", headers={"If-Match": '"1"'}).status_code == 200
    server.settings = server.settings.model_copy(update={"database": "postgresql://nowhere"})
    refused = chen.post(f"{P1}/approve", headers={"If-Match": '"2"'})
    assert refused.status_code == 403
    assert "may not approve it" in refused.json()["detail"]


def test_texts_of_a_draft_are_told_on_request(town: TestClient, plan: dict[str, Any], server: Server) -> None:
    move(town, ["B0014"], "SQ02", 1)
    assert rows(server, "communities")["SQ02"]["text_zh"] == "范围已由人工调整，说明待更新。"
    told = town.get(f"{P1}/texts").json()
    assert told["version"] == 2
    assert "鼓楼社区" in next(one["text_zh"] for one in told["today"] if one["id"] == "SQ01")
    explained = town.post(f"{P1}/explain").json()
    assert (explained["version"], explained["explained"]) == (3, True)
    assert "东门社区" in rows(server, "communities")["SQ02"]["text_zh"]
    assert town.post(f"{P1}/explain").json()["version"] == 3, "nothing to tell anew"
    assert move(town, ["B0005"], "SQ04", 2).status_code == 200, "an explanation is no edit"


def test_titles_change_and_drafts_are_deleted(town: TestClient, plan: dict[str, Any], server: Server) -> None:
    told = town.patch(P1, json={"title_en": "Plan One"}, headers={"If-Match": '"1"'}).json()
    assert (told["title_zh"], told["title_en"]) == ("方案一", "Plan One")
    assert town.delete(P1).status_code == 428
    assert town.delete(P1, headers={"If-Match": '"2"'}).status_code == 204
    assert town.get(P1).status_code == 404
    store = server.storage.open("town")
    assert not [name for name in store.collections() if name.startswith("plan.")]
    town.post(f"{HOME}/transactions/{store.head()}/undo")
    assert town.get(P1).json()["title_en"] == "Plan One"


# ── the study under it ──
def test_a_change_of_the_study_that_changes_the_plan_is_told(
    town: TestClient, plan: dict[str, Any], server: Server
) -> None:
    move(town, ["B0014"], "SQ02", 1)
    store = server.storage.open("town")
    study = store.study()
    fewer = study["blocks"].iloc[1:]
    seams = study["seams"]
    seams = seams[(seams["block_a"] != "B0001") & (seams["block_b"] != "B0001")]
    store.put_study(replace(study, tables={**study.tables, "blocks": fewer, "seams": seams}), by="li", action="recut")
    answer = town.get(P1)
    assert answer.status_code == 422
    assert "names unknown 1 blocks" in answer.json()["detail"]


def test_new_counts_are_measured_anew(town: TestClient, plan: dict[str, Any], server: Server) -> None:
    store = server.storage.open("town")
    study = store.study()
    blocks = study["blocks"].copy()
    blocks.loc["B0014", "households"] = 100
    store.put_study(replace(study, tables={**study.tables, "blocks": blocks}), by="li", action="counted")
    assert sizes(town.get(P1).json())["SQ01"] == 299


# ── rights ──
def test_rights(person: Callable[..., TestClient], plan: dict[str, Any]) -> None:
    viewer = person("guest", "viewer")
    assert viewer.get(P1).json()["communities"][0]["households"] == 277
    refused = move(viewer, ["B0014"], "SQ02", 1)
    assert refused.status_code == 403
    assert "needs the role planner" in refused.json()["detail"]


def test_viewers_read_no_counts_of_few_households(
    person: Callable[..., TestClient], plan: dict[str, Any], server: Server
) -> None:
    viewer, planner = person("guest", "viewer"), person("li", "planner")
    planner.post(f"{P1}/branches", json={"id": "p2"})
    move(planner, ["B0014"], "SQ02", 1, f"{PLANS}/p2")
    server.settings = server.settings.model_copy(update={"fewest_households": 100})
    compare = f"{P1}/compare?with=p2"
    assert [one["households"] for one in planner.get(compare).json()["blocks"]] == [78]
    assert [one["households"] for one in viewer.get(compare).json()["blocks"]] == [None]
    assert planner.get(f"{PLANS}/p2").json()["history"]
    assert not viewer.get(f"{PLANS}/p2").json()["history"]


def test_nor_by_the_rules_that_few_households_break(
    person: Callable[..., TestClient], plan: dict[str, Any], server: Server
) -> None:
    viewer, planner = person("guest", "viewer"), person("li", "planner")
    planner.post(f"{P1}/branches", json={"id": "p2"})
    move(planner, ["B0014", "B0013", "B0010"], "SQ02", 1, f"{PLANS}/p2")
    whole = {each["rule"]: each for each in planner.get(f"{PLANS}/p2").json()["violations"]}
    few = whole["households_min"]["measured"]
    server.settings = server.settings.model_copy(update={"fewest_households": few + 1})
    for path in (f"{PLANS}/p2", f"{P1}/compare?with=p2", f"{PLANS}/p2?f=html", f"{P1}/compare?with=p2&f=html"):
        told, other = viewer.get(path), planner.get(path)
        assert f"{few:g}户" in other.text or f"{few:g} households" in other.text, path
        assert f"{few:g}户" not in told.text, path
        assert f"{few:g} households" not in told.text, path
    shown = {each["rule"]: each for each in viewer.get(f"{PLANS}/p2").json()["violations"]}
    assert shown["households_min"]["measured"] is None
    assert "so small a number is not told" in shown["households_min"]["text_en"]
    assert {**whole, "households_min": 0} == {**shown, "households_min": 0}
    server.settings = server.settings.model_copy(update={"fewest_households": few})
    assert viewer.get(f"{PLANS}/p2").json()["violations"] == [*whole.values()]


def test_no_planner_gives_or_takes_an_approval_by_undoing(
    person: Callable[..., TestClient], plan: dict[str, Any]
) -> None:
    li, chen = person("li", "planner"), person("chen", "approver")

    def last(by: TestClient) -> int:
        return by.get(f"{HOME}/transactions?limit=1").json()["transactions"][0]["tx"]

    def undo(by: TestClient, tx: int) -> int:
        return by.post(f"{HOME}/transactions/{tx}/undo").status_code

    for version, (who, turn) in enumerate(((li, "propose"), (chen, "approve"), (chen, "publish")), start=1):
        assert who.post(f"{P1}/{turn}", headers={"If-Match": f'"{version}"'}).status_code == 200
        assert turn == "propose" or undo(li, last(li)) == 403, "approved, or published"
    assert chen.post(f"{P1}/withdraw", headers={"If-Match": '"4"'}).json()["state"] == "draft"
    assert undo(li, last(li)) == 403, "it would be published again"
    assert undo(chen, last(li)) == 200
    assert li.get(P1).json()["state"] == "published"
    assert undo(li, last(li)) == 403, "undoing that would withdraw it"
    assert undo(chen, last(li)) == 200
    move(li, ["B0014"], "SQ02", li.get(P1).json()["version"])
    assert undo(li, last(li)) == 200, "planners take back their own work on a draft"
