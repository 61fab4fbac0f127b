"""Settings, and which of them stop the start."""

from pathlib import Path

import pytest

from api.settings import Settings, read_settings, require_safe
from geo.errors import InputError

SECRET = "0123456789abcdef0123456789abcdef"
URL = "postgresql://shequ@127.0.0.1/shequ"


def test_files_on_this_machine_need_nothing() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        require_safe(Settings(studies={"a": Path("a.gpkg")}, host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "planning.example"])
def test_files_are_not_served_to_other_machines(host: str) -> None:
    with pytest.raises(InputError, match="study files have no accounts") as refused:
        require_safe(Settings(studies={"a": Path("a.gpkg")}, host=host))
    assert host in str(refused.value)
    assert "--database" in str(refused.value)


def test_a_team_server_needs_a_secret_and_https() -> None:
    with pytest.raises(InputError) as refused:
        require_safe(Settings(database=URL, host="0.0.0.0"))
    assert [fault.what for fault in refused.value.faults] == [
        "SHEQU_SESSION_SECRET is not set, or shorter than 32 characters",
        "SHEQU_PUBLIC_URL does not begin with https://",
    ]
    require_safe(Settings(database=URL, host="0.0.0.0", session_secret=SECRET, public_url="https://map.example"))
    require_safe(Settings(database=URL))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(InputError, match="shorter than 32"):
        require_safe(Settings(database=URL, host="0.0.0.0", session_secret="short", public_url="https://map.example"))


def test_a_team_server_is_not_read_by_every_origin() -> None:
    with pytest.raises(InputError, match="SHEQU_CORS_ORIGINS"):
        require_safe(Settings(database=URL, cors_origins=("*",)))


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHEQU_DATABASE", URL)
    monkeypatch.setenv("SHEQU_CORS_ORIGINS", '["https://a.example"]')
    read = Settings()
    assert read.database is not None
    assert read.database.get_secret_value() == URL
    assert URL not in repr(read)
    assert read.cors_origins == ("https://a.example",)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [("SHEQU_PAGE_LIMIT", "many", "SHEQU_PAGE_LIMIT: Input should be a valid integer"),
     ("SHEQU_STUDIES", "town.gpkg", "SHEQU_STUDIES is no JSON")],
)  # fmt: skip
def test_a_variable_with_a_wrong_value_is_named_and_its_value_is_not_told(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=told) as refused:
        read_settings()
    assert value not in refused.value.faults[0].what
