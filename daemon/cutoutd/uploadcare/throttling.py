"""Patience that Uploadcare asked for (429), obeyed by all requests of a kind and not only by the photo that met it.

A pause is begun by whoever reads the refusal and kept by whoever sends: ``uploadcare`` sends nothing of a kind that is
paused, and ``lanes`` begins no step that would. Launches have their own rule, which also learns a rate from refusals:
see ``launch_rate``. Pauses end with the process; the photo that met one keeps its own wait in the ledger, so a restart
asks once too early at most.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from cutoutd.core.errors import ThrottledError
from cutoutd.core.logs import log_event

#: A service that asks for more than this is asked again after it all the same, as ``retrying`` does with photos.
_LONGEST_PAUSE_S = 3600.0


class RequestKind(StrEnum):
    """The kinds of request that are throttled each on its own."""

    UPLOADS = "uploads"
    QUESTIONS = "questions"  #: every REST call but the launch itself
    DOWNLOADS = "downloads"


class Throttle:
    """What is paused, and for how long yet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open_at_s: dict[RequestKind, float] = {}

    def remaining_s(self, request_kind: RequestKind) -> float:
        """For how long nothing of this kind is sent; 0 when it may be."""
        return max(0.0, self._open_at_s.get(request_kind, 0.0) - self._clock())

    def ends(self) -> dict[str, float]:
        """Until when each paused kind is, in Unix time, to the second so that a look now and one soon say the same."""
        left = {traffic.value: self.remaining_s(traffic) for traffic in RequestKind}
        return {traffic: round(time.time() + left_s) for traffic, left_s in left.items() if left_s > 0}

    @contextmanager
    def obey(self, request_kind: RequestKind) -> Iterator[None]:
        """Send something of this kind within the block; a ThrottledError that leaves it begins or prolongs the pause.

        Raises:
            ThrottledError: it is paused; nothing was sent.
        """
        if (left_s := self.remaining_s(request_kind)) > 0:
            msg = f"Uploadcare asked for patience with {request_kind}; nothing is sent for {left_s:.0f} s yet"
            raise ThrottledError(msg, retry_after_s=left_s)
        try:
            yield
        except ThrottledError as error:
            self._begin(request_kind, error)
            raise

    def _begin(self, request_kind: RequestKind, error: ThrottledError) -> None:
        is_news = self.remaining_s(request_kind) == 0
        pause_s = min(error.retry_after_s or 0.0, _LONGEST_PAUSE_S)
        self._open_at_s[request_kind] = max(self._open_at_s.get(request_kind, 0.0), self._clock() + pause_s)
        if is_news:
            log_event("paused", f"{error.sentence}; all {request_kind} wait that long", level=logging.WARNING)
