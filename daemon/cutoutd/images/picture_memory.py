"""The memory for decoded pictures: one budget for the process, because the machine has one memory.

Work on pixels says how much it needs, by its pixels and not by its file. It waits until so much is free, first come
first served, so a large picture is not overtaken for ever. A picture larger than the whole budget runs alone.

The needs below are measured peaks (docs/architecture.md, Decisions), rounded up.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from cutoutd.config.settings import LARGEST_UPLOAD_BYTES, Limits
from cutoutd.core.blocking import BlockingCalls, local_calls

P = ParamSpec("P")
T = TypeVar("T")

#: Bytes for a pixel of the photo, whatever its mode: Pillow keeps colours in four.
UPRIGHT_COPY = 8
SMALLER_COPY = 9
LOOK = 5
THUMBNAIL = 6
CUTOUT_THUMBNAIL = 10

#: A cutout has at most 25 megapixels (docs/uploadcare.md 1), of ten bytes while it is scaled.
CUTOUT_BYTES = 250_000_000

#: Work within this never waits, because usual photos would stand behind one huge picture.
_NEGLIGIBLE_BYTES = LARGEST_UPLOAD_BYTES

#: The time limit of work that reads from a tree; the pixels of a large PNG take half a minute of a busy machine.
_LONGEST_S = 300.0

#: Threads of their own, so that the steps of other photos do not wait behind a picture that takes seconds.
_pixel_calls = BlockingCalls(at_once=32)


class PictureMemory:
    """The budget, and the queue before it; for asyncio (`run`) and for threads (`reserved`)."""

    def __init__(self, budget_bytes: int = Limits().picture_memory_bytes) -> None:
        self._budget_bytes = budget_bytes
        self._used_bytes = 0
        self._queue: deque[tuple[int, Future[None]]] = deque()
        self._lock = threading.RLock()

    def set_budget(self, budget_bytes: int) -> None:
        """Change the budget; work that has begun keeps what it has."""
        with self._lock:
            self._budget_bytes = budget_bytes
            self._let_in()

    async def run(self, need_bytes: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work in a thread once its memory is free, and return its result. Work on few bytes never waits.

        After a cancellation a begun thread goes on to its end, and keeps its memory until then.
        """
        is_negligible = need_bytes <= _NEGLIGIBLE_BYTES
        calls = local_calls if is_negligible else _pixel_calls
        return await self.run_at(calls, need_bytes, partial(work, *args, **kwargs))

    async def run_at(
        self, calls: BlockingCalls, need_bytes: int, work: Callable[[], T], *, also: BlockingCalls | None = None
    ) -> T:
        """As `run`, among the calls to a tree, because the work reads a file of it; and `also` of another one.

        Raises:
            TreeUnavailableError: the tree does not answer.
        """
        if need_bytes <= _NEGLIGIBLE_BYTES:
            return await calls.within(_LONGEST_S, work, also=also)
        calls.require_answer()
        turn = self._ask(need_bytes)
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            self._leave(need_bytes, turn)
            raise
        return await calls.within(_LONGEST_S, work, also=also, on_end=lambda: self._give_back(need_bytes))

    @contextmanager
    def reserved(self, need_bytes: int) -> Iterator[None]:
        """Hold so much memory; wait for it first. Blocking."""
        self._ask(need_bytes).result()
        try:
            yield
        finally:
            self._give_back(need_bytes)

    def _ask(self, need_bytes: int) -> Future[None]:
        """Return a place in the queue, which is done when the memory is free."""
        turn: Future[None] = Future()
        with self._lock:
            self._queue.append((need_bytes, turn))
            self._let_in()
        return turn

    def _let_in(self) -> None:
        """Let in from the front of the queue what fits; the first one also if nothing else runs."""
        while self._queue:
            need_bytes, turn = self._queue[0]
            if self._used_bytes and self._used_bytes + need_bytes > self._budget_bytes:
                return
            self._queue.popleft()
            if turn.set_running_or_notify_cancel():  # else its waiter was cancelled
                self._used_bytes += need_bytes
                turn.set_result(None)

    def _leave(self, need_bytes: int, turn: Future[None]) -> None:
        """Leave the queue after a cancellation, also if the memory was given at the same moment."""
        with self._lock:
            if turn.cancel() or turn.cancelled():
                self._queue = deque(waiting for waiting in self._queue if waiting[1] is not turn)
                self._let_in()
            else:
                self._give_back(need_bytes)

    def _give_back(self, need_bytes: int) -> None:
        with self._lock:
            self._used_bytes -= need_bytes
            self._let_in()


#: The one budget; the configuration sets it (`limits.picture_memory`).
picture_memory = PictureMemory()
