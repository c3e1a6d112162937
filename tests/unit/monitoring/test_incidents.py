"""Incidents: which are news, which are over, and what a restart must not forget."""

from dataclasses import replace

from cutoutd.config.types.choices import NotifyReason
from cutoutd.monitoring.incidents import Incident, Notified

HELD = Incident(NotifyReason.HELD, "many", "approve them", 600, folder="shop")
HALT = Incident(NotifyReason.HALT, "refused", "look", 3)
LIMIT = Incident(NotifyReason.LIMIT, "3 in 2026-11-22", "wait", 5, until_s=1000.0)


def test_what_is_seen_no_more_is_over() -> None:
    """The same incident seen again is no news; gone and back it is. The number of photos does not make it another."""
    notified = Notified().with_incident(HELD)
    assert (
        Incident(NotifyReason.HELD, "more", "approve", 700, folder="shop").key
        in notified.without_past({HELD.key}, 0.0).open
    )
    assert notified.without_past(set(), 0.0).open == {}
    assert Incident(NotifyReason.HELD, "many", "approve them", 600, folder="people").key not in notified.open


def test_a_limit_lasts_as_long_as_its_period() -> None:
    """A restart lets its photos go for a moment, which does not make it over; the next day does."""
    notified = Notified().with_incident(LIMIT)
    assert LIMIT.key in notified.without_past(set(), 999.0).open
    assert notified.without_past({LIMIT.key}, 1000.0).open == {}


def test_a_limit_is_known_by_the_day_of_its_end() -> None:
    """Its sentence may be worded otherwise, and its end move with the clock; the limit of another day is news."""
    notified = Notified().with_incident(LIMIT)
    assert replace(LIMIT, sentence="the day holds no more than 3", until_s=995.0).key in notified.open
    assert replace(LIMIT, until_s=1000.0 + 86_400.0).key not in notified.open


def test_what_is_not_known_yet_is_not_over() -> None:
    """After a restart nobody knows whether a halt is over before something goes through."""
    notified = Notified().with_incident(HALT)
    assert HALT.key in notified.without_past(set(), 0.0, unknown={NotifyReason.HALT}).open
    assert notified.without_past(set(), 0.0).open == {}


def test_failures_are_gathered() -> None:
    """After a notice the next one comes an hour later, or at once when the clock was set back."""
    notified = Notified().with_failures(10.0, 5000.0)
    assert [notified.may_report_failures(now_s) for now_s in (5000.0, 8599.0, 8600.0, 4000.0)] == [
        False,
        False,
        True,
        True,
    ]


def test_what_was_told_outlives_a_restart() -> None:
    """It comes back as it was kept; what makes no sense is forgotten."""
    notified = Notified().with_incident(HELD).with_incident(LIMIT).with_failures(10.0, 20.0)
    assert Notified.from_json(notified.as_json()) == notified
    assert Notified.from_json(None) == Notified.from_json('{"open": 7}') == Notified()
