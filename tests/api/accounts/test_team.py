"""The commands of `shequ team`, as somebody who sets up a database gives them."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.accounts.accounts import open_accounts
from api.storage.postgis import PostgisStorage
from geo.study import write_study
from tests.api.served import small_study
from tests.command import done, here, refused


@pytest.fixture
def storage(database: str) -> Iterator[PostgisStorage]:
    made = PostgisStorage(database)
    yield made
    made.close()


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("quiet lanes of Suzhou\n", encoding="utf-8")
    path.chmod(stat.S_IRUSR)
    return path


def test_a_team_is_set_up_by_commands(
    storage: PostgisStorage, database: str, tmp_path: Path, password: Path, monkeypatch
) -> None:
    monkeypatch.setenv("SHEQU_DATABASE", database)
    write_study(small_study(), tmp_path / "qinghe.gpkg")

    assert "account li, admin in every study" in done(
        "team", "add-account", "li", "--role", "admin", "--password-file", password
    )
    assert "study qinghe: 小镇" in done("team", "add", tmp_path / "qinghe.gpkg")
    assert "without a role as yet" in done("team", "add-account", "王芳", "--no-password")
    assert "王芳 is surveyor in qinghe" in done(
        "team", "grant", "王芳", "surveyor", "--study", "qinghe", "--area", "communities=SQ01"
    )
    key = done("team", "add-key", "王芳", "--label", "QGIS", "--study", "qinghe", "--days", "30")
    assert re.fullmatch(r"shequ_[0-9a-f]{12}_[\w-]{43}", key)

    accounts = open_accounts(storage)
    caller = accounts.by_key(key)
    assert caller is not None
    assert (caller.name, caller.roles, caller.area) == (
        "王芳",
        {"qinghe": "surveyor"},
        {"qinghe": ("communities", "SQ01")},
    )
    assert accounts.check_password("li", "quiet lanes of Suzhou") == "li"
    assert storage.open("qinghe").head() >= 1

    shown = done("team", "list")
    for word in ("qinghe", "li", "王芳", key.split("_")[1], "QGIS"):
        assert word in shown
    assert key.split("_", 2)[2] not in shown
    done("team", "revoke-key", key.split("_")[1])
    done("team", "grant", "王芳", "none", "--study", "qinghe")
    done("team", "shut", "王芳")
    assert accounts.get("王芳").active is False
    assert accounts.get("王芳").grants == ()
    log = done("team", "log")
    assert "(command" in log
    assert accounts.keys() == []


def test_what_cannot_be_is_refused_plainly(database: str, tmp_path: Path, password: Path, monkeypatch) -> None:
    monkeypatch.setenv("SHEQU_DATABASE", database)
    short = tmp_path / "short"
    short.write_text("abc", encoding="utf-8")
    done("team", "add-account", "li", "--role", "admin", "--password-file", password)
    for arguments, words in (
        (("add-account", "li", "--no-password"), "there is an account li already"),
        (("add-account", "wang", "--password-file", short), "the password has 3 letters"),
        (("add-account", "wang", "--issuer", "https://id.example"), "an identity is issuer and subject"),
        (("shut", "li"), "nobody would be left who keeps the accounts"),
        (("grant", "li", "viewer", "--area", "communities=SQ01"), "is no area of a study"),
    ):
        run = here("team", *arguments)
        assert run.returncode == 2, run.stdout + run.stderr
        assert words in run.stderr
        assert "remedy" in run.stderr
        assert "Traceback" not in run.stderr
    for arguments in (("grant", "li", "viewer", "--study", "none"), ("add-key", "nobody"), ("revoke-key", "0000")):
        run = here("team", *arguments)
        assert run.returncode == 2
        assert "there is no" in run.stderr
    refused(here("team", "add", tmp_path / "none.gpkg"), "there is no such file")
    assert "--database" in here("team", "add-key", "li", "--help").stdout
