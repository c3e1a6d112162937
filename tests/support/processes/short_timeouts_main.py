"""cutoutd's own ``main`` with short timeouts: ``python short_timeouts_main.py ARGUMENTS...``.

SIGUSR1 sets its clock forward by an hour, SIGUSR2 back by one; only what reads the clock notices.
"""

import signal
import time
from contextlib import ExitStack
from datetime import datetime, timedelta, tzinfo
from typing import Self
from unittest.mock import patch

from pyuploadcare.api import auth

from cutoutd import cli
from cutoutd.pipeline import backoff
from cutoutd.pipeline.maintenance import remote_cleanup
from cutoutd.pipeline.maintenance.remote_cleanup import CleanupTiming
from cutoutd.pipeline.scheduling import halt
from cutoutd.pipeline.steps.launching import recover_launch
from cutoutd.uploadcare import client, error_mapping
from cutoutd.uploadcare.transport import Timeouts, TimeoutSet

HOUR_S = 3600.0

_REAL_TIME, _REAL_TIME_NS = time.time, time.time_ns

#: A sandbox on a busy machine answers within this time, and a hang is told from it.
_SHORT = Timeouts(overall_s=5.0, read_s=1.5)

#: Longer, because a launch that was given up too early is a different story.
_LAUNCH = Timeouts(overall_s=8.0, read_s=4.0)

_HURRY = {
    client: {"TimeoutSet": lambda: TimeoutSet(call=_SHORT, launch=_LAUNCH, transfer=_SHORT)},
    halt: {"_FIRST_PROBE_AFTER_S": 0.5, "_LAST_PROBE_AFTER_S": 1.0},
    recover_launch: {"LOOK_FOR_S": 6.0},
    error_mapping: {"_DEFAULT_RETRY_AFTER_S": 1.0, "_LOCK_RETRY_S": 0.5},
    backoff: {"_FIRST_WAIT_S": 0.2, "_SPREAD_S": 0.2, "_LONGEST_WAIT_S": 0.5},
    remote_cleanup: {"CleanupTiming": lambda: CleanupTiming(linger_s=0.2, longest_wait_s=0.5)},
}


class SettableClock:
    """A wall clock that signals set."""

    ahead_s = 0.0

    @classmethod
    def install(cls) -> None:
        """Read it wherever the program asks for the time."""
        time.time = lambda: _REAL_TIME() + cls.ahead_s
        time.time_ns = lambda: _REAL_TIME_NS() + int(cls.ahead_s * 1e9)
        signal.signal(signal.SIGUSR1, lambda *_: cls.move(HOUR_S))
        signal.signal(signal.SIGUSR2, lambda *_: cls.move(-HOUR_S))

    @classmethod
    def move(cls, by_s: float) -> None:
        cls.ahead_s += by_s


class Signed(datetime):
    """Where request signatures get their date from."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(seconds=SettableClock.ahead_s)


def main() -> None:
    """Run the command line in a hurry."""
    SettableClock.install()
    with ExitStack() as hurry:
        hurry.enter_context(patch.object(auth, "datetime", Signed))
        for module, values in _HURRY.items():
            hurry.enter_context(patch.multiple(module, **values))
        cli.main()


if __name__ == "__main__":
    main()
