"""``status`` and ``history`` for whoever may use the control socket, and may not read the ledger."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cutoutd import config
from cutoutd.config.settings import ConfigurationFile
from cutoutd.control.connection.client import load_history, load_status
from cutoutd.core.errors import ControlRefusedError, LedgerError
from cutoutd.core.photo.photo_selector import selectors_for
from cutoutd.status.status import event_as_json, status_as_json
from support.images.drawn_photos import put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it has to ask as somebody else")


@pytest.fixture
def house(sandbox: SandboxProcess) -> Iterator[Place]:
    """A place whose socket is for the group of nobody's, and whose ledger is for nobody else."""
    home = Path(tempfile.mkdtemp())
    home.chmod(0o755)
    place = Place(home / "shop", sandbox.url)
    place.state.mkdir(mode=0o700)
    (home / "run").mkdir(mode=0o750)
    os.chown(home / "run", 0, NOBODY)
    # Files made in there belong to its group, as systemd's RuntimeDirectory= does for the service's own.
    (home / "run").chmod(0o2750)
    place.configure(control_socket=str(home / "run" / "control.sock"))
    yield place
    shutil.rmtree(home)


@contextmanager
def somebody_else(group: int) -> Iterator[None]:
    before = os.getgroups()
    os.setgroups([])
    os.setegid(group)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


def document_of(place: Place) -> ConfigurationFile:
    return config.read(place.config, {})


def test_a_member_of_the_group_sees_what_root_sees(house: Place) -> None:
    """Status and history come through the socket, whole; a name that is no UTF-8 comes as it is shown."""
    odd = os.fsdecode(b"caf\xe9.jpg")
    put(house.input / "a.jpg")
    put(house.input / odd)
    (house.input / "bad.jpg").write_bytes(b"no picture")
    with house.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        daemon.wait_for("rejected", "bad.jpg")
        daemon.wait_until(lambda lines: sum(line.action == "published" for line in lines) == 2)
        assert house.command("pause", "lunch").returncode == 0
        document = document_of(house)
        root_sees = status_as_json(load_status(document))
        with somebody_else(NOBODY):
            found = load_status(document)
            told = [event_as_json(event) for event in load_history(document, None, 100)]
            (own, *_) = load_history(document, selectors_for("shop/bad.jpg", {}), 100)
        member_sees = status_as_json(found)
        for passing in ("settling", "operations", "launches"):  # goes on while we look
            del root_sees[passing], member_sees[passing]
        assert member_sees == root_sees
        assert member_sees["paused"]["reason"] == "lunch"
        assert own.path == "bad.jpg"
        assert {event["path"] for event in told} == {"a.jpg", "bad.jpg", "caf\\udce9.jpg"}
        json.dumps(told)


def test_a_stranger_is_told_what_to_do(house: Place) -> None:
    """Neither ledger nor socket is for them: exit code 7, and what would help."""
    with house.start() as daemon:
        daemon.wait_for("started")
        with somebody_else(NOBODY - 1), pytest.raises(ControlRefusedError) as refused:
            load_status(document_of(house))
        assert "join the group" in refused.value.advice


def test_while_nothing_runs_the_ledger_is_private(house: Place) -> None:
    """Nobody is there to answer, so it is said whose the state folder is."""
    document = document_of(house)
    with somebody_else(NOBODY), pytest.raises(LedgerError, match="may not be read"):
        load_status(document)
