"""Crash anywhere: SIGKILL at both sides of every durable write and every request, as seen in a dry run."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from crash.crash_site import CrashSite, open_crash_site
from crash.launcher import open_fork_server
from crash.matrix import Matrix
from crash.points import name_of
from crash.scenes import BusyDay, FirstDay, Scene, configure, picture, put
from support.nightly import IS_NIGHTLY

#: What a kill cannot show and a power cut would: in which order things reach the disk, and the service.
STORY = (
    *("before POST /base/", "after POST /base/", "before commit uploaded", "after commit uploaded"),
    *("before commit removal_intended", "after commit removal_intended"),
    *("before POST /addons/remove_bg/execute/", "after POST /addons/remove_bg/execute/"),
    *("before commit removal_started", "after commit removal_started"),
    *("after write out/.cutoutd-*.png", "before fsync out/.cutoutd-*.png", "after fsync out/.cutoutd-*.png"),
    *("before rename out/fresh.png", "after rename out/fresh.png", "before fsync out", "after fsync out"),
    *("before commit published", "after commit published"),
    *("before rename studio/.cutoutd-aside-*-fresh.jpg", "after rename studio/.cutoutd-aside-*-fresh.jpg"),
    *(
        "before rename archive/fresh.jpg",
        "after rename archive/fresh.jpg",
        "before fsync archive",
        "after fsync archive",
    ),
    *("before DELETE /files/storage/", "before commit remote_files()"),
)

#: A run mostly waits, for the disk and for removals, so more fit on a core than one.
_WARDS = 4


@pytest.fixture(scope="module")
def wards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[CrashSite]]:
    """Side by side."""
    folder = tmp_path_factory.mktemp("crash")
    with ExitStack() as stack:
        nursery = open_fork_server()
        wards = [stack.enter_context(open_crash_site(folder / f"{number}", nursery)) for number in range(_WARDS)]
        for ward in wards:
            configure(ward)
        yield wards


@pytest.mark.parametrize("scene", [BusyDay, FirstDay])
def test_a_kill_at_any_point_costs_nothing(wards: list[CrashSite], scene: type[Scene]) -> None:
    """Whatever the daemon dies at, the next one finishes every photo: nothing is lost, sent or paid for twice.

    At night no point is left out: every write and request that any run passed, after a kill or without one, was also
    died at, on both sides.
    """
    matrix = Matrix(wards, scene)
    matrix.fill()
    sys.stdout.write(f"\n{matrix.summary}\n")
    assert not matrix.faults, "\n".join(matrix.faults)
    assert not (IS_NIGHTLY and matrix.missed), "\n".join(sorted(matrix.missed))


def test_everything_is_stored_before_what_rests_on_it(wards: list[CrashSite]) -> None:
    """The intent before the paid call, the cutout before its name, that before the fact, the fact before cleanup.

    The source leaves its place only after the fact, and its old name only when the new one is on the disk.
    """
    ward = wards[0]
    ward.clear()
    put(ward.studio / "fresh.jpg", picture())
    daemon = ward.start("--once")
    assert daemon.wait() == 0, daemon.output
    names = dict.fromkeys(name_of(line) for line in daemon.passed)
    assert [name for name in names if name in STORY] == list(STORY)
