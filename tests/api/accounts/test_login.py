"""Signing in on the page, by password."""

import re

import pytest

from api.accounts import signing
from api.accounts.limits import Rate
from api.accounts.signing import BY_ADDRESS, SignIn
from api.errors import NotAllowedError, TooManyError
from tests.api.accounts.conftest import BASE, HOME, OWN_PAGE, PASSWORD, Team


@pytest.fixture
def team(shared_team: Team) -> Team:
    """Give the server, on which nobody has guessed as yet."""
    server = shared_team.server
    server.parts[SignIn] = SignIn(server.settings, shared_team.accounts)
    return shared_team


@pytest.mark.parametrize(("lang", "word"), [("zh", "登录"), ("en", "Sign in")])
def test_the_page_is_in_both_languages_and_needs_no_script(team: Team, lang, word):
    told = team.client().get(f"/login?lang={lang}&next=/studies/town/map")
    assert told.status_code == 200
    assert f"<h1>{word}</h1>" in told.text
    assert 'name="next" value="/studies/town/map"' in told.text
    assert "<script" not in told.text
    assert told.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in told.headers["content-security-policy"]
    for label, field in re.findall(r'<label for="(\w+)">|<input id="(\w+)"', told.text):
        assert label or field in ("name", "password")


def test_signing_in_goes_on_to_where_one_wanted(team: Team):
    client = team.client(**OWN_PAGE)
    told = client.post("/login", data={"name": "LI", "password": PASSWORD, "next": f"{HOME}/map?lang=en"})
    assert (told.status_code, told.headers["location"]) == (303, f"{HOME}/map?lang=en")
    cookie = told.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    me = client.get("/me").json()
    assert (me["name"], me["signed_in"]) == ("li", True)
    assert client.get(f"{HOME}/tiles/WebMercatorQuad/0/0/0").status_code in (200, 204)


@pytest.mark.parametrize(
    "there", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "evil", "javascript:x"]
)
def test_nobody_is_led_to_another_server(team: Team, there):
    told = team.client(**OWN_PAGE).post("/login", data={"name": "li", "password": PASSWORD, "next": there})
    assert told.headers["location"] == "/studies"
    assert "evil" not in team.client().get("/login", params={"next": there}).text


def test_a_wrong_name_and_a_wrong_password_look_alike(team: Team):
    answers = [
        team.client(**OWN_PAGE).post("/login?lang=en", data={"name": name, "password": "wrong"})
        for name in ("li", "xx")
    ]
    assert [each.status_code for each in answers] == [403, 403]
    assert answers[0].text.replace('value="li"', "") == answers[1].text.replace('value="xx"', "")
    assert "The name or the password is wrong" in answers[0].text
    assert all("set-cookie" not in each.headers for each in answers)


def test_what_was_typed_is_shown_as_text(team: Team):
    told = team.client(**OWN_PAGE).post("/login", data={"name": '"><script>x', "password": "wrong"})
    assert "<script>" not in told.text


def test_who_guesses_must_wait_and_who_knows_is_not_counted(make_team, monkeypatch):
    monkeypatch.setattr(signing, "BY_ADDRESS", Rate(BY_ADDRESS.most, 1 / 3600))  # however long the guessing takes here
    client = make_team().client(**OWN_PAGE)
    for _ in range(3):
        assert client.post("/login", data={"name": "li", "password": PASSWORD}).status_code == 303
    statuses = [client.post("/login", data={"name": f"u{n}", "password": "wrong"}).status_code
                for n in range(int(BY_ADDRESS.most) + 2)]  # fmt: skip
    assert statuses[0] == 403
    assert statuses[-1] == 429
    told = client.post("/login?lang=en", data={"name": "li", "password": PASSWORD})
    assert told.status_code == 429
    assert 1 <= int(told.headers["retry-after"]) <= 3600
    assert "There were too many attempts" in told.text


def test_who_guesses_from_many_places_writes_the_name_in_vain_otherwise(shared_team: Team, monkeypatch):
    monkeypatch.setattr(signing, "BY_NAME", Rate(3, 1e-6))
    asked = SignIn(shared_team.server.settings, shared_team.accounts)
    for n, name in enumerate(("li", "LI", "ｌi")):
        with pytest.raises(NotAllowedError):
            asked.require_password(name, "wrong", address=f"10.0.0.{n}")
    with pytest.raises(TooManyError):
        asked.require_password("ｌｉ", "wrong", address="10.0.0.9")


@pytest.mark.parametrize(
    "page", [{}, {"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_no_other_page_signs_somebody_in_or_out(team: Team, page):
    for path in ("/login", "/logout"):
        told = team.client().post(path, data={"name": "li", "password": PASSWORD}, headers=page)
        assert told.status_code == 403
        assert told.headers["content-type"] == "application/problem+json"
        assert "set-cookie" not in told.headers


def test_signing_out_ends_the_session_for_good(team: Team):
    client = team.signed_in()
    cookie = dict(client.cookies)
    told = client.post("/logout")
    assert (told.status_code, told.headers["location"]) == (303, "/login")
    thief = team.client()
    thief.cookies.update(cookie)
    assert thief.get(HOME).status_code == 401
    assert client.get("/me").status_code == 401


def test_the_list_of_studies_tells_who_is_signed_in_and_leads_to_signing_out(team: Team):
    client = team.client(**OWN_PAGE)
    client.post("/login", data={"name": "li", "password": PASSWORD})
    told = client.get("/studies?lang=en", headers={"Accept": "text/html"}).text
    assert "Signed in as <b>li</b>" in told
    [there] = re.findall(r'href="([^"]*/login[^"]*)"', told)
    assert 'action="/logout"' in client.get(there).text


def test_signing_in_anew_ends_the_session_before(team: Team):
    client = team.signed_in()
    before = dict(client.cookies)
    client.post("/login", data={"name": "li", "password": PASSWORD})
    assert dict(client.cookies) != before
    fixed = team.client()
    fixed.cookies.update(before)
    assert fixed.get("/me").status_code == 401


def test_a_cookie_that_we_did_not_sign_is_nobody_s(team: Team):
    client = team.signed_in()
    (name, value), = dict(client.cookies).items()  # fmt: skip
    token = value.rpartition(".")[0]
    for forged in (token, f"{token}.x", f"{token}x.{value.rpartition('.')[2]}", "", "x", "a.b.c", "é"):
        told = team.client().get("/me", headers=[(b"cookie", f"junk; {name}={forged}".encode())])
        assert told.status_code == 401
    assert team.client(Cookie=f'a={{"x": 1}}; {name}={value}').get("/me").status_code == 200


def test_another_secret_ends_every_session(make_team):
    from pydantic import SecretStr

    one, other = make_team(), make_team(session_secret=SecretStr("t" * 40))
    cookies = dict(one.signed_in().cookies)
    for team, status in ((one, 200), (other, 401)):
        client = team.client()
        client.cookies.update(cookies)
        assert client.get("/me").status_code == status


def test_servers_of_one_database_share_who_is_signed_in(make_team):
    one, other = make_team(session_secret=None), make_team(session_secret=None)
    li = one.signed_in()
    client = other.client(**OWN_PAGE)
    client.cookies.update(dict(li.cookies))
    assert client.get("/me").json()["name"] == "li"
    client.post("/logout")
    assert other.client().get("/me").status_code == 401
    one.accounts._trusted.forget()  # or half a minute later
    assert li.get("/me").status_code == 401
    assert BASE


def test_a_path_before_ours_stays_in_the_addresses(make_team):
    team = make_team(public_url="https://map.example/plans")
    browser = {"accept": "text/html", "host": "map.example"}
    told = team.client().get(HOME, headers=browser)
    assert told.headers["location"] == "/plans/login?next=/studies/town"
    assert 'action="/plans/login' in team.client().get("/login").text
    signed = team.client(Origin="https://map.example").post(
        "/login", data={"name": "li", "password": PASSWORD, "next": HOME}
    )
    assert signed.headers["location"] == "/plans/studies/town"
