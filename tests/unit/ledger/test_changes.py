"""Whether it is worth asking the ledger again."""

import asyncio
from pathlib import Path

from cutoutd.ledger import ChangeFlag, open_ledger


def test_news_is_what_was_stored_since_the_last_asking(tmp_path: Path) -> None:
    """At first everything is news, then only what is stored, be it while an answer is awaited."""

    async def take_thrice() -> list[bool]:
        async with open_ledger(tmp_path) as ledger:
            news = ChangeFlag(ledger, now_s=lambda: 0.0)
            first, second = news.take(), news.take()
            await ledger.remember("anything", "at all")
            return [first, second, news.take(), news.take()]

    assert asyncio.run(take_thrice()) == [True, False, True, False]


def test_what_was_not_answered_is_still_news(tmp_path: Path) -> None:
    """A question that failed is asked again at the next look."""

    async def give_back() -> bool:
        async with open_ledger(tmp_path) as ledger:
            news = ChangeFlag(ledger, now_s=lambda: 0.0)
            news.take()
            news.give_back()
            return news.take()

    assert asyncio.run(give_back())


def test_now_and_then_it_is_asked_all_the_same(tmp_path: Path) -> None:
    """A minute without anything stored is no reason never to ask again."""

    async def wait_a_minute() -> list[bool]:
        async with open_ledger(tmp_path) as ledger:
            moments = iter([0.0, 59.0, 60.0])
            news = ChangeFlag(ledger, now_s=lambda: next(moments))
            return [news.take(), news.take(), news.take()]

    assert asyncio.run(wait_a_minute()) == [True, False, True]
