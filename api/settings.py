"""How the server is deployed: the only place that reads the environment (variables named SHEQU_…)."""

from ipaddress import ip_address
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from geo.errors import Fault, InputError

SHORTEST_SECRET = 32


class Settings(BaseSettings):
    """What one server serves, to whom, and how much it allows. `api.main.create_app` is given one."""

    model_config = SettingsConfigDict(env_prefix="SHEQU_", frozen=True, extra="ignore")

    studies: dict[str, Path] = Field(default_factory=dict)
    """Study files by study id (embedded mode)."""
    database: SecretStr | None = None
    """URL of a PostgreSQL database with PostGIS (team mode): postgresql://user:password@host/name."""

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    """Address that clients see, where a proxy stands in front; links begin with it."""
    cors_origins: tuple[str, ...] = ()

    fewest_households: int = 10
    """k: nobody without the right to household data sees a figure of fewer households than this."""

    page_limit: int = 10_000
    """Most features in one answer of /items; a request for more is cut and says so."""
    upload_bytes: int = 512 * 1024 * 1024
    body_bytes: int = 64 * 1024 * 1024
    """Largest request that is no upload."""
    requests_per_minute: int = 6_000
    """Per caller; anonymous callers by address."""
    snapshot_bytes: int = 2 * 1024**3
    """Memory for tables held ready for reading; the least recently used go first."""
    tile_cache_bytes: int = 256 * 1024 * 1024

    job_processes: int = 2
    job_memory_bytes: int = 8 * 1024**3
    job_seconds: int = 3_600

    session_secret: SecretStr | None = None
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    anonymous_viewers: bool = False
    """Team mode: whoever has no account sees what a viewer sees: every layer and plan, household data in aggregates."""

    @property
    def team(self) -> bool:
        """Whether people have accounts: a database is served, not files."""
        return self.database is not None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_settings(**given: Any) -> Settings:  # noqa: ANN401 - the fields of Settings
    """Return the settings of the environment; what is `given` goes before them.

    Raises
    ------
    InputError
        When a variable has a wrong value. It is named; its value, which may be a secret, is not told.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise InputError([
            Fault(f"SHEQU_{'.'.join(str(part) for part in one['loc']).upper()}: {one['msg']}",
                  "correct the variable, or unset it: docs/serving.md lists them all")
            for one in error.errors(include_input=False, include_url=False)
        ]) from None  # fmt: skip
    except SettingsError as error:
        name = str(error).partition('"')[2].partition('"')[0].upper()
        raise InputError(
            Fault(f"SHEQU_{name} is no JSON", """write it as in '["https://a.cn"]' or '{"east": "a.gpkg"}'""")
        ) from None


def require_safe(settings: Settings) -> None:
    """Stop the start where others could reach what is not guarded; write nothing.

    Raises
    ------
    InputError
        When files, which have no accounts, would be served to other machines; or a team server lacks its secret, or an
        address that begins with https.
    """
    faults = []
    if not settings.loopback and not settings.team:
        faults.append(Fault(f"study files have no accounts, and {settings.host} can be reached by others",
                            "leave --host out, or serve a database: --database URL"))  # fmt: skip
    if settings.team and not settings.loopback:
        secret = settings.session_secret.get_secret_value() if settings.session_secret else ""
        if len(secret) < SHORTEST_SECRET:
            faults.append(Fault(f"SHEQU_SESSION_SECRET is not set, or shorter than {SHORTEST_SECRET} characters",
                                "set it to a long random text, e.g. from: openssl rand -hex 32"))  # fmt: skip
        if not settings.public_url.startswith("https://"):
            faults.append(Fault("SHEQU_PUBLIC_URL does not begin with https://",
                                "put a proxy with TLS in front, and set the address that people see"))  # fmt: skip
    if "*" in settings.cors_origins and settings.team:
        faults.append(Fault("SHEQU_CORS_ORIGINS holds *", "name the origins that may read, one by one"))
    if faults:
        raise InputError(faults)
