"""SQLite underneath: how it is opened, and what a damaged, newer, full or forbidden one is told as."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from cutoutd.core.errors import DiskError, LedgerDamagedError, LedgerMissingError, LedgerNewerError
from cutoutd.core.photo import Photo, RemovalStarted, State, Wait, WaitKind
from cutoutd.ledger import Ledger, has_ledger, open_ledger, read_ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.schema.migrations import NEWEST
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from support.ledgers import identity, photo_at, state_of, versions_of, with_ledger


async def nothing(_ledger: Ledger) -> None:
    """A ledger that is merely opened."""


def test_a_stored_fact_survives_a_power_cut(tmp_path: Path) -> None:
    """WAL and synchronous=FULL are really in force on the connection that writes, and so are foreign keys."""

    async def scene(ledger: Ledger) -> list[object]:
        return await ledger._writer.write(
            lambda connection: [
                connection.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        )

    assert with_ledger(tmp_path, scene) == ["wal", 2, 1]


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    """A ledger that has seen migrations which this version does not know is not touched."""
    with_ledger(tmp_path, nothing)
    with sqlite3.connect(tmp_path / LEDGER_NAME) as connection:
        connection.execute("INSERT INTO migrations VALUES (99, 0.0)")
    connection.close()
    with pytest.raises(LedgerNewerError, match="it has schema 99") as refusal:
        with_ledger(tmp_path, nothing)
    assert "newer" in refusal.value.title
    assert refusal.value.advice


def test_opening_twice_migrates_once(tmp_path: Path) -> None:
    """A ledger that is up to date is opened as it is."""
    for _ in range(2):
        with_ledger(tmp_path, nothing)
    with sqlite3.connect(tmp_path / LEDGER_NAME) as connection:
        assert connection.execute("SELECT number FROM migrations").fetchall() == [
            (number,) for number in range(1, NEWEST + 1)
        ]
    connection.close()


@pytest.mark.parametrize("content", [b"This is not a database. " * 400, b"SQLite format 3\0" + bytes(4080) * 2])
def test_a_file_that_is_no_ledger_is_called_damaged(tmp_path: Path, content: bytes) -> None:
    """Garbage in the ledger's place is refused with advice, by writers and lookers, and left as it is."""
    (tmp_path / LEDGER_NAME).write_bytes(content)
    with pytest.raises(LedgerDamagedError) as refusal:
        with_ledger(tmp_path, nothing)
    assert "backup" in refusal.value.advice
    with pytest.raises(LedgerDamagedError), read_ledger(tmp_path) as connection:
        photos.totals(connection)
    assert (tmp_path / LEDGER_NAME).read_bytes() == content


def test_damaged_pages_are_called_damaged(tmp_path: Path) -> None:
    """A ledger whose pages do not hold together is told so when they are read, not taken for an empty one."""

    async def fill(ledger: Ledger) -> None:
        await asyncio.gather(*(ledger.discover(identity(f"{number}.jpg")) for number in range(500)))

    with_ledger(tmp_path, fill)
    file = tmp_path / LEDGER_NAME
    content = bytearray(file.read_bytes())
    content[4096 * 2 :] = b"\xa5" * (len(content) - 4096 * 2)
    file.write_bytes(content)
    with pytest.raises(LedgerDamagedError, match="is damaged"):
        with_ledger(tmp_path, lambda ledger: ledger.query(photos.totals))


def test_a_look_needs_a_ledger(tmp_path: Path) -> None:
    """Before the first run there is nothing to look at, and looking makes nothing."""
    assert not has_ledger(tmp_path)
    with pytest.raises(LedgerMissingError, match="has none") as refusal, read_ledger(tmp_path):
        pass
    assert "first start" in refusal.value.advice
    assert list(tmp_path.iterdir()) == []


def test_looking_works_beside_the_writer(tmp_path: Path) -> None:
    """A look is one consistent picture, does not wait for the daemon, and does not hold it up."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        with read_ledger(tmp_path) as connection:
            assert state_of(connection, "a.jpg") == [State.REMOVAL_INTENDED]
            await ledger.record(photo, RemovalStarted("request"))
            assert state_of(connection, "a.jpg") == [State.REMOVAL_INTENDED]
        with read_ledger(tmp_path) as connection:
            assert state_of(connection, "a.jpg") == [State.REMOVAL_STARTED]

    with_ledger(tmp_path, scene)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs root and the right to mount: a small disk is a tmpfs")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill_up(disk: Path) -> Callable[[], None]:
    """Take all space; the answer gives it back."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1024)):
            pass
    return ballast.unlink


def test_a_full_disk_passes(small_disk: Path) -> None:
    """On a full disk every fact is refused as DiskError, none half; when there is room again, the same are taken."""

    async def scene(ledger: Ledger) -> list[Photo | None]:
        give_back = fill_up(small_disk)
        found = [identity(f"{number}.jpg") for number in range(60)]
        refusals = await asyncio.gather(*map(ledger.discover, found), return_exceptions=True)
        refused = [error for error in refusals if isinstance(error, DiskError)]
        assert refused
        assert "cannot be written" in refused[0].sentence
        assert len(refused) + await ledger.query(photos.count, {State.DISCOVERED}) == 60
        give_back()
        await asyncio.gather(*map(ledger.discover, found))
        return await ledger.query(photos.due, {State.DISCOVERED}, 1e12, 100)

    assert len(with_ledger(small_disk, scene)) == 60


def test_what_was_paid_for_is_offered_until_the_disk_takes_it(small_disk: Path) -> None:
    """A fact that money was spent on waits for a full disk, beside other facts that only fail, and is then stored."""

    async def scene(ledger: Ledger) -> tuple[Photo, Photo]:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        give_back = fill_up(small_disk)
        insisting = asyncio.create_task(ledger.record_until_stored(photo, RemovalStarted("request")))
        others = [ledger.discover(identity("x" * 3000 + f"{number}.jpg")) for number in range(100)]
        refusals = await asyncio.gather(*others, return_exceptions=True)
        assert {type(error) for error in refusals if isinstance(error, Exception)} == {DiskError}
        assert not insisting.done() or insisting.result().launch.request_id == "request"
        give_back()
        return await insisting, (await ledger.query(versions_of, "a.jpg"))[0]

    given, stored = with_ledger(small_disk, scene)
    assert stored == given
    assert stored.launch.request_id == "request"


def test_what_was_paid_for_outlives_the_process_on_a_full_disk(small_disk: Path) -> None:
    """The room for it was taken in advance, and the next start stores it."""

    async def first(ledger: Ledger) -> Callable[[], None]:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        give_back = fill_up(small_disk)
        refusals = 0
        while refusals < 3:  # until the disk is certainly full for the ledger too, which gives the room of its log back
            try:
                photo = await ledger.postpone(photo, Wait(WaitKind.RETRY, 1.0, reason="x" * 5000))
            except DiskError:
                refusals += 1
                fill_up(small_disk)
        insisting = asyncio.create_task(ledger.record_until_stored(photo, RemovalStarted("request")))
        await asyncio.sleep(0.1)
        assert not insisting.done()
        insisting.cancel()
        await asyncio.wait([insisting])
        return give_back

    async def second(ledger: Ledger) -> Photo:
        return (await ledger.query(versions_of, "a.jpg"))[0]

    with_ledger(small_disk, first)()
    assert with_ledger(small_disk, second).launch.request_id == "request"


def test_a_ledger_on_a_read_only_disk_is_the_disks_trouble(small_disk: Path) -> None:
    """A disk that turns read-only is told as a disk that cannot be written, not as a damaged ledger."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.ACCEPTED)

    with_ledger(small_disk, scene)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(DiskError):
        with_ledger(small_disk, nothing)


def test_a_missing_state_folder_is_the_disks_trouble(tmp_path: Path) -> None:
    """Where no file can be made there is no ledger; it is told as such."""

    async def scene() -> None:
        async with open_ledger(tmp_path / "gone"):
            pass

    with pytest.raises(DiskError, match="cannot be written"):
        asyncio.run(scene())
