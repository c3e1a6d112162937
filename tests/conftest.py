"""The suite's fixtures, and its number of workers: most tests wait, so there are more workers than cores."""

import os

from hypothesis import settings

# A deadline would fail a right test on a busy machine: no test here asserts a speed.
settings.register_profile("without_deadline", deadline=None)
settings.load_profile("without_deadline")

pytest_plugins = ["support.fixtures"]

_WORKERS_PER_CORE = 3


def pytest_xdist_auto_num_workers() -> int:
    """Return the meaning of ``-n auto`` here."""
    return _WORKERS_PER_CORE * len(os.sched_getaffinity(0))
