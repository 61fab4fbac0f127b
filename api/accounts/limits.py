"""How much one caller may ask of a server: buckets that fill with time, one for each."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

_MOST_BUCKETS = 20_000
"""The least recently used are forgotten: they begin again full."""


@dataclass(frozen=True)
class Rate:
    """So many at once, and so many a second from then on."""

    most: float
    a_second: float


class Limiter:
    """A bucket of tokens for each key.

    Examples
    --------
    >>> clock = iter([0.0, 0.0, 0.0, 1.0]).__next__
    >>> limiter = Limiter(Rate(2, 0.5), clock)
    >>> [limiter.take("li") for _ in range(4)]
    [0.0, 0.0, 2.0, 1.0]
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one token; return 0, or after how many seconds there will be one, when there is none."""
        with self._lock:
            at = self._clock()
            left, since = self._buckets.pop(key, (self.rate.most, at))
            left = min(self.rate.most, left + (at - since) * self.rate.a_second)
            wait = 0.0 if left >= 1 else (1 - left) / self.rate.a_second
            self._buckets[key] = (left if wait else left - 1), at
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
            return wait

    def give_back(self, key: str) -> None:
        """Give back the token taken last: what it was for is not to count."""
        with self._lock:
            if key in self._buckets:
                left, since = self._buckets[key]
                self._buckets[key] = min(self.rate.most, left + 1), since


def household_of(address: str) -> str:
    """Return what stands for an address: of IPv6 the 64 bits that one subscriber has.

    Examples
    --------
    >>> household_of("10.1.2.3"), household_of("2001:db8::1:2:3:4"), household_of("testclient")
    ('10.1.2.3', '2001:db8::', 'testclient')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_address(int(parsed) >> 64 << 64))
