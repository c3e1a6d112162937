"""The loops of background tasks: look, rest, look again, until cancelled; and the heartbeats that show a hang.

Each beat names the time of the next one. A loop that rests names the end of its rest. So an idle night, an outage or a
halt is no missed beat.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, NoReturn

from cutoutd.core.errors import CutoutdError

#: The time that a loop gets beyond its rest. A query may wait for a locked ledger, or a scan for a slow share, on a
#: busy machine.
PATIENCE_S = 300.0


async def every(
    interval_s: float | Callable[[], float],
    look: Callable[[], Awaitable[object]],
    on_error: Callable[[CutoutdError], None] | None = None,
) -> NoReturn:
    """Look again and again until cancelled, with a rest after each look.

    Args:
        interval_s: the rest; a function is asked after each look.
        look: one look; the loop ignores its result.
        on_error: tells of a failed look, and the loop goes on. Without it, the error ends the loop.
    """
    while True:
        try:
            await look()
        except CutoutdError as error:  # all of them, because the next look may succeed, else the loop would end here
            if on_error is None:
                raise
            on_error(error)
        await asyncio.sleep(interval_s() if callable(interval_s) else interval_s)


@asynccontextmanager
async def in_background(loop: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    """Run a loop during the block, and cancel it at the end."""
    task = asyncio.create_task(loop)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class GrowingRest:
    """The rest of a loop that asks for something: twice as long after each refusal, and as at first after a success.

    Args:
        first_s: the rest while all goes well.
        longest_s: the longest rest.
    """

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self.present_s = first_s  #: the present rest

    def after(self, *, is_done: bool) -> float:
        """Return the rest after a look."""
        self.present_s = self._first_s if is_done else min(2 * self.present_s, self._longest_s)
        return self.present_s


class Heartbeats:
    """The heartbeats of some loops and of their steps. For one thread.

    Args:
        now_s: a clock that never goes back.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._due_s: dict[str, float] = {}

    def beat(self, name: str, *, rest_s: float = 0.0) -> None:
        """Note that a loop works, and that it beats again after its rest."""
        self._due_s[name] = self._now_s() + rest_s + PATIENCE_S

    @contextmanager
    def during(self, name: str, *, within_s: float) -> Iterator[None]:
        """Note that the block is over within this time."""
        self._due_s[name] = self._now_s() + within_s
        try:
            yield
        finally:
            self._due_s.pop(name, None)

    def overdue(self) -> tuple[str, ...]:
        """Return the names with a missed beat; they may still beat late."""
        now_s = self._now_s()
        return tuple(name for name, due_s in self._due_s.items() if due_s < now_s)
