"""Launches as the ledger counts them: each with its intent, none lost, none twice, and no new day by a turned clock."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutoutd.core.errors import LimitReachedError
from cutoutd.core.photo import LaunchOutcomeUnknown, LaunchRefused, Photo, RemovalStarted, State
from cutoutd.ledger import LaunchCounts, Ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.writes import launches
from support.ledgers import identity, photo_at, with_ledger

DAY_S = 86_400.0


def today() -> date:
    return datetime.now(UTC).astimezone().date()


def at_most(number: int) -> Callable[[LaunchCounts], None]:
    def require(spent: LaunchCounts) -> None:
        if spent.today >= number:
            raise LimitReachedError("enough for today", until_s=0.0)

    return require


def anything(_: LaunchCounts) -> None:
    """Nothing is required."""


async def spent(ledger: Ledger, at_s: float | None = None) -> LaunchCounts:
    return await ledger.query(launches.launch_counts, time.time() if at_s is None else at_s)


async def uploaded(ledger: Ledger, number: int) -> list[Photo]:
    return [await photo_at(ledger, State.UPLOADED, identity(f"{n}.jpg")) for n in range(number)]


def test_no_limit_is_overrun_however_many_arrive_at_once(tmp_path: Path) -> None:
    """Of two hundred intents at the same moment exactly as many are stored as the limit allows."""

    async def scene(ledger: Ledger) -> None:
        photos = await uploaded(ledger, 200)
        outcomes = await asyncio.gather(
            *(ledger.record_launch_intent(photo, at_most(7)) for photo in photos), return_exceptions=True
        )
        assert sum(isinstance(outcome, Photo) for outcome in outcomes) == 7
        assert sum(isinstance(outcome, LimitReachedError) for outcome in outcomes) == 193
        assert await ledger.query(photo_queries.count, {State.REMOVAL_INTENDED}) == 7
        assert await spent(ledger) == LaunchCounts(today(), 7, 7, ahead=193)

    with_ledger(tmp_path, scene)


def test_a_definite_no_is_given_back_and_an_unclear_outcome_is_not(tmp_path: Path) -> None:
    """Only what was certainly not accepted is not counted; launched again, it is counted once more."""

    async def scene(ledger: Ledger) -> None:
        refused, unclear, accepted = [
            await ledger.record_launch_intent(photo, anything) for photo in await uploaded(ledger, 3)
        ]
        assert (await spent(ledger)).today == 3
        refused = await ledger.record(refused, LaunchRefused())
        unclear = await ledger.record(unclear, LaunchOutcomeUnknown(1.0))
        await ledger.record(accepted, RemovalStarted("request"))
        assert (await spent(ledger)).today == 2
        await ledger.record_launch_intent(unclear, anything)
        assert (await spent(ledger)).today == 3
        await ledger.record(await ledger.record_launch_intent(refused, anything), LaunchRefused())
        assert await spent(ledger) == LaunchCounts(today(), 3, 3, ahead=1)
        assert len(await ledger.query(launches.since, time.time() - 60)) == 3
        assert await ledger.query(launches.since, time.time() + 1) == []

    with_ledger(tmp_path, scene)


def test_each_day_and_month_begins_at_zero(tmp_path: Path) -> None:
    """What was launched before counts for its own day and month only."""

    async def scene(ledger: Ledger) -> None:
        await ledger.record_launch_intent((await uploaded(ledger, 1))[0], anything)
        assert (await spent(ledger, time.time() + DAY_S)).today == 0
        in_two_months = await spent(ledger, time.time() + 62 * DAY_S)
        assert (in_two_months.today, in_two_months.this_month) == (0, 0)

    with_ledger(tmp_path, scene)


@settings(deadline=None, max_examples=15)
@given(st.integers(-400 * 24, 0))
def test_a_clock_set_back_opens_no_new_allowance(tmp_path_factory: pytest.TempPathFactory, hours: int) -> None:
    """However far back the clock is set, the last launch still counts for the day and the month.

    A day after the next one is no day that a clock was right about, so it counts for the present one.
    """
    place = tmp_path_factory.mktemp("ledger")

    async def scene(ledger: Ledger) -> None:
        await ledger.record_launch_intent((await uploaded(ledger, 1))[0], anything)
        turned = await spent(ledger, time.time() + hours * 3600.0)
        assert (turned.today, turned.this_month) == (1, 1)
        assert turned.day <= today()

    with_ledger(place, scene)


def test_those_ahead_of_a_launch_are_counted_once(tmp_path: Path) -> None:
    """A photo that is being sent counts as long as it is accepted, then as uploaded; a superseded one never."""

    async def scene(ledger: Ledger) -> None:
        accepted = await photo_at(ledger, State.ACCEPTED, identity("a.jpg"))
        sent = await photo_at(ledger, State.UPLOADED, identity("b.jpg"))
        gone = await photo_at(ledger, State.SUPERSEDED, identity("c.jpg"))
        await photo_at(ledger, State.ACCEPTED, identity("d.jpg"))
        sending = {accepted.id, sent.id, gone.id}
        assert (await ledger.query(launches.launch_counts, time.time(), sending)).ahead == 2

    with_ledger(tmp_path, scene)


def test_a_month_is_the_calendars(tmp_path: Path) -> None:
    """Launches of the same month count together, whatever their days."""
    first = datetime.now(UTC).astimezone().replace(day=1, hour=12) + timedelta(days=40)

    async def scene(ledger: Ledger) -> None:
        first_of_month = first.replace(day=1).timestamp()
        photos = await uploaded(ledger, 2)
        for photo, at_s in zip(photos, (first_of_month, first_of_month + 20 * DAY_S), strict=True):
            await ledger._write(lambda connection, photo=photo, at_s=at_s: launches.reserve(connection, photo.id, at_s))
        late = await spent(ledger, first_of_month + 20 * DAY_S)
        assert (late.today, late.this_month) == (1, 2)

    with_ledger(tmp_path, scene)


def test_a_value_is_remembered_until_the_next(tmp_path: Path) -> None:
    """What is kept under a key outlives the process, and a later value takes its place."""

    async def keep(ledger: Ledger) -> None:
        assert await ledger.query(photo_queries.remembered, "key") is None
        await ledger.remember("key", "1")
        await ledger.remember("key", "2")

    async def recall(ledger: Ledger) -> str | None:
        return await ledger.query(photo_queries.remembered, "key")

    with_ledger(tmp_path, keep)
    assert with_ledger(tmp_path, recall) == "2"
