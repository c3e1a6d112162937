"""The clocks of a simulated machine: they stand still while code runs, and jump to the next timer.

`install` must run before the product is imported, because its defaults bind ``time.monotonic`` at import.
"""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

#: The first moment of every world. It is ahead of the real one, because the kernel stamps some times of files itself.
#: A step back by years still leaves them in the past. It is below 2^31, because old file systems end there.
FIRST_WALL_S = 2_000_000_000.0

_FIRST_MONOTONIC_S = 1_000.0


class VirtualClock:
    """A machine's time since its start, and its wall clock, which people may set."""

    def __init__(self, first_wall_s: float = FIRST_WALL_S) -> None:
        self.monotonic_s = _FIRST_MONOTONIC_S
        self._true_offset_s = self._offset_s = first_wall_s - _FIRST_MONOTONIC_S

    @property
    def wall_s(self) -> float:
        """Unix time."""
        return self.monotonic_s + self._offset_s

    @property
    def true_s(self) -> float:
        """Unix time by a clock that people do not set: that of other machines."""
        return self.monotonic_s + self._true_offset_s

    @property
    def elapsed_s(self) -> float:
        """Seconds since the world began."""
        return self.monotonic_s - _FIRST_MONOTONIC_S

    def advance(self, by_s: float) -> None:
        """Let time pass."""
        self.monotonic_s += by_s

    def step(self, by_s: float) -> None:
        """Set the wall clock forward, or back with a negative number; no time passes."""
        self._offset_s += by_s

    def set_right(self) -> None:
        """Set the wall clock to the true time."""
        self._offset_s = self._true_offset_s


_current: VirtualClock | None = None
_sleep: Callable[[float], None] | None = None


def use(clock: VirtualClock | None, sleep: Callable[[float], None] | None) -> None:
    """Make this the clock of the process, and this the sleep of its threads; None: Python's own."""
    global _current, _sleep
    _current, _sleep = clock, sleep


def install() -> None:
    """Replace Python's clocks by ones that follow the world's clock while there is one."""
    _replace("time", lambda clock: clock.wall_s)
    _replace("time_ns", lambda clock: int(clock.wall_s * 1e9))
    _replace("monotonic", lambda clock: clock.monotonic_s)
    _replace("monotonic_ns", lambda clock: int(clock.monotonic_s * 1e9))
    _replace("perf_counter", lambda clock: clock.monotonic_s)
    _replace("thread_time", lambda _: 0.0)  # else a slow machine would scan less often
    _replace("process_time", lambda _: 0.0)
    _replace("clock_gettime", lambda clock, _which: clock.monotonic_s)
    real_sleep = time.sleep

    def sleep(seconds: float) -> None:
        (_sleep or real_sleep)(seconds)

    time.sleep = sleep


def _replace(name: str, read: Callable[..., Any]) -> None:
    real = getattr(time, name)
    setattr(time, name, lambda *args: real(*args) if _current is None else read(_current, *args))


class VirtualDatetime(dt.datetime):
    """A ``datetime`` that asks the world's clock; for modules that import the class itself."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "VirtualDatetime":
        """Return the present of the world."""
        return cls.fromtimestamp(time.time(), tz)


class TrueDatetime(VirtualDatetime):
    """The same by the true time, for the service: it goes by a clock of its own."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "TrueDatetime":
        """Return the true present."""
        return cls.fromtimestamp(time.time() if _current is None else _current.true_s, tz)
