"""The wrong tokens by client: which are logged, and when one client has tried too often.

A right token is always accepted, so that no stranger can lock the user out.
"""

import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address

#: The length of a count.
_WINDOW_S = 600.0

#: So many tries of one client are logged in a window, which is enough for fail2ban.
_MAX_LOGGED = 20

#: So many wrong tokens of one client are looked at in a window.
_MAX_TRIES = 30

_MAX_CLIENTS = 1_000


class WrongTokens:
    """The wrong tokens of the last minutes.

    Args:
        clock: the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began_at_s = clock()
        self._counts: dict[str, int] = {}

    def count(self, client: str) -> int:
        """Count one more wrong token of a client, and return its number in this window."""
        now_s = self._clock()
        if now_s - self._began_at_s >= _WINDOW_S or len(self._counts) >= _MAX_CLIENTS:
            self._counts.clear()
            self._began_at_s = now_s
        self._counts[client] = self._counts.get(client, 0) + 1
        return self._counts[client]

    def is_logged(self, number: int) -> bool:
        """Return True if the try with this number is logged."""
        return number <= _MAX_LOGGED

    def is_too_often(self, number: int) -> bool:
        """Return True if the client has to wait."""
        return number > _MAX_TRIES

    @property
    def wait_s(self) -> int:
        """The seconds until a client may try again."""
        return max(1, round(self._began_at_s + _WINDOW_S - self._clock()))


def client_address(peer: str, headers: Mapping[str, str], *, is_proxied: bool) -> str:
    """Return the address of the client, or "unknown".

    Behind a reverse proxy, it is the last address of ``X-Forwarded-For``, which the proxy itself has added.
    """
    told = headers.get("x-forwarded-for", "").rpartition(",")[2].strip() if is_proxied else peer
    try:
        return str(ip_address(told or peer))
    except ValueError:
        return "unknown"
