"""Whether work goes on: whoever works in a loop promises when it will be heard of next, and keeps or breaks that.

Resting is a promise too, so an idle night breaks none; nor does an outage or a halt, in which loops rest and look
again. Pure; the clock is handed in.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: What a loop gets beyond the rest that it announced: a look at a ledger that is locked for long, a scan's next batch
#: from a slow share, all on a machine that has better things to do.
PATIENCE_S = 300.0


class Heartbeats:
    """The promises of some loops and of the steps they began. For one thread.

    Args:
        now_s: a clock that never goes back.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._due_s: dict[str, float] = {}

    def beat(self, name: str, *, rest_s: float = 0.0) -> None:
        """This loop works; it will be heard of again after its rest, give or take our patience."""
        self._due_s[name] = self._now_s() + rest_s + PATIENCE_S

    @contextmanager
    def during(self, name: str, *, within_s: float) -> Iterator[None]:
        """What the block does is over within this time."""
        self._due_s[name] = self._now_s() + within_s
        try:
            yield
        finally:
            self._due_s.pop(name, None)

    def overdue(self) -> tuple[str, ...]:
        """Who broke a promise; it may still be kept late."""
        now_s = self._now_s()
        return tuple(name for name, due_s in self._due_s.items() if due_s < now_s)
