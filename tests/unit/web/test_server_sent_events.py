"""News for open pages: made once for all, only while somebody watches, and only when there are some."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest

from cutoutd.web.live.server_sent_events import PARTS, EventTiming, ServerSentEvents

T = TypeVar("T")

BRISK = EventTiming(interval_s=0.001, rest_per_look=0)


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

    def render(self, template: str, *, overview: str) -> str:
        return overview if template == "parts/figures.html" else template

    def with_forms_of(self, html: str, _session: str) -> str:
        return html


async def next_news(news: AsyncIterator[str]) -> dict[str, str]:
    found: dict[str, str] = json.loads((await asyncio.wait_for(anext(news), 60)).removeprefix("data: "))
    return found


def played(scene: Callable[[ServerSentEvents, Ledger], Awaitable[T]], timing: EventTiming = BRISK) -> T:
    async def play() -> T:
        ledger = Ledger()
        told = ServerSentEvents(ledger, ledger, timing)  # type: ignore[arg-type]  stands in for both
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(told.run())
            answer = await scene(told, ledger)
            running.cancel()
        return answer

    return asyncio.run(play())


def test_nobody_watches_and_nothing_is_looked_at() -> None:
    """An open daemon that no window shows asks the ledger nothing; nor once the last window is closed."""

    async def scene(told: ServerSentEvents, ledger: Ledger) -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        assert ledger.looks == 0
        with told.watched():
            await next_news(told.stream(""))
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
            windows = [told.stream("") for _ in range(100)]
            first = [await next_news(window) for window in windows]
            assert all(set(news) == set(PARTS) for news in first)
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
            quick, slow = told.stream(""), told.stream("")
            await next_news(quick)
            await next_news(slow)
            for word in ("one", "two", "three"):
                ledger.word = word
                assert await next_news(quick) == {"figures": word}
            assert await next_news(slow) == {"figures": "three"}

    played(scene)


def test_silence_has_a_sign_of_life() -> None:
    """A comment that browsers pass over, so that nobody in between hangs up."""

    async def scene(told: ServerSentEvents, _ledger: Ledger) -> str:
        with told.watched():
            news = told.stream("")
            await next_news(news)
            return await asyncio.wait_for(anext(news), 60)

    assert played(scene, replace(BRISK, heartbeat_s=0.01)).startswith(":")


def test_the_end_ends_every_stream() -> None:
    """When the daemon stops, nobody is left waiting for the next heartbeat."""

    async def play() -> None:
        ledger = Ledger()
        told = ServerSentEvents(ledger, ledger, BRISK)  # type: ignore[arg-type]  as above
        running = asyncio.create_task(told.run())
        with told.watched():
            news = told.stream("")
            await next_news(news)
            running.cancel()
            with pytest.raises(StopAsyncIteration):
                await asyncio.wait_for(anext(news), 60)

    asyncio.run(play())
