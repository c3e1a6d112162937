"""Kills at random moments; the long soak is this test with larger numbers.

CUTOUTD_SOAK_PHOTOS=300 CUTOUTD_SOAK_KILLS=60 pytest -s tests/crash/test_soak.py
"""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.crash_site import CrashSite, open_crash_site
from crash.launcher import open_fork_server
from crash.soak import soak
from support.nightly import IS_NIGHTLY

_PHOTOS = int(os.environ.get("CUTOUTD_SOAK_PHOTOS", "300" if IS_NIGHTLY else "30"))
_KILLS = int(os.environ.get("CUTOUTD_SOAK_KILLS", "60" if IS_NIGHTLY else "8"))
_SEED = int(os.environ.get("CUTOUTD_SOAK_SEED", random.randrange(1_000_000)))  # noqa: S311  no secret


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[CrashSite]:
    """Removals that take their time, some much longer than others, so that kills meet every state."""
    with open_crash_site(tmp_path / "ward", open_fork_server(), "--processing-time", "lognormal:0.3:0.6") as ward:
        yield ward


def test_kills_at_random_moments_cost_nothing(ward: CrashSite) -> None:
    """Photos keep coming, the daemon keeps dying: each is published once, as the service made it, and paid for once.

    Also where a launch's answer was lost in a kill: its result is found. What was seen is told, and so is the seed.
    """
    soaked = soak(ward, photos=_PHOTOS, kills=_KILLS, chance=random.Random(_SEED))  # noqa: S311  as above
    sys.stdout.write(f"\n{soaked.summary}, seed {_SEED}\n")
    assert not soaked.faults, "\n".join(soaked.faults)
