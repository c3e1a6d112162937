import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.watch.bounds import WatchBounds
from cutoutd.watch.inotify import BufferedEvents, EventBuffer


def test_hints_about_one_file_become_one() -> None:
    """And "closed" is not forgotten for a later, weaker hint."""

    async def play() -> BufferedEvents:
        buffer = EventBuffer()
        buffer.add_file("a.jpg", is_closed=False)
        buffer.add_file("a.jpg", is_closed=True)
        buffer.add_file("a.jpg", is_closed=False)
        return buffer.take()

    assert asyncio.run(play()) == BufferedEvents(files={"a.jpg": True})


def test_a_flood_becomes_one_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the buffer nor the event loop's own queue grows with the number of events."""

    async def play() -> tuple[BufferedEvents, int]:
        loop, calls = asyncio.get_running_loop(), []
        monkeypatch.setattr(loop, "call_soon_threadsafe", calls.append)
        buffer = EventBuffer(WatchBounds(max_buffered_files=100, max_buffered_folders=10))
        for number in range(150):
            buffer.add_file(f"{number}.jpg", is_closed=True)
            buffer.add_folder(f"{number}")
        return buffer.take(), len(calls)

    taken, wake_ups = asyncio.run(play())
    assert taken.is_everything
    assert len(taken.files) <= 100
    assert len(taken.folders) <= 10
    assert wake_ups == 1


def test_another_threads_hint_ends_the_wait() -> None:
    """At once, long before the time is up; afterwards the buffer is empty."""

    async def play() -> tuple[BufferedEvents, BufferedEvents]:
        buffer = EventBuffer()
        thread = threading.Thread(target=buffer.add_everything)
        thread.start()
        async with asyncio.timeout(60):
            await buffer.wait(3600)
        thread.join()
        return buffer.take(), buffer.take()

    assert asyncio.run(play()) == (BufferedEvents(is_everything=True), BufferedEvents())


def test_a_wait_without_hints_ends_in_time() -> None:
    """The rescan does not depend on events."""

    async def play() -> BufferedEvents:
        buffer = EventBuffer()
        async with asyncio.timeout(60):
            await buffer.wait(0.01)
        return buffer.take()

    assert asyncio.run(play()) == BufferedEvents()


def test_a_hint_after_the_loop_has_closed_does_no_harm() -> None:
    """The kernel's thread may be a moment late at the end."""

    async def play() -> EventBuffer:
        return EventBuffer()

    asyncio.run(play()).add_everything()


@given(
    st.sets(st.text("ab/", min_size=1, max_size=6).filter(lambda path: "//" not in path and path.strip("/") == path))
)
def test_only_the_outermost_folders_are_scanned(folders: set[str]) -> None:
    """Each hinted folder lies in exactly one of them, and none of them in another."""
    outermost = BufferedEvents(folders=folders).outermost_folders()
    for folder in folders:
        assert sum(f"{folder}/".startswith(f"{outer}/") for outer in outermost) == 1


def test_the_root_holds_every_folder() -> None:
    """A polled root covers polled mounts below it."""
    assert BufferedEvents(folders={"a", "", "a/b"}).outermost_folders() == [""]
