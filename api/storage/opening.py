"""Open the storage that the settings name: study files, or a PostGIS database."""

from api.settings import Settings
from api.storage import Storage


def open_storage(settings: Settings) -> Storage:
    """Return the storage of a server; team mode where the settings name a database, else the study files."""
    if settings.database is not None:
        from api.storage.postgis import PostgisStorage  # noqa: PLC0415 - who serves files needs no PostgreSQL

        return PostgisStorage(settings.database.get_secret_value())
    from api.storage.embedded import EmbeddedStorage  # noqa: PLC0415 - as above

    return EmbeddedStorage(settings.studies)
