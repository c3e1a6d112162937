"""A copy of the ledger: whole, private, at its place in one step, and never over another file by mistake."""

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cutoutd.core.errors import BackupRefusedError, DiskError, LedgerDamagedError, LedgerError
from cutoutd.core.photo import State
from cutoutd.ledger import Ledger, back_up
from cutoutd.ledger.recovery import backup
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from support.ledgers import identity, photo_at, with_ledger
from support.small_disks import small_disk


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A state folder with a ledger of three photos."""

    async def scene(ledger: Ledger) -> None:
        for number in range(3):
            await photo_at(ledger, State.ACCEPTED, identity(f"{number}.jpg"))

    folder = tmp_path / "state"
    folder.mkdir()
    (tmp_path / "safe").mkdir()
    with_ledger(folder, scene)
    return folder


def number_in(file: Path) -> int:
    """The photos in a copy, read without changing it."""
    with sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True) as copy:
        (number,) = copy.execute("SELECT count(*) FROM photos").fetchone()
    copy.close()
    return int(number)


def test_a_copy_is_one_private_file_with_every_photo(state_dir: Path, tmp_path: Path) -> None:
    """Its number of photos is told, and nothing lies beside it."""
    file = tmp_path / "safe" / "copy.sqlite"
    assert back_up(state_dir, file, is_replacing=False) == 3
    assert number_in(file) == 3
    assert [each.name for each in file.parent.iterdir()] == ["copy.sqlite"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_copy_is_made_while_the_ledger_is_written(state_dir: Path, tmp_path: Path) -> None:
    """What is stored then is in it, without waiting for the end of the daemon; the copy needs no journal."""
    file = tmp_path / "safe" / "copy.sqlite"

    async def scene(ledger: Ledger) -> None:
        await ledger.discover(identity("late.jpg"))
        assert back_up(state_dir, file, is_replacing=False) == 4

    with_ledger(state_dir, scene)
    with sqlite3.connect(file) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    copy.close()


def make_file(place: Path) -> None:
    place.write_text("mine")


@pytest.mark.parametrize("make", [make_file, lambda place: place.symlink_to("nowhere")], ids=["file", "link"])
def test_another_file_is_replaced_only_on_demand(state_dir: Path, tmp_path: Path, make: Callable[[Path], None]) -> None:
    """What has the name already stays as it is, also a link to nowhere; the refusal says what to type."""
    file = tmp_path / "safe" / "copy.sqlite"
    make(file)
    before = (file.is_symlink(), os.lstat(file).st_ino)
    with pytest.raises(BackupRefusedError, match=f"{file} exists already") as refusal:
        back_up(state_dir, file, is_replacing=False)
    assert refusal.value.advice == "Choose another name, or add --force to replace it."
    assert (file.is_symlink(), os.lstat(file).st_ino) == before
    assert back_up(state_dir, file, is_replacing=True) == 3
    assert (file.is_symlink(), number_in(file)) == (False, 3)
    assert [each.name for each in file.parent.iterdir()] == ["copy.sqlite"]


def test_a_file_that_appears_meanwhile_is_not_replaced(
    state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes between the look and the last step."""
    file = tmp_path / "safe" / "copy.sqlite"
    sync = backup.sync

    def come_between(place: Path) -> None:
        sync(place)
        file.write_text("mine")

    monkeypatch.setattr(backup, "sync", come_between)
    with pytest.raises(BackupRefusedError, match="exists already"):
        back_up(state_dir, file, is_replacing=False)
    assert [(each.name, each.read_text()) for each in file.parent.iterdir()] == [("copy.sqlite", "mine")]


@pytest.mark.parametrize(
    ("place", "sentence", "advice"),
    [
        ("missing/copy.sqlite", "there is no folder {root}/missing", "Make it, or name another."),
        ("safe", "{root}/safe is a folder", "Give the name of a file in it."),
        (f"state/{LEDGER_NAME}", "{root}/state/" + LEDGER_NAME + " is the ledger's own", "Choose another place."),
        (f"state/{LEDGER_NAME}-wal", "is the ledger's own", "Choose another place."),
        (f"safe/../state/{LEDGER_NAME}", "is the ledger's own", "Choose another place."),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(
    state_dir: Path, tmp_path: Path, place: str, sentence: str, advice: str
) -> None:
    """With what to do; the ledger itself is replaced on no demand."""
    with pytest.raises(BackupRefusedError) as refusal:
        back_up(state_dir, tmp_path / place, is_replacing=True)
    assert sentence.format(root=tmp_path) in refusal.value.sentence
    assert refusal.value.advice == advice


@pytest.mark.parametrize("place", ["state/copy.sqlite", f"safe/{LEDGER_NAME}"])
def test_a_copy_may_lie_near_the_ledger_or_have_its_name(state_dir: Path, tmp_path: Path, place: str) -> None:
    """Only the ledger's own names in its own folder are no place for it."""
    assert back_up(state_dir, tmp_path / place, is_replacing=False) == 3


def test_without_a_ledger_there_is_nothing_to_copy(tmp_path: Path) -> None:
    """And no file is made."""
    with pytest.raises(LedgerError):
        back_up(tmp_path, tmp_path / "copy.sqlite", is_replacing=False)
    assert not list(tmp_path.iterdir())


def test_no_copy_of_a_damaged_ledger_is_left(state_dir: Path, tmp_path: Path) -> None:
    """It would be taken for a good one."""
    ledger = state_dir / LEDGER_NAME
    content = bytearray(ledger.read_bytes())
    content[4096 * 4 : 4096 * 8] = b"\x99" * 4096 * 4
    ledger.write_bytes(content)
    with pytest.raises(LedgerDamagedError, match=str(ledger)):
        back_up(state_dir, tmp_path / "safe" / "copy.sqlite", is_replacing=False)
    assert not list((tmp_path / "safe").iterdir())


def test_a_place_that_the_disk_refuses_is_told_by_its_name(state_dir: Path, tmp_path: Path) -> None:
    """And the draft is gone."""
    file = tmp_path / "safe" / ("a" * 300)
    with pytest.raises(DiskError, match=f"the backup {file} cannot be written: File name too long"):
        back_up(state_dir, file, is_replacing=True)
    assert not list((tmp_path / "safe").iterdir())


def test_a_full_disk_is_not_said_to_be_the_ledgers(state_dir: Path, tmp_path: Path) -> None:
    """The disk of the copy is full, the ledger is readable, and nothing is left of the copy."""
    with small_disk(tmp_path / "stick", "size=64k") as disk:
        with pytest.raises(DiskError, match=f"the ledger cannot be copied to {disk.root}: .*full"):
            back_up(state_dir, disk.root / "copy.sqlite", is_replacing=False)
        assert not list(disk.root.iterdir())
