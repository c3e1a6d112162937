"""Sources of published photos: moved or deleted, never lost, and never another version than the one published."""

import asyncio
import errno
import hashlib
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

import pytest

from cutoutd.config.settings import FolderSettings
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import ApproveCommand
from cutoutd.core import atomic_write
from cutoutd.core.errors import SourceInUseError
from cutoutd.core.photo import Doubt, Photo, Published, SourceOutcome, SourceResult, State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import known_files, photos, sources
from cutoutd.pipeline.on_success import OnSuccessWorker
from cutoutd.pipeline.on_success.action import apply_on_success, restore
from cutoutd.pipeline.on_success.hide import hidden_name, hide_source
from cutoutd.watch.availability.monitor import FolderAvailability
from support.folders import folder_in, folders_of
from support.ledgers import ACCEPTED, identity, identity_of, photo_at, with_columns, with_ledger

CONTENT = b"the only copy"
KINDS = ("move", "trash", "delete")


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Home:
    """A folder that does something to its sources, with one published photo."""

    place: Path
    folder: FolderSettings
    photo: Photo

    @property
    def source(self) -> Path:
        return self.folder.input / self.photo.identity.path

    def leave(self) -> SourceOutcome | None:
        return apply_on_success(self.photo, self.folder)

    def copies(self) -> list[Path]:
        """Every file anywhere here that has the photo's content."""
        files = (file for file in self.place.rglob("*") if file.is_file())
        return [file for file in files if file.read_bytes() == CONTENT]


def home_in(place: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> Home:
    archive = place / "archive"
    archive.mkdir(parents=True)
    monkeypatch.setenv("XDG_DATA_HOME", str(place / "data"))
    folder = folder_in(place, on_success=kind, archive=archive)
    file = folder.input / "sub" / "ä b.jpg"
    file.parent.mkdir()
    file.write_bytes(CONTENT)
    who = replace(identity_of(folder.input, "sub/ä b.jpg"), input=str(folder.input))
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return Home(
        place, folder, with_columns(Photo(id=7, identity=who, state=State.PUBLISHED, state_at_s=0), sha256=sha256)
    )


@pytest.fixture(params=KINDS)
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return home_in(tmp_path / "home", monkeypatch, request.param)


@pytest.fixture
def archiving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return home_in(tmp_path / "home", monkeypatch, "move")


@pytest.fixture
def trashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return home_in(tmp_path / "home", monkeypatch, "trash")


def test_a_source_is_moved_to_its_mirrored_path(archiving: Home) -> None:
    """With all that it is, and its fate says where."""
    before = archiving.source.stat()
    place = archiving.place / "archive" / "sub" / "ä b.jpg"
    assert archiving.leave() == SourceOutcome(SourceResult.MOVED, f"the source was moved to {place}", str(place))
    assert archiving.copies() == [place]
    assert (place.stat().st_mtime_ns, place.stat().st_mode) == (before.st_mtime_ns, before.st_mode)
    assert list(archiving.source.parent.iterdir()) == []


def test_a_source_stays_while_a_program_writes_to_it(home: Home) -> None:
    """Under its own name; when the program has closed it, the source leaves."""
    with home.source.open("r+b"), pytest.raises(SourceInUseError, match="is open for writing"):
        home.leave()
    assert home.source.read_bytes() == CONTENT
    assert home.leave() is not None


def test_a_writer_that_comes_at_the_last_moment_is_seen(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the hiding: the source gets its name back, and the writer has not lost its file."""
    writers: list[IO[bytes]] = []

    def hide_late(photo: Photo, fd: int) -> bool:
        writers.append(home.source.open("r+b"))
        return hide_source(photo, fd)

    monkeypatch.setattr("cutoutd.pipeline.on_success.action.hide_source", hide_late)
    with pytest.raises(SourceInUseError):
        home.leave()
    writers[0].close()
    assert home.copies() == [home.source]


def test_a_source_with_a_control_file_stays(home: Home) -> None:
    """A download tool goes on with it, now or tomorrow."""
    home.source.with_name(home.source.name + ".aria2").touch()
    with pytest.raises(SourceInUseError, match="aria2 beside it, so"):
        home.leave()
    assert home.source.read_bytes() == CONTENT


def test_a_damaged_copy_costs_nothing(archiving: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that was damaged on the way does not cost the source."""
    real_rename = atomic_write.rename_to_free_name

    def refuse(one: str, other: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if src_dir_fd != dst_dir_fd:
            raise OSError(18, "Invalid cross-device link")
        real_rename(one, other, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(atomic_write, "rename_to_free_name", refuse)
    monkeypatch.setattr(
        "cutoutd.pipeline.on_success.archive.shutil.copyfileobj", lambda _, copy: copy.write(b"damaged")
    )
    with pytest.raises(OSError, match="differs"):
        archiving.leave()
    assert archiving.copies() == [archiving.source]


def test_a_copy_on_another_disk_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real second file system, where there is one to write to."""
    other = Path("/dev/shm")  # noqa: S108  memory, which is another device than the tests' folder
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev or not os.access(other, os.W_OK):
        pytest.skip("there is no second file system to write to")
    home = home_in(tmp_path / "home", monkeypatch, "move")
    archive = other / f"cutoutd-test-{os.getpid()}"
    archive.mkdir()
    try:
        home.folder = home.folder.model_copy(update={"archive": archive})
        before = home.source.stat()
        assert home.leave() is not None
        (copy,) = (file for file in archive.rglob("*") if file.is_file())
        assert copy.read_bytes() == CONTENT
        assert (copy.stat().st_mtime_ns, copy.stat().st_mode) == (before.st_mtime_ns, before.st_mode)
        assert home.copies() == []
    finally:
        for file in sorted(archive.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        archive.rmdir()


def test_another_file_of_the_same_name_stays(archiving: Home) -> None:
    """The later one gets a number; one with the very same content is not kept twice."""
    there = archiving.place / "archive/sub/ä b.jpg"
    there.parent.mkdir()
    there.write_bytes(b"another")
    archiving.leave()
    assert there.read_bytes() == b"another"
    assert (there.parent / "ä b.2.jpg").read_bytes() == CONTENT
    archiving.source.write_bytes(CONTENT)
    again = replace(archiving.photo, identity=identity_of(archiving.folder.input, "sub/ä b.jpg"))
    assert apply_on_success(again, archiving.folder) is not None
    assert archiving.copies() == [there.parent / "ä b.2.jpg"]


def test_the_trash_knows_where_it_came_from(trashing: Home) -> None:
    """As the specification asks, so that every desktop can put it back."""
    trashing.leave()
    trash = trashing.place / "data/Trash"
    assert (trash / "files/ä b.jpg").read_bytes() == CONTENT
    first, path, date = (trash / "info/ä b.jpg.trashinfo").read_text().splitlines()
    assert first == "[Trash Info]"
    assert unquote(path) == f"Path={trashing.source}"
    assert path.isascii()
    assert date.startswith("DeletionDate=20")
    assert stat.S_IMODE(trash.stat().st_mode) == 0o700


def test_two_of_one_name_both_lie_in_the_trash(trashing: Home) -> None:
    """The second one has a number, and a record of its own."""
    for content in (b"one", b"two"):
        trashing.source.write_bytes(content)
        same = replace(trashing.photo, identity=identity_of(trashing.folder.input, "sub/ä b.jpg"))
        photo = with_columns(same, sha256=hashlib.sha256(content).hexdigest())
        assert apply_on_success(photo, trashing.folder) is not None
    names = sorted(file.name for file in (trashing.place / "data/Trash/files").iterdir())
    assert names == ["ä b.2.jpg", "ä b.jpg"]
    assert len(list((trashing.place / "data/Trash/info").iterdir())) == 2


def rewrite(file: Path) -> None:
    file.write_bytes(CONTENT[::-1])


def rewrite_in_secret(file: Path) -> None:
    before = file.stat()
    file.write_bytes(CONTENT[::-1])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_whole(file: Path) -> None:
    file.with_name("draft").write_bytes(CONTENT)
    file.with_name("draft").replace(file)


@pytest.mark.parametrize("change", [rewrite, rewrite_in_secret, replace_whole])
def test_a_source_that_changed_is_left_alone(home: Home, change: Callable[[Path], None]) -> None:
    """However carefully its times were kept, and wherever it should have gone."""
    change(home.source)
    content = home.source.read_bytes()
    assert home.leave() is None
    assert home.source.read_bytes() == content
    assert [file.name for file in home.source.parent.iterdir()] == [home.source.name]


def test_a_source_swapped_between_look_and_rename_is_put_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hidden file is checked again, and a file that took its place meanwhile is not replaced by it."""
    real_rename = os.rename

    def too_late(one: str, other: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        replace_whole(home.source)
        real_rename(one, other, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        home.source.write_bytes(b"a third one")

    monkeypatch.setattr("cutoutd.pipeline.on_success.hide.os.rename", too_late)
    assert home.leave() is None
    assert home.source.read_bytes() == b"a third one"
    assert (home.source.parent / "ä b.2.jpg").read_bytes() == CONTENT


def test_a_source_that_is_gone_is_no_trouble(home: Home) -> None:
    """Nor is its folder."""
    home.source.unlink()
    assert home.leave() is None
    home.source.parent.rmdir()
    assert home.leave() is None


class Kernel:
    """Counts changes to the disk, and ends the process at one of them: nothing works after that."""

    CALLS = ("rename", "link", "unlink", "mkdir", "open", "fsync")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.count = 0
        self._kill_at = -1

    @contextmanager
    def killing(self, at: int) -> Iterator[None]:
        """Kill before the call with this number; each call is counted twice, before and after it."""
        self.count, self._kill_at = 0, at
        with self._monkeypatch.context() as patch:
            for name in self.CALLS:
                patch.setattr(os, name, self._wrapped(getattr(os, name)))
            renaming = self._wrapped(atomic_write.rename_to_free_name)
            patch.setattr(atomic_write, "rename_to_free_name", renaming)
            yield

    def _wrapped(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **others: Any) -> Any:  # noqa: ANN401  whatever the system call takes
            self._pass()
            answer = real(*arguments, **others)
            self._pass()
            return answer

        return call

    def _pass(self) -> None:
        self.count += 1
        if 0 <= self._kill_at < self.count:
            raise Killed


@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_any_moment_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Before and after each call to the kernel; the next start ends what was begun, once."""
    kernel = Kernel(monkeypatch)
    dry = home_in(tmp_path / "dry", monkeypatch, kind)
    with kernel.killing(-1):
        dry.leave()
    calls = kernel.count
    wanted = len(dry.copies())
    for at in range(calls):
        home = home_in(tmp_path / str(at), monkeypatch, kind)
        with kernel.killing(at), pytest.raises(Killed):
            home.leave()
        assert home.copies() or kind == "delete"
        home.leave()
        assert len(home.copies()) == wanted
        assert list(home.source.parent.iterdir()) == []


def test_a_kill_and_then_another_mind_puts_it_back(archiving: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that a crash left hidden has its own name again if the folder now keeps its sources."""
    with monkeypatch.context() as patch:

        def kill(*_: object) -> None:
            raise Killed

        patch.setattr("cutoutd.pipeline.on_success.action.move_to_archive", kill)
        with pytest.raises(Killed):
            archiving.leave()
    assert not archiving.source.exists()
    restore(archiving.photo, archiving.folder.input)
    assert archiving.source.read_bytes() == CONTENT


def test_a_missing_archive_touches_nothing(archiving: Home) -> None:
    """A disk that is not mounted is waited for."""
    assert archiving.folder.archive is not None
    archiving.folder.archive.rmdir()
    with pytest.raises(OSError, match="archive is not there"):
        archiving.leave()
    assert archiving.source.read_bytes() == CONTENT


def test_a_hidden_name_is_never_too_long(archiving: Home) -> None:
    """The longest name that a file can have is cut; its number tells it apart."""
    long = replace(archiving.photo, identity=identity("ä" * 120 + ".jpg"))
    assert len(os.fsencode(hidden_name(long))) <= 255
    assert hidden_name(long).startswith(".cutoutd-aside-7-ää")


async def published(
    ledger: Ledger, folder: FolderSettings, name: str, *, is_due: bool = True, doubt: Doubt | None = None
) -> Photo:
    """A photo with a source that is due."""
    (folder.input / name).write_bytes(name.encode())
    who = replace(identity_of(folder.input, name), folder=folder.name, input=str(folder.input))
    accepted = replace(ACCEPTED, sha256=hashlib.sha256(name.encode()).hexdigest())
    photo = await photo_at(ledger, State.REMOVAL_FINISHED, who, accepted)
    fact = Published("c" * 64, 9, photo.bound.target or "", None, is_source_due=is_due, doubt=doubt)
    return await ledger.record(photo, fact)


def test_what_is_due_is_done_once_and_stands_in_the_history(tmp_path: Path) -> None:
    """Photos of folders that keep theirs are left alone, and a file that comes back is a new photo."""
    folder = folder_in(tmp_path, on_success="delete")

    async def scene(ledger: Ledger) -> None:
        aftercare = OnSuccessWorker(ledger, folders_of(folder), FolderAvailability(ledger, folders_of(folder)))
        due = await published(ledger, folder, "a.jpg")
        await published(ledger, folder, "b.jpg", is_due=False)
        await aftercare.apply_due()
        assert [file.name for file in folder.input.iterdir()] == ["b.jpg"]
        assert await ledger.query(sources.sources_due, 0, 10) == []
        last = (await ledger.query(photos.history, "a.jpg", 10))[-1]
        assert (last.to_state, last.detail) == (State.PUBLISHED, {"sentence": "the source was deleted"})
        assert (await ledger.query(known_files.known_files, folder.name, ["a.jpg", "b.jpg"])).versions
        assert await ledger.discover(due.identity) is not None

    with_ledger(tmp_path, scene)


def test_trouble_is_a_warning_told_once_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An archive that is away is no photo's failure."""
    caplog.set_level(logging.INFO)
    folder = folder_in(tmp_path, on_success="move", archive=tmp_path / "disk" / "archive")

    async def scene(ledger: Ledger) -> None:
        aftercare = OnSuccessWorker(ledger, folders_of(folder), FolderAvailability(ledger, folders_of(folder)))
        await published(ledger, folder, "a.jpg")
        await published(ledger, folder, "b.jpg")
        for _ in range(2):
            await aftercare.apply_due()
            assert list(aftercare.troubles()) == [folder.name]
        await asyncio.to_thread((tmp_path / "disk").mkdir)
        await aftercare.open()
        await aftercare.apply_due()
        assert aftercare.troubles() == {}
        assert sorted(file.name for file in (tmp_path / "disk/archive").iterdir()) == ["a.jpg", "b.jpg"]

    with_ledger(tmp_path, scene)
    actions = [record.action for record in caplog.records if hasattr(record, "action")]
    assert actions.count("source_trouble") == 1


def test_a_full_archive_is_tried_once_a_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading each of many photos in vain, again and again, would keep the disk busy for nothing."""
    archive = tmp_path / "archive"
    archive.mkdir()
    folder = folder_in(tmp_path, on_success="move", archive=archive)
    tries: list[int] = []

    def refuse(photo: Photo, *_: object) -> str:
        tries.append(photo.id)
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scene(ledger: Ledger) -> None:
        aftercare = OnSuccessWorker(ledger, folders_of(folder), FolderAvailability(ledger, folders_of(folder)))
        for name in ("a.jpg", "b.jpg", "c.jpg"):
            await published(ledger, folder, name)
        with monkeypatch.context() as patch:
            patch.setattr("cutoutd.pipeline.on_success.action.move_to_archive", refuse)
            await aftercare.apply_due()
            await aftercare.apply_due()
        assert len(tries) == 2
        assert sorted(file.name for file in folder.input.iterdir()) == ["a.jpg", "b.jpg", "c.jpg"]
        await aftercare.apply_due()
        assert list(folder.input.iterdir()) == []

    with_ledger(tmp_path, scene)


def test_a_folder_that_stands_by_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sources are not taken for gone."""
    folder = folder_in(tmp_path, on_success="delete")

    async def scene(ledger: Ledger) -> None:
        standby = FolderAvailability(ledger, folders_of(folder))
        aftercare = OnSuccessWorker(ledger, folders_of(folder), standby)
        await published(ledger, folder, "a.jpg")
        folder.input.rename(tmp_path / "away")
        await aftercare.apply_due()
        assert len(await ledger.query(sources.sources_due, 0, 10)) == 1
        (tmp_path / "away").rename(folder.input)
        await standby.update(folder.name)
        await aftercare.apply_due()
        assert list(folder.input.iterdir()) == []

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("kind", KINDS)
def test_no_source_leaves_for_a_doubtful_cutout_before_a_person_approves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The doubtful one stays, also over a restart, while others go; approved by its own name, it goes too."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = folder_in(tmp_path, on_success=kind, archive=tmp_path / "archive")
    (tmp_path / "archive").mkdir()

    async def scene(ledger: Ledger) -> None:
        def worker() -> OnSuccessWorker:
            return OnSuccessWorker(ledger, folders_of(folder), FolderAvailability(ledger, folders_of(folder)))

        await published(ledger, folder, "sound.jpg")
        await published(ledger, folder, "doubtful.jpg", doubt=Doubt.EMPTY)
        await worker().apply_due()
        await worker().apply_due()
        assert [file.name for file in folder.input.iterdir()] == ["doubtful.jpg"]
        assert [photo.identity.path for photo in await ledger.query(sources.doubtful, 9)] == ["doubtful.jpg"]
        executor = CommandExecutor(ledger, [folder], lambda _: None)
        refused = await executor.execute(ApproveCommand("sound.jpg", paths=("sound.jpg",)))
        assert "is not doubtful" in refused.refused[0]
        await executor.execute(ApproveCommand("doubtful.jpg", dry_run=True, paths=("doubtful.jpg",)))
        assert await ledger.query(sources.doubtful, 9)
        assert not (await executor.execute(ApproveCommand("doubtful.jpg", paths=("doubtful.jpg",)))).refused
        await worker().apply_due()
        assert list(folder.input.iterdir()) == []

    with_ledger(tmp_path, scene)


def test_a_doubtful_cutout_is_approved_by_its_own_name_alone(tmp_path: Path) -> None:
    """The name of a folder of photos, a pattern, or a path that several folders have: no source leaves for those."""
    folder = folder_in(tmp_path, on_success="delete")
    (folder.input / "new").mkdir()
    other = folder.model_copy(update={"name": "a.jpg"})  # a folder called like a photo

    async def scene(ledger: Ledger) -> None:
        executor = CommandExecutor(ledger, [folder, other], lambda _: None)

        async def refusal_of(name: str) -> str:
            return "".join((await executor.execute(ApproveCommand(name, paths=(name,)))).refused)

        await published(ledger, folder, "new/a.jpg", doubt=Doubt.EMPTY)
        for name in ("new", "new/*", str(folder.input)):
            assert "it is no photo" in await refusal_of(name)
        await published(ledger, folder, "a.jpg", doubt=Doubt.EMPTY)
        await published(ledger, other, "a.jpg", doubt=Doubt.EMPTY)
        assert "several folders" in await refusal_of("./a.jpg")
        assert len(await ledger.query(sources.doubtful, 9)) == 3
        assert await refusal_of(f"{folder.name}/a.jpg") == ""
        assert await refusal_of("a.jpg") == ""  # the other one, because no batch waits in the folder of this name
        assert [photo.identity.path for photo in await ledger.query(sources.doubtful, 9)] == ["new/a.jpg"]

    with_ledger(tmp_path, scene)
