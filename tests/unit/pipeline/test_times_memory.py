"""Processing times that outlive the process which learned them."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from cutoutd.app.composition import SharedState, open_shared_state
from cutoutd.config.settings import Settings
from cutoutd.ledger import Ledger
from cutoutd.pipeline.completion.times_memory import remembered_times
from support.folders import folder_in, settings_in
from support.ledgers import with_ledger

NOWHERE = "http://127.0.0.1:9/"
DAY_S = 86_400.0


async def is_stored(ledger: Ledger, times_s: Sequence[float]) -> None:
    while await remembered_times(ledger) != times_s:  # noqa: ASYNC110  nothing tells
        await asyncio.sleep(0.02)


def times_after(settings: Settings, finishes_s: Sequence[float]) -> list[float]:
    """The times known to a process of its own, which then learns of these finishes and ends."""

    async def live(shared: SharedState) -> list[float]:
        times = shared.poll_schedule.times
        known_s = list(times.recent_s)
        for finished_s in finishes_s:
            times.record(finished_s, finished_s)
            await is_stored(shared.ledger, tuple(times.recent_s))
        return known_s

    async def play() -> list[float]:
        async with open_shared_state(settings) as shared:
            return await live(shared)

    return asyncio.run(play())


def test_each_process_begins_with_the_times_of_those_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends after one removal, again and again, learns all the same; the search for a lost launch too."""
    settings = settings_in(tmp_path, NOWHERE, folder_in(tmp_path))
    assert times_after(settings, [4.0]) == []
    assert times_after(settings, [2.5, 3.0]) == [4.0]
    assert times_after(settings, []) == [4.0, 2.5, 3.0]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"times_s": ["soon"]}', '{"times_s": [-1], "learned_at_s": NOW}'])
def test_what_another_version_stored_is_no_hindrance(tmp_path: Path, text: str) -> None:
    """Whatever stands there, the times are learned anew."""

    async def play(ledger: Ledger) -> None:
        await ledger.remember("processing_times", text.replace("NOW", repr(time.time())))
        assert await remembered_times(ledger) == ()

    with_ledger(tmp_path, play)


@pytest.mark.parametrize(("age_s", "known_s"), [(60.0, (4.0,)), (2 * DAY_S, ()), (-DAY_S, ())])
def test_only_times_of_the_last_day_count(tmp_path: Path, age_s: float, known_s: tuple[float, ...]) -> None:
    """The service of last week, or of a wrong clock, says nothing about the one of today."""

    async def play(ledger: Ledger) -> None:
        text = f'{{"times_s": [4.0], "learned_at_s": {time.time() - age_s}}}'
        await ledger.remember("processing_times", text)
        assert await remembered_times(ledger) == known_s

    with_ledger(tmp_path, play)
