"""A clock that is wrong, and a clock that is set: told for what it is, and delaying nothing."""

import signal
from collections.abc import Iterator

import pytest

from cutoutd.status.live_state import read_live_state
from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

HOUR_S = 3600.0
LONG_S = 90.0


@pytest.fixture
def movable(sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """The sandbox, whose clock is right again afterwards."""
    yield sandbox
    sandbox.move_clock(0)


@pytest.mark.parametrize(("offset_s", "words"), [(-HOUR_S, "60 minutes ahead of"), (HOUR_S, "60 minutes behind")])
def test_a_wrong_clock_halts_for_what_it_is(place: Place, movable: SandboxProcess, offset_s: float, words: str) -> None:
    """The halt says by how much and what to do, blames neither keys nor photo, and ends when the clock is right."""
    movable.move_clock(offset_s)
    put(place.input / "a.jpg")
    with place.hurry() as daemon:
        daemon.wait_for("halted", within_s=LONG_S)
        halt = eventually(lambda: (live := read_live_state(place.state)) and live.halt, within_s=LONG_S).text
        assert halt.startswith("This machine's clock is wrong: ")
        assert words in halt
        assert "timedatectl" in halt
        movable.move_clock(0)
        daemon.wait_for("published", "a.jpg", within_s=LONG_S)
        assert [line.action for line in daemon.lines if line.action in {"halted", "resumed"}] == ["halted", "resumed"]
        assert daemon.stop() == 0
    assert sorted(movable.counters()["executes_by_sha256"].values()) == [1]


def test_a_clock_set_back_while_it_runs_delays_nothing(place: Place, movable: SandboxProcess) -> None:
    """A photo that waits for seconds does not wait for the hour that the clock was set back."""
    movable.set_faults({"kind": "status", "status": 503, "on": "upload"})
    put(place.input / "a.jpg")
    with place.hurry() as daemon:
        daemon.wait_for("waiting", "a.jpg", within_s=LONG_S)
        daemon.send(signal.SIGUSR2)
        movable.move_clock(-HOUR_S)
        daemon.wait_for("clock_set", within_s=LONG_S)
        movable.clear_faults()
        daemon.wait_for("published", "a.jpg", within_s=LONG_S)
        assert daemon.stop() == 0


def test_a_clock_set_back_between_two_runs_delays_nothing(place: Place, movable: SandboxProcess) -> None:
    """What a killed process left waiting while the clock was an hour ahead goes on at the next start."""
    movable.set_faults({"kind": "status", "status": 503, "on": "upload"})
    put(place.input / "a.jpg")
    with place.hurry() as daemon:
        daemon.wait_for("waiting", "a.jpg", within_s=LONG_S)
        daemon.send(signal.SIGUSR1)
        movable.move_clock(HOUR_S)
        daemon.wait_for("clock_set", within_s=LONG_S)
        put(place.input / "b.jpg")
        # Not in the log, which tells a trouble that several photos share once.
        eventually(lambda: "b.jpg" in {photo["path"] for photo in place.status()["waiting"]})
        daemon.kill()
    movable.move_clock(0)
    movable.clear_faults()
    with place.hurry() as daemon:
        daemon.wait_for("published", "a.jpg", "b.jpg", within_s=LONG_S)
        assert daemon.stop() == 0
    assert sorted(movable.counters()["executes_by_sha256"].values()) == [1, 1]
