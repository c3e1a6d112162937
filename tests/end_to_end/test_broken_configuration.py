"""The running daemon stays within reach, whatever its configuration says by now."""

import json
import os
import subprocess
import sys
import tempfile

import pytest

from support.images.drawn_photos import put
from support.processes.daemon_process import Place, command
from support.processes.sandbox_process import SandboxProcess

BROKEN = "folders: [\n  - not: closed"


def spoil(place: Place) -> None:
    place.config.write_text(BROKEN)


def remove(place: Place) -> None:
    place.config.unlink()


def move_state(place: Place) -> None:
    place.configure(state_dir=str(place.home / "other-state"))


@pytest.mark.parametrize("change", [spoil, remove, move_state])
def test_the_emergency_brake_needs_no_configuration(place: Place, change: object) -> None:
    """Status, history, page, pause and resume reach the daemon with a broken, lost or changed configuration."""
    put(place.input / "a.jpg")
    place.configure(web={"listen": "127.0.0.1:0"})
    with place.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        assert callable(change)
        change(place)
        paused = place.command("pause", "stop at once")
        assert (paused.returncode, "not running" in paused.stdout) == (0, False), paused
        found = json.loads(place.command("status", "--json").stdout)
        assert found["running"] is True
        assert found["paused"]["reason"] == "stop at once"
        assert "a.jpg" in place.command("history", str(place.input / "a.jpg")).stdout
        assert place.command("page").stdout.startswith("http://127.0.0.1:")
        assert place.command("resume").returncode == 0
        assert json.loads(place.command("status", "--json").stdout)["paused"] is None
        if change is move_state:
            assert "state_dir has changed" in place.command("reload").stdout
        # What changes something at the cost of money is read from the file, and so refused.
        assert place.command("approve", "--yes").returncode != 0


def test_only_its_own_daemon_is_reached(place: Place, sandbox: SandboxProcess) -> None:
    """A command with a broken configuration reaches no daemon of another configuration, and says what is wrong."""
    other = Place(place.home / "other", sandbox.url)
    with other.start() as daemon:
        daemon.wait_for("started")
        spoil(place)
        refused = place.command("pause")
        assert (refused.returncode, "config.yaml" in refused.stderr) == (2, True), refused
        assert json.loads(other.command("status", "--json").stdout)["paused"] is None


def test_a_lost_configuration_of_the_working_folder_is_known(place: Place, sandbox: SandboxProcess) -> None:
    """Without a name, a command finds the daemon of ./config.yaml after that file is gone, also if others run."""
    other = Place(place.home / "other", sandbox.url)
    with place.start() as daemon, other.start() as another:
        daemon.wait_for("started")
        another.wait_for("started")
        remove(place)
        paused = command("pause", "stop at once", folder=place.config.parent)
        assert paused.returncode == 0, paused
        assert json.loads(place.command("status", "--json").stdout)["paused"]["reason"] == "stop at once"
        assert json.loads(other.command("status", "--json").stdout)["paused"] is None


def test_a_moved_socket_is_named(place: Place) -> None:
    """A configuration that names another control socket by now is told as such, not as another state folder."""
    with place.start() as daemon:
        daemon.wait_for("started")
        place.configure(control_socket=str(place.home / "elsewhere.sock"))
        told = place.command("status").stderr
        assert f"names {place.home}/elsewhere.sock as control_socket, but" in told
        assert place.command("reload").stdout == "control_socket has changed, which takes effect at the next start.\n"


IMPOSTOR = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
os.setresuid(65534, 65534, 65534)
listener.bind(sys.argv[1])
listener.listen()
print("listening", flush=True)
connection = listener.accept()[0]
print("asked" if connection.recv(1000) else "left", flush=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: another user has to listen")
def test_another_users_socket_is_not_believed(place: Place) -> None:
    """A socket that another user made in a folder of theirs is never asked, because it could pretend to be cutoutd."""
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, 65534, 65534)
        spoil(place)
        arguments = [sys.executable, "-c", IMPOSTOR, f"{home}/control.sock"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as impostor:
            assert impostor.stdout is not None
            assert impostor.stdout.readline() == "listening\n"
            assert place.command("pause").returncode == 2
            assert impostor.stdout.readline() == "left\n"
