"""``cutoutd pause`` and ``resume``: what they hold back, and who knows."""

import re

import pytest

from cutoutd.core.photo import State
from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess


@pytest.mark.sandbox_options("--processing-time", "3")  # long enough to be paused meanwhile
def test_a_paused_daemon_finishes_only_what_is_launched(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """What was launched is published, what comes is only checked, also after a restart; resume goes on at once."""
    put(own_place.input / "before.jpg")
    with own_place.start() as daemon:
        daemon.wait_for("removal_started", "before.jpg")
        told = own_place.command("pause", "sale\tphotos first").stdout
        assert re.match(r"Paused since \S+ \S+: sale\\tphotos first\.\nNothing new is sent", told)
        put(own_place.input / "after.jpg")
        daemon.wait_for("accepted", "after.jpg")
        daemon.wait_for("published", "before.jpg")
        assert daemon.stop() == 0
    with own_place.start() as daemon:
        daemon.wait_for("pause")
        put(own_place.input / "later.jpg")
        daemon.wait_for("accepted", "later.jpg")
        paused = own_place.status()["paused"]
        assert paused["reason"] == "sale\\tphotos first"
        assert "sale" in own_place.command("status").stdout
        assert {photo.state for path in ("after.jpg", "later.jpg") for photo in own_place.versions(path)} == {
            State.ACCEPTED
        }
        assert sum(own_sandbox.counters()["executes_by_sha256"].values()) == 1
        assert own_place.command("resume").stdout == "Going on.\n"
        daemon.wait_for("published", "after.jpg", "later.jpg")
        assert own_place.status()["paused"] is None


def test_a_paused_ledger_is_worked_off_as_far_as_it_goes(place: Place, sandbox: SandboxProcess) -> None:
    """While nothing runs, pause is stored; ``run --once`` sends nothing, says so, and ends with 5."""
    place.run_once()
    assert place.command("pause").returncode == 0
    assert "Paused since" in place.command("status").stdout
    put(place.input / "a.jpg")
    ended = place.run_once()
    assert ended.returncode == 5
    assert re.search(r"Nothing was sent: paused since .*To continue: cutoutd resume", ended.stderr)
    assert place.outputs() == []
    assert sandbox.counters()["executes_by_sha256"] == {}
    assert eventually(lambda: [photo.state for photo in place.versions("a.jpg")]) == [State.ACCEPTED]
    assert place.command("resume").stdout.startswith("Going on.\n")
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png"]


def test_whoever_lets_photos_go_on_hears_of_the_pause(place: Place, sandbox: SandboxProcess) -> None:
    """A retry is taken, and it is said why nothing happens yet."""
    sandbox.set_faults({"kind": "status", "status": 400, "on": "execute", "times": 1})
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 1
    place.command("pause")
    assert "is paused, so nothing is sent" in place.command("retry", "--yes", "a.jpg").stdout
    place.command("resume")
    assert "is paused" not in place.command("retry", "--yes", "--failed").stdout
