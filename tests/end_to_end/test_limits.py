"""Money in the real daemon: never over a limit, never in vain, and no faster than the service takes it."""

from datetime import UTC, datetime, timedelta

import pytest

from cutoutd.core.photo import State
from support.images.drawn_photos import is_cutout, jpeg, put
from support.ledgers import in_database
from support.nightly import nightly_only
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

PLAN = 12

#: Launches a minute, unless the configuration says otherwise or a refusal taught better.
CEILING = 600


def executes(sandbox: SandboxProcess) -> list[int]:
    """How often each picture was launched."""
    return sorted(sandbox.counters()["executes_by_sha256"].values())


def slower_rate(place: Place) -> float | None:
    """Launches a minute below the ceiling; None while that is the only limit."""
    per_minute = place.status()["launches"]["per_minute"] or CEILING
    return float(per_minute) if per_minute < CEILING else None


def let_a_day_pass(place: Place) -> None:
    """For the ledger all that was launched until now was launched a day before."""
    in_database(place.state, "UPDATE launches SET day = date(day, '-1 day'), at_s = at_s - 86400")


def test_a_day_holds_as_many_launches_as_its_limit(place: Place, sandbox: SandboxProcess) -> None:
    """Exactly so many are sent and launched; the others wait at no cost, are told, and go on on the next day."""
    place.configure(limits={"per_day": 3})
    pictures = {f"{number}.jpg": jpeg() for number in range(8)}
    for path, picture in pictures.items():
        put(place.input / path, picture)
    first = place.run_once()
    assert first.returncode == 5
    assert "3 published, 0 rejected, 0 failed, 5 left for the next run" in first.stdout
    status = place.status()
    assert (status["launches"]["today"], status["launches"]["per_day"], status["launches"]["held"]) == (3, 3, 5)
    tomorrow = datetime.now(UTC).astimezone().date() + timedelta(days=1)
    assert {photo["state"] for photo in status["waiting"]} == {"accepted"}
    assert all("limits.per_day allows 3 removals" in photo["reason"] for photo in status["waiting"])
    assert all(f"waits until {tomorrow}" in photo["reason"] for photo in status["waiting"])
    assert "3 of 3" in place.command("status").stdout
    published = place.outputs()[0].replace(".png", ".jpg")
    put(place.input / "copy.jpg", pictures[published])
    assert place.run_once().returncode == 5
    assert place.versions("copy.jpg")[0].state is State.PUBLISHED
    assert executes(sandbox) == [1] * 3
    assert len(sandbox.counters()["uploads_by_sha256"]) == 3
    let_a_day_pass(place)
    assert place.run_once().returncode == 5
    assert executes(sandbox) == [1] * 6
    let_a_day_pass(place)
    assert place.run_once().returncode == 0
    assert executes(sandbox) == [1] * 8
    assert (place.status()["launches"]["today"], place.status()["launches"]["held"]) == (2, 0)


def test_a_raised_limit_holds_from_the_next_start(place: Place, sandbox: SandboxProcess) -> None:
    """Whoever raises a limit and starts again need not wait for midnight; limits of day and month hold together."""
    place.configure(limits={"per_day": 5, "per_month": 1})
    for number in range(3):
        put(place.input / f"{number}.jpg")
    assert place.run_once().returncode == 5
    assert executes(sandbox) == [1]
    place.configure(limits={"per_day": 2})
    assert place.run_once().returncode == 5
    assert executes(sandbox) == [1, 1]
    place.configure()
    assert place.run_once().returncode == 0
    assert executes(sandbox) == [1, 1, 1]


def test_nothing_is_paid_for_without_room_for_it(place: Place, sandbox: SandboxProcess) -> None:
    """While the disk is short nothing is sent, no photo is blamed, and all goes on once there is room."""
    place.configure(limits={"min_free_space": "900000 GB"})
    put(place.input / "a.jpg")
    with place.start() as daemon:
        daemon.wait_for("accepted", "a.jpg")
        (waiting,) = eventually(lambda: place.status()["waiting"])
        assert "limits.min_free_space" in waiting["reason"]
        assert daemon.stop() == 0
    assert sandbox.counters()["requests"] == {}
    place.configure()
    assert place.run_once().returncode == 0
    assert is_cutout(place.output / "a.png")


def test_a_plans_limit_is_learned_once_and_remembered(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """A refusal slows the launches down; all stand still, also after a restart, and are published then."""
    put(own_place.input / "first.jpg")
    with own_place.hurry() as daemon:
        daemon.wait_for("published", "first.jpg")
        assert own_place.status()["launches"]["per_minute"] == CEILING
        own_sandbox.set_faults(
            {"kind": "body", "status": 429, "body": "slow", "retry_after_s": 8, "on": "execute", "times": 1}
        )
        for number in range(3):
            put(own_place.input / f"{number}.jpg")
        daemon.wait_for("launches_paused")
        learned = eventually(lambda: slower_rate(own_place))
        assert "asked for patience (429)" in own_place.status()["launches"]["reason"]
        assert daemon.stop() == 0
    asked = own_sandbox.counters()["requests"]["execute"]
    with own_place.hurry() as daemon:
        daemon.wait_for("started")
        assert eventually(lambda: slower_rate(own_place)) == learned
        assert own_sandbox.counters()["requests"]["execute"] == asked
        eventually(lambda: len(own_place.cutouts()) == 4)
    assert executes(own_sandbox) == [1] * 4
    assert own_sandbox.counters()["requests"]["execute"] == 4 + 1


@nightly_only  # a real minute has to pass
@pytest.mark.sandbox_options("--launch-limit", str(PLAN))
def test_a_full_minute_of_a_plan_is_waited_out(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """A full minute is met with one refusal or two; all stand still, also after a restart, and are published then."""
    for number in range(PLAN + 2):
        put(own_place.input / f"{number}.jpg")
    with own_place.start() as daemon:
        daemon.wait_for("launches_paused")
        eventually(lambda: (own_place.status()["launches"]["per_minute"] or PLAN) < PLAN)
        assert "asked for patience (429)" in own_place.status()["launches"]["reason"]
        assert daemon.stop() == 0
    asked = own_sandbox.counters()["requests"]["execute"]
    with own_place.start() as daemon:
        daemon.wait_for("started")
        eventually(lambda: (own_place.status()["launches"]["per_minute"] or PLAN) < PLAN)
        assert own_sandbox.counters()["requests"]["execute"] == asked
        eventually(lambda: len(own_place.cutouts()) == PLAN + 2, within_s=120)
    assert executes(own_sandbox) == [1] * (PLAN + 2)
    assert own_sandbox.counters()["requests"]["execute"] <= PLAN + 2 + 4
