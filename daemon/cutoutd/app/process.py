"""What works beside the photos and must not cost any: a fault in it is told, and it begins anew.

Only for what looks on or listens: the page's news, monitoring's numbers, the ear for announcements. Whatever pays,
publishes or deletes stays out of here: a fault in it ends cutoutd, and the next start goes on at each last fact.

How long a stop waits for steps under way: hardly, where it costs nothing, and long for the answer to a launch.

Leaving the process when its work is over, whatever a thread is still busy with.

A thread cannot be cut off, and Python waits for each: pixels of a large PNG take half a minute. Nothing depends on what
they come to: what is true is in the ledger, and a step that was not stored is done again by the next run.

Nothing of this process's memory reaches a disk: the secret key is in there.

Keeps the C library from giving every thread a heap of its own, none of which ever shrinks.

Threads here wait for disks and hold Python's lock otherwise, so they hardly ever compete for the one heap. Source:
mallopt(3), glibc; other C libraries have no such call, and no such heaps.
"""

import asyncio
import ctypes
import os
import resource
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

from cutoutd.core.logs import log_fault
from cutoutd.pipeline.scheduling.workers import WorkerPool

_M_ARENA_MAX = -8


def limit_malloc_arenas() -> None:
    """Have all threads of this process take their memory from one heap; before the first thread is started."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


_PR_SET_DUMPABLE = 4  #: linux/prctl.h


def disable_core_dumps() -> None:
    """No core dump, and no other process of the same user may read this one's memory (prctl(2), PR_SET_DUMPABLE).

    Where the kernel or a sandbox refuses, the service runs all the same: the unit's LimitCORE=0 says it again.
    """
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def force_exit_after(patience_s: float, code: int) -> None:
    """Let the program end by itself; if it has not by then, end it with this exit code.

    To be called once nothing is left to be stored, or when a person wants no waiting.
    """
    timer = threading.Timer(patience_s, os._exit, (code,))
    timer.daemon = True  # or Python would wait for this one as well
    timer.start()


#: Steps get so long to finish; cut off, they are done again by the next run...
_FREE_S = 2.0

#: ...but for a launch: its answer, if it comes so late, spares a search for its result. Our unit waits for 30 s.
_PAID_S = 20.0


async def drain_workers(workers: WorkerPool, steps: asyncio.Task[None]) -> bool:
    """Begin no further step, and let those under way finish; False when some took too long and were cut off."""
    workers.stop()
    await asyncio.wait({steps}, timeout=_FREE_S)
    has_cut_off = workers.cancel_unpaid()
    await asyncio.wait({steps}, timeout=_PAID_S - _FREE_S)
    return not steps.cancel() and not has_cut_off


#: A fault that comes every time costs a line a minute.
_AGAIN_AFTER_S = 60.0


async def run_supervised(what: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run until it ends or is cancelled; ``what`` says in the log what a fault stopped."""
    while True:
        try:
            await run()
        except Exception as fault:  # noqa: BLE001  the one broad except of the sideline: no photo waits for a number
            log_fault("internal_fault", f"a fault in cutoutd itself stopped {what} for a minute; photos go on", fault)
        else:
            return
        await asyncio.sleep(_AGAIN_AFTER_S)
