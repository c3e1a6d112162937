"""Everything that concerns the process as a whole: memory, open files, core dumps, background tasks, and the end."""

import asyncio
import ctypes
import logging
import os
import resource
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from cutoutd.core.logs import log_event, log_fault
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.uploadcare.transport import TimeoutSet

_M_ARENA_MAX = -8  #: glibc, malloc.h
_PR_SET_DUMPABLE = 4  #: linux/prctl.h

#: More than cutoutd needs. Not more than that, because some programs that it starts close every number up to the limit.
_OPEN_FILES = 65_536

#: The time limit of steps at a stop; the next run repeats a step that was cut off.
_FREE_S = 2.0

#: The time limit of launches at a stop: as long as the call may take, and some more to store its answer. Cut off, it
#: might be paid for again. ``TimeoutStopSec`` of our units is longer.
PAID_S = TimeoutSet().launch.overall_s + 15.0

_LOOK_EVERY_S = 1.0

#: The pause between two lines that tell of the wait for paid answers.
_TELL_EVERY_S = 15.0

#: The pause after a fault, so that a permanent fault costs one log line a minute.
_RESTART_AFTER_S = 60.0


def limit_malloc_arenas() -> None:
    """Let all threads share one heap; call it before the first thread starts.

    glibc gives every thread a heap of its own, and none of them ever shrinks (mallopt(3)). Our threads mostly wait for
    disks or for Python's lock, so they rarely compete for the one heap. Other C libraries lack call and heaps.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def disable_core_dumps() -> None:
    """Forbid core dumps and access to this process's memory, because the secret key is in it.

    prctl(2), PR_SET_DUMPABLE, also stops other processes of the same user. A refusal of the kernel is ignored, because
    the unit's LimitCORE=0 has the same effect.
    """
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def allow_open_files() -> None:
    """Raise the soft limit of open files, 1024 under systemd, as far as the system allows.

    Two hundred folders and a silent service need more. The soft limit only protects programs that call select(2).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def force_exit_after(patience_s: float, code: int) -> None:
    """End the process with this exit code unless it ends by itself in time.

    Python waits for every thread, and the pixels of a large PNG take half a minute. Call it when everything is stored:
    a step that was not stored is repeated by the next run.
    """
    timer = threading.Timer(patience_s, os._exit, (code,))
    timer.daemon = True  # because Python would wait for this thread as well
    timer.start()


async def drain_workers(
    workers: WorkerPool,
    steps: asyncio.Task[None],
    *,
    must_end: Callable[[], bool] = lambda: True,
    alive: Callable[[], None] = lambda: None,
    paid_s: float = PAID_S,
) -> bool:
    """Begin no further step, and wait for the present ones; return False if some took too long and were cut off.

    What costs nothing is cut off soon. A paid call is waited for as long as it may take.

    Args:
        workers: the steps of photos.
        steps: the task that runs them.
        must_end: False while nothing hurries, as in a reload: then a paid call is never cut off.
        alive: called every second of the wait.
        paid_s: the time limit of paid calls, from the moment at which cutoutd must end.
    """
    workers.stop()
    await asyncio.wait({steps}, timeout=_FREE_S)
    has_cut_off = workers.cancel_unpaid()
    tell = WaitTeller(workers)
    while not steps.done() and paid_s > 0:
        await asyncio.wait({steps}, timeout=min(_LOOK_EVERY_S, paid_s))
        alive()
        paid_s -= _LOOK_EVERY_S if must_end() else 0.0
        tell.look(f"at most {paid_s:.0f} s more; another signal ends cutoutd at once" if must_end() else "")
    return not steps.cancel() and not has_cut_off


async def finish_launches(workers: WorkerPool, stop: asyncio.Event) -> None:
    """Wait for the paid calls under way while all else goes on; end early if ``stop`` is set."""
    tell = WaitTeller(workers)
    while workers.is_paying and not stop.is_set():
        await workers.next_step(within_s=_LOOK_EVERY_S)
        tell.look("all other photos go on")


class WaitTeller:
    """Tells now and then that paid calls are waited for."""

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._told_at_s = time.monotonic()

    def look(self, clause: str) -> None:
        """Tell if the last line is old enough."""
        now_s = time.monotonic()
        if now_s - self._told_at_s >= _TELL_EVERY_S and self._workers.is_paying:
            self._told_at_s = now_s
            sentence = "the answers to paid launches are waited for, else they might be paid for again"
            log_event("answers_awaited", "; ".join(filter(None, (sentence, clause))), level=logging.WARNING)


async def run_supervised(
    name: str, run: Callable[[], Awaitable[None]], *, restart_after_s: float = _RESTART_AFTER_S
) -> None:
    """Run a background task, and restart it after a fault.

    Use it only for tasks that observe or listen, such as page, metrics, and webhook monitor. A fault in a task that
    pays, publishes or deletes must end cutoutd; the next start continues each photo at its last fact.

    Args:
        name: the task's name in the log.
        run: the task.
        restart_after_s: the pause after a fault.
    """
    while True:
        try:
            await run()
        except Exception as fault:  # noqa: BLE001  because no photo may wait for a background task
            log_fault("internal_fault", f"a fault in cutoutd itself stopped {name} for a minute; photos go on", fault)
        else:
            return
        await asyncio.sleep(restart_after_s)
