"""How the suite is run: most tests wait, for a process, a poll or a clock, so there are more workers than cores."""

import os

_WORKERS_PER_CORE = 2


def pytest_xdist_auto_num_workers() -> int:
    """What ``-n auto`` means here."""
    return _WORKERS_PER_CORE * len(os.sched_getaffinity(0))
