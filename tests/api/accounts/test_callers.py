"""Who is let in, by what, to what; and which pages of strangers are not."""

import base64

import pytest
from sqlalchemy import text

from api.accounts.rights import ROLES
from tests.api.accounts.conftest import BASE, HOME, OWN_PAGE, PASSWORD, Team
from tests.api.served import STUDY_ID, client, serve, small_study

GEOJSON = {"content-type": "application/geo+json"}


def _basic(name: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()}


# ── one planner on this machine ──────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    server = serve(small_study(), tmp_path_factory.mktemp("alone"))
    yield client(server)
    server.close()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000", "127.0.0.53"])
def test_on_this_machine_everybody_is_the_owner(alone, host):
    told = alone.get("/me", headers={"host": host})
    assert told.status_code == 200
    assert told.json()["name"] == "owner"
    assert told.json()["roles"] == {"*": "admin"}
    assert told.json()["team"] is False


@pytest.mark.parametrize("host", [
    "evil.example", "127.0.0.1.evil.example", "evil.example:8000", "localhost.evil.example", "localhost@evil.example",
    "", "0.0.0.0", "192.168.1.7:8000",
])  # fmt: skip
def test_a_stranger_s_name_that_leads_here_is_not_answered(alone, host):
    for path in (HOME, f"{HOME}/collections/buildings/items", f"{HOME}/tiles/WebMercatorQuad/0/0/0", "/metrics"):
        told = alone.get(path, headers={"host": host})
        assert told.status_code == 403
        assert told.headers["content-type"] == "application/problem+json"
        assert "this server is not" in told.json()["detail"]
        assert told.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("page", [
    {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:9999"},
    {"origin": "https://127.0.0.1:8000"}, {"origin": "http://127.0.0.1:8000.evil.example"},
    {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
])  # fmt: skip
def test_a_page_of_a_stranger_writes_nothing(alone, page):
    before = alone.get(f"{HOME}/freshness").json()["tx"]
    for method, path in (
        ("POST", f"{HOME}/collections/buildings/items"), ("POST", f"{HOME}/processes/export/execution"),
        ("DELETE", f"{HOME}/collections/buildings/items/JZ001"), ("POST", f"{HOME}/collections/buildings/hold"),
    ):  # fmt: skip
        told = alone.request(method, path, headers={**page, **GEOJSON}, content="{}")
        assert told.status_code == 403, path
        assert "may not write here" in told.json()["detail"]
    assert alone.get(f"{HOME}/freshness").json()["tx"] == before
    assert alone.get(HOME, headers=page).status_code == 200  # what it cannot read it may ask


@pytest.mark.parametrize("page", [{}, {"origin": BASE}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}])
def test_our_own_pages_and_programs_write(alone, page):
    held = alone.post(f"{HOME}/collections/buildings/hold", headers=page, json={"minutes": 1})
    assert held.status_code in (200, 201)


def test_another_machine_behind_a_proxy_is_not_the_owner(tmp_path):
    from starlette.testclient import TestClient

    from api.main import create_app

    server = serve(small_study(), tmp_path)
    far = TestClient(create_app(server.settings, server), base_url=BASE, client=("10.0.0.9", 4000))
    told = far.get(HOME)
    assert (told.status_code, "10.0.0.9 is another machine" in told.json()["detail"]) == (403, True)
    server.close()


def test_pages_that_the_settings_name_may_write(tmp_path):
    server = serve(small_study(), tmp_path, cors_origins=("https://map.example",))
    friend = client(server)
    hold = f"{HOME}/collections/buildings/hold"
    assert friend.post(hold, headers={"origin": "https://map.example"}).status_code in (200, 201)
    assert friend.post(hold, headers={"origin": "https://map.example.evil"}).status_code == 403
    server.close()


def test_files_have_no_accounts(alone):
    for path in ("/login", "/keys", "/accounts", f"{HOME}/roles"):
        told = alone.get(path)
        assert told.status_code == 404
        assert "keeps no accounts" in told.json()["detail"]


# ── a team ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_nobody_is_told_anything(team: Team):
    nobody = team.client()
    for path in ("/studies", HOME, f"{HOME}/collections", f"{HOME}/collections/buildings/items", "/me", "/keys",
                 f"{HOME}/tiles/WebMercatorQuad/0/0/0", f"{HOME}/files/x", f"{HOME}/jobs", "/accounts", "/metrics",
                 f"{HOME}/roles", "/studies/none", f"{HOME}/search?q=a"):  # fmt: skip
        told = nobody.get(path, headers={"accept": "application/json, */*"})
        assert told.status_code == 401, path
        assert told.json()["status"] == 401
        assert told.headers.get_list("www-authenticate") == [
            'Bearer realm="shequ"',
            'Basic realm="shequ", charset="UTF-8"',
        ]
    assert nobody.get("/health").status_code == 200
    assert nobody.get("/conformance").status_code == 200


def test_a_browser_is_led_to_the_page_and_back(team: Team):
    told = team.client().get(
        f"{HOME}/map?lang=en&x=a%26b", headers={"accept": "text/html,*/*", "sec-fetch-site": "none"}
    )
    assert told.status_code == 303
    assert told.headers["location"] == "/login?next=/studies/town/map%3Flang%3Den%26x%3Da%2526b"
    assert told.content == b""
    scripts = team.client().get(f"{HOME}/collections", headers={"accept": "*/*", "sec-fetch-site": "same-origin"})
    assert scripts.status_code == 401
    assert scripts.headers.get_list("www-authenticate") == ['Bearer realm="shequ"']  # no window of the browser's own


def test_a_key_lets_in_as_bearer_and_as_password(team: Team):
    key = team.member("王芳", "viewer")
    for headers in ({"Authorization": f"Bearer {key}"}, {"Authorization": f"bearer {key}"}, _basic("王芳", key)):
        told = team.client(**headers).get("/me")
        assert told.status_code == 200
        assert told.json()["name"] == "王芳"
        assert told.json()["roles"] == {STUDY_ID: "viewer"}
        assert team.client(**headers).get(f"{HOME}/tiles/WebMercatorQuad/0/0/0").status_code in (200, 204)


def test_wrong_credentials_are_refused_alike(team: Team):
    key = team.member("wang", "viewer")
    prefix = key.split("_")[1]
    for headers in (
        {"Authorization": "Bearer shequ_000000000000_x"}, {"Authorization": f"Bearer shequ_{prefix}_x"},
        {"Authorization": f"Bearer {key}x"}, {"Authorization": "Bearer hunter2"}, _basic("li", key),
        _basic("li", PASSWORD), _basic("", key), _basic("wang", ""),
    ):  # fmt: skip
        told = team.client(**headers).get(HOME)
        assert told.status_code == 401
        assert told.json()["detail"] == "the API key is unknown, has expired, or is not this account's"
    for value in ("Digest x", "Basic !!", "Bearer", "Basic " + base64.b64encode(b"nocolon").decode(), "x" * 5000):
        told = team.client(Authorization=value).get(HOME)
        assert (told.status_code, "not understood" in told.json()["detail"]) == (401, True)


def test_keys_expire_and_are_revoked_at_once(team: Team, cluster, url):
    key = team.member("wang", "viewer")
    wang = team.client(Authorization=f"Bearer {key}")
    assert wang.get(HOME).status_code == 200
    team.accounts.remove_key(key.split("_")[1], by="li")
    assert wang.get(HOME).status_code == 401

    _, late = team.accounts.add_key("wang", by="li", days=1)
    with team.server.storage.engine.begin() as db:
        db.execute(text("UPDATE shequ_keys SET expires = '2020-01-01T00:00:00.000Z'"))
    assert team.client(Authorization=f"Bearer {late}").get(HOME).status_code == 401


def test_what_another_server_revokes_holds_within_half_a_minute(make_team, monkeypatch):
    here, there = make_team(), make_team()
    key = here.member("wang", "viewer")
    wang = here.client(Authorization=f"Bearer {key}")
    assert wang.get(HOME).status_code == 200
    there.accounts.remove_key(key.split("_")[1], by="li")
    assert wang.get(HOME).status_code == 200  # looked up just now
    from api.accounts import accounts

    now = accounts.time.monotonic()
    monkeypatch.setattr(accounts.time, "monotonic", lambda: now + 31)
    assert wang.get(HOME).status_code == 401


def test_a_key_may_be_narrower_than_its_account(team: Team):
    _, narrow = team.accounts.add_key("li", by="li", study=STUDY_ID, role="viewer")
    _, elsewhere = team.accounts.add_key("li", by="li", role="surveyor")
    key = team.client(Authorization=f"Bearer {narrow}")
    assert key.get("/me").json()["roles"] == {STUDY_ID: "viewer"}
    assert key.get("/accounts").status_code == 403
    assert key.post(f"{HOME}/collections/buildings/hold").status_code == 403
    assert key.post("/keys", json={}).status_code == 403  # a key that leaked makes no wider one
    assert key.delete(f"/keys/{elsewhere.split('_')[1]}").status_code == 403
    assert team.client(Authorization=f"Bearer {elsewhere}").get("/me").json()["roles"] == {"*": "surveyor"}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_those_before_it_may(team: Team, role):
    who = team.who("wang", role)
    team.member("zhao")
    may = ROLES.index(role)
    asked = [
        (0, who.get(f"{HOME}/collections/buildings/items?limit=1")),
        (1, who.patch(f"{HOME}/collections/findings/items/building:JZ001:3a:1", content='{"properties": {"note": "x"}}',
                      headers={"content-type": "application/merge-patch+json", "if-match": '"1"'})),
        (2, who.patch(f"{HOME}/collections/buildings/items/JZ001", content='{"properties": {"floors": 7}}',
                      headers={"content-type": "application/merge-patch+json", "if-match": '"1"'})),
        (2, who.get(f"{HOME}/transactions")),
        (4, who.get(f"{HOME}/roles")),
        (4, who.put(f"{HOME}/roles/zhao", json={"role": "viewer"})),
        (5, who.get("/accounts")), (5, who.get("/accounts-log")), (5, who.get("/metrics")),
    ]  # fmt: skip
    for least, told in asked:
        assert (told.status_code < 300) == (may >= least), (told.request.url, told.status_code, told.text[:200])
        assert told.status_code < 300 or told.status_code == 403
    assert who.get("/studies").json()["studies"][0]["id"] == STUDY_ID


def test_a_study_that_is_not_one_s_own_is_not_there(team: Team):
    other = team.who("zhao")
    assert other.get("/studies").json()["studies"] == []
    for path in (HOME, f"{HOME}/collections/buildings/items", f"{HOME}/tiles/WebMercatorQuad/0/0/0", f"{HOME}/roles"):
        told, none = other.get(path), other.get(path.replace(STUDY_ID, "none"))
        assert told.status_code == none.status_code == 404
        assert told.json()["detail"].replace(STUDY_ID, "none") == none.json()["detail"]


def test_every_write_is_kept_under_the_caller_s_name(team: Team):
    wang = team.who("王芳", "planner")
    told = wang.patch(f"{HOME}/collections/buildings/items/JZ001", content='{"properties": {"floors": 7}}',
                      headers={"content-type": "application/merge-patch+json", "if-match": '"1"'})  # fmt: skip
    assert told.status_code == 204
    assert wang.get(f"{HOME}/transactions").json()["transactions"][0]["by"] == "王芳"


def test_somebody_with_an_area_edits_inside_it_and_nothing_of_the_whole(team: Team):
    wang = team.who("wang", "planner", area=("communities", "SQ01"))
    patch = {"content-type": "application/merge-patch+json", "if-match": '"1"'}
    inside = wang.patch(
        f"{HOME}/collections/buildings/items/JZ001", content='{"properties": {"floors": 7}}', headers=patch
    )
    outside = wang.patch(f"{HOME}/collections/buildings/items/JZ048", content='{"properties": {"floors": 7}}',
                         headers=patch)  # fmt: skip
    assert inside.status_code == 204
    job = wang.post(f"{HOME}/processes/export/execution", json={"inputs": {}})
    assert job.status_code == 403
    assert "edits in communities SQ01 only" in job.json()["detail"]
    assert outside.status_code == 403, outside.text
    assert "edits in communities SQ01 only" in outside.json()["detail"]


def test_whoever_has_no_account_may_look_where_the_settings_say_so(make_team):
    nobody = make_team(anonymous_viewers=True).client()
    assert nobody.get("/me").json()["name"] == "anonymous"
    item = nobody.get(f"{HOME}/collections/buildings/items/JZ001").json()
    assert "households" not in item["properties"]
    tile = nobody.get(f"{HOME}/tiles/WebMercatorQuad/0/0/0")
    assert tile.headers["cache-control"].startswith("public")
    assert "authorization" in tile.headers["vary"].lower()
    assert nobody.post(f"{HOME}/collections/buildings/items", content="{}", headers=GEOJSON).status_code == 403
    assert nobody.get("/keys").status_code == 401


def test_signing_in_takes_nothing_away_from_who_has_no_role(make_team):
    team = make_team(anonymous_viewers=True)
    nobody, zhao, wang = team.client(), team.who("zhao"), team.who("wang", "viewer")
    listed = [each.get(f"{HOME}/collections").json()["collections"] for each in (nobody, zhao, wang)]
    public, own, viewer = ({each["id"] for each in found} for found in listed)
    assert public == own == viewer - {"findings", "finding_history", "observations"}
    assert [each["id"] for each in zhao.get("/studies").json()["studies"]] == [STUDY_ID]
    assert zhao.get(f"{HOME}/collections/findings/items").status_code == 404
    told = [each.get(f"{HOME}/collections").headers for each in (zhao, wang)]
    assert [each["cache-control"].partition(",")[0] for each in told] == ["public", "private"]
    assert zhao.post(f"{HOME}/collections/buildings/items", content="{}", headers=GEOJSON).status_code == 403


def test_too_many_requests_are_told_when_to_come_again(make_team):
    team = make_team(requests_per_minute=6)
    wang, zhao = team.who("wang", "viewer"), team.who("zhao", "viewer")
    answers = [wang.get(HOME)]
    while answers[-1].status_code == 200 and len(answers) < 100:  # one more each ten seconds that this takes
        answers.append(wang.get(HOME))
    assert [each.status_code for each in answers][:5] == [200] * 5
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
    assert "more than 6 requests in a minute" in answers[-1].json()["detail"]
    assert zhao.get(HOME).status_code in (200, 429)  # the address, too, has asked a few times


def test_answers_to_a_team_are_nobody_else_s(team: Team):
    told = team.who("wang", "viewer").get(f"{HOME}/collections")
    assert told.headers["cache-control"].startswith("private")
    assert "Cookie" in told.headers["vary"]
    for name, value in {"x-frame-options": "SAMEORIGIN", "x-content-type-options": "nosniff",
                        "referrer-policy": "same-origin"}.items():  # fmt: skip
        assert told.headers[name] == value
    assert "frame-ancestors 'self'" in told.headers["content-security-policy"]
    assert "strict-transport-security" not in told.headers


def test_behind_tls_browsers_keep_to_it(make_team):
    team = make_team(public_url="https://map.example")
    told = team.client().get("/health", headers={"host": "map.example"})
    assert told.headers["strict-transport-security"] == "max-age=31536000"
    client = team.client(Origin="https://map.example")
    answer = client.post("/login", data={"name": "li", "password": PASSWORD})
    assert answer.headers["set-cookie"].startswith("__Host-shequ-session=")
    assert "; Secure" in answer.headers["set-cookie"]


def test_a_team_on_this_machine_is_asked_by_its_name(team: Team):
    assert team.client().get("/login", headers={"host": "evil.example"}).status_code == 403


def test_programs_with_keys_write_from_wherever_and_browsers_do_not_with_basic(team: Team):
    key = team.member("wang", "planner")
    hold = f"{HOME}/collections/buildings/hold"
    strange = {"origin": "https://evil.example"}
    assert team.client(Authorization=f"Bearer {key}").post(hold, headers=strange).status_code in (200, 201)
    assert team.client(**_basic("wang", key)).post(hold, headers=strange).status_code == 403
    assert team.client(**_basic("wang", key)).post(hold).status_code in (200, 201)


def test_a_cookie_writes_from_our_own_pages_alone(team: Team):
    li = team.signed_in()
    hold = f"{HOME}/collections/buildings/hold"
    assert li.post(hold).status_code in (200, 201)
    del li.headers["Origin"]
    assert li.post(hold, headers={"sec-fetch-site": "same-origin"}).status_code in (200, 201)
    for page in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}, {}):
        told = li.post(hold, headers=page)
        assert told.status_code == 403, page
    assert OWN_PAGE == {"Origin": BASE}
