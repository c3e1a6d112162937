"""The news of requests that Uploadcare accepted: a halt that began with such a request ends with it."""

import time
from collections.abc import Callable

from cutoutd.core.errors import RefusableRequest

#: A function that gets the kind of an accepted request, and the monotonic time at which it was sent.
AcceptanceListener = Callable[[RefusableRequest, float], None]


class Acceptance:
    """Tells one listener of each accepted request."""

    def __init__(self) -> None:
        self._listener: AcceptanceListener = lambda _request, _sent_at_s: None

    def call_for_each(self, listener: AcceptanceListener) -> None:
        """Call this function for each accepted request from now on."""
        self._listener = listener

    def begin(self, request: RefusableRequest) -> Callable[[], None]:
        """Begin a request of this kind; return the function to call once Uploadcare accepted it."""
        sent_at_s = time.monotonic()
        return lambda: self._listener(request, sent_at_s)
