"""What people order of the running daemon, or of the ledger while nothing runs."""

import stat

from cutoutd.photo import State
from daemon_process import Place
from drawn_photos import is_cutout, put
from sandbox_process import SandboxProcess

GONE = {"kind": "status", "status": 400, "on": "execute", "times": 1}


def fail_once(place: Place, sandbox: SandboxProcess, path: str = "a.jpg") -> None:
    """A photo whose removal Uploadcare refused."""
    sandbox.set_faults(GONE)
    put(place.input / path)
    assert place.run_once().returncode == 1
    assert place.versions(path)[0].state is State.FAILED


def test_retry_orders_the_running_daemon(place: Place, sandbox: SandboxProcess) -> None:
    """A failed photo goes on at once, its note goes, and each way to name it is understood."""
    fail_once(place, sandbox)
    assert place.note("a.jpg")
    with place.start() as daemon:
        daemon.wait_for("started")
        ended = place.command("retry", str(place.input / "a.jpg"))
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
        assert ended.stdout == "1 photo is sent again.\n"
        daemon.wait_for("published", "a.jpg")
        assert is_cutout(place.output / "a.png")
        assert place.outputs() == ["a.png"]
        assert daemon.stop() == 0
    assert not (place.state / "control.sock").exists()


def test_retry_while_nothing_runs(place: Place, sandbox: SandboxProcess) -> None:
    """The command does it itself, and the next run goes on from there."""
    fail_once(place, sandbox)
    ended = place.command("retry", "shop/a.jpg")
    assert ended.returncode == 0, ended.stderr
    assert place.versions("a.jpg")[0].state is State.ACCEPTED
    assert place.run_once().returncode == 0
    assert is_cutout(place.output / "a.png")


def test_the_socket_is_for_owner_and_group(place: Place) -> None:
    """Nobody else may give orders."""
    with place.start() as daemon:
        daemon.wait_for("started")
        assert stat.S_IMODE((place.state / "control.sock").stat().st_mode) == 0o660
        assert daemon.stop() == 0
