"""A ledger that cannot be used is refused with advice, and nothing is written to it."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, shared_sandbox: SandboxProcess) -> Place:
    """A place whose ledger has something in it."""
    place = Place(tmp_path_factory.mktemp("used") / "shop", shared_sandbox.url)
    for number in range(3):
        put(place.input / f"{number}.jpg")
    assert place.run_once().returncode == 0
    shutil.copytree(place.state, place.home / "sound")
    return place


@contextmanager
def spoilt(place: Place, spoil: Callable[[Path], None]) -> Iterator[Path]:
    """The ledger as this leaves it; sound again afterwards."""
    ledger = place.state / "ledger.sqlite"
    try:
        spoil(ledger)
        yield ledger
    finally:
        shutil.rmtree(place.state)
        shutil.copytree(place.home / "sound", place.state)


def flip_bits(ledger: Path) -> None:
    content = bytearray(ledger.read_bytes())
    for at in range(4096, len(content), 61):
        content[at] ^= 0xFF
    ledger.write_bytes(content)


def cut_off(ledger: Path) -> None:
    ledger.write_bytes(ledger.read_bytes()[:9000])


def empty(ledger: Path) -> None:
    ledger.write_bytes(b"")


def write_something_else(ledger: Path) -> None:
    ledger.write_text("my shopping list\n" * 1000)


def make_another_database(ledger: Path) -> None:
    ledger.unlink()
    with closing(sqlite3.connect(ledger)) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")


def come_from_the_future(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as database, database:
        database.execute("INSERT INTO migrations VALUES (999, 0)")


@pytest.mark.parametrize(
    ("spoil", "advice"),
    [
        (flip_bits, "cutoutd rebuild"),
        (cut_off, "cutoutd rebuild"),
        (empty, "cutoutd rebuild"),
        (write_something_else, "cutoutd rebuild"),
        (make_another_database, "cutoutd rebuild"),
        (come_from_the_future, "Install that version again"),
    ],
)
def test_a_ledger_that_cannot_be_trusted_is_refused(
    used: Place, sandbox: SandboxProcess, spoil: Callable[[Path], None], advice: str
) -> None:
    """Damaged, empty, foreign or from a newer version: exit code 6 with what to do, no byte changed, nothing sent."""
    with spoilt(used, spoil) as ledger:
        before = ledger.read_bytes()
        put(used.input / "new.jpg")
        for command in (("run", "--once"), ("rebuild",)):
            answer = used.command(*command)
            assert answer.returncode == 6, answer.stdout + answer.stderr
            assert advice in answer.stderr
        assert ledger.read_bytes() == before
    assert sandbox.counters()["requests"] == {}


def test_a_damaged_ledger_is_not_backed_up(used: Place, tmp_path: Path) -> None:
    """A copy of a damaged ledger would be one more damaged ledger: none is left."""
    with spoilt(used, flip_bits):
        assert used.command("backup", str(tmp_path / "copy")).returncode == 6
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_that_another_program_has_locked_is_refused(used: Place) -> None:
    """Somebody looks into it with a tool that locks: exit code 4, with advice, after some patience."""
    with closing(sqlite3.connect(used.state / "ledger.sqlite")) as tool:
        tool.execute("PRAGMA locking_mode = EXCLUSIVE")
        tool.execute("BEGIN EXCLUSIVE")
        answer = used.run_once()
        assert answer.returncode == 4, answer.stderr
        assert "locked by another program" in answer.stderr
        assert "Close the program" in answer.stderr
    assert used.run_once().returncode == 0


def test_a_ledger_that_is_taken_away_stops_all_sending(place: Place, sandbox: SandboxProcess) -> None:
    """Somebody removes it while cutoutd runs: nothing is launched that no start would know of; put back, it goes on."""
    ledger = place.state / "ledger.sqlite"
    with place.start() as daemon:
        put(place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        ledger.rename(place.home / "aside.sqlite")
        put(place.input / "b.jpg", jpeg_of("blue"))
        daemon.wait_for("ledger_trouble")
        assert "was removed, moved or replaced" in daemon.output
        assert sandbox.counters()["requests"]["execute"] == 1
        (place.home / "aside.sqlite").rename(ledger)
        daemon.wait_for("published", "b.jpg")
        assert daemon.stop() == 0
    assert sandbox.counters()["requests"]["execute"] == 2
