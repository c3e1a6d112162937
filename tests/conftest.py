"""The suite's fixtures, and its number of workers: most tests wait, so there are more workers than cores."""

import os

pytest_plugins = ["support.fixtures"]

_WORKERS_PER_CORE = 3


def pytest_xdist_auto_num_workers() -> int:
    """Return the meaning of ``-n auto`` here."""
    return _WORKERS_PER_CORE * len(os.sched_getaffinity(0))
