"""Counting photos without asking the ledger."""

import asyncio
from pathlib import Path

import pytest

from cutoutd.core.photo import Photo, State
from cutoutd.ledger import Ledger, PhotoCounts, Total
from cutoutd.ledger.queries import photos
from support.ledgers import identity, photo_at, with_ledger


async def opened(ledger: Ledger) -> PhotoCounts:
    await ledger.count_photos()
    return ledger.counts


def numbers(totals: list[Total]) -> dict[tuple[str, State], int]:
    return {(total.folder, total.state): total.photos for total in totals}


@pytest.mark.parametrize("at_start", [True, False])
def test_it_agrees_with_the_ledger(tmp_path: Path, *, at_start: bool) -> None:
    """Whether photos were there at the start or come to each state meanwhile."""

    async def play(ledger: Ledger) -> None:
        counts = None if at_start else await opened(ledger)
        for number, state in enumerate(State):
            await photo_at(ledger, state, identity(f"{number}.jpg", folder=f"folder {number % 2}"))
        counts = counts or await opened(ledger)
        assert numbers(counts.totals()) == numbers(await ledger.query(photos.totals))
        assert counts.at(State.PUBLISHED, State.FAILED) == 2

    with_ledger(tmp_path, play)


def test_a_fact_counts_although_nobody_waits_for_it(tmp_path: Path) -> None:
    """A task that was cancelled while its fact was being stored: the fact is true, so it is counted."""

    async def play(ledger: Ledger) -> None:
        counts = await opened(ledger)
        writing = asyncio.create_task(ledger.discover(identity()))
        await asyncio.sleep(0)
        writing.cancel()
        await ledger.remember("key", "after it")
        assert numbers(counts.totals()) == numbers(await ledger.query(photos.totals))

    with_ledger(tmp_path, play)


def test_a_listener_that_fails_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fault in counting is told and costs no fact."""

    def fail(_before: Photo | None, _after: Photo) -> None:
        raise ValueError("a bug")

    async def play(ledger: Ledger) -> None:
        ledger.add_listener(fail)
        assert await photo_at(ledger, State.PUBLISHED) is not None
        assert "was not counted" in caplog.text
        caplog.clear()
        ledger.remove_listener(fail)
        await ledger.discover(identity("b.jpg"))
        assert "was not counted" not in caplog.text

    with_ledger(tmp_path, play)
