"""The threads of a simulated machine: greenlets that run inline, one at a time, at moments that the seed draws.

A thread runs until it ends or waits. It waits only for the world: at a hung disk, at ``time.sleep``, for a queue. The
pools have as many threads as the real ones, so a hung disk can use them up.
"""

import asyncio
import contextvars
import queue
import random
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial, partialmethod
from typing import Any

import greenlet

from cutoutd.core.blocking import thread_starter
from simulation.machine.clock import VirtualClock
from simulation.machine.loop import VirtualLoop, life

#: The number of threads of asyncio's own pool; fewer than on any real machine.
_DEFAULT_THREADS = 6

#: The times between a call and its begin in a thread.
_SHORTEST_S, _LONGEST_S = 0.0002, 0.004


@dataclass
class _Pool:
    """The threads of one executor in one life of the product."""

    size: int
    busy: int = 0
    waiting: deque[Callable[[], None]] = field(default_factory=deque)


class Threads:
    """All threads of one machine."""

    def __init__(self, loop: VirtualLoop, clock: VirtualClock, rng: random.Random) -> None:
        self._loop = loop
        self._clock = clock
        self._rng = rng
        self._pools: dict[tuple[int, int], _Pool] = {}
        self._executors: list[object] = []  # kept, so that no later one gets the number of an earlier one
        self._all: list[greenlet.greenlet] = []  # kept, because an end by garbage collection would run `finally`

    def call(
        self, executor: object, function: Callable[[], Any], done: Callable[[Any, BaseException | None], None]
    ) -> None:
        """Run a function in a thread of this executor, and hand over its result or error."""
        pool = self._pool(executor)
        job = partial(self._begin, pool, function, done)
        if pool.busy < pool.size:
            pool.busy += 1
            self._soon(job)
        else:
            pool.waiting.append(job)

    def start(self, function: Callable[[], Any]) -> None:
        """Run a function in a thread of its own."""
        self._soon(partial(self._spawn, function))

    def wait(self) -> Callable[[], None]:
        """Return the function that wakes the present thread; call `park` next."""
        current = greenlet.getcurrent()
        if current.parent is None:
            raise RuntimeError("only a thread may wait: this would stop the event loop")
        return lambda: self._soon(partial(self._switch, current))

    def wait_for(self, future: "Future[Any]", timeout_s: float) -> None:
        """Stop the present thread until a call of another one is done, or the time is over."""
        wakes = [self.wait()]

        def wake(*_: object) -> None:
            if wakes:
                wakes.pop()()

        future.add_done_callback(wake)
        self._loop.call_later(timeout_s, wake)
        self.park()

    def park(self) -> None:
        """Stop the present thread until it is woken."""
        greenlet.getcurrent().parent.switch()

    def sleep(self, seconds: float) -> None:
        """Be the ``time.sleep`` of threads, and of code that stops the event loop for a moment."""
        if greenlet.getcurrent().parent is None:
            self._clock.advance(seconds)
            return
        self._loop.call_later(max(0.0, seconds), self.wait())
        self.park()

    def _pool(self, executor: object) -> _Pool:
        key = life.get(), id(executor)
        if key not in self._pools:
            self._executors.append(executor)
            self._pools[key] = _Pool(getattr(executor, "_max_workers", _DEFAULT_THREADS))
        return self._pools[key]

    def _begin(
        self, pool: _Pool, function: Callable[[], Any], done: Callable[[Any, BaseException | None], None]
    ) -> None:
        def work() -> None:
            result, error = None, None
            try:
                result = function()
            except BaseException as caught:  # noqa: BLE001  as an executor does
                error = caught
            pool.busy -= 1
            if pool.waiting:
                pool.busy += 1
                self._soon(pool.waiting.popleft())
            done(result, error)

        self._spawn(work)

    def _spawn(self, work: Callable[[], Any]) -> None:
        thread = greenlet.greenlet(work)
        thread.gr_context = contextvars.copy_context()
        self._all.append(thread)
        self._switch(thread)
        self._all = [each for each in self._all if not each.dead] if len(self._all) > 64 else self._all

    def _switch(self, thread: greenlet.greenlet) -> None:
        """Let a thread go on until it waits or ends; in it, no event loop runs."""
        asyncio._set_running_loop(None)
        try:
            thread.switch()
        finally:
            asyncio._set_running_loop(self._loop)

    def _soon(self, callback: Callable[[], Any]) -> None:
        self._loop.call_later(self._rng.uniform(_SHORTEST_S, _LONGEST_S), callback)

    def install(self) -> None:
        """Replace Python's threads by these, until another world's take their place."""
        self._loop.run_call = self.call
        threading.Thread = partial(Thread, self)  # type: ignore[assignment,misc]
        queue.SimpleQueue = partial(SimpleQueue, self)  # type: ignore[assignment,misc]
        ThreadPoolExecutor.submit = partialmethod(_submit, self)  # type: ignore[assignment]
        thread_starter.start = self.start  # type: ignore[method-assign]
        thread_starter.wait = self.wait_for  # type: ignore[method-assign]


class Thread:
    """As ``threading.Thread``, as far as the product uses it."""

    def __init__(self, threads: Threads, target: Callable[..., Any], *, name: str = "") -> None:
        self.name = name
        self._threads = threads
        self._target = target
        self._is_over = False
        self._wake: list[Callable[[], None]] = []

    def start(self) -> None:
        """Start it."""
        self._threads.start(self._run)

    def join(self) -> None:
        """Wait for its end."""
        while not self._is_over:
            self._wake.append(self._threads.wait())
            self._threads.park()

    def _run(self) -> None:
        try:
            self._target()
        finally:
            self._is_over = True
            for wake in self._wake:
                wake()


class SimpleQueue:
    """As ``queue.SimpleQueue``."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._items: deque[Any] = deque()
        self._wake: deque[Callable[[], None]] = deque()

    def put(self, item: object) -> None:
        """Add an item."""
        self._items.append(item)
        if self._wake:
            self._wake.popleft()()

    def get(self) -> Any:
        """Wait for an item, and take it."""
        while not self._items:
            self._wake.append(self._threads.wait())
            self._threads.park()
        return self._items.popleft()

    def get_nowait(self) -> Any:
        """Take an item, if there is one."""
        if not self._items:
            raise queue.Empty
        return self._items.popleft()


def _submit(executor: object, threads: Threads, function: Callable[[], Any], /, *args: object) -> Future[Any]:
    future: Future[Any] = Future()

    def done(result: object, error: BaseException | None) -> None:
        future.set_exception(error) if error is not None else future.set_result(result)

    threads.call(executor, partial(function, *args), done)
    return future
