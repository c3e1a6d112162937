"""cutoutd's own ``main`` in a process whose clock is ahead: ``python clock_ahead_main.py SECONDS ARGUMENTS...``.

Nothing else is changed but the patience with a removal that Uploadcare does not know any more, which takes an hour.
"""

import sys
import time
from datetime import datetime, timedelta, tzinfo
from typing import Self
from unittest.mock import patch

from pyuploadcare.api import auth

from cutoutd import cli
from cutoutd.pipeline.completion import poll_schedule

_REAL_TIME, _REAL_TIME_NS = time.time, time.time_ns


def main(ahead_s: float) -> None:
    """Run the command line that far in the future."""
    time.time = lambda: _REAL_TIME() + ahead_s
    time.time_ns = lambda: _REAL_TIME_NS() + int(ahead_s * 1e9)

    class Ahead(datetime):
        """Where request signatures get their date from."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(seconds=ahead_s)

    with patch.object(auth, "datetime", Ahead), patch.multiple(poll_schedule, _RARELY_S=(0.1, 0.2), _UNKNOWN_FOR_S=0.3):
        cli.main()


if __name__ == "__main__":
    main(float(sys.argv.pop(1)))
