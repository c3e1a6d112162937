"""Which trash a source goes to, by the Trash specification, and what is written of its origin."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from cutoutd.pipeline.on_success.trash import move_to_trash
from support.small_disks import small_disk

NAME = "ä b.jpg"
UID = os.getuid()


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk with a hidden source in ``photos``; the home of the user is on another one."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with small_disk(tmp_path / "disk") as mounted:
        hide_source_in(mounted.root)
        yield mounted.root


def hide_source_in(place: Path) -> None:
    (place / "photos").mkdir(parents=True)
    (place / "photos" / "hidden").write_bytes(b"the only copy")


def trashed(place: Path) -> Path:
    """Where the hidden source went."""
    fd = os.open(place / "photos", os.O_RDONLY)
    try:
        return Path(move_to_trash(place / "photos" / NAME, "hidden", fd))
    finally:
        os.close(fd)


def share(place: Path, mode: int) -> None:
    (place / ".Trash").mkdir()
    (place / ".Trash").chmod(mode)


def share_behind_a_link(place: Path) -> None:
    (place / "elsewhere").mkdir()
    (place / "elsewhere").chmod(0o1777)
    (place / ".Trash").symlink_to("elsewhere")


def share_with_a_link(place: Path) -> None:
    share(place, 0o1777)
    (place / "elsewhere").mkdir()
    (place / ".Trash" / str(UID)).symlink_to(place / "elsewhere")


@pytest.mark.parametrize(
    ("make", "folder"),
    [
        (lambda _: None, f".Trash-{UID}"),
        (lambda place: share(place, 0o1777), f".Trash/{UID}"),
        (lambda place: share(place, 0o777), f".Trash-{UID}"),
        (lambda place: (place / ".Trash").touch(), f".Trash-{UID}"),
        (share_behind_a_link, f".Trash-{UID}"),
        (share_with_a_link, f".Trash-{UID}"),
    ],
    ids=["none", "shared", "not sticky", "a file", "a link", "a link in it"],
)
def test_a_source_goes_to_the_trash_of_its_own_disk(disk: Path, make: Callable[[Path], None], folder: str) -> None:
    """To the shared one only if that is safe; all that is made is private, and the origin is told from the top."""
    make(disk)
    assert trashed(disk) == disk / folder / "files" / NAME
    assert (disk / folder / "files" / NAME).read_bytes() == b"the only copy"
    record = disk / folder / "info" / f"{NAME}.trashinfo"
    assert record.read_text().splitlines()[:2] == ["[Trash Info]", f"Path=photos/{quote(NAME)}"]
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (disk / folder, record.parent, record)]
    assert modes == [0o700, 0o700, 0o600]
    assert not list((disk / "photos").iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders to others")
def test_a_trash_of_another_user_is_not_used(disk: Path) -> None:
    """The source keeps its hidden name, and the error says why."""
    (disk / f".Trash-{UID}").mkdir(mode=0o777)
    os.chown(disk / f".Trash-{UID}", 1234, 1234)
    with pytest.raises(PermissionError, match=f"{disk}/.Trash-{UID} belongs to another user") as refusal:
        trashed(disk)
    assert refusal.value.errno == errno.EPERM
    assert (disk / "photos" / "hidden").read_bytes() == b"the only copy"


def test_a_user_without_a_home_has_the_trash_of_the_disk(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As services often have none."""

    def have_none() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr(Path, "home", have_none)
    assert trashed(disk) == disk / f".Trash-{UID}" / "files" / NAME


@pytest.mark.parametrize(
    ("variable", "folder"), [("XDG_DATA_HOME", "Trash"), ("HOME", ".local/share/Trash")], ids=["data", "home"]
)
def test_the_home_trash_comes_first_on_its_own_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, folder: str
) -> None:
    """It is made with all that is missing above it, and the origin is told from the root."""
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "far" / "home"))
    hide_source_in(tmp_path)
    home = tmp_path / "far" / "home" / folder
    assert trashed(tmp_path) == home / "files" / NAME
    record = (home / "info" / f"{NAME}.trashinfo").read_text()
    assert f"Path={quote(str(tmp_path / 'photos' / NAME))}\n" in record
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    (tmp_path / "photos" / "hidden").write_bytes(b"another")
    assert trashed(tmp_path) == home / "files" / "ä b.2.jpg"


def test_a_name_whose_record_is_of_another_file_is_taken(disk: Path) -> None:
    """A record that a crash left of this very file is used; the trash of a full disk is not."""
    info = disk / f".Trash-{UID}" / "info"
    info.mkdir(parents=True)
    (info / f"{NAME}.trashinfo").write_text("[Trash Info]\nPath=elsewhere/photo.jpg\n")
    (info / "ä b.2.jpg.trashinfo").write_text(f"[Trash Info]\nPath=photos/{quote(NAME)}\n")
    assert trashed(disk).name == "ä b.2.jpg"
