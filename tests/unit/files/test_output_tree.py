"""The folders of an output tree: names are looked up in them alone, and new files are what their users can use."""

import errno
import os
import stat
import time
from pathlib import Path

import pytest

from cutoutd.core import atomic_write
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.errors import NameRefusedError
from cutoutd.core.set_aside import SWAP_PREFIX
from cutoutd.files.output_tree import OpenFolder, found_folder, is_refusal, made_folder, sweep_temporary_files

DAY_S = 86_400.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenFolder:
    """An open folder; the process stands elsewhere, where every name is free."""
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return OpenFolder(os.open(tmp_path / "out", os.O_RDONLY))


def test_only_a_regular_file_is_a_file(folder: OpenFolder, tmp_path: Path) -> None:
    """A folder, a link to a file, and a free name are none."""
    out = tmp_path / "out"
    (out / "file").touch()
    (out / "folder").mkdir()
    (out / "link").symlink_to("file")
    assert [folder.has_file(name) for name in ("file", "folder", "link", "free")] == [True, False, False, False]


def test_a_name_is_looked_up_in_the_folder_alone(folder: OpenFolder, tmp_path: Path) -> None:
    """Its time is its own, also that of a link; it is read, and takes the place of another one."""
    out = tmp_path / "out"
    (out / "file").write_bytes(b"content")
    (out / "link").symlink_to("file")
    (out / "other").touch()
    os.utime(out / "file", (50, 50))
    os.utime(out / "link", (70, 70), follow_symlinks=False)
    assert (folder.changed_at_s("file"), folder.changed_at_s("link")) == (50.0, 70.0)
    with folder.open("file") as file:
        assert file.read() == b"content"
    folder.rename("file", "other")
    assert (out / "other").read_bytes() == b"content"
    assert not folder.has_file("file")


def mode_of_new_file(folder: OpenFolder, place: Path) -> int:
    before = os.umask(0o000)
    folder.create("a.png").close()
    os.umask(before)
    return stat.S_IMODE((place / "a.png").stat().st_mode)


@pytest.mark.parametrize(("mode", "expected"), [(0o777, 0o666), (0o2750, 0o640)])
def test_a_new_file_has_the_mode_of_its_folder(folder: OpenFolder, tmp_path: Path, mode: int, expected: int) -> None:
    """But it is no program."""
    (tmp_path / "out").chmod(mode)
    assert mode_of_new_file(folder, tmp_path / "out") == expected


def test_a_new_file_is_no_program_on_a_disk_without_modes(
    folder: OpenFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the mode counts with which it is made, because every later one is refused."""

    def refuse(*_args: object) -> None:
        raise PermissionError(errno.EPERM, "FAT takes few modes")

    monkeypatch.setattr(os, "chmod", refuse)
    assert mode_of_new_file(folder, tmp_path / "out") == 0o666


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders to others")
@pytest.mark.parametrize(("euid", "owner"), [(0, 1234), (1000, 0)])
def test_a_new_file_belongs_to_the_users_of_its_folder(
    folder: OpenFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, euid: int, owner: int
) -> None:
    """Root gives it to the owner of the folder; another user gives it to the group alone, because more is refused."""
    os.chown(tmp_path / "out", 1234, 2345)
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    folder.create("a.png").close()
    status = (tmp_path / "out" / "a.png").stat()
    assert (status.st_uid, status.st_gid) == (owner, 2345)


@pytest.mark.parametrize(
    ("error_number", "name", "is_about_it"),
    [
        (errno.EINVAL, "a:b", True),
        (errno.ENOENT, "a:b", True),
        (errno.ENAMETOOLONG, "ä" * 200, True),
        (errno.EINVAL, "plain.png", False),
        (errno.ENOSPC, "a:b", False),
        (errno.ENOSPC, "plain.png", False),
    ],
)
def test_an_error_is_about_a_name_that_no_file_system_has_to_take(
    error_number: int, name: str, *, is_about_it: bool
) -> None:
    """A plain name is never refused, and a full disk refuses every name."""
    assert is_refusal(OSError(error_number, "refused"), name) is is_about_it


def test_a_folder_that_a_server_does_not_take_is_told_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FUSE and Windows servers say that there is no such file, as of a folder that is missing."""

    def refuse(*_args: object, **_options: object) -> None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(NameRefusedError, match=r"takes no such name: a:b/c\.png"), made_folder(tmp_path, "a:b/c.png"):
        pass
    with pytest.raises(FileNotFoundError), made_folder(tmp_path, "plain/c.png"):
        pass
    with pytest.raises(FileNotFoundError), found_folder(tmp_path, "a:b/c.png"):
        pass


def writer(*, is_running: bool) -> str:
    """The digits of a draft whose writer is this process, or one that is dead."""
    own = atomic_write.temporary_name("").removeprefix(TEMPORARY_PREFIX)
    return own if is_running else f"{own[:4]}{'0' * 6}{own[10:]}"


def foreign() -> str:
    """The digits of a draft that another machine writes."""
    own = writer(is_running=True)
    return ("0000" if own[:4] != "0000" else "1111") + own[4:]


@pytest.mark.parametrize("is_running", [False, True])
def test_a_draft_of_a_whole_folder_goes_with_its_writer(tmp_path: Path, *, is_running: bool) -> None:
    """Its files have any names, and belong to the writer of the folder."""
    draft = tmp_path / f"{TEMPORARY_PREFIX}{writer(is_running=is_running)}"
    draft.mkdir()
    (draft / "a.png").touch()
    assert sweep_temporary_files(tmp_path, time.time() + 60) == int(not is_running)
    assert draft.exists() is is_running


@pytest.mark.parametrize(
    ("digits", "age_s", "is_swept"),
    [
        (writer(is_running=False), 0.0, False),  # written at the start of this very run
        (writer(is_running=False), 1.0, True),
        (foreign(), DAY_S, False),
        (foreign(), DAY_S + 1, True),
    ],
    ids=["now", "earlier", "foreign and young", "foreign and old"],
)
def test_a_draft_is_swept_only_when_nothing_can_be_writing_it(
    tmp_path: Path, digits: str, age_s: float, *, is_swept: bool
) -> None:
    """One of this machine that is older than this run, or one of another machine that is older by a day."""
    draft = tmp_path / f"{TEMPORARY_PREFIX}{digits}.png"
    draft.touch()
    os.utime(draft, (1e6 - age_s, 1e6 - age_s))
    assert sweep_temporary_files(tmp_path, 1e6) == int(is_swept)
    assert draft.exists() is not is_swept


@pytest.mark.parametrize(("later_s", "is_swept"), [(60.0, False), (DAY_S + 60, True)])
def test_what_another_machine_set_aside_stays_for_a_day(tmp_path: Path, later_s: float, *, is_swept: bool) -> None:
    """It may still be at work at it; then a person's file gets its name back."""
    aside = tmp_path / f"{SWAP_PREFIX}{foreign()[:16]}-{'0' * 16}-{'0' * 16}-a.png"
    aside.write_bytes(b"retouched")
    assert sweep_temporary_files(tmp_path, time.time() + later_s) == int(is_swept)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png" if is_swept else aside.name]


def test_a_sweep_of_an_output_that_cannot_be_opened_stops_nobody(tmp_path: Path) -> None:
    """Its path may be one that the file system refuses altogether."""
    assert sweep_temporary_files(tmp_path / ("a" * 300), time.time()) == 0
