"""The answer to a paid call comes while nothing can be stored, or just before the end: it is never dropped."""

import pytest

from support.images.drawn_photos import is_cutout, jpeg_of, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess


def launches(sandbox: SandboxProcess) -> list[int]:
    return list(sandbox.counters()["executes_by_sha256"].values())


@pytest.mark.parametrize("end", ["put back", "killed"])
def test_a_ledger_that_is_away_during_a_launch_costs_nothing(place: Place, sandbox: SandboxProcess, end: str) -> None:
    """The answer is kept until the ledger is back, also over a kill, and the removal is polled like any other."""
    put(place.input / "a.jpg")
    sandbox.set_faults({"kind": "late_answer", "on": "execute", "seconds": 1.0})
    ledger = place.state / "ledger.sqlite"
    with place.start() as daemon:
        eventually(lambda: launches(sandbox))
        aside = ledger.rename(place.home / "aside.sqlite")
        daemon.wait_until(lambda lines: any("RemovalStarted" in line.message for line in lines))
        if end == "killed":
            daemon.kill()
        aside.rename(ledger)
        if end == "put back":
            daemon.wait_for("published", "a.jpg")
    if end == "killed":
        with place.start() as daemon:
            daemon.wait_for("answer_stored")
            daemon.wait_for("published", "a.jpg")
            assert daemon.count("answer_lost") == 0
    assert is_cutout(place.output / "a.png")
    assert launches(sandbox) == [1]


def test_a_reload_during_a_launch_lets_others_go_on_and_pays_once(place: Place, sandbox: SandboxProcess) -> None:
    """The new configuration comes into force when the answer is there; until then photos are still published."""
    sandbox.set_faults({"kind": "late_answer", "on": "execute", "seconds": 3.0, "skip": 1})
    with place.start() as daemon:
        put(place.input / "a.jpg")
        daemon.wait_for("removal_started", "a.jpg")
        put(place.input / "b.jpg", jpeg_of("red"))
        eventually(lambda: len(launches(sandbox)) == 2)
        place.configure(concurrency={"uploads": 2})
        assert place.command("reload").returncode == 0
        started = [line.path for line in daemon.lines if line.action in {"removal_started", "reloading"}]
        assert started.index("b.jpg") < started.index("")
        daemon.wait_for("published", "a.jpg", "b.jpg")
        assert daemon.count("answer_lost") == 0
        assert daemon.stop() == 0
    assert launches(sandbox) == [1, 1]
