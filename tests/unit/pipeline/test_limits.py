"""Limits: what they allow, until when they hold photos back, and in which words."""

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.config.settings import Limits
from cutoutd.core.errors import DiskError, LimitReachedError
from cutoutd.ledger import LaunchCounts
from cutoutd.pipeline.budget.limits import require_free, require_within, room_within


def spent(day: date, today: int, this_month: int) -> LaunchCounts:
    return LaunchCounts(day, today, this_month, ahead=0)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 60), st.integers(0, 60), st.integers(1, 5))
def test_a_limit_is_used_up_and_never_overrun(per_day: int, per_month: int, today: int, more: int, wanted: int) -> None:
    """As many as both limits leave are allowed, and not one more."""
    limits = Limits(per_day=per_day, per_month=per_month)
    is_allowed = today + wanted <= per_day and today + more + wanted <= per_month
    try:
        require_within(limits, spent(date(2026, 11, 22), today, today + more), wanted=wanted)
    except LimitReachedError:
        assert not is_allowed
    else:
        assert is_allowed


@pytest.mark.parametrize(
    ("limits", "day", "resume"),
    [
        (Limits(per_day=7), date(2026, 11, 22), date(2026, 11, 23)),
        (Limits(per_day=7), date(2026, 12, 31), date(2027, 1, 1)),
        (Limits(per_month=7), date(2026, 11, 22), date(2026, 12, 1)),
        (Limits(per_month=7), date(2027, 1, 31), date(2027, 2, 1)),
        (Limits(per_day=7, per_month=7), date(2026, 12, 1), date(2027, 1, 1)),
    ],
)
def test_a_reached_limit_names_itself_and_when_it_goes_on(limits: Limits, day: date, resume: date) -> None:
    """The sentence has the key, the number and the date; the wait ends when that date begins on this machine."""
    with pytest.raises(LimitReachedError) as reached:
        require_within(limits, spent(day, 7, 7), wanted=1)
    key = "limits.per_month" if limits.per_month else "limits.per_day"
    for words in (key, "7 removals", f"waits until {resume}"):
        assert words in reached.value.sentence
    assert reached.value.until_s == datetime(resume.year, resume.month, resume.day).astimezone().timestamp()


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (
            Limits(per_day=1),
            "limits.per_day allows 1 removal on 2026-11-22, and none is left; the rest waits until 2026-11-23",
        ),
        (
            Limits(per_month=1000),
            "limits.per_month allows 1,000 removals in 2026-11, and none is left; the rest waits until 2026-12-01",
        ),
    ],
)
def test_a_reached_limit_reads_as_people_write(limits: Limits, sentence: str) -> None:
    """One removal is singular, thousands are grouped, and a day is a date."""
    with pytest.raises(LimitReachedError) as reached:
        require_within(limits, spent(date(2026, 11, 22), 1000, 1000), wanted=1)
    assert reached.value.sentence == sentence


@pytest.mark.parametrize(
    ("limits", "ahead", "room"),
    [
        (Limits(), 10**6, None),
        (Limits(per_day=7), 1, 3),
        (Limits(per_day=7, per_month=9), 1, 1),
        (Limits(per_month=7), 3, 0),
    ],
)
def test_room_is_what_the_narrower_limit_leaves(limits: Limits, ahead: int, room: int | None) -> None:
    """Launches made and photos ahead of theirs take it up; it is never less than nothing."""
    assert room_within(limits, LaunchCounts(date(2026, 11, 22), 3, 7, ahead=ahead)) == room


def test_no_limit_is_no_limit() -> None:
    """Left out, nothing is limited."""
    require_within(Limits(), spent(date(2026, 11, 22), 10**6, 10**6), wanted=10**6)


def test_a_disk_short_of_room_is_named(tmp_path: Path) -> None:
    """Too little room, or a place that is not there, is a trouble that may pass, told with the place and the key."""
    require_free([tmp_path], 1)
    with pytest.raises(DiskError, match=rf"{tmp_path} has [\d,]+ MB of free space.*limits.min_free_space"):
        require_free([tmp_path], 10**18)
    with pytest.raises(DiskError, match="cannot be written"):
        require_free([tmp_path / "gone"], 1)
