"""What becomes of a published photo's source, told exactly, and what stands in its way."""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cutoutd.config.settings import FolderSettings
from cutoutd.core import atomic_write
from cutoutd.core.errors import SourceInUseError, TreeUnavailableError
from cutoutd.core.photo import Photo, SourceOutcome, SourceResult, State
from cutoutd.files.unfinished import Writer
from cutoutd.pipeline.on_success import at_rest
from cutoutd.pipeline.on_success.action import apply_on_success, source_missing
from cutoutd.pipeline.on_success.at_rest import QUIET_S, SourceFreshError, require_at_rest
from cutoutd.pipeline.on_success.hide import hidden_name
from support.folders import folder_in
from support.ledgers import identity, identity_of, with_columns

CONTENT = b"the only copy"


@dataclass
class Studio:
    """A folder with an archive, and one published photo in it."""

    folder: FolderSettings
    photo: Photo

    @property
    def source(self) -> Path:
        return self.folder.input / self.photo.identity.path

    @property
    def archive(self) -> Path:
        assert self.folder.archive is not None
        return self.folder.archive


def studio_in(place: Path, kind: str) -> Studio:
    (place / "archive").mkdir()
    folder = folder_in(place, on_success=kind, archive=place / "archive")
    (folder.input / "sub").mkdir()
    (folder.input / "sub" / "a.jpg").write_bytes(CONTENT)
    who = replace(identity_of(folder.input, "sub/a.jpg"), input=str(folder.input))
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return Studio(folder, with_columns(Photo(id=7, identity=who, state=State.PUBLISHED, state_at_s=0), sha256=sha256))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A folder that moves its sources to the archive."""
    return studio_in(tmp_path, "move")


def test_an_archive_that_is_not_mounted_gets_no_source(studio: Studio) -> None:
    """Its guard is asked with the archive open; the source has its own name then."""
    asked = []

    def refuse(root: Path, fd: int) -> None:
        asked.append((root, os.fstat(fd).st_ino))
        raise TreeUnavailableError("it is not mounted")

    with pytest.raises(TreeUnavailableError):
        apply_on_success(studio.photo, studio.folder, refuse)
    assert asked == [(studio.archive, studio.archive.stat().st_ino)]
    assert studio.source.read_bytes() == CONTENT
    assert not list(studio.archive.iterdir())


def test_an_archive_that_is_missing_is_told_before_anything_is_renamed(studio: Studio) -> None:
    """As a file that is not there, by its name."""
    studio.archive.rmdir()
    with pytest.raises(FileNotFoundError, match=f"the archive {studio.archive} is not there"):
        apply_on_success(studio.photo, studio.folder)
    assert studio.source.read_bytes() == CONTENT


def test_a_file_of_the_same_size_is_no_copy_of_a_source(studio: Studio) -> None:
    """The source would be lost for it: it goes beside that file."""
    there = studio.archive / "sub" / "a.jpg"
    there.parent.mkdir()
    there.write_bytes(CONTENT[::-1])
    beside = there.with_name("a.2.jpg")
    expected = SourceOutcome(SourceResult.MOVED, f"the source was moved to {beside}", str(beside))
    assert apply_on_success(studio.photo, studio.folder) == expected
    assert (there.read_bytes(), beside.read_bytes()) == (CONTENT[::-1], CONTENT)


def test_a_copy_that_a_crash_left_in_the_archive_is_the_archived_source(studio: Studio) -> None:
    """It is told with its path, and the source is not kept twice."""
    there = studio.archive / "sub" / "a.jpg"
    there.parent.mkdir()
    there.write_bytes(CONTENT)
    expected = SourceOutcome(SourceResult.MOVED, f"the source was moved to {there}", str(there))
    assert apply_on_success(studio.photo, studio.folder) == expected
    assert not list(studio.source.parent.iterdir())


@pytest.fixture
def on_another_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive is on another file system, so that nothing can be renamed to it."""
    rename = atomic_write.rename_to_free_name

    def refuse(one: str, other: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if src_dir_fd != dst_dir_fd:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(one, other, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(atomic_write, "rename_to_free_name", refuse)


@pytest.mark.usefixtures("on_another_disk")
def test_a_copy_is_private_until_it_is_whole(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The photo may be; afterwards the copy has the source's own rights."""
    studio.source.chmod(0o644)
    copy_content, modes = shutil.copyfileobj, []

    def look(source: object, copy: object) -> None:
        modes.extend(stat.S_IMODE(file.stat().st_mode) for file in (studio.archive / "sub").iterdir())
        copy_content(source, copy)  # type: ignore[arg-type]

    monkeypatch.setattr(shutil, "copyfileobj", look)
    assert apply_on_success(studio.photo, studio.folder) is not None
    assert modes == [0o600]
    assert stat.S_IMODE((studio.archive / "sub" / "a.jpg").stat().st_mode) == 0o644


@pytest.mark.usefixtures("on_another_disk")
def test_a_damaged_copy_is_an_error_of_the_disk(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as one, nothing of it is left, and the source stays."""
    monkeypatch.setattr(shutil, "copyfileobj", lambda _, copy: copy.write(b"damaged"))
    with pytest.raises(OSError, match="the copy differs from the photo") as damage:
        apply_on_success(studio.photo, studio.folder)
    assert (damage.value.errno, damage.value.strerror) == (errno.EIO, "the copy differs from the photo")
    assert not list((studio.archive / "sub").iterdir())
    assert studio.source.read_bytes() == CONTENT


def test_a_source_in_the_trash_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outcome is a word of its own, so that it is not looked for in an archive."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    studio = studio_in(tmp_path, "trash")
    place = tmp_path / "data" / "Trash" / "files" / "a.jpg"
    expected = SourceOutcome(SourceResult.TRASHED, f"the source was moved to the trash, {place}")
    assert apply_on_success(studio.photo, studio.folder) == expected


def put_a_link_above(studio: Studio) -> None:
    studio.source.parent.rmdir()
    studio.source.parent.symlink_to("elsewhere")


LEFT_ALONE = SourceOutcome(None, "the source was left alone: another file is in its place now")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda _: None, SourceOutcome(SourceResult.GONE, "the source was gone already")),
        (lambda studio: studio.source.write_bytes(b"another"), LEFT_ALONE),
        (lambda studio: studio.source.symlink_to("elsewhere"), LEFT_ALONE),
        (put_a_link_above, LEFT_ALONE),
    ],
    ids=["gone", "another file", "a link", "a link above it"],
)
def test_a_missing_source_is_told_from_one_in_whose_place_something_is(
    studio: Studio, change: Callable[[Studio], object], expected: SourceOutcome
) -> None:
    """A missing one counts as taken by cutoutd, because a crash may have kept that from being stored."""
    studio.source.unlink()
    change(studio)
    assert source_missing(studio.photo, studio.folder) == expected


@pytest.mark.parametrize(
    ("writer", "quiet_s", "refusal"),
    [
        (Writer.UNKNOWN, QUIET_S - 1, SourceFreshError),
        (Writer.UNKNOWN, QUIET_S, None),
        (Writer.ABSENT, 0.0, None),
        (Writer.PRESENT, 10 * QUIET_S, SourceInUseError),
    ],
)
def test_a_source_stands_still_for_a_minute_where_nothing_tells_its_writers(
    studio: Studio,
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,
    quiet_s: float,
    refusal: type[SourceInUseError] | None,
) -> None:
    """By the later of its times; where the kernel tells, that word counts."""
    monkeypatch.setattr(at_rest, "writer_of", lambda _: writer)
    now_s = studio.source.stat().st_ctime + quiet_s
    fd = os.open(studio.source.parent, os.O_RDONLY)
    if refusal is None:
        require_at_rest(studio.photo, studio.folder.input, fd, lambda: now_s)
    else:
        with pytest.raises(refusal, match=r"sub/a\.jpg stays in place"):
            require_at_rest(studio.photo, studio.folder.input, fd, lambda: now_s)


@pytest.mark.parametrize("name", ["a.jpg", "b" * 235, "c" * 236, "d" * 251 + ".jpg", "ä" * 127])
def test_a_hidden_name_keeps_as_much_of_the_name_as_there_is_room_for(name: str) -> None:
    """With the number of the photo in front."""
    prefix = ".cutoutd-aside-7-"
    hidden = hidden_name(Photo(7, identity(f"sub/{name}"), State.PUBLISHED, 0.0))
    assert hidden.startswith(prefix)
    kept = hidden.removeprefix(prefix)
    assert name.startswith(kept)
    assert len(os.fsencode(hidden)) <= 255
    assert kept == name or len(os.fsencode(prefix + name[: len(kept) + 1])) > 255
