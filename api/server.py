"""What one running server holds: storage, tables ready for reading, jobs, accounts; `create_app` makes one."""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from api.settings import Settings
from api.storage import Storage

T = TypeVar("T")


@dataclass
class Server:
    """Everything that requests share. Parts that stand apart keep theirs in `parts`, under their own class."""

    settings: Settings
    storage: Storage
    parts: dict[type, Any] = field(default_factory=dict)

    def part(self, kind: type[T]) -> T:
        """Return the part of that class: `server.part(Snapshots)`."""
        return self.parts[kind]  # type: ignore[no-any-return]

    def part_or_new(self, kind: type[T]) -> T:
        """Return the part of that class, made when it is first asked for."""
        if kind not in self.parts:
            self.parts.setdefault(kind, kind())  # threads may ask at once: the first one's stays
        return self.part(kind)

    def close(self) -> None:
        """Close every part that can be closed, then the storage."""
        for each in reversed(list(self.parts.values())):
            if hasattr(each, "close"):
                each.close()
        self.storage.close()
