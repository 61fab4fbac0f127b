"""The accounts of a database: names, passwords, roles, keys, what is kept of them, what is noted."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from api.accounts.accounts import Accounts, narrowed
from api.accounts.credentials import Passwords, new_key, read_key
from api.accounts.limits import Limiter, Rate
from api.accounts.rights import ROLES, Caller
from api.accounts.tables import metadata
from api.errors import NotFoundError
from api.storage.postgis_tables import own
from geo.errors import InputError
from tests.api.accounts.conftest import HOME, OWN_PAGE, PASSWORD, Team
from tests.api.served import STUDY_ID, small_study


@pytest.fixture
def kept(team: Team) -> Accounts:
    return team.accounts


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_newest_revision_has_just_these_tables(team: Team):
    with team.server.storage.engine.connect() as db:
        opts = {"include_name": lambda name, kind, _: kind != "table" or name in {*metadata.tables, *own.tables}}
        assert compare_metadata(MigrationContext.configure(db, opts=opts), [metadata, own]) == []


def test_nothing_that_lets_somebody_in_is_in_the_database(team: Team, kept: Accounts):
    kept.add("wang", by="li", password="quiet lanes of Suzhou")
    _, key = kept.add_key("wang", by="li")
    token = kept.begin_session("wang", how="test")
    with team.server.storage.engine.connect() as db:
        names = db.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'shequ'")).all()
        names = [name for name in names if name.split("_")[1] in ("accounts", "grants", "keys", "sessions", "audit")]
        said = "".join(str(db.execute(text(f"SELECT * FROM shequ.{name}")).all()) for name in names)
    assert len(names) == 5
    assert "wang" in said
    assert "$argon2id$" in said
    for secret in ("quiet lanes", key, key.split("_", 2)[2], token):
        assert secret not in said


# ── names and passwords ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", ["", "a b", "a:b", "a/b", "x" * 65, "li\n", "owner", "Anonymous", "<b>", "a\u202eb"])
def test_a_name_that_cannot_be_told_apart_is_refused(kept: Accounts, name):
    with pytest.raises(InputError, match=r"no name of an account|name of the server's own"):
        kept.add(name, by="li")


@pytest.mark.parametrize("name", ["li", "LI", "ｌｉ", "Li"])
def test_a_name_that_looks_like_another_is_taken(kept: Accounts, name):
    with pytest.raises(InputError, match="there is an account"):
        kept.add(name, by="li")
    assert kept.get(name).name == "li"


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "has 5 letters"), ("x" * 300, "has 300 letters"), ("abababababab", "same few letters"),
     ("wang-wang123", "little more than the account's name")],
)  # fmt: skip
def test_weak_passwords_are_refused(kept: Accounts, password, why):
    with pytest.raises(InputError, match=why):
        kept.add("wang", by="li", password=password)
    with pytest.raises(NotFoundError):
        kept.get("wang")


def test_passwords_are_told_apart_whatever_letters_they_have(kept: Accounts):
    kept.add("wang", by="li", password="长江大桥下的小街café不远")
    assert kept.check_password("WANG", "长江大桥下的小街cafe\u0301不远") == "wang"  # as another keyboard writes é
    assert kept.check_password("wang", "长江大桥下的小街cafe不远") is None
    assert kept.check_password("nobody", PASSWORD) is None
    assert kept.check_password("li", PASSWORD) == "li"
    assert Passwords().fits("", None) is False


def test_who_is_shut_comes_in_no_more(team: Team, kept: Accounts):
    kept.add("wang", by="li", password="quiet lanes of Suzhou", role="viewer")
    page = team.signed_in("wang", "quiet lanes of Suzhou")
    key = team.client(Authorization=f"Bearer {kept.add_key('wang', by='li')[1]}")
    assert page.get(HOME).status_code == key.get(HOME).status_code == 200
    kept.change("wang", by="li", active=False)
    assert page.get(HOME).status_code == key.get(HOME).status_code == 401
    assert kept.check_password("wang", "quiet lanes of Suzhou") is None
    kept.change("wang", by="li", active=True)
    assert (page.get(HOME).status_code, key.get(HOME).status_code) == (401, 200)  # the session has ended


def test_somebody_always_keeps_the_accounts(kept: Accounts):
    for change in ({"role": None}, {"role": "planner"}, {"active": False}):
        with pytest.raises(InputError, match="nobody would be left"):
            kept.change("li", by="li", **change)
    with pytest.raises(InputError, match="nobody would be left"):
        kept.remove("li", by="li")
    kept.add("wang", by="li", role="admin")
    kept.change("li", by="wang", role=None)
    assert kept.get("li").role is None


# ── roles ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_roles_are_given_and_taken(team: Team, kept: Accounts):
    wang = team.who("wang")
    assert wang.get(HOME).status_code == 404
    li = team.signed_in()
    put = li.put(f"{HOME}/roles/wang", json={"role": "surveyor", "area": {"collection": "communities", "id": "SQ01"}})
    assert put.status_code == 200, put.text
    assert wang.get("/me").json()["areas"] == {STUDY_ID: {"collection": "communities", "id": "SQ01"}}
    assert li.get(f"{HOME}/roles").json()["roles"] == [
        {"account": "li", "role": "admin", "everywhere": True, "area": None},
        {"account": "wang", "role": "surveyor", "everywhere": False,
         "area": {"collection": "communities", "id": "SQ01"}},
    ]  # fmt: skip
    assert li.delete(f"{HOME}/roles/wang").status_code == 204
    assert wang.get(HOME).status_code == 404
    for path, body, why in (
        ("wang", {"role": "planner", "area": {"collection": "communities", "id": "SQ99"}}, "there is no area SQ99"),
        ("zhao", {"role": "planner"}, "there is no account zhao"),
    ):
        told = li.put(f"{HOME}/roles/{path}", json=body)
        assert told.status_code in (404, 422)
        assert why in told.json()["detail"]


def test_an_admin_of_one_study_keeps_its_roles_and_no_accounts(team: Team):
    chief = team.who("chen", "admin")
    team.member("wang")
    assert chief.put(f"{HOME}/roles/wang", json={"role": "viewer"}).status_code == 200
    assert chief.get("/accounts").status_code == 403
    assert chief.post("/accounts", json={"name": "zhao"}).status_code == 403
    assert chief.get("/keys?account=li").status_code == 403


def test_no_admin_of_one_study_takes_it_from_the_server_s(team: Team):
    """A role of the study goes before that in all of them: as a viewer li could neither see nor mend it."""
    chen, li = team.who("chen", "admin"), team.client(Authorization=f"Bearer {team.accounts.add_key('li', by='li')[1]}")
    for name in ("li", "LI"):
        told = chen.put(f"{HOME}/roles/{name}", json={"role": "viewer"})
        assert told.status_code == 403
        assert "is an admin of the server" in told.json()["detail"]
    assert li.get(f"{HOME}/roles").status_code == 200
    assert li.put(f"{HOME}/roles/li", json={"role": "planner"}).status_code == 200, "who wants it, may"
    assert chen.delete(f"{HOME}/roles/li").status_code == 204


def test_roles_go_with_the_study(team: Team, kept: Accounts):
    wang = team.who("wang", "admin")
    narrow = kept.add_key("li", by="li", study=STUDY_ID)[0]
    team.server.storage.drop(STUDY_ID, by="li")
    team.server.storage.create(STUDY_ID, small_study(), by="li")
    kept._trusted.forget()
    assert wang.get("/me").json()["roles"] == {}
    assert narrow.prefix not in [key.prefix for key in kept.keys("li")]


@given(st.dictionaries(st.sampled_from(["*", "east", "west"]), st.sampled_from(ROLES)),
       st.sampled_from([None, "east", "west"]), st.sampled_from([None, *ROLES]))  # fmt: skip
def test_law_a_key_never_may_more_than_its_account(roles, study, role):
    caller = Caller("li", roles)
    key = narrowed(caller, study, role)
    for asked in ("east", "west", "north"):
        for needed in ROLES:
            assert not key.may(asked, needed) or caller.may(asked, needed)
            if study is not None and asked != study:
                assert not key.may(asked, needed)
            if role is not None and ROLES.index(needed) > ROLES.index(role):
                assert not key.may(asked, needed)


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@given(st.text(max_size=60))
def test_law_only_keys_are_keys(text):
    key = new_key()
    assert read_key(key.text) == key
    found = read_key(text)
    assert found is None or found.text == text


def test_people_make_and_revoke_their_own_keys(team: Team):
    li = team.signed_in()
    li.post("/accounts", json={"name": "wang", "password": "quiet lanes of Suzhou"})
    wang = team.signed_in("wang", "quiet lanes of Suzhou")
    made = wang.post("/keys", json={"label": "QGIS", "days": 30})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    assert team.client(Authorization=f"Bearer {made.json()['key']}").get("/me").json()["name"] == "wang"
    (listed,) = wang.get("/keys").json()["keys"]
    assert listed["label"] == "QGIS"
    assert "key" not in listed
    assert "hash" not in listed
    assert wang.post("/keys", json={"account": "li"}).status_code == 403
    own = li.post("/keys", json={}).json()["prefix"]
    assert wang.delete(f"/keys/{own}").status_code == 404
    assert wang.delete(f"/keys/{made.json()['prefix']}").status_code == 204
    assert wang.get("/keys").json()["keys"] == []
    for body in ({"days": 0}, {"days": 9999}, {"study": "none"}, {"role": "king"}, {"more": 1}):
        assert li.post("/keys", json=body).status_code in (400, 404, 422)


# ── accounts over the API ────────────────────────────────────────────────────────────────────────────────────────────
def test_an_admin_keeps_accounts(team: Team):
    li = team.signed_in()
    made = li.post("/accounts", json={"name": "王芳", "password": "quiet lanes of Suzhou", "role": "viewer"})
    assert made.status_code == 201
    assert made.json()["signs_in"] == "password"
    assert "password" not in made.json()
    assert li.get("/accounts/王芳").json()["role"] == "viewer"
    assert li.patch("/accounts/王芳", json={"role": None, "active": False}).json()["active"] is False
    assert [each["name"] for each in li.get("/accounts").json()["accounts"]] == ["li", "王芳"]
    assert li.delete("/accounts/王芳").status_code == 204
    assert li.get("/accounts/王芳").status_code == 404
    log = li.get("/accounts-log").json()["entries"]
    assert [(each["by"], each["action"], each["account"]) for each in log[:3]] == [
        ("li", "account removed", "王芳"), ("li", "account changed", "王芳"), ("li", "account added", "王芳"),
    ]  # fmt: skip
    assert "quiet" not in str(log)
    assert li.get(f"/accounts-log?before={log[0]['number']}&limit=1").json()["entries"] == [log[1]]


def test_one_s_own_password_is_changed_by_who_knows_it(team: Team):
    li, elsewhere = team.signed_in(), team.signed_in()
    assert li.post("/me/password", json={"now": "wrong", "then": "a new and longer one"}).status_code == 403
    assert li.post("/me/password", json={"now": PASSWORD, "then": "short"}).status_code == 422
    assert li.post("/me/password", json={"now": PASSWORD, "then": "a new and longer one"}).status_code == 204
    assert li.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 401
    assert team.client(**OWN_PAGE).post("/login", data={"name": "li", "password": PASSWORD}).status_code == 403


# ── how much ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 10), st.floats(0.1, 10))
def test_law_nobody_gets_more_than_the_rate_allows(steps, most, a_second):
    clock, at = [0.0], 0.0
    limiter = Limiter(Rate(most, a_second), lambda: clock[0])
    given_out = 0
    for step in steps:
        at += step
        clock[0] = at
        wait = limiter.take("li")
        given_out += not wait
        assert given_out <= most + at * a_second + 1e-6
        if wait:
            clock[0] = at = at + wait + 1e-9
            assert limiter.take("li") < 1e-6
            given_out += 1
