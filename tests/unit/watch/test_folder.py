import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from cutoutd.watch.bounds import WatchBounds
from cutoutd.watch.folder import FolderWatcher
from support.fakes.fake_sink import RememberingSink, folder_at, until, watch_with, watched_folder
from support.images.photographs import jpeg, photograph

PHOTO = jpeg((300, 200))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    root.mkdir()
    return root


def make_folder(path: Path) -> None:
    path.mkdir()


class Full(RememberingSink):
    async def deliver(self, folder: str, sighting: object) -> None:
        raise RuntimeError(f"the ledger is full: {folder}, {sighting}")


def played(play: Callable[[], Coroutine[object, object, None]]) -> None:
    asyncio.run(play())


def test_a_copied_photo_is_delivered_as_soon_as_it_is_closed(root: Path) -> None:
    """No rescan and no waiting helps here, only the kernel's word and the format's end marker."""

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root), watch_with(), sink):
            (root / "ü b 😀.jpg").write_bytes(PHOTO)
            await sink.until_delivered("ü b 😀.jpg")
        assert sink.delivered[0].size_bytes == len(PHOTO)

    played(play)


def in_chunks(content: bytes, count: int) -> list[bytes]:
    step = -(-len(content) // count)
    return [content[at : at + step] for at in range(0, len(content), step)]


@pytest.mark.parametrize("mode", ["auto", "polling"])
def test_a_photo_written_slowly_is_delivered_once_and_complete(root: Path, mode: str) -> None:
    """Twenty pieces into an open file; each look at it finds it longer than the last one did."""

    async def play() -> None:
        pieces = in_chunks(photograph(quality=98), 20)
        with (root / "slow.jpg").open("wb", buffering=0) as file:

            def write_on(_: object) -> None:
                if pieces:
                    file.write(pieces.pop(0))
                else:
                    file.close()

            sink = RememberingSink(on_look=write_on)
            async with watched_folder(folder_at(root), watch_with(mode, delay_s=0.05, rescan_s=0.05), sink):
                await sink.until_delivered("slow.jpg")
                await sink.until(lambda: len(sink.seen) > 25)
        assert [sighting.size_bytes for sighting in sink.delivered] == [len(photograph(quality=98))]

    played(play)


def test_a_photo_appended_piece_by_piece_is_delivered_once_and_complete(root: Path) -> None:
    """The writer closes the file after each piece, so only its format can tell when it is whole."""

    async def play() -> None:
        pieces = in_chunks(PHOTO, 20)

        def write_on(_: object) -> None:
            if pieces:
                with (root / "app.jpg").open("ab") as file:
                    file.write(pieces.pop(0))

        sink = RememberingSink(on_look=write_on)
        async with watched_folder(folder_at(root), watch_with(), sink):
            write_on(None)
            await sink.until_delivered("app.jpg")
        assert [sighting.size_bytes for sighting in sink.delivered] == [len(PHOTO)]

    played(play)


def test_a_changed_attribute_is_noticed(root: Path) -> None:
    """A server sets the time of a photo after its last byte, and no rescan helps here."""

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root), watch_with(), sink):
            (root / "a.jpg").write_bytes(PHOTO)
            await sink.until_delivered("a.jpg")
            for change in (lambda: os.utime(root / "a.jpg", (1, 1)), lambda: (root / "a.jpg").chmod(0o600)):
                looks = len(sink.seen)
                change()
                await sink.until(lambda looks=looks: len(sink.seen) > looks)

    played(play)


def test_a_file_renamed_into_place_is_delivered(root: Path) -> None:
    """As rsync and careful programs do; the temporary name is never looked at."""

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root), watch_with(), sink):
            (root / ".a.jpg.X4c9Qe").write_bytes(PHOTO)
            (root / ".a.jpg.X4c9Qe").rename(root / "a.jpg")
            await sink.until_delivered("a.jpg")
        assert {sighting.path for sighting in sink.seen} == {"a.jpg"}

    played(play)


def test_a_folder_moved_in_is_taken_with_all_that_is_in_it(root: Path) -> None:
    """And is listened to from then on, in all its depth."""

    async def play() -> None:
        sink = RememberingSink()
        (root.parent / "ready/deep/er").mkdir(parents=True)
        (root.parent / "ready/deep/er/a.jpg").write_bytes(PHOTO)
        async with watched_folder(folder_at(root), watch_with(), sink):
            (root.parent / "ready").rename(root / "moved")
            await sink.until_seen("moved/deep/er/a.jpg")
            (root / "moved/deep/er/b.jpg").write_bytes(PHOTO)
            await sink.until_delivered("moved/deep/er/b.jpg")

    played(play)


def test_a_folder_moved_inside_the_tree_is_heard_under_its_new_name(root: Path) -> None:
    """The kernel's watch stays with the folder, not with its path."""

    async def play() -> None:
        sink = RememberingSink()
        (root / "old/sub").mkdir(parents=True)
        (root / "old/sub/a.jpg").write_bytes(PHOTO)
        async with watched_folder(folder_at(root), watch_with(), sink):
            (root / "old").rename(root / "new")
            await sink.until_seen("new/sub/a.jpg")
            (root / "new/sub/b.jpg").write_bytes(PHOTO)
            await sink.until_delivered("new/sub/b.jpg")
        assert "old/sub/b.jpg" not in {sighting.path for sighting in sink.seen}

    played(play)


def test_a_file_linked_in_is_noticed_although_nobody_closes_it(root: Path) -> None:
    """Backup programs link; the file stands still, and that is enough."""

    async def play() -> None:
        sink = RememberingSink()
        (root.parent / "a.jpg").write_bytes(PHOTO)
        async with watched_folder(folder_at(root), watch_with(delay_s=0.05), sink):
            (root / "linked.jpg").hardlink_to(root.parent / "a.jpg")
            await sink.until_delivered("linked.jpg")

    played(play)


def test_polling_finds_what_events_would_have_told(root: Path) -> None:
    """With events forced off photos still arrive, and status says why it is slower."""

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root), watch_with("polling", rescan_s=0.05, delay_s=0.05), sink) as watcher:
            assert [backend.reason for backend in watcher.backends()] == ["watch.mode is polling"]
            (root / "a/b").mkdir(parents=True)
            (root / "a/b/c.jpg").write_bytes(PHOTO)
            await sink.until_delivered("a/b/c.jpg")

    played(play)


def test_a_photo_changed_after_delivery_is_delivered_again(root: Path) -> None:
    """It is another version, and a new photo."""

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root), watch_with(), sink):
            (root / "a.jpg").write_bytes(PHOTO)
            await sink.until_delivered("a.jpg")
            (root / "a.jpg").write_bytes(PHOTO + b"trailer")
            await sink.until(lambda: len(sink.delivered) == 2)
        assert [sighting.size_bytes for sighting in sink.delivered] == [len(PHOTO), len(PHOTO) + 7]

    played(play)


def test_a_cut_off_photo_waits_and_is_handed_on_when_it_stood_still(root: Path) -> None:
    """Status shows it meanwhile; intake will say that it is cut off."""

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root), watch_with(delay_s=0.3), sink) as watcher:
            (root / "t.jpg").write_bytes(PHOTO[:1000])
            await until(lambda: bool(watcher.waiting()))
            assert [(file.path, file.reason) for file in watcher.waiting()] == [
                ("t.jpg", "was closed, but is not whole yet")
            ]
            await sink.until_delivered("t.jpg")
            assert watcher.waiting() == ()

    played(play)


def test_a_waiting_file_that_vanishes_is_forgotten(root: Path) -> None:
    """Nothing is shown as waiting for ever."""

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root), watch_with(delay_s=0.3), sink) as watcher:
            (root / "t.jpg").write_bytes(PHOTO[:1000])
            await until(lambda: bool(watcher.waiting()))
            (root / "t.jpg").unlink()
            await until(lambda: not watcher.waiting())
        assert sink.delivered == []

    played(play)


def test_an_input_folder_that_appears_later_is_taken_up(root: Path) -> None:
    """Not mounted yet at the start: said, looked for again, and listened to once it is there."""
    root.rmdir()

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root), watch_with(rescan_s=0.05), sink) as watcher:
            await until(lambda: watcher.is_missing)
            assert "cannot be read (No such file or directory)" in watcher.backends()[0].reason
            make_folder(root)
            await until(lambda: not watcher.is_missing)
            (root / "a.jpg").write_bytes(PHOTO)
            await sink.until_delivered("a.jpg")

    played(play)


def test_an_input_folder_that_is_made_anew_is_listened_to_again(root: Path) -> None:
    """The old watches hang on a folder that is gone, even if the new one has its very inode number."""

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root), watch_with(rescan_s=0.05), sink) as watcher:
            for number in range(5):
                shutil.rmtree(root)
                await until(lambda: watcher.is_missing)
                make_folder(root)
                await until(lambda: not watcher.is_missing)
                (root / f"{number}.jpg").write_bytes(PHOTO)
                await sink.until_delivered(f"{number}.jpg")

    played(play)


def test_known_photos_are_not_delivered_at_the_next_start(root: Path) -> None:
    """The start scan shows them, the ledger drops them."""

    async def play() -> None:
        sink = RememberingSink()
        (root / "a.jpg").write_bytes(PHOTO)
        for _ in range(2):
            async with watched_folder(folder_at(root), watch_with(delay_s=0.0), sink):
                await sink.until_delivered("a.jpg")
        assert sink.paths == ["a.jpg"]
        assert len(sink.seen) > 1

    played(play)


def test_a_flood_of_files_loses_none(root: Path) -> None:
    """Hints beyond the bound collapse into one scan, which finds them all."""

    async def play() -> None:
        sink = RememberingSink()
        names = [f"{number}.jpg" for number in range(300)]
        bounds = WatchBounds(max_buffered_files=5)
        async with watched_folder(folder_at(root), watch_with(delay_s=0.05), sink, bounds):
            for name in names:
                (root / name).write_bytes(PHOTO)
            await sink.until_delivered(*names)
        assert sorted(sink.paths) == sorted(names)

    played(play)


def test_sub_folders_stay_out_if_they_should(root: Path) -> None:
    """With ``recursive: false`` a new sub-folder is not looked into either."""

    async def play() -> None:
        sink = RememberingSink()
        async with watched_folder(folder_at(root, recursive=False), watch_with(), sink):
            (root / "sub").mkdir()
            (root / "sub/a.jpg").write_bytes(PHOTO)
            for name in ("b.jpg", "c.jpg"):  # when the second arrives, all hints of before the first were followed
                (root / name).write_bytes(PHOTO)
                await sink.until_delivered(name)
        assert {sighting.path for sighting in sink.seen} == {"b.jpg", "c.jpg"}

    played(play)


def test_looking_once_waits_until_everything_is_finished(root: Path) -> None:
    """A file that was written this moment is not left behind; other files are counted."""

    async def play() -> None:
        sink = RememberingSink()
        (root / "deep").mkdir()
        (root / "deep/a.jpg").write_bytes(PHOTO)
        (root / "t.png").write_bytes(b"cut off")
        (root / "notes.txt").write_text("no photo")
        watcher = FolderWatcher(folder_at(root), watch_with(delay_s=0.05), sink)
        assert await watcher.run_once() == ()
        assert sorted(sink.paths) == ["deep/a.jpg", "t.png"]
        assert watcher.ignored == 1

    played(play)


def test_looking_once_leaves_a_file_that_keeps_changing(root: Path) -> None:
    """After a bounded time, and says which."""

    async def play() -> None:
        def touch(_: object) -> None:
            os.utime(root / "a.jpg")

        (root / "a.jpg").write_bytes(PHOTO[:500])
        watcher = FolderWatcher(folder_at(root), watch_with(delay_s=0.05), RememberingSink(on_look=touch))
        left = await watcher.run_once(patience_s=0.5)
        assert [(file.path, file.reason) for file in left] == [("a.jpg", "is still being written")]

    played(play)


def test_looking_once_leaves_nothing_behind_when_too_many_files_wait(root: Path) -> None:
    """More fresh files than may wait at a time: they are taken in several turns."""

    async def play() -> None:
        sink = RememberingSink()
        names = [f"{number}.jpg" for number in range(25)]
        for name in names:
            (root / name).write_bytes(PHOTO)
        watcher = FolderWatcher(folder_at(root), watch_with(delay_s=0.05), sink, WatchBounds(max_waiting=10))
        assert await watcher.run_once() == ()
        assert sorted(sink.paths) == sorted(names)

    played(play)


def test_looking_once_at_a_missing_folder_ends(root: Path) -> None:
    """And tells that it was missing."""
    root.rmdir()

    async def play() -> None:
        watcher = FolderWatcher(folder_at(root), watch_with(), RememberingSink())
        assert await watcher.run_once() == ()
        assert watcher.is_missing

    played(play)


def test_a_fault_of_the_reception_is_not_swallowed(root: Path) -> None:
    """A ledger that cannot be written ends the watcher, which its owner notices."""

    async def play() -> None:
        (root / "a.jpg").write_bytes(PHOTO)
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.timeout(20):
                await FolderWatcher(folder_at(root), watch_with(delay_s=0.0), Full()).run()
        assert caught.group_contains(RuntimeError, match="the ledger is full")

    played(play)
