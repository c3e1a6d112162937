import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.inotify import BufferedEvents, EventBuffer, KernelEvents
from cutoutd.watch.scanner import Scan
from support.fakes.fake_sink import until


def armed(root: Path, exclusions: Exclusions, act: Callable[[KernelEvents], None], expected: BufferedEvents) -> None:
    """Arm a tree, do something in it, and wait until just these events have come."""

    async def play() -> None:
        buffer = EventBuffer()
        events = KernelEvents(buffer, exclusions.covers)
        heard = BufferedEvents()

        def hear() -> bool:
            news = buffer.take()
            heard.files.update(news.files)
            heard.folders |= news.folders
            heard.is_everything |= news.is_everything
            return heard == expected

        try:
            list(Scan(root, exclusions, on_folder=events.arm).sightings())
            act(events)
            await until(hear)
        finally:
            events.close()

    asyncio.run(play())


def test_hints_are_about_photos_alone(tmp_path: Path) -> None:
    """Junk, other files and excluded paths are not even events."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "drafts").mkdir()

    def act(events: KernelEvents) -> None:
        assert events.folders == 2
        for name in ("a.txt", ".b.jpg", "drafts/c.jpg", "sub/d.jpg.part", "sub/draft.jpg", "sub/e.jpg"):
            (tmp_path / name).write_bytes(b"x")
        (tmp_path / "@eaDir").mkdir()
        (tmp_path / "fresh").mkdir()

    armed(
        tmp_path, Exclusions(["drafts", "draft.*"]), act, BufferedEvents(files={"sub/e.jpg": True}, folders={"fresh"})
    )


def test_a_folder_armed_twice_is_heard_once(tmp_path: Path) -> None:
    """Every rescan meets all folders again."""

    def act(events: KernelEvents) -> None:
        list(Scan(tmp_path, Exclusions(()), on_folder=events.arm).sightings())
        assert events.folders == 1
        (tmp_path / "a.jpg").write_bytes(b"x")

    armed(tmp_path, Exclusions(()), act, BufferedEvents(files={"a.jpg": True}))


def test_a_folder_moved_away_is_no_longer_heard(tmp_path: Path) -> None:
    """A folder that a whole scan did not meet is not in the tree, although its watch lives on."""
    root = tmp_path / "in"
    (root / "sub").mkdir(parents=True)

    def act(events: KernelEvents) -> None:
        list(Scan(root, Exclusions(()), on_folder=events.arm).sightings())
        events.disarm_unseen()
        (root / "sub").rename(tmp_path / "away")
        list(Scan(root, Exclusions(()), on_folder=events.arm).sightings())
        events.disarm_unseen()
        assert events.folders == 1
        (tmp_path / "away/a.jpg").write_bytes(b"x")
        (root / "b.jpg").write_bytes(b"x")

    armed(root, Exclusions(()), act, BufferedEvents(files={"b.jpg": True}))


def test_the_root_going_away_is_a_hint_about_everything(tmp_path: Path) -> None:
    """Removed or moved: a scan has to look."""
    for go in (lambda path: path.rmdir(), lambda path: path.rename(tmp_path / "elsewhere")):
        root = tmp_path / "in"
        root.mkdir()
        armed(root, Exclusions(()), lambda _, root=root, go=go: go(root), BufferedEvents(is_everything=True))


def test_a_queue_of_the_kernels_that_ran_over_is_a_hint_about_everything(tmp_path: Path) -> None:
    """Said by watchdog to every armed folder; a real overflow takes sixteen thousand events."""
    (tmp_path / "sub").mkdir()

    def act(events: KernelEvents) -> None:
        limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        if limit > 100_000:
            pytest.skip(f"this kernel queues {limit} events before it loses any")
        inotify = events._inotify
        with inotify._lock:  # the reading thread stands still meanwhile
            for number in range(limit + 5_000):  # it has room for some of them already read
                os.mknod(tmp_path / f"{number}.jpg")
                (tmp_path / f"{number}.jpg").unlink()

    async def play() -> None:
        buffer = EventBuffer()
        events = KernelEvents(buffer, Exclusions(()).covers)
        try:
            list(Scan(tmp_path, Exclusions(()), on_folder=events.arm).sightings())
            await asyncio.to_thread(act, events)
            await until(lambda: buffer.take().is_everything)
        finally:
            events.close()

    asyncio.run(play())
