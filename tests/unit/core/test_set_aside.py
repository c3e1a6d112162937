"""Replacing and removing files that a person may save over at that very moment: nothing of theirs is lost."""

import errno
import hashlib
import os
import time
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path

import pytest

from cutoutd.core import atomic_write, linux_calls, set_aside
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.set_aside import SWAP_PREFIX, Judge, recover_aside, remove_if_ours, replace_if_ours

OURS, NEW, THEIRS, LATEST = b"ours", b"new", b"retouched", b"retouched again"


class Killed(BaseException):
    """The process is gone."""


def sha256_of(file: BufferedReader) -> str:
    return hashlib.sha256(file.read()).hexdigest()


def judging(*saves: Callable[[], None]) -> Judge:
    """A judge of OURS; behind each of its looks a person does this."""
    left = list(saves)

    def judge(file: BufferedReader) -> str | None:
        content = file.read()
        if left:
            left.pop(0)()
        return hashlib.sha256(content).hexdigest() if content == OURS else None

    return judge


def saved(file: Path, content: bytes) -> Callable[[], None]:
    """An editor's save: a new file takes the place of the old one."""

    def save() -> None:
        draft = file.with_name("editor.tmp")
        draft.write_bytes(content)
        draft.replace(file)

    return save


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(params=["exchange", "links", "looks"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, int]:
    """A folder on a file system that can exchange names, or has only links, or not even those."""

    def refuse_links(*_args: object, **_options: object) -> None:
        raise OSError(errno.EPERM, "no links")

    if request.param != "exchange":
        monkeypatch.setattr(linux_calls, "_RENAMEAT2", None)
    if request.param == "looks":
        monkeypatch.setattr(os, "link", refuse_links)
    (tmp_path / "a.png").write_bytes(OURS)
    (tmp_path / "draft").write_bytes(NEW)
    return tmp_path, os.open(tmp_path, os.O_RDONLY)


def test_our_own_file_is_replaced(place: tuple[Path, int]) -> None:
    """The new one has the name, and nothing is left aside."""
    folder, fd = place
    assert replace_if_ours("draft", "a.png", fd, judging())
    assert {name: content for name, content in contents(folder).items() if name != "draft"} == {"a.png": NEW}


def test_a_file_saved_between_the_look_and_the_rename_stays(place: tuple[Path, int]) -> None:
    """It keeps its name, and the draft is still there for another place."""
    folder, fd = place
    assert not replace_if_ours("draft", "a.png", fd, judging(saved(folder / "a.png", THEIRS)))
    assert contents(folder) == {"a.png": THEIRS, "draft": NEW}


def test_two_saves_in_one_moment_are_both_kept(place: tuple[Path, int]) -> None:
    """The second comes while the first is judged: whatever name each has then, neither is gone."""
    folder, fd = place
    judge = judging(saved(folder / "a.png", THEIRS), saved(folder / "a.png", LATEST))
    assert not replace_if_ours("draft", "a.png", fd, judge)
    assert {THEIRS, LATEST} <= set(contents(folder).values())
    assert contents(folder)["a.png"] == LATEST
    assert not any(name.startswith(SWAP_PREFIX) for name in contents(folder))


def test_only_our_own_file_is_removed(place: tuple[Path, int]) -> None:
    """A file that was saved between the look and the removal gets its name back."""
    folder, fd = place
    assert not remove_if_ours("a.png", fd, judging(saved(folder / "a.png", THEIRS)))
    assert contents(folder) == {"a.png": THEIRS, "draft": NEW}
    saved(folder / "a.png", OURS)()
    assert remove_if_ours("a.png", fd, judging())
    assert contents(folder) == {"draft": NEW}
    assert not remove_if_ours("a.png", fd, judging())


def judging_unreadable(save: Callable[[], None]) -> Judge:
    """A judge of OURS; behind its first look a person saves a file that the service may not read."""
    judge = judging(save)
    looks = iter((judge, None))

    def look(file: BufferedReader) -> str | None:
        if (one := next(looks)) is None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return one(file)

    return look


def test_an_unreadable_file_keeps_its_name(place: tuple[Path, int]) -> None:
    """A person saves a private file in the last moment: it is neither replaced, nor removed, nor left aside."""
    folder, fd = place
    assert not replace_if_ours("draft", "a.png", fd, judging_unreadable(saved(folder / "a.png", THEIRS)))
    assert contents(folder) == {"a.png": THEIRS, "draft": NEW}
    saved(folder / "a.png", OURS)()
    assert not remove_if_ours("a.png", fd, judging_unreadable(saved(folder / "a.png", THEIRS)))
    assert contents(folder) == {"a.png": THEIRS, "draft": NEW}


def test_an_unreadable_file_that_a_kill_left_aside_gets_its_name_back(tmp_path: Path) -> None:
    """Else it would stay hidden for ever."""
    dead = f"{SWAP_PREFIX}{'0' * 16}-{'1' * 16}-{'2' * 16}-a.png"
    (tmp_path / dead).write_bytes(THEIRS)
    fd = os.open(tmp_path, os.O_RDONLY)

    def refuse(_file: BufferedReader) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    assert recover_aside(dead, fd, time.time() + 60, refuse)
    assert contents(tmp_path) == {"a.png": THEIRS}


def left_aside(digits: str) -> str:
    """The name of a file that a kill left aside, of this writer and with the hash of OURS."""
    return f"{SWAP_PREFIX}{digits}-{hashlib.sha256(OURS).hexdigest()[:16]}-{'0' * 16}-a.png"


@pytest.mark.parametrize("make", [Path.mkdir, lambda place: place.symlink_to("nowhere")], ids=["folder", "link"])
def test_what_is_no_file_gets_its_name_back_after_a_kill(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A person put a folder or a link there in the last moment; it would stay hidden for ever."""
    make(tmp_path / left_aside("0" * 16))
    fd = os.open(tmp_path, os.O_RDONLY)
    assert recover_aside(left_aside("0" * 16), fd, time.time() + 60, sha256_of)
    assert [place.name for place in tmp_path.iterdir()] == ["a.png"]


def test_what_another_machine_left_aside_is_cleared_up_later(tmp_path: Path) -> None:
    """Nothing here tells if its writer still runs, so it stays for a day; what is gone meanwhile is nothing to do."""
    own = atomic_write.temporary_name("a.png").removeprefix(TEMPORARY_PREFIX)[:4]
    foreign = left_aside(f"{'0000' if own != '0000' else '1111'}{'0' * 12}")
    fd = os.open(tmp_path, os.O_RDONLY)
    assert not recover_aside(foreign, fd, time.time() + 60, sha256_of)
    (tmp_path / foreign).write_bytes(OURS)
    left_at_s = (tmp_path / foreign).stat().st_ctime
    for before_s in (left_at_s - 1, left_at_s):
        assert not recover_aside(foreign, fd, before_s, sha256_of)
        assert contents(tmp_path) == {foreign: OURS}
    assert recover_aside(foreign, fd, left_at_s + 1, sha256_of)
    assert contents(tmp_path) == {}


def test_a_save_behind_the_last_look_is_kept(place: tuple[Path, int]) -> None:
    """The person's file has the name then; it takes the place of the new cutout where names can be exchanged."""
    folder, fd = place
    can_exchange = linux_calls._RENAMEAT2 is not None
    assert replace_if_ours("draft", "a.png", fd, judging(list, saved(folder / "a.png", THEIRS))) is can_exchange
    assert contents(folder) == {"a.png": THEIRS} | ({} if can_exchange else {"draft": NEW})


def test_a_link_of_the_last_moment_is_kept(place: tuple[Path, int]) -> None:
    """A person saves a file, and then a link to nowhere in its place: both are there."""
    folder, fd = place

    def link() -> None:
        (folder / "a.png").unlink(missing_ok=True)
        (folder / "a.png").symlink_to("nowhere")

    assert not replace_if_ours("draft", "a.png", fd, judging(saved(folder / "a.png", THEIRS), link))
    assert (folder / "a.png").is_symlink()
    assert THEIRS in {file.read_bytes() for file in folder.iterdir() if not file.is_symlink()}
    assert not any(file.name.startswith(SWAP_PREFIX) for file in folder.iterdir())


@pytest.mark.parametrize("name", ["a" * 251 + ".png", "ä" * 125 + "b.png", "c" * 186 + ".png", "d" * 187 + ".png"])
def test_a_name_aside_has_the_length_that_a_disk_takes(tmp_path: Path, name: str) -> None:
    """However long the file's own name is; as much of its end as there is room for stays readable."""
    (tmp_path / name).write_bytes(OURS)
    fd = os.open(tmp_path, os.O_RDONLY)
    names = []

    def look(file: BufferedReader) -> str:
        names.append({each.name for each in tmp_path.iterdir()})
        return sha256_of(file)

    assert remove_if_ours(name, fd, look)
    (aside,) = names[1]
    prefix = len(f"{SWAP_PREFIX}{'0' * 16}-{'0' * 16}-{'0' * 16}-")
    room = 255 - prefix
    kept = next(name[at:] for at in range(len(name)) if len(os.fsencode(name[at:])) <= room)
    assert aside[prefix:] == kept


def test_a_file_that_cannot_be_read_is_a_persons(place: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """At the very first look, too: it is no reason to wait, because the cutout finds another name."""
    folder, fd = place
    opened = os.open

    def refuse(name: str, flags: int, *rest: int, **options: int) -> int:
        if name == "a.png":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened(name, flags, *rest, **options)

    monkeypatch.setattr(os, "open", refuse)
    assert not replace_if_ours("draft", "a.png", fd, judging())
    assert not remove_if_ours("a.png", fd, judging())
    monkeypatch.undo()
    assert contents(folder) == {"a.png": OURS, "draft": NEW}


@pytest.mark.parametrize("is_theirs", [False, True])
def test_a_draft_that_a_kill_left_under_the_name_of_an_old_file_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_theirs: bool
) -> None:
    """A kill came before the exchange: no cutout of ours turns up as the people's own, and none of theirs goes."""
    (tmp_path / "a.png").write_bytes(OURS)
    (tmp_path / "draft").write_bytes(NEW)
    fd = os.open(tmp_path, os.O_RDONLY)

    def die(*_args: object) -> None:
        raise Killed

    monkeypatch.setattr(set_aside, "exchange_names", die)
    with pytest.raises(Killed):
        replace_if_ours("draft", "a.png", fd, judging())
    aside = next(name for name in contents(tmp_path) if name.startswith(SWAP_PREFIX))
    dead = aside.replace(aside[len(SWAP_PREFIX) + 4 : len(SWAP_PREFIX) + 10], "000000")
    (tmp_path / aside).rename(tmp_path / dead)
    if is_theirs:
        saved(tmp_path / dead, THEIRS)()
    assert recover_aside(dead, fd, 0.0, sha256_of)
    assert contents(tmp_path) == ({"a.png": OURS, "a.2.png": THEIRS} if is_theirs else {"a.png": OURS})


def test_a_full_disk_takes_no_cutout_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no room for another name: the old cutout keeps its own, and the draft is still there."""

    def refuse_links(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(linux_calls, "_RENAMEAT2", None)
    monkeypatch.setattr(os, "link", refuse_links)
    (tmp_path / "a.png").write_bytes(OURS)
    (tmp_path / "draft").write_bytes(NEW)
    with pytest.raises(OSError, match="No space left"):
        replace_if_ours("draft", "a.png", os.open(tmp_path, os.O_RDONLY), judging())
    assert contents(tmp_path) == {"a.png": OURS, "draft": NEW}


@pytest.mark.parametrize("is_theirs", [False, True])
def test_what_a_kill_left_aside_is_cleared_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_theirs: bool
) -> None:
    """A person's file gets its name back, or a numbered one; ours goes. While its writer lives, nothing is touched."""
    (tmp_path / "a.png").write_bytes(OURS)
    (tmp_path / "draft").write_bytes(NEW)
    fd = os.open(tmp_path, os.O_RDONLY)

    def die() -> None:
        raise Killed

    first = saved(tmp_path / "a.png", THEIRS) if is_theirs else list
    with pytest.raises(Killed):
        replace_if_ours("draft", "a.png", fd, judging(first, die))
    aside = next(name for name in contents(tmp_path) if name.startswith(SWAP_PREFIX))
    assert not recover_aside(aside, fd, 0.0, sha256_of)
    dead = aside.replace(aside[len(SWAP_PREFIX) + 4 : len(SWAP_PREFIX) + 10], "000000")
    (tmp_path / aside).rename(tmp_path / dead)
    assert recover_aside(dead, fd, 0.0, sha256_of)
    assert contents(tmp_path) == ({"a.png": NEW, "a.2.png": THEIRS} if is_theirs else {"a.png": NEW})


def test_links_and_folders_are_not_ours(tmp_path: Path) -> None:
    """They are neither opened nor moved."""
    (tmp_path / "a.png").symlink_to("elsewhere")
    (tmp_path / "b.png").mkdir()
    fd = os.open(tmp_path, os.O_RDONLY)
    for name in ("a.png", "b.png", "c.png"):
        assert not remove_if_ours(name, fd, judging())
        assert not replace_if_ours("draft", name, fd, judging())
    assert {file.name for file in tmp_path.iterdir()} == {"a.png", "b.png"}
