"""Collections as sources of an archive of tiles."""

from collections.abc import Sequence

import numpy as np

from api.accounts.rights import Caller
from api.features.snapshot import Snapshots
from api.features.visible import visible
from api.server import Server
from api.storage import StudyStore
from api.tiles.tiles import columns, drawable, styled
from layers.tiles.archives import Source


def sources(server: Server, store: StudyStore, caller: Caller, collections: Sequence[str]) -> list[Source]:
    """Return what `layers.tiles.archives.archive` draws of these collections, as the caller may see them.

    Raises
    ------
    NotFoundError
        When there is no such collection, or it has no places.
    """
    held, fewest = server.part(Snapshots), server.settings.fewest_households
    made = []
    for each in collections:
        snapshot = visible(held.get(store, drawable(store, each).id), caller, fewest)
        table = styled(snapshot).select(["id", *columns(store, snapshot, None)])
        boxes = np.asarray(snapshot.boxes)
        title = snapshot.collection.title_en or each
        made.append(Source(each, snapshot.geometry, table, boxes, snapshot.crs, title))
    return made
