"""The back-off after a 429, obeyed by all requests of a kind.

The block that met the 429 begins the pause, and later blocks keep it. ``WorkerPool`` begins no step that needs a paused
kind. Launches have a rule of their own, which also learns a rate from refusals: see ``launch_rate``. A pause ends with
the process. The photo keeps its own wait in the ledger, so a restart sends at most one request too early.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from cutoutd.core.errors import ThrottledError
from cutoutd.core.logs import log_event

#: The longest pause; requests go on after it even if the service asked for more, as with photos in ``backoff``.
_MAX_PAUSE_S = 3600.0


class RequestKind(StrEnum):
    """The kinds of request that Uploadcare throttles separately."""

    UPLOADS = "uploads"
    CALLS = "questions"  #: every REST call but the launch itself
    DOWNLOADS = "downloads"

    @property
    def phrase(self) -> str:
        """The kind in words for people."""
        return "requests about files and removals" if self is RequestKind.CALLS else self.value


class Throttle:
    """The pauses in force, by kind of request."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open_at_s: dict[RequestKind, float] = {}

    def remaining_s(self, request_kind: RequestKind) -> float:
        """Return the seconds until a request of this kind may be sent; 0 if it may be sent now."""
        return max(0.0, self._open_at_s.get(request_kind, 0.0) - self._clock())

    def ends(self) -> dict[str, float]:
        """Return the end of each pause as Unix time, rounded so that two calls in a row agree."""
        left = {kind.value: self.remaining_s(kind) for kind in RequestKind}
        return {kind: round(time.time() + left_s) for kind, left_s in left.items() if left_s > 0}

    @contextmanager
    def obey(self, request_kind: RequestKind) -> Iterator[None]:
        """Guard a block that sends a request of this kind; a ThrottledError in it begins or extends the pause.

        Raises:
            ThrottledError: the kind is paused, and nothing was sent.
        """
        if (left_s := self.remaining_s(request_kind)) > 0:
            msg = f"Uploadcare asked for patience with {request_kind.phrase}; nothing is sent for {left_s:.0f} s yet"
            raise ThrottledError(msg, retry_after_s=left_s)
        try:
            yield
        except ThrottledError as error:
            self._begin(request_kind, error)
            raise

    def _begin(self, request_kind: RequestKind, error: ThrottledError) -> None:
        is_news = self.remaining_s(request_kind) == 0
        pause_s = min(error.retry_after_s or 0.0, _MAX_PAUSE_S)
        self._open_at_s[request_kind] = max(self._open_at_s.get(request_kind, 0.0), self._clock() + pause_s)
        if is_news:
            log_event(
                "paused",
                f"{error.sentence}; all {request_kind.phrase} wait that long, and then go on by themselves",
                level=logging.WARNING,
            )
