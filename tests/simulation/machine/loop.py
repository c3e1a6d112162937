"""The event loop of a simulated machine: time passes only when nothing is left to do.

Everything that runs belongs to a *life*: 0 is the world itself, each start of the product has a number of its own. A
kill drops all callbacks of a life, present and future, so that not even a ``finally`` runs.
"""

import asyncio
import heapq
import itertools
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from functools import partial
from typing import Any

from simulation.machine.clock import VirtualClock

#: The life that the running code belongs to.
life: ContextVar[int] = ContextVar("life", default=0)

#: Less than this could be lost in the rounding of the clock, and the same moment would never end.
_SHORTEST_DELAY_S = 1e-6

#: Turns of the loop without a tick of the clock; no sound program needs so many.
_MOST_TURNS_AT_ONCE = 200_000


class StandstillError(Exception):
    """Nothing is left to do and no timer is set, or the same moment never ends."""


class _Numbered(asyncio.Task[Any]):
    """A task whose place in a set follows from its number, not from its address: the same in every run."""

    count = itertools.count()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._number = next(self.count)
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._number


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on a virtual clock."""

    #: Runs a function in a thread of an executor; see ``threads``.
    run_call: Callable[[object, Callable[[], Any], Callable[[Any, BaseException | None], None]], None]

    _ready: deque[asyncio.Handle]
    _stopping: bool

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(selectors.SelectSelector())  # asked nothing, because no bytes come from outside
        _Numbered.count = itertools.count()
        self._world_clock = clock
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timer_number = itertools.count()  # keeps the timers of one moment in turn
        self._turns = 0
        self._dead: set[int] = set()
        self._graves: list[object] = []  # kept, because an end by garbage collection would run `finally`
        self._alive: dict[int, asyncio.Task[Any]] = {}
        self.set_task_factory(self._make_task)

    def time(self) -> float:
        """Return the machine's time."""
        return self._world_clock.monotonic_s

    def kill(self, number: int) -> None:
        """Let nothing of this life run any more."""
        self._dead.add(number)
        for handle in (*self._ready, *(timer for _, _, timer in self._timers)):
            if self._is_dead(handle._context):
                self._graves.append((handle._callback, handle._args))
                handle.cancel()

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """Call soon, unless the caller's life is over."""
        if self._dead and self._is_dead(context):
            return self._buried(callback, args)
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    #: All threads run inside the loop's own thread.
    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call after a time, which is never too short for the clock to move: on a real machine, code takes longer."""
        delay = max(delay, _SHORTEST_DELAY_S) if delay > 0 else delay
        return super().call_later(delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call at a time, unless the caller's life is over."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._timer_number), handle))
        if self._dead and self._is_dead(context):
            self._graves.append((callback, args))
            handle.cancel()
        return handle

    def _run_once(self) -> None:
        """Run all that is ready; if nothing is, move the clock to the next timer first."""
        timers, ready = self._timers, self._ready
        if ready or self._stopping:
            self._turns += 1
            if self._turns > _MOST_TURNS_AT_ONCE:
                raise StandstillError(f"the moment {self._world_clock.elapsed_s:.3f} s never ends")
        else:
            self._jump()
        now_s = self._world_clock.monotonic_s
        while timers and timers[0][0] <= now_s:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _jump(self) -> None:
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            raise StandstillError("nothing is left to do")
        self._turns = 0
        self._world_clock.monotonic_s = max(self._timers[0][0], self._world_clock.monotonic_s)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave a cancelled timer where it is, until its time comes."""

    def run_in_executor(  # type: ignore[override]
        self, executor: object, function: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run a function in a thread; a call that was cancelled before it began is not made."""
        future = self.create_future()

        def work() -> Any:
            return None if future.cancelled() else function(*args)

        def done(result: Any, error: BaseException | None) -> None:
            if future.cancelled():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self.run_call(executor, work, done)
        return future

    def _is_dead(self, context: Context | None) -> bool:
        return (life.get() if context is None else context.get(life, 0)) in self._dead

    def _buried(self, callback: Callable[..., Any], args: tuple[Any, ...]) -> asyncio.Handle:
        self._graves.append((callback, args))
        handle = asyncio.Handle(callback, args, self)
        handle.cancel()
        return handle

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **kwargs: Any
    ) -> asyncio.Task[Any]:
        task = _Numbered(work, loop=loop, **kwargs)
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._alive[hash(task)] = task
        task.add_done_callback(partial(self._forget, hash(task)))
        return task

    def _forget(self, number: int, _task: asyncio.Task[Any]) -> None:
        self._alive.pop(number, None)
