"""The real daemon's control socket: killed daemons, long paths, and people who may not use it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.images.drawn_photos import put
from support.processes.daemon_process import Place
from support.processes.fork_client import ENVIRONMENT
from support.processes.sandbox_process import SandboxProcess

NOBODY = 65534

#: The command as somebody else: everything is imported and read before, as only its owner may read it.
AS_SOMEBODY_ELSE = f"""
import os, sys
from pathlib import Path
from cutoutd import cli, config
from cutoutd.cli import actions
import http.client
from cutoutd.control.connection import client

# Imported while it may be read: the program itself may lie where only its owner looks.
cli.app(["retry", "--help"], standalone_mode=False)
document = config.read(Path(sys.argv.pop()), os.environ)
actions.read_document = lambda _explicit: document
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid({NOBODY}, {NOBODY}, {NOBODY})
    os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
cli.main()
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into, which a test's own is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_a_killed_daemons_socket_is_replaced(place: Place) -> None:
    """It stays behind dead: commands then do the work themselves, and the next daemon takes its place."""
    with place.start() as daemon:
        daemon.wait_for("started")
        daemon.kill()
    assert (place.state / "control.sock").is_socket()
    assert place.command("retry", "--failed").stdout == "No photo has failed.\n"
    with place.start() as daemon:
        daemon.wait_for("started")
        assert place.command("retry", "--failed").stdout == "No photo has failed.\n"
        assert daemon.count("ordered") == 1
        assert daemon.stop() == 0
    assert not (place.state / "control.sock").exists()


def test_a_long_state_folder_works(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """A path longer than the kernel takes for a socket is reached all the same."""
    place = Place(tmp_path / ("long name " * 12) / ("and another " * 10), sandbox.url)
    with place.start() as daemon:
        daemon.wait_for("started")
        assert daemon.count("no_control") == 0
        assert place.command("retry", "--yes", "--failed").returncode == 0
        assert daemon.count("ordered") == 1
        assert daemon.stop() == 0


def test_without_a_socket_photos_go_on(place: Place) -> None:
    """Where none can be made the log says so, and cutouts are made all the same."""
    place.configure(control_socket=str(place.home / "nowhere" / "control.sock"))
    put(place.input / "a.jpg")
    with place.start() as daemon:
        daemon.wait_for("no_control")
        daemon.wait_for("published", "a.jpg")
        ended = place.command("retry", "--yes", "--failed")
        assert ended.returncode == 4
        assert "takes no commands" in ended.stderr
        assert daemon.stop() == 0


def test_who_may_not_give_orders_is_told(place: Place, open_folder: Path) -> None:
    """Exit code 7 with advice, for somebody who is neither the owner nor of the group."""
    control = open_folder / "control.sock"
    place.configure(control_socket=str(control))
    with place.start() as daemon:
        daemon.wait_for("started")
        if os.geteuid() != 0:
            control.chmod(0)  # nobody else can be acted here, so the owner is kept out
        command = [sys.executable, "-c", AS_SOMEBODY_ELSE, "retry", "--yes", "--failed", str(place.config)]
        ended = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert ended.returncode == 7, ended.stderr
        assert "control socket may not be used" in ended.stderr
        assert "control_socket" in ended.stderr
        assert daemon.count("ordered") == 0
        assert daemon.stop() == 0
