"""Signing in through an OpenID Connect provider, a real one on this machine."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from tests.api.accounts.conftest import HOME, OWN_PAGE, Team
from tests.api.accounts.provider import CLIENT, SECRET, Provider, running


@pytest.fixture(scope="module")
def one_provider() -> Iterator[Provider]:
    with running() as made:
        yield made


@pytest.fixture
def provider(one_provider: Provider) -> Provider:
    one_provider.spoil = ""
    one_provider.who = {"sub": "248289761001", "preferred_username": "王芳"}
    return one_provider


@pytest.fixture
def team(make_team: Callable[..., Team], provider: Provider) -> Team:
    return make_team(oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_client_secret=SecretStr(SECRET))


def _leave(client: TestClient, then: str = f"{HOME}/map") -> str:
    """Go to the provider, and return the address it sends the browser back to."""
    away = client.get("/login/oidc", params={"next": then})
    assert away.status_code == 303, away.text
    back = httpx.get(away.headers["location"], timeout=60).headers["location"]
    assert back.startswith("http://127.0.0.1:8000/login/oidc/callback?")
    return back.removeprefix("http://127.0.0.1:8000")


def test_the_page_offers_it(team: Team):
    assert '<a class="button" href="/login/oidc?next=/studies/town">' in team.client().get(f"/login?next={HOME}").text


def test_somebody_new_comes_in_without_any_role(team: Team, provider: Provider):
    client = team.client()
    told = client.get(_leave(client))
    assert (told.status_code, told.headers["location"]) == (303, f"{HOME}/map")
    me = client.get("/me").json()
    assert (me["name"], me["roles"], me["signed_in"]) == ("王芳", {}, True)
    assert client.get(HOME).status_code == 404
    team.accounts.grant("王芳", "town", "planner", by="li")
    assert client.get(HOME).status_code == 200
    assert team.accounts.get("王芳").signs_in == "oidc"
    assert f"signed in (through {provider.issuer})" in [each.action for each in team.accounts.log()]
    again = team.client()
    provider.who["preferred_username"] = "changed her name"
    again.get(_leave(again))
    assert again.get("/me").json()["name"] == "王芳"  # the subject counts


def test_nobody_gets_into_an_account_by_its_name(team: Team, provider: Provider):
    provider.who = {"sub": "other", "preferred_username": "Li", "email": "li@example"}
    client = team.client()
    client.get(_leave(client))
    me = client.get("/me").json()
    assert me["name"].startswith("Li-")
    assert me["roles"] == {}
    for name in ("owner", "<script>", ""):
        provider.who = {"sub": f"x{name}", "preferred_username": name}
        client.get(_leave(client))
        assert client.get("/me").json()["name"] not in ("owner", "<script>", "")


def test_an_account_made_for_an_identity_has_its_roles(team: Team, provider: Provider):
    team.accounts.add("chen", by="li", role="approver", identity=(provider.issuer, "777"))
    provider.who = {"sub": "777", "preferred_username": "whatever"}
    client = team.client()
    client.get(_leave(client))
    assert client.get("/me").json()["roles"] == {"*": "approver"}
    assert client.get("/me").json()["name"] == "chen"
    team.accounts.change("chen", by="li", active=False)
    shut = client.get(_leave(client))
    assert shut.status_code == 404
    assert "is shut" in shut.text


def test_a_name_may_stand_in_the_user_info_alone(team: Team, provider: Provider):
    provider.spoil, provider.who = "userinfo", {"sub": "9", "preferred_username": "x"}
    client = team.client()
    client.get(_leave(client))
    assert client.get("/me").json()["name"] == "told-later"


@pytest.mark.parametrize("spoil", ["nonce", "no nonce", "audience", "issuer", "expired", "signature", "hmac",
                                   "none", "iss", "refused"])  # fmt: skip
def test_what_does_not_hold_lets_nobody_in(team: Team, provider: Provider, spoil: str):
    provider.spoil = spoil
    client = team.client()
    told = client.get(_leave(client))
    assert told.status_code == 403
    assert "未能登录" in told.text
    assert "begin again" not in told.text
    assert client.get("/me").status_code == 401
    assert len(team.accounts.all()) == 1


def test_another_browser_cannot_be_signed_in_by_a_link(team: Team):
    thief, victim = team.client(), team.client()
    back = _leave(thief)
    assert victim.get(back).status_code == 403  # no way was kept with this browser
    _leave(victim)
    assert victim.get(back).status_code == 403  # another state
    assert victim.get("/me").status_code == 401
    assert thief.get(back).status_code == 303
    assert thief.get(back).status_code == 403  # a code is good once


def test_state_and_challenge_differ_each_time_and_the_way_back_is_ours(team: Team):
    client = team.client()
    asked = [
        parse_qs(urlsplit(client.get("/login/oidc?next=//evil.example").headers["location"]).query) for _ in range(2)
    ]
    for each in ("state", "nonce", "code_challenge"):
        assert asked[0][each] != asked[1][each]
        assert len(asked[0][each][0]) >= 20
    told = client.get(_leave(client, "https://evil.example"))
    assert told.headers["location"] == "/studies"
    assert OWN_PAGE


def test_a_provider_that_takes_new_keys_is_asked_again(team: Team, provider: Provider):
    client = team.client()
    client.get(_leave(client))
    old = provider.key
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    try:
        assert team.client().get("/login").status_code == 200
        fresh = team.client()
        assert fresh.get(_leave(fresh)).status_code == 303
    finally:
        provider.key = old


@pytest.mark.parametrize("spoil", ["down", "issuer of discovery"])
def test_a_provider_that_is_not_well_is_said_plainly(team: Team, provider: Provider, spoil: str):
    provider.spoil = spoil
    told = team.client().get("/login/oidc")
    assert told.status_code == 503
    assert "provider" in told.json()["detail"]


def test_without_a_provider_there_is_no_such_way(make_team: Callable[..., Team]):
    told = make_team().client().get("/login/oidc")
    assert (told.status_code, told.json()["detail"]) == (404, "people sign in by password here")
