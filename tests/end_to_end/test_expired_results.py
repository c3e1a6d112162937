"""More than 24 hours between launch and download: what Uploadcare keeps, what it lets go of, and what that costs."""

from pathlib import Path

import pytest

from support.images.drawn_photos import is_cutout, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

HOUR_S = 3600.0

#: Results that are not told to stay are deleted after 24 hours.
pytestmark = pytest.mark.sandbox_options("--no-autostore", "--processing-time", "2")


@pytest.fixture
def shop(own_place: Place) -> Place:
    """A place with one photo in it."""
    put(own_place.input / "a.jpg")
    return own_place


def launches(sandbox: SandboxProcess) -> int:
    return sum(sandbox.counters()["executes_by_sha256"].values())


def finish_without_output(place: Place) -> None:
    """The removal is finished, and there is no disk to put its result on."""
    with place.start() as daemon:
        daemon.wait_for("removal_started")
        place.output.rename(place.home / "unmounted")
        daemon.wait_for("removal_finished")
        daemon.wait_until(lambda lines: any("is not there" in line.message for line in lines))


def test_a_result_that_cannot_be_fetched_is_stored_and_fetched_days_later(
    shop: Place, own_sandbox: SandboxProcess
) -> None:
    """A disk that is away for days costs nothing: the result is stored after an hour, once, and fetched at last."""
    finish_without_output(shop)
    own_sandbox.move_clock(2 * HOUR_S)
    with shop.start(ahead_s=2 * HOUR_S) as daemon:
        daemon.wait_for("stored")
        assert daemon.stop() == 0
    own_sandbox.move_clock(60 * HOUR_S)
    with shop.start(ahead_s=60 * HOUR_S) as daemon:
        (shop.home / "unmounted").rename(shop.output)
        daemon.wait_for("published", "a.jpg")
        assert daemon.count("stored") == 0
    assert is_cutout(shop.output / "a.png")
    assert launches(own_sandbox) == 1


def test_a_result_that_was_let_go_of_is_paid_for_again_and_told(shop: Place, own_sandbox: SandboxProcess) -> None:
    """A machine that is off for more than a day finds its result deleted: only then it is launched anew, and said."""
    finish_without_output(shop)
    (shop.home / "unmounted").rename(shop.output)
    own_sandbox.move_clock(25 * HOUR_S)
    with shop.start("--once", ahead_s=25 * HOUR_S) as daemon:
        assert daemon.wait() == 0
        assert daemon.count("possible_double_charge") == 1
    assert is_cutout(shop.output / "a.png")
    assert launches(own_sandbox) == 2
    assert [charge["path"] for charge in shop.status()["possible_double_charges"]] == ["a.jpg"]


def test_a_result_that_is_missing_too_early_is_waited_for(shop: Place, own_sandbox: SandboxProcess) -> None:
    """Within a day nothing is given up: a result that is gone for an unknown reason waits, and costs nothing more."""
    own_sandbox.add_faults({"kind": "expired_result"})
    with shop.start() as daemon:
        daemon.wait_until(lambda lines: any("no longer at Uploadcare" in line.message for line in lines))
    own_sandbox.move_clock(23 * HOUR_S)
    with shop.start(ahead_s=23 * HOUR_S) as daemon:
        daemon.wait_until(lambda lines: any("no longer at Uploadcare" in line.message for line in lines))
        assert daemon.count("accepted") == 0
    assert launches(own_sandbox) == 1
    assert [waiting["state"] for waiting in shop.status()["waiting"]] == ["removal_finished"]


def test_a_removal_that_was_forgotten_with_its_result_is_launched_again(
    shop: Place, own_sandbox: SandboxProcess
) -> None:
    """Off for more than a day while a removal ran: unknown several times over and no result in sight, so once more."""
    with shop.start() as daemon:
        daemon.wait_for("removal_started", "a.jpg")
    eventually(lambda: own_sandbox.counters()["active_removals"] == 0)
    own_sandbox.move_clock(25 * HOUR_S)
    with shop.start(ahead_s=25 * HOUR_S) as daemon:
        daemon.wait_for("published", "a.jpg")
        assert daemon.count("possible_double_charge") == 1
    assert launches(own_sandbox) == 2


def test_a_forgotten_removal_whose_result_was_stored_costs_nothing(tmp_path: Path) -> None:
    """Where the project stores results by itself, the one of a forgotten removal is found in its files and adopted."""
    with SandboxProcess(tmp_path / "storing", "--processing-time", "1") as sandbox:
        place = Place(tmp_path / "shop", sandbox.url)
        put(place.input / "a.jpg")
        with place.start() as daemon:
            daemon.wait_for("removal_started", "a.jpg")
        eventually(lambda: sandbox.counters()["active_removals"] == 0)
        sandbox.move_clock(25 * HOUR_S)
        with place.start(ahead_s=25 * HOUR_S) as daemon:
            daemon.wait_for("published", "a.jpg")
            assert daemon.count("possible_double_charge") == 0
        assert launches(sandbox) == 1
    assert is_cutout(place.output / "a.png")
