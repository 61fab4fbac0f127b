"""Limits of memory and processor time on the work itself."""

import mmap
import resource
from collections.abc import Iterator
from contextlib import contextmanager

from api.jobs.orders import LostError
from geo.errors import ShequError

_NEAR_BYTES = 64 * 1024 * 1024


def limit_time(seconds: int) -> None:
    """Keep to a limit of processor time, and leave no memory behind in a file when it breaks off."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextmanager
def limited(memory_bytes: int) -> Iterator[None]:
    """Keep to a limit of memory (address space) while a run works; 0: none. Reading and keeping go without.

    Where memory runs out in a library it may raise anything: with the limit all but reached, it is a MemoryError here.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if memory_bytes:
        most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    except (ShequError, LostError, MemoryError):
        raise
    except Exception as error:
        if memory_bytes and _is_used_up():
            raise MemoryError from error
        raise
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _is_used_up() -> bool:
    """Tell whether there is hardly any address space left."""
    try:
        mmap.mmap(-1, _NEAR_BYTES).close()
    except (OSError, MemoryError):
        return True
    return False
