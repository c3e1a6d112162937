"""A ledger that was closed in order is not looked through again; any other is, and any doubt makes it another."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from cutoutd.core.errors import LedgerError
from cutoutd.core.photo import State
from cutoutd.ledger import Ledger, hold_ledger, read_ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.sqlite import clean_shutdown
from cutoutd.ledger.sqlite.database import LEDGER_NAME, require_sound
from support.ledgers import identity, with_ledger
from support.processes.sandbox_process import SOURCE_ROOT

_OPEN = """
import asyncio, sys
from pathlib import Path
from cutoutd.ledger import hold_ledger, open_ledger

async def restore():
    async with open_ledger(Path(sys.argv[1])):
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)

with hold_ledger(Path(sys.argv[1])):
    asyncio.run(restore())
"""


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The ledgers whose every page was looked at."""
    seen: list[Path] = []

    def note(state_dir: Path) -> None:
        seen.append(state_dir)
        require_sound(state_dir)

    monkeypatch.setattr(clean_shutdown, "require_sound", note)
    return seen


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """Of a ledger with one photo that was closed in order."""
    with_ledger(tmp_path, discover)
    return tmp_path


async def discover(ledger: Ledger) -> None:
    await ledger.discover(identity())


async def count(ledger: Ledger) -> int:
    return await ledger.query(photos.count, set(State))


def test_a_ledger_that_was_closed_in_order_is_not_looked_through(state_dir: Path, looked: list[Path]) -> None:
    """However often it is opened; what was stored is there."""
    for _ in range(3):
        assert with_ledger(state_dir, count) == 1
    assert looked == []


def test_an_open_ledger_has_no_seal(state_dir: Path) -> None:
    """It is gone before anything is written, so nothing that ends the run on the way leaves one."""

    async def look(_ledger: Ledger) -> bool:
        return (state_dir / clean_shutdown.MARKER_NAME).exists()

    assert (state_dir / clean_shutdown.MARKER_NAME).exists()
    assert not with_ledger(state_dir, look)


def test_a_kill_leaves_no_seal(state_dir: Path, looked: list[Path]) -> None:
    """A real process with the ledger open is killed; the next start looks at every page."""
    command, environment = [sys.executable, "-c", _OPEN, str(state_dir)], {**os.environ, "PYTHONPATH": str(SOURCE_ROOT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        process.send_signal(signal.SIGKILL)
    with hold_ledger(state_dir):
        with_ledger(state_dir, count)
    assert looked == [state_dir]


def touched(file: Path) -> None:
    os.utime(file)


def rewritten(file: Path) -> None:
    """The same bytes, with the same stamp of the last change."""
    stamp = file.stat().st_mtime_ns
    file.write_bytes(file.read_bytes())
    os.utime(file, ns=(stamp, stamp))


def restored(file: Path) -> None:
    """A copy with all that a copying program can bring along."""
    shutil.copy2(file, file.with_suffix(".copy"))
    file.with_suffix(".copy").replace(file)


def written_by_others(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE photos SET path = 'b.jpg'")


def with_pending_writes(file: Path) -> None:
    file.with_name(f"{LEDGER_NAME}-wal").write_bytes(b"anything")


def with_half_a_seal(file: Path) -> None:
    sealed = file.with_name(clean_shutdown.MARKER_NAME)
    sealed.write_bytes(sealed.read_bytes()[:-1])


def without_seal(file: Path) -> None:
    file.with_name(clean_shutdown.MARKER_NAME).unlink()


@pytest.mark.parametrize(
    "change",
    [touched, rewritten, restored, written_by_others, with_pending_writes, with_half_a_seal, without_seal],
    ids=lambda change: change.__name__,
)
def test_any_doubt_is_no_seal(state_dir: Path, looked: list[Path], change: Callable[[Path], None]) -> None:
    """Whatever happened to the file or the seal since it was closed, every page is looked at."""
    change(state_dir / LEDGER_NAME)
    with_ledger(state_dir, count)
    assert looked == [state_dir]


def test_a_ledger_that_somebody_still_reads_is_not_sealed(state_dir: Path, looked: list[Path]) -> None:
    """What was stored last is not in the ledger's own file then."""
    with read_ledger(state_dir) as view:
        photos.totals(view)
        with_ledger(state_dir, lambda ledger: ledger.discover(identity("b.jpg")))
        assert not (state_dir / clean_shutdown.MARKER_NAME).exists()
    assert with_ledger(state_dir, count) == 2
    assert looked == [state_dir]


def test_trouble_in_the_ledger_leaves_no_seal(state_dir: Path) -> None:
    """A run in which SQLite refused anything is followed by a look at every page."""

    async def stumble(ledger: Ledger) -> None:
        with suppress(LedgerError):
            await ledger.query(lambda view: view.execute(text("SELECT nothing FROM nowhere")))

    with_ledger(state_dir, stumble)
    assert not (state_dir / clean_shutdown.MARKER_NAME).exists()


def test_a_refused_row_is_no_trouble(state_dir: Path) -> None:
    """A photo that is known already is an ordinary answer."""
    with_ledger(state_dir, discover)
    assert (state_dir / clean_shutdown.MARKER_NAME).exists()


def test_a_state_folder_that_cannot_be_written_costs_only_the_seal(state_dir: Path, looked: list[Path]) -> None:
    """Whatever stands in the seal's way, the run ends as it should, and the next start looks."""

    async def obstruct(_ledger: Ledger) -> None:
        await asyncio.to_thread((state_dir / clean_shutdown.MARKER_NAME).mkdir)

    with_ledger(state_dir, obstruct)
    (state_dir / clean_shutdown.MARKER_NAME).rmdir()
    with_ledger(state_dir, count)
    assert looked == [state_dir]
