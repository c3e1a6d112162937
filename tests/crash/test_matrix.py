"""Crash anywhere: SIGKILL at both sides of every durable write and every request, as seen in a dry run."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from crash.launcher import open_nursery
from crash.matrix import Matrix
from crash.scenes import BusyDay, FirstDay, configure, picture, put
from crash.ward import Ward, open_ward

#: What a kill cannot show and a power cut would: in which order things reach the disk, and the service.
STORY = (
    *("before POST /base/ #1", "after POST /base/ #1", "before commit uploaded #1", "after commit uploaded #1"),
    *("before commit removal_intended #1", "after commit removal_intended #1"),
    *("before POST /addons/remove_bg/execute/ #1", "after POST /addons/remove_bg/execute/ #1"),
    *("before commit removal_started #1", "after commit removal_started #1"),
    *("after write out/new/.cutoutd-*.png #1", "before fsync out/new/.cutoutd-*.png #1"),
    *("after fsync out/new/.cutoutd-*.png #1", "before link out/new/fresh.png #1", "after link out/new/fresh.png #1"),
    *("before fsync out/new #1", "after fsync out/new #1", "before commit published #1", "after commit published #1"),
    *("before DELETE /files/storage/ #1", "before commit photos(remote_cleaned_at_s) #1"),
)

#: A run mostly waits for the moment to ask whether a removal is finished, so more fit on a core than one.
_WARDS = 6


@pytest.fixture(scope="module")
def wards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Ward]]:
    """Side by side."""
    folder = tmp_path_factory.mktemp("crash")
    with ExitStack() as stack:
        nursery = open_nursery()
        wards = [stack.enter_context(open_ward(folder / f"{number}", nursery)) for number in range(_WARDS)]
        for ward in wards:
            configure(ward.place)
        yield wards


@pytest.fixture(scope="module")
def matrix(wards: list[Ward]) -> Matrix:
    """Every row, run."""
    matrix = Matrix(wards, (BusyDay, FirstDay))
    matrix.fill()
    return matrix


def test_a_kill_at_any_point_costs_nothing(matrix: Matrix) -> None:
    """Whatever the daemon dies at, the next one finishes every photo: nothing is lost, sent or paid for twice."""
    assert not matrix.faults, "\n".join(matrix.faults)


def test_no_point_is_left_out(matrix: Matrix) -> None:
    """Every write and request that any run passed, after a kill or without one, was also died at, on both sides."""
    assert not matrix.missed, "\n".join(sorted(matrix.missed))


def test_everything_is_stored_before_what_rests_on_it(wards: list[Ward]) -> None:
    """The intent before the paid call, the cutout before its name, that before the fact, the fact before cleanup."""
    ward = wards[0]
    ward.clear()
    put(ward.place.input / "new" / "fresh.jpg", picture())
    daemon = ward.start("--once")
    assert daemon.wait() == 0
    assert [line for line in daemon.passed if line in STORY] == list(STORY)
