"""The blocking calls to one place, with threads and time limits of its own.

A call to a hung share returns when the share does, or never, and nothing can end it. A call over its limit is
abandoned, and its tree counts as silent. Then

- every other call to the tree fails at once: those that wait, and those that are as old as a look may become;
- nothing new is sent there, so a write never overtakes one that hangs;
- the tree answers again when all abandoned calls have returned. A late call ends before any new one begins, so it does
  no more harm than a slow one;
- a share may also be mounted anew, under calls that never return. So each change of the mount table allows one trial.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from cutoutd.core.blocking.call import LOOK_S, WORK_S, BlockingCall
from cutoutd.core.blocking.threads import thread_starter
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.core.logs import printable

P = ParamSpec("P")
T = TypeVar("T")

#: The time after which a photo tries again, in case the end of the silence is missed.
_RETRY_AFTER_S = 30.0

#: The calls at once to one tree; looks get some more, else they could not show that all others hang.
_AT_ONCE = 16
_LOOKS_MORE = 4

#: The threads that one tree may lose. After so many, remounts are not believed any more, only returned calls.
_MOST_LOST = 32

#: The tidying up that waits for the end of a silence.
_MOST_DEFERRED = 1000

_MOUNT_TABLE = "/proc/self/mountinfo"


class BlockingCalls:
    """The blocking calls to one place. May be used from any thread.

    Args:
        root: the tree of a user; None for a place of this machine, which is waited for without a limit.
        at_once: the calls at the same time; later ones wait in a queue.
    """

    def __init__(self, root: Path | None = None, at_once: int = _AT_ONCE) -> None:
        self._root = root
        self._at_once = at_once
        self._lock = threading.RLock()
        self._waiting: deque[BlockingCall] = deque()
        self._running: set[BlockingCall] = set()
        self._abandoned: set[BlockingCall] = set()
        self._lost: set[BlockingCall] = set()  #: abandoned before the tree was mounted anew
        self._asked_by: dict[BlockingCall, BlockingCalls] = {}  #: calls to other trees that ask this one too
        self._deferred: deque[Callable[[], object]] = deque()
        self._silent_since_s = 0.0  #: Unix time
        self._mounts = b""  #: the mount table for which the silence is known

    @property
    def silence(self) -> str:
        """The sentence that the tree does not answer; empty if it does, as far as is known."""
        if not self._abandoned:
            return ""
        since = time.strftime("%H:%M:%S", time.localtime(self._silent_since_s))
        return f"{printable(str(self._root))} does not answer since {since}"

    @property
    def hung(self) -> int:
        """The number of threads that hang in calls to the tree."""
        return len(self._abandoned) + len(self._lost)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work in a thread, within ``WORK_S`` for a tree, and return its result.

        Raises:
            TreeUnavailableError: the tree does not answer.
        """
        return await self.within(WORK_S, partial(work, *args, **kwargs))

    async def look(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As ``run``, within ``LOOK_S``: for work that takes a moment on any share that answers."""
        return await self.within(LOOK_S, partial(work, *args, **kwargs))

    async def within(
        self,
        limit_s: float,
        work: Callable[[], T],
        *,
        also: "BlockingCalls | None" = None,
        on_end: Callable[[], None] | None = None,
    ) -> T:
        """As ``run``, within another time.

        Args:
            limit_s: the time from its beginning, not from its turn in the queue.
            work: the work.
            also: a second tree that the work asks; its silence ends the call too.
            on_end: called in any case when no thread works on it any more, or when it will never begin.
        """
        loop = asyncio.get_running_loop()
        within_s = None if self._root is None else limit_s
        call = BlockingCall(partial(copy_context().run, work), within_s, loop.time, on_end)
        self._send(call, also)
        timer = None if within_s is None else loop.call_later(within_s, self._check, call, loop)
        try:
            result: T = await asyncio.wrap_future(call.future, loop=loop)
            return result
        finally:
            if timer is not None:
                timer.cancel()
            if also is not None:
                also.note_asked(call, None)

    def wait(self, limit_s: float, work: Callable[[], T]) -> T:
        """As ``within``, for a program without an event loop. Blocking."""
        call = BlockingCall(work, None if self._root is None else limit_s, time.monotonic)
        self._send(call, None)
        while call.within_s is not None and not call.future.done() and (left_s := call.left_s()) > 0:
            thread_starter.wait(call.future, left_s)
        if call.within_s is not None:
            self._abandon(call)
        result: T = call.future.result()
        return result

    def require_answer(self) -> None:
        """Refuse a call to a silent tree; after each change of the mount table let one trial find out.

        Raises:
            TreeUnavailableError: the tree does not answer.
        """
        if not self._abandoned:
            return
        table = _mount_table()
        with self._lock:
            if not self._abandoned:
                return
            error = self._silent()
            if table != self._mounts and self.hung < _MOST_LOST:
                self._mounts = table
                self._begin_trial()
        raise error

    def note_asked(self, call: BlockingCall, by: "BlockingCalls | None") -> None:
        """Note a call to another tree that asks this one too, or its end if `by` is None."""
        if by is None:
            self._asked_by.pop(call, None)
        else:
            self._asked_by[call] = by

    async def tidy_up(self, work: Callable[[], object]) -> None:
        """Tidy up; a silent tree is tidied up when it answers again. Fit for a task that is being cancelled."""
        if self._abandoned:
            self.begin(work)
            return
        with suppress(TreeUnavailableError):
            await self.look(work)

    def begin(self, work: Callable[[], object]) -> None:
        """As ``tidy_up``, without waiting for the end."""
        with self._lock:
            if self._abandoned:
                if len(self._deferred) < _MOST_DEFERRED:
                    self._deferred.append(work)
                return
        self._enqueue(BlockingCall(work, None, time.monotonic))

    def _send(self, call: BlockingCall, also: "BlockingCalls | None") -> None:
        try:
            self.require_answer()
            if also is not None:
                also.require_answer()
                also.note_asked(call, self)
        except TreeUnavailableError:
            call.end()
            raise
        self._enqueue(call)

    def _enqueue(self, call: BlockingCall) -> None:
        with self._lock:
            if call.is_look:
                self._waiting.appendleft(call)
            else:
                self._waiting.append(call)
        self._let_in()

    def _let_in(self) -> None:
        while (call := self._next()) is not None:
            thread_starter.start(partial(self._carry_out, call))

    def _next(self) -> BlockingCall | None:
        with self._lock:
            while self._waiting:
                most = self._at_once + (_LOOKS_MORE if self._waiting[0].is_look else 0)
                if len(self._running) >= most:
                    return None
                call = self._waiting.popleft()
                if call.begin():
                    self._running.add(call)
                    return call
        return None

    def _carry_out(self, call: BlockingCall) -> None:
        result: object = None
        error: BaseException | None = None
        try:
            result = call.carry_out()
        except BaseException as fault:  # noqa: BLE001 - handed to the caller
            error = fault
        call.end()
        with self._lock:
            for calls in (self._running, self._abandoned, self._lost):
                calls.discard(call)
            if not call.future.done():  # else it was abandoned, and its late result is dropped
                call.future.set_result(result) if error is None else call.future.set_exception(error)
        self._tidy_up()
        self._let_in()

    def _tidy_up(self) -> None:
        with self._lock:
            if self._abandoned or not self._deferred:
                return
            deferred, self._deferred = self._deferred, deque()
        for work in deferred:
            self.begin(work)

    def _check(self, call: BlockingCall, loop: asyncio.AbstractEventLoop) -> None:
        """Abandon a call if its time is over; the event loop calls it when it may be."""
        if call.future.done():
            return
        if (left_s := call.left_s()) > 0:
            loop.call_later(left_s, self._check, call, loop)
        else:
            self._abandon(call)

    def _abandon(self, call: BlockingCall) -> None:
        """Give up a call, and all calls to its tree that are as old or have not begun."""
        with self._lock:
            if call.future.done():
                return
            if not self._abandoned:
                self._silent_since_s = time.time() - call.age_s
                self._mounts = _mount_table()
            for each in (call, *(other for other in self._running if other is not call and other.is_old)):
                self._running.discard(each)
                self._abandoned.add(each)
                each.future.set_exception(self._silent())
            waiting, self._waiting = self._waiting, deque()
            for each in waiting:
                each.refuse(self._silent())
                if each.within_s is None:
                    self._deferred.append(each.work)
        for asking, place in tuple(self._asked_by.items()):
            if asking.is_old:
                place._abandon(asking)  # noqa: SLF001 - another of this class

    def _begin_trial(self) -> None:
        trial = BlockingCall(partial(_try, str(self._root)), LOOK_S, time.monotonic)
        trial.begin()
        trial.future.add_done_callback(lambda _: self._believe_remount())
        self._lost.add(trial)
        thread_starter.start(partial(self._carry_out, trial))

    def _believe_remount(self) -> None:
        """Let calls in again, because the root answers; the abandoned ones hang in what was mounted before."""
        with self._lock:
            self._lost |= self._abandoned
            self._abandoned.clear()

    def _silent(self) -> TreeUnavailableError:
        advice = "Nothing to do if its server comes back; else mount it anew."
        return TreeUnavailableError(self.silence, retry_after_s=_RETRY_AFTER_S, advice=advice)


def _mount_table() -> bytes:
    with suppress(OSError), open(_MOUNT_TABLE, "rb") as table:  # noqa: PTH123 - of the kernel: it never hangs
        return table.read()
    return b""


def _try(root: str) -> None:
    with suppress(OSError), os.scandir(root) as entries:  # because an error is an answer too
        next(entries, None)
