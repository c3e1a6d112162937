import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.core.errors import (
    DelayError,
    DiskError,
    LimitReachedError,
    NeverSentError,
    NotReadyError,
    PausedError,
    RemovalLockedError,
    ResultDamagedError,
    ThrottledError,
    UnapprovedError,
    UnreachableError,
)
from cutoutd.core.photo import UNTIL_SOMEBODY_ACTS_S, Wait, WaitKind
from cutoutd.pipeline.backoff import backoff, quick_repeats, wait_for_traces

NOW_S = 1000.0
KINDS = st.sampled_from([UnreachableError, NeverSentError, NotReadyError, DiskError, RemovalLockedError])
CHANCE = st.floats(0, 1, exclude_max=True)


def waited_s(error: DelayError, attempts: int, chance: float) -> float:
    return backoff(error, attempts, NOW_S, jitter=lambda: chance).until_s - NOW_S


@given(KINDS, st.integers(0, 10**9), CHANCE)
def test_no_outage_outlasts_patience(kind: type[DelayError], attempts: int, chance: float) -> None:
    """However often a step failed, there is a next time, within a quarter of an hour."""
    assert 0 <= waited_s(kind("no luck"), attempts, chance) <= 900


@given(st.integers(0, 10**6), CHANCE)
def test_an_outages_end_is_noticed_within_30_s(attempts: int, chance: float) -> None:
    """The wait and the time for a connection fit into half a minute, for as long as a try costs nothing."""
    assert waited_s(NeverSentError("no luck"), attempts, chance) <= 25
    assert waited_s(UnreachableError("no luck"), min(attempts, 59), chance) <= 25
    assert waited_s(UnreachableError("no luck"), attempts, chance) <= 420


@given(st.integers(0, 30), CHANCE)
def test_waits_grow(attempts: int, chance: float) -> None:
    """With the same luck, a later wait is never shorter; the first is at most 2 s."""
    error = UnreachableError("no luck")
    assert waited_s(error, 0, chance) <= 2
    assert waited_s(error, attempts, chance) <= waited_s(error, attempts + 1, chance) + 1e-6


def test_jitter_is_full() -> None:
    """Photos that failed together come back spread over the whole wait."""
    error = UnreachableError("no luck")
    assert waited_s(error, 10, 0.0) == 0
    assert waited_s(error, 10, 0.5) == pytest.approx(12.5)


@given(st.floats(0, 3600), st.integers(0, 100), CHANCE)
def test_the_services_wish_is_honoured(retry_after_s: float, attempts: int, chance: float) -> None:
    """Never sooner than asked for, and not much later."""
    waited = waited_s(ThrottledError("slow down", retry_after_s=retry_after_s), attempts, chance)
    assert retry_after_s - 1e-6 <= waited <= max(retry_after_s + 5, 0 if attempts < 12 else 420) + 1e-6


@given(st.floats(0.01, 60), st.integers(0, 1000), CHANCE)
def test_a_pause_is_no_try(left_s: float, attempts: int, chance: float) -> None:
    """A photo that meets a pause, so that nothing is sent, goes on soon after it, and counts it as no failed try."""
    wait = backoff(PausedError("asked for patience", retry_after_s=left_s), attempts, NOW_S, jitter=lambda: chance)
    assert wait.attempts == attempts
    assert left_s - 1e-6 <= wait.until_s - NOW_S <= left_s + max(1.0, min(left_s, 5.0)) + 1e-6


def test_a_wish_for_a_week_is_not() -> None:
    """A service that sends everybody away for ever is asked again after an hour."""
    assert waited_s(ThrottledError("go away", retry_after_s=604_800), 0, 0.0) == 3600


@pytest.mark.parametrize(
    ("error", "longest_s"),
    [(DiskError("full"), 30), (RemovalLockedError("locked"), 300)],
)
def test_what_does_not_pass_in_seconds_is_tried_less_often(error: DelayError, longest_s: float) -> None:
    """Each kind of delay has its longest wait."""
    assert waited_s(error, 11, 0.999) == pytest.approx(longest_s, rel=0.01)


def test_the_wait_tells_why() -> None:
    """What is stored says how often it was tried and what stood in the way."""
    wait = backoff(UnreachableError("api.test refused the connection"), 3, NOW_S)
    assert (wait.attempts, wait.reason) == (4, "api.test refused the connection")


@given(st.floats(0, 180), CHANCE)
def test_looks_for_a_lost_launch_stay_close_while_it_is_young(open_for_s: float, chance: float) -> None:
    """A rest is at least 2 s, and at most a quarter of the time since the launch, or 4 s."""
    rest_s = wait_for_traces(open_for_s, NOW_S, "looked for", jitter=lambda: chance).until_s - NOW_S
    assert 2 - 1e-6 <= rest_s <= max(4, open_for_s / 4) + 1e-6


def test_a_look_that_was_answered_ends_the_growth_of_waits() -> None:
    """The next trouble on the way is waited for as the third, not as the thirtieth."""
    answered = wait_for_traces(60.0, NOW_S, "looked for", jitter=lambda: 0.5)
    assert answered == Wait(WaitKind.RETRY, NOW_S + 11.25, 2, "looked for")
    assert waited_s(UnreachableError("no luck"), answered.failed_tries, 0.999) <= 8


@pytest.mark.parametrize(
    ("error", "attempts", "chance", "waited"),
    [
        (DiskError("full"), 0, 0.0, 0.0),
        (DiskError("full"), 99, 0.0, 0.0),
        (NotReadyError("not yet"), 11, 0.0, 0.0),
        (NotReadyError("not yet"), 12, 0.0, 12.5),
        (NotReadyError("not yet"), 13, 0.0, 25.0),
        (UnreachableError("cut off"), 59, 0.0, 0.0),
        (UnreachableError("cut off"), 60, 0.0, 12.5),
        (ResultDamagedError("no PNG"), 0, 0.0, 2.5),
        (ResultDamagedError("no PNG"), 0, 1.0, 5.0),
        (ResultDamagedError("no PNG"), 1, 0.0, 15.0),
        (ResultDamagedError("no PNG"), 9, 1.0, 600.0),
    ],
)
def test_a_billed_try_waits_for_some_time_after_many_others(
    error: DelayError, attempts: int, chance: float, waited: float
) -> None:
    """Only what costs nothing may come back in the same second: full jitter for it, half of the wait for the others."""
    assert waited_s(error, attempts, chance) == waited


def test_what_waits_for_a_day_or_a_person_says_so() -> None:
    """A limit names the moment at which it ends, a missing approval none; both name their reason, and are no tries."""
    held = backoff(LimitReachedError("limits.per_day", until_s=5000.0), 3, NOW_S)
    assert held == Wait(WaitKind.HELD, 5000.0, reason="limits.per_day")
    unapproved = backoff(UnapprovedError("400 photos"), 3, NOW_S)
    assert unapproved == Wait(WaitKind.UNAPPROVED, UNTIL_SOMEBODY_ACTS_S, reason="400 photos")


def test_questions_are_repeated_at_once_only_at_first() -> None:
    """In an outage that lasts, three operations would tell as much as one."""
    assert [quick_repeats(tries) for tries in (0, 5, 6, 7)] == [2, 2, 0, 0]
