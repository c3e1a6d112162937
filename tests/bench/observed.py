"""A program whose CPU is split by parts of a photo's journey while it runs: ``python observed.py TALLY PROGRAM...``.

PROGRAM is a script, or the name of a module as after ``-m``; its arguments follow. Counting begins at SIGUSR1; at the
program's end the seconds of each part are written to TALLY, as JSON. Nothing is lost: all parts together are what the
kernel counted for the process until then. What the interpreter takes to leave comes after it.

- Work handed to threads is timed whole, by each thread's own clock: each job belongs to one part.
- The ledger's writer and the kernel's events have threads of their own, which are read as a whole.
- The event loop's thread is sampled by a timer on its own CPU clock, so that waiting is never counted, and neither is
  the moment at which a thread happens to give the interpreter's lock away, which a sampling thread would favour.
- What is left is what the threads of the pools use between their jobs.
"""

import ctypes
import json
import runpy
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

sys.path[0] = str(Path(__file__).parent.parent)

from bench.whereabouts import Part, part_of  # noqa: E402  found only now

#: Of the thread's CPU; the kernel looks at such timers at its own ticks, 1 to 4 ms apart.
_SAMPLE_EVERY_NS = 1_000_000

_CLOCK_THREAD_CPUTIME_ID = 3  #: time.h
_POOLS = ("asyncio_", "heavy_", "ThreadPoolExecutor", "blocking")


class Tally:
    """Seconds of CPU by part, since ``begin``."""

    def __init__(self) -> None:
        self._parts: defaultdict[Part, float] = defaultdict(float)
        self._jobs: list[tuple[Part, float]] = []  # appended to in any thread
        self._at_first_s: dict[threading.Thread, float] = {}
        self._own_threads_s: dict[threading.Thread, float] = {}
        self._sampled_at_s = self._all_at_first_s = 0.0

    def begin(self, *_: object) -> None:
        """Forget what was counted, and begin."""
        self._parts.clear()
        self._jobs.clear()
        self._at_first_s = dict(_own_threads())
        self._sampled_at_s, self._all_at_first_s = time.thread_time(), time.process_time()
        signal.signal(signal.SIGPROF, self._sample)
        _start_timer()

    def add_job(self, part: Part, used_s: float) -> None:
        """Count a job done in a thread."""
        self._jobs.append((part, used_s))

    def finish(self) -> dict[Part, float]:
        """Stop; the seconds of each part."""
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        all_s = time.process_time() - self._all_at_first_s
        self._sample(0, sys._getframe())
        for part, used_s in self._jobs:
            self._parts[part] += used_s
        for thread, used_s in self._own_threads_s.items():
            part = Part.LEDGER if thread.name == "ledger-writer" else Part.FINDING
            self._parts[part] += used_s - self._at_first_s.get(thread, 0.0)
        self._parts[Part.HANDING] += max(0.0, all_s - sum(self._parts.values()))
        return {part: self._parts[part] for part in Part}

    def _sample(self, _: int, frame: FrameType | None) -> None:
        now_s = time.thread_time()
        self._parts[part_of(_places(frame))] += now_s - self._sampled_at_s
        self._sampled_at_s = now_s
        self._own_threads_s.update(_own_threads())  # they end before this process does


def _places(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_name}"
        frame = frame.f_back


def _own_threads() -> Iterator[tuple[threading.Thread, float]]:
    """Threads that do one thing all their life, and the CPU they have used."""
    for thread in threading.enumerate():
        if thread is threading.main_thread() or thread.name.startswith(_POOLS) or thread.native_id is None:
            continue
        try:
            # Linux's clock of a thread by its number; unlike pthread_getcpuclockid it may have ended meanwhile.
            yield thread, time.clock_gettime((~thread.native_id << 3) | 6)
        except OSError:
            continue


class _SignalEvent(ctypes.Structure):
    """``struct sigevent``; all zero but the number is SIGEV_SIGNAL."""

    _fields_ = (("value", ctypes.c_void_p), ("number", ctypes.c_int), ("rest", ctypes.c_char * 52))


def _start_timer() -> None:
    """SIGPROF after every ``_SAMPLE_EVERY_NS`` of CPU that this thread uses; Python has no timer of this kind."""
    libc, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
    event = _SignalEvent(number=signal.SIGPROF)
    every = (ctypes.c_long * 4)(0, _SAMPLE_EVERY_NS, 0, _SAMPLE_EVERY_NS)
    made = libc.timer_create(_CLOCK_THREAD_CPUTIME_ID, ctypes.byref(event), ctypes.byref(timer))
    if made != 0 or libc.timer_settime(timer, 0, every, None) != 0:
        raise OSError(ctypes.get_errno(), "no timer on a thread's CPU clock")


def _time_jobs(tally: Tally) -> None:
    """Time whatever any pool's threads are given."""
    submit = ThreadPoolExecutor.submit

    def submit_timed(
        self: ThreadPoolExecutor, work: Callable[..., Any], /, *args: object, **kwargs: object
    ) -> Future[Any]:
        part = part_of([_place_of(work)])

        def work_timed() -> object:
            before_s = time.thread_time()
            try:
                return work(*args, **kwargs)
            finally:
                tally.add_job(part, time.thread_time() - before_s)

        return submit(self, work_timed)

    ThreadPoolExecutor.submit = submit_timed  # type: ignore[assignment]  # the one way to see every job


def _time_blocking_calls(tally: Tally) -> None:
    """Time whatever the daemon's threads for blocking work are given."""
    from cutoutd.core.blocking.call import BlockingCall  # noqa: PLC0415  the bare loop must not load it

    carry_out = BlockingCall.carry_out

    def carry_out_timed(self: BlockingCall) -> object:
        before_s = time.thread_time()
        try:
            return carry_out(self)
        finally:
            tally.add_job(part_of([_place_of(self.work)]), time.thread_time() - before_s)

    BlockingCall.carry_out = carry_out_timed  # type: ignore[method-assign]  # the one way to see every call


def _place_of(work: Callable[..., Any]) -> str:
    """``asyncio.to_thread`` wraps what it is given as an argument of its context's ``run``."""
    while isinstance(work, partial):
        is_context_run = getattr(work.func, "__name__", "") == "run" and work.args
        work = work.args[0] if is_context_run else work.func
    return f"{getattr(work, '__module__', '')}.{getattr(work, '__name__', '')}"


def main(tally_file: Path, program: str) -> None:
    """Run the program to its end."""
    tally = Tally()
    _time_jobs(tally)
    signal.signal(signal.SIGUSR1, tally.begin)
    is_script = program.endswith(".py")
    if not is_script:
        _time_blocking_calls(tally)
    run = runpy.run_path if is_script else partial(runpy.run_module, alter_sys=True)
    try:
        run(program, run_name="__main__")
    finally:
        tally_file.write_text(json.dumps(tally.finish()))


if __name__ == "__main__":
    sys.argv.pop(0)
    main(Path(sys.argv.pop(0)), sys.argv[0])
