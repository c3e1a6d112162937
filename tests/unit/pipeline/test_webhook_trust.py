"""Whether announcements are relied on, and what follows for when removals are asked about."""

from dataclasses import replace

import pytest

from cutoutd.core.photo import Photo, State
from cutoutd.pipeline.completion.poll_schedule import PollSchedule, fallback_after_s
from cutoutd.pipeline.completion.webhook_trust import WebhookTrust, are_arriving
from support.ledgers import identity

STEADY = [4.0] * 20


def launched(at_s: float, photo_id: int = 1) -> Photo:
    return Photo(photo_id, identity(), State.REMOVAL_STARTED, at_s)


@pytest.mark.parametrize(
    ("outcomes", "are_relied_on"),
    [
        ([], True),
        ([False], True),
        ([False, False], True),
        ([False] * 3, False),
        ([True] * 7 + [False] * 3, False),
        ([True] * 8 + [False] * 2, True),
        ([False, True, False, True, True, True, True, True, True, True], True),
    ],
)
def test_three_misses_among_the_last_ten_are_no_accident(outcomes: list[bool], *, are_relied_on: bool) -> None:
    """One or two messages may be late; three say that they stopped."""
    assert are_arriving(outcomes) is are_relied_on


def test_nothing_is_relied_on_where_nothing_is_expected() -> None:
    """Without a webhook, or without a listener, removals are asked about as ever."""
    pace = PollSchedule(STEADY)
    usual = pace.first_wait(100.0)
    assert not pace.webhook_trust.is_trusted
    pace.webhook_trust.expect(100.0)
    assert pace.first_wait(100.0).until_s > usual.until_s
    pace.webhook_trust.expect_nothing()
    assert pace.first_wait(100.0) == usual


def test_trust_is_lost_and_won_by_what_happens() -> None:
    """Misses end it, announcements bring it back, by the same rule."""
    pace = PollSchedule(STEADY)
    pace.webhook_trust.expect(0.0)
    for number in range(3):
        assert pace.webhook_trust.is_trusted
        pace.on_poll_success(launched(10.0, number), 15.0)
    assert not pace.webhook_trust.is_trusted
    for number in range(8):
        assert not pace.webhook_trust.is_trusted
        pace.on_webhook(launched(10.0, number), 14.0)
    assert pace.webhook_trust.is_trusted


def test_what_was_launched_before_is_no_miss() -> None:
    """Removals of an earlier run may have been announced to nobody."""
    reliance = WebhookTrust()
    reliance.expect(100.0)
    for _ in range(10):
        reliance.record_missed(99.0)
    assert reliance.is_trusted


def test_judgement_begins_anew_with_a_new_webhook() -> None:
    """What was missed before it was mended is forgiven."""
    reliance = WebhookTrust()
    reliance.expect(0.0)
    for _ in range(10):
        reliance.record_missed(1.0)
    reliance.expect_nothing()
    reliance.expect(2.0)
    assert reliance.is_trusted


def test_the_fallback_comes_after_every_usual_time() -> None:
    """Well after the longest, by as much as times are spread; soon where they are not; bounded."""
    assert fallback_after_s(STEADY) == 6.0
    assert fallback_after_s([*STEADY[1:], 9.0]) == 14.0
    assert fallback_after_s([*STEADY[1:], 500.0]) == 530.0
    assert fallback_after_s([4.0]) == fallback_after_s([]) > 5.0


def test_times_are_learned_from_announcements() -> None:
    """They say exactly when a removal was finished; one before its launch was stored took no time."""
    pace = PollSchedule(jitter=lambda: 0.0)
    for number in range(9):
        pace.on_webhook(launched(100.0, number), 107.0)
    assert pace.usual_wait_s() == 7.0
    for number in range(200):
        pace.on_webhook(launched(100.0, number), 99.0)
    assert pace.usual_wait_s() == 0.0


def test_nothing_is_learned_where_the_launch_is_not_known() -> None:
    """The answer to a launch was lost, so nobody knows when its removal began."""
    pace = PollSchedule(STEADY)
    for number in range(200):
        pace.on_webhook(replace(launched(100.0, number), state=State.REMOVAL_INTENDED), 900.0)
    assert pace.usual_wait_s() == 4.0
