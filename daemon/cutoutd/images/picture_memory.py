"""The memory for decoded pictures: one budget for the process, because the machine has one memory.

Work on pixels says how much it needs, by its pixels and not by its file. It waits until so much is free, first come
first served, so a large picture is not overtaken for ever. A picture larger than the whole budget runs alone.

The needs below are measured peaks (docs/architecture.md, Decisions), rounded up.
"""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from cutoutd.config.settings import LARGEST_UPLOAD_BYTES, Limits

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

#: Threads of their own, so that the steps of other photos do not wait behind a picture that takes seconds.
_threads = ThreadPoolExecutor(thread_name_prefix="pixels")


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
        task = partial(contextvars.copy_context().run, partial(work, *args, **kwargs))
        if need_bytes <= _NEGLIGIBLE_BYTES:
            return await asyncio.to_thread(task)
        turn = self._ask(need_bytes)
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            self._leave(need_bytes, turn)
            raise
        begun = _threads.submit(task)
        begun.add_done_callback(lambda _: self._give_back(need_bytes))
        return await asyncio.wrap_future(begun)

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
