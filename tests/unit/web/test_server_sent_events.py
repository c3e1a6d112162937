"""News for open pages: made once for all, only while somebody watches, and only when there are some."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from cutoutd.web.live import server_sent_events
from cutoutd.web.live.server_sent_events import ServerSentEvents

T = TypeVar("T")


@dataclass
class Ledger:
    """An outlook and pages at once: what they show is ``word``, and each look at it is counted."""

    word: str = "nothing"
    looks: int = 0
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def now(self) -> str:
        self.looks += 1
        self.looked.set()
        return self.word

    def drawn(self, template: str, *, glance: str) -> str:
        return glance if template == "parts/figures.html" else template


async def next_news(news: AsyncIterator[str]) -> dict[str, str]:
    found: dict[str, str] = json.loads((await asyncio.wait_for(anext(news), 60)).removeprefix("data: "))
    return found


def played(scene: Callable[[ServerSentEvents, Ledger], Awaitable[T]]) -> T:
    async def play() -> T:
        ledger = Ledger()
        told = ServerSentEvents(ledger, ledger)  # type: ignore[arg-type]  stands in for both
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(told.run())
            answer = await scene(told, ledger)
            running.cancel()
        return answer

    return asyncio.run(play())


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_sent_events, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(server_sent_events, "_REST_PER_LOOK", 0)


def test_nobody_watches_and_nothing_is_looked_at() -> None:
    """An open daemon that no window shows asks the ledger nothing; nor once the last window is closed."""

    async def scene(told: ServerSentEvents, ledger: Ledger) -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        assert ledger.looks == 0
        with told.watched():
            await next_news(told.news())
        ledger.looked.clear()
        await asyncio.sleep(0.05)
        seen = ledger.looks
        await asyncio.sleep(0.05)
        assert ledger.looks == seen

    played(scene)


def test_all_who_watch_share_one_look() -> None:
    """A hundred windows cost as many looks as one, and each hears everything at first, then what changed alone."""

    async def scene(told: ServerSentEvents, ledger: Ledger) -> None:
        with told.watched():
            windows = [told.news() for _ in range(100)]
            first = [await next_news(window) for window in windows]
            assert all(set(news) == set(server_sent_events.PARTS) for news in first)
            looks = ledger.looks
            ledger.word = "something"
            changed = await asyncio.gather(*(next_news(window) for window in windows))
            assert changed == [{"figures": "something"}] * 100
            assert ledger.looks - looks < 100

    played(scene)


def test_who_falls_behind_gets_what_is_so_now() -> None:
    """What changed twice meanwhile is told once; nothing queues up."""

    async def scene(told: ServerSentEvents, ledger: Ledger) -> None:
        with told.watched():
            quick, slow = told.news(), told.news()
            await next_news(quick)
            await next_news(slow)
            for word in ("one", "two", "three"):
                ledger.word = word
                assert await next_news(quick) == {"figures": word}
            assert await next_news(slow) == {"figures": "three"}

    played(scene)


def test_silence_has_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment that browsers pass over, so that nobody in between hangs up."""
    monkeypatch.setattr(server_sent_events, "_HEARTBEAT_S", 0.01)

    async def scene(told: ServerSentEvents, _ledger: Ledger) -> str:
        with told.watched():
            news = told.news()
            await next_news(news)
            return await asyncio.wait_for(anext(news), 60)

    assert played(scene).startswith(":")


def test_the_end_ends_every_stream() -> None:
    """When the daemon stops, nobody is left waiting for the next heartbeat."""

    async def play() -> None:
        ledger = Ledger()
        told = ServerSentEvents(ledger, ledger)  # type: ignore[arg-type]  as above
        running = asyncio.create_task(told.run())
        with told.watched():
            news = told.news()
            await next_news(news)
            running.cancel()
            with pytest.raises(StopAsyncIteration):
                await asyncio.wait_for(anext(news), 60)

    asyncio.run(play())
