import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.core.photo import Identity, Photo, State, Wait, WaitKind
from cutoutd.pipeline.completion.poll_schedule import PollSchedule, next_poll_after_s
from cutoutd.uploadcare.responses import Progress, RemovalStatus
from support.ledgers import with_columns

LAUNCHED_AT_S = 1_790_000_000.0
BUSY = RemovalStatus(Progress.IN_PROGRESS)
UNKNOWN = RemovalStatus(Progress.UNKNOWN)
TIMES = st.lists(st.floats(0.01, 2000), max_size=200).map(sorted)
CHANCE = st.floats(0, 1, exclude_max=True)


def launched(photo_id: int = 1) -> Photo:
    identity = Identity("shop", "a.jpg", 1, 1, 1, 1)
    return with_columns(Photo(photo_id, identity, State.REMOVAL_STARTED, LAUNCHED_AT_S), request_id="r")


def asked(pace: PollSchedule, photo: Photo, removal: RemovalStatus, now_s: float) -> Photo:
    pace.on_poll_unfinished(photo, removal, now_s)
    return replace(photo, wait=pace.next_wait(photo, now_s))


def worked_off(pace: PollSchedule, photo_id: int, processing_s: float) -> tuple[int, float]:
    """One removal from its launch to its finish: how often it was asked about, and how long its finish went unseen."""
    photo = launched(photo_id)
    photo = replace(photo, wait=pace.first_wait(LAUNCHED_AT_S))
    while (now_s := photo.wait.until_s) < LAUNCHED_AT_S + processing_s:
        photo = asked(pace, photo, BUSY, now_s)
    pace.on_poll_success(photo, now_s)
    return photo.wait.attempts + 1, now_s - LAUNCHED_AT_S - processing_s


@given(TIMES, st.floats(0, 599), st.integers(1, 1000), CHANCE)
def test_steps_are_bounded(times_s: list[float], elapsed_s: float, polls: int, chance: float) -> None:
    """After the first question, the next is never more than 15 s away and never at once."""
    wait_s = next_poll_after_s(times_s, elapsed_s=elapsed_s, polls=polls, jitter=lambda: chance)
    assert 0.5 < wait_s <= 15


def test_the_first_question_comes_near_the_expected_finish() -> None:
    """When removals take 40 s, nobody asks after one."""
    times_s = [38.0 + number / 50 for number in range(200)]
    assert 39 < next_poll_after_s(times_s, elapsed_s=0, polls=0) < 41
    assert 9 < next_poll_after_s(times_s, elapsed_s=30, polls=0) < 11


def test_a_question_that_is_overdue_is_asked_at_once() -> None:
    """After a restart the first question does not wait for what should be over."""
    assert next_poll_after_s([2.0] * 10, elapsed_s=3600, polls=0) == 0


def test_those_that_take_longer_are_asked_by_their_own_kind() -> None:
    """One photo in five takes 20 s: once it has shown to be slow, it is asked when the slow ones are finished."""
    times_s = [2.0] * 160 + [12.0] * 40
    assert next_poll_after_s(times_s, elapsed_s=0, polls=0) == 2.0
    assert 7.5 < next_poll_after_s(times_s, elapsed_s=2.1, polls=1) < 10


def test_a_cold_start_asks_as_the_sdks_do() -> None:
    """Nothing is known yet: after 1 s, then 1.5 times as long each time, up to 15 s."""
    steps_s = [next_poll_after_s([], elapsed_s=1, polls=polls, jitter=lambda: 0.0) for polls in range(9)]
    assert steps_s[:3] == [1.0, 1.5, 2.25]
    assert steps_s[-1] == 15.0


@given(TIMES, st.floats(600, 1e6), st.integers(1, 10**6), CHANCE)
def test_after_the_time_out_it_is_asked_rarely(
    times_s: list[float], elapsed_s: float, polls: int, chance: float
) -> None:
    """A removal that hangs was paid for: it is looked after every 5 to 15 minutes, not dropped."""
    assert 300 <= next_poll_after_s(times_s, elapsed_s=elapsed_s, polls=polls, jitter=lambda: chance) <= 900


@pytest.mark.parametrize(
    ("mean_s", "spread", "polls_at_most", "unseen_at_most_s"),
    [(8.0, 0.0, 2.0, 0.5), (4.0, 0.3, 1.8, 1.5), (0.3, 0.3, 1.6, 0.5)],
)
def test_few_questions_and_short_silence(
    mean_s: float, spread: float, polls_at_most: float, unseen_at_most_s: float
) -> None:
    """On steady and on varying services: less than two questions for each removal, and finishes are seen soon."""
    chance = random.Random(1)  # noqa: S311  a simulation
    pace = PollSchedule(jitter=chance.random)
    seen = [worked_off(pace, number, mean_s * chance.lognormvariate(0, spread)) for number in range(600)][200:]
    assert sum(polls for polls, _ in seen) / len(seen) < polls_at_most
    assert sum(unseen_s for _, unseen_s in seen) / len(seen) < unseen_at_most_s


def test_a_service_that_becomes_faster_is_followed() -> None:
    """From 30 s to 3 s: after two hundred photos the wait is no longer that of the slow days."""
    chance = random.Random(2)  # noqa: S311  a simulation
    pace = PollSchedule([30.0] * 200, jitter=chance.random)
    seen = [worked_off(pace, number, 3.0) for number in range(500)]
    assert seen[0][1] > 20
    assert max(unseen_s for _, unseen_s in seen[-50:]) < 3


def test_a_service_that_becomes_slower_is_followed() -> None:
    """From 1 s to 20 s: soon nobody asks ten times any more."""
    pace = PollSchedule([1.0] * 200)
    seen = [worked_off(pace, number, 20.0) for number in range(400)]
    assert seen[0][0] > 4
    assert max(polls for polls, _ in seen[-50:]) <= 3


def test_a_finish_found_late_teaches_nothing() -> None:
    """After a night switched off, the time until the question is not the removal's."""
    pace = PollSchedule([2.0] * 10)
    photo = replace(launched(), wait=pace.first_wait(LAUNCHED_AT_S))
    for _ in range(20):
        pace.on_poll_success(photo, LAUNCHED_AT_S + 8 * 3600)
    assert pace.first_wait(0.0).until_s == 2.0


def test_a_short_removal_that_is_found_late_teaches_all_the_same() -> None:
    """A process that is killed every few seconds finds each finish late; a lost launch is not looked for a minute."""
    pace = PollSchedule()
    photo = replace(launched(), wait=Wait(WaitKind.POLL, LAUNCHED_AT_S + 1))
    assert pace.shown_after_s() == 60.0
    for _ in range(5):
        pace.on_poll_success(photo, LAUNCHED_AT_S + 8)
    assert 8.0 < pace.shown_after_s() < 20.0


def test_unknown_counts_only_when_often_and_long() -> None:
    """Right after a launch the service may not know the removal yet; five times over half a minute it means it."""
    pace = PollSchedule()
    photo = launched()
    for number in range(5):
        now_s = LAUNCHED_AT_S + number
        photo = asked(pace, photo, UNKNOWN, now_s)
        assert not pace.is_forgotten(photo, now_s)
    assert pace.is_forgotten(photo, LAUNCHED_AT_S + 31)
    lost = asked(pace, photo, UNKNOWN, LAUNCHED_AT_S + 31)
    assert lost.wait.until_s - LAUNCHED_AT_S > 300
    assert "does not know" in lost.wait.reason
    found = asked(pace, lost, BUSY, LAUNCHED_AT_S + 400)
    assert not pace.is_forgotten(found, LAUNCHED_AT_S + 400)


def test_four_unknowns_do_not_count_however_long_they_take() -> None:
    """Few questions far apart may each have met a lag."""
    pace = PollSchedule()
    photo = launched()
    for number in range(4):
        photo = asked(pace, photo, UNKNOWN, LAUNCHED_AT_S + 100 * number)
    assert not pace.is_forgotten(photo, LAUNCHED_AT_S + 500)


def test_an_overdue_removal_that_is_unknown_is_soon_known_as_forgotten() -> None:
    """After days switched off, or a clock set forward, five answers "unknown" take minutes and not an hour."""
    pace, now_s = PollSchedule(), LAUNCHED_AT_S + 3 * 86_400.0
    photo = launched()
    for _ in range(12):
        photo = asked(pace, photo, UNKNOWN, now_s)
        if pace.is_forgotten(photo, now_s):
            break
        now_s = photo.wait.until_s
    assert pace.is_forgotten(photo, now_s)
    assert now_s - LAUNCHED_AT_S - 3 * 86_400.0 < 300


def test_a_clock_set_back_does_no_harm() -> None:
    """A launch in the future is a launch just now."""
    wait = asked(PollSchedule([2.0] * 10), launched(), BUSY, LAUNCHED_AT_S - 3600).wait
    assert 0 < wait.until_s - (LAUNCHED_AT_S - 3600) <= 15


def test_the_wait_counts_the_questions() -> None:
    """They survive a restart, because the ledger stores them."""
    photo = replace(launched(), wait=Wait(WaitKind.POLL, 0.0, 3))
    assert asked(PollSchedule(), photo, BUSY, LAUNCHED_AT_S + 5).wait.attempts == 4


def test_no_removal_takes_less_than_no_time() -> None:
    """A clock set back in the moment of a poll: a time below zero would make the next start forget all times."""
    pace = PollSchedule()
    pace.on_poll_success(launched(), LAUNCHED_AT_S - 3600)
    assert list(pace.times.recent_s) == [0.0]
