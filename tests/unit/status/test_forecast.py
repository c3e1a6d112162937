"""The pace, and when all will be done: the arithmetic, its words, and what the ledger is asked for it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.config.settings import Limits
from cutoutd.core.photo import State, Wait, WaitKind
from cutoutd.ledger import Ledger, read_ledger
from cutoutd.ledger.queries import monitoring
from cutoutd.status.forecast import (
    NO_FORECAST,
    RECENT_S,
    Forecast,
    OpenWork,
    RecentlyPublished,
    forecast,
    forecast_in_words,
    moment_in_words,
    rate_in_words,
)
from cutoutd.status.status import read_status
from support.ledgers import identity, in_database, photo_at, plan_of, with_ledger

NOW_S = 1_000_000.0
STEADY = RecentlyPublished(photos=101, first_at_s=NOW_S - 60)  #: a hundred a minute
WORK = OpenWork(under_way=500, to_launch=400, held=0)


def test_the_pace_is_measured_from_the_first_publication_of_the_last_minutes() -> None:
    """Neither an idle night before it nor the wait for the first removal makes it look slow."""
    assert forecast(WORK, STEADY, NOW_S).per_minute == pytest.approx(100)
    since_long = RecentlyPublished(photos=501, first_at_s=NOW_S - RECENT_S)
    assert forecast(WORK, since_long, NOW_S).per_minute == pytest.approx(100)


@pytest.mark.parametrize(
    "lately",
    [
        RecentlyPublished(0, None),
        RecentlyPublished(2, NOW_S - 60),
        RecentlyPublished(50, NOW_S - 1),
        RecentlyPublished(50, NOW_S + 3600),
    ],
)
def test_too_few_publications_say_nothing(lately: RecentlyPublished) -> None:
    """Neither do those of a moment, nor those of a clock that was set back since."""
    found = forecast(WORK, lately, NOW_S)
    assert (found.per_minute, found.finish_at_s) == (None, None)
    assert found.to_do == 500


def test_all_are_done_after_as_many_minutes_as_the_pace_takes() -> None:
    """Photos at Uploadcare count as those that wait to be sent."""
    assert forecast(WORK, STEADY, NOW_S).finish_at_s == pytest.approx(NOW_S + 300)


def test_nothing_is_done_faster_than_it_may_be_launched() -> None:
    """Reuse is fast and says nothing of photos that are paid for; after them the launch rate is what holds up."""
    slow = replace(WORK, launches_per_minute=10.0)
    assert forecast(slow, STEADY, NOW_S).finish_at_s == pytest.approx(NOW_S + 2400)


def test_what_waits_for_a_person_or_another_day_is_left_over() -> None:
    """It is not part of what is expected, whether it is held already or will be."""
    found = forecast(replace(WORK, held=100, launches_left=50), STEADY, NOW_S)
    assert (found.to_do, found.left_over) == (150, 350)
    assert found.finish_at_s == pytest.approx(NOW_S + 90)


def test_a_service_that_stands_still_finishes_at_no_time() -> None:
    """The numbers stay, the moment goes."""
    found = forecast(replace(WORK, is_stopped=True), STEADY, NOW_S)
    assert (found.to_do, found.finish_at_s) == (500, None)


def test_nothing_to_do_has_no_end() -> None:
    """An end in the past would read like a promise."""
    assert forecast(OpenWork(0, 0, 0), STEADY, NOW_S).finish_at_s is None
    assert forecast(OpenWork(5, 5, 5), STEADY, NOW_S).finish_at_s is None


def test_it_is_said_in_words() -> None:
    """One sentence, without what is not known."""
    assert forecast_in_words(NO_FORECAST, NOW_S) == ""
    assert forecast_in_words(Forecast(14.23, 0, 0, None), NOW_S) == "14.2 a minute published"
    soon = Forecast(1200.0, 1, 0, NOW_S + 5)
    assert forecast_in_words(soon, NOW_S) == "1,200 a minute published; the last one expected within a minute"
    assert rate_in_words(0.5) == "30 an hour"


@pytest.mark.parametrize(
    ("in_s", "words"), [(59, "within a minute"), (3 * 86_400, r"on \w+day at \d\d:\d\d"), (30 * 86_400, r"on 1970-\S+")]
)
def test_a_moment_is_as_exact_as_it_is_known(in_s: float, words: str) -> None:
    """A weekday is enough for this week, a date for later."""
    assert re.fullmatch(words, moment_in_words(NOW_S + in_s, NOW_S))


def test_status_forecasts_from_the_ledger(tmp_path: Path) -> None:
    """Published lately counts, published long ago does not; what is held is left over."""

    async def scene(ledger: Ledger) -> None:
        for name in ("old", "a", "b", "c"):
            await photo_at(ledger, State.PUBLISHED, identity(f"{name}.jpg"))
        await photo_at(ledger, State.REMOVAL_STARTED, identity("running.jpg"))
        for name, wait in (
            ("held", Wait(WaitKind.HELD, 5, 1, "a limit")),
            ("away", Wait(WaitKind.UNAVAILABLE, 5, 1, "away")),
        ):
            await ledger.postpone(await photo_at(ledger, State.ACCEPTED, identity(f"{name}.jpg")), wait)

    with_ledger(tmp_path, scene)
    in_database(tmp_path, "UPDATE photos SET state_at_s = state_at_s - 60 WHERE path = 'a.jpg'")
    in_database(tmp_path, "UPDATE photos SET state_at_s = state_at_s - 86400 WHERE path = 'old.jpg'")
    found = read_status(tmp_path, Limits()).forecast
    assert found.per_minute == pytest.approx(2, rel=0.5)
    assert (found.to_do, found.left_over, found.finish_at_s) == (1, 2, None)


def test_the_forecast_s_questions_read_small_indices_only(tmp_path: Path) -> None:
    """It is asked all the time, with a million photos too."""
    with_ledger(tmp_path, lambda ledger: photo_at(ledger, State.PUBLISHED))
    with read_ledger(tmp_path) as view:
        published = plan_of(view, lambda asked: monitoring.published_since(asked, 5.0))
        assert published == "SEARCH photos USING INDEX gallery (code=? AND state_at_s>?)"
        assert plan_of(view, monitoring.unavailable_count).startswith("SEARCH photos USING COVERING INDEX delayed_")
