"""Patience that was asked for holds for every request of its kind, and for no other."""

import time

import pytest

from cutoutd.core.errors import PausedError, ThrottledError, UnreachableError
from cutoutd.uploadcare.connections import RequestKind, Throttle
from support.clocks import Clock


@pytest.fixture
def pauses(clock: Clock) -> Throttle:
    return Throttle(clock)


def refuse(pauses: Throttle, traffic: RequestKind, retry_after_s: float) -> None:
    with pytest.raises(ThrottledError, match="429"), pauses.obey(traffic):
        raise ThrottledError("429", retry_after_s=retry_after_s)


def test_a_refusal_holds_for_all_of_its_kind(pauses: Throttle, clock: Clock) -> None:
    """Until the time is over nothing of the kind is sent; what would be is told for how long; others go on."""
    refuse(pauses, RequestKind.CALLS, 40)
    clock.now_s += 10
    with pytest.raises(PausedError) as caught, pauses.obey(RequestKind.CALLS):
        pytest.fail("it was sent all the same")
    assert caught.value.retry_after_s == 30
    assert pauses.remaining_s(RequestKind.UPLOADS) == 0
    with pauses.obey(RequestKind.UPLOADS):
        pass
    clock.now_s += 30
    with pauses.obey(RequestKind.CALLS):
        pass


def test_ends_are_told_while_they_last(pauses: Throttle, clock: Clock) -> None:
    """In everybody's time, and only of what is paused."""
    assert pauses.ends() == {}
    before_s = time.time()
    refuse(pauses, RequestKind.DOWNLOADS, 40)
    ends = pauses.ends()
    assert set(ends) == {"downloads"}
    assert before_s + 39 <= ends["downloads"] <= time.time() + 41
    clock.now_s += 40
    assert pauses.ends() == {}


def test_what_is_not_sent_prolongs_nothing(pauses: Throttle, clock: Clock) -> None:
    """Only Uploadcare's own word counts, and of two the longer one."""
    refuse(pauses, RequestKind.UPLOADS, 60)
    clock.now_s += 20
    for _ in range(3):
        with pytest.raises(ThrottledError), pauses.obey(RequestKind.UPLOADS):
            pass
    assert pauses.remaining_s(RequestKind.UPLOADS) == 40


def test_other_trouble_pauses_nobody(pauses: Throttle) -> None:
    """A connection that breaks says nothing about the next one."""
    with pytest.raises(UnreachableError), pauses.obey(RequestKind.DOWNLOADS):
        raise UnreachableError("it broke off")
    assert pauses.remaining_s(RequestKind.DOWNLOADS) == 0


def test_a_wish_for_a_week_is_not_honoured(pauses: Throttle) -> None:
    """A service that sends everybody away for ever is asked again after an hour."""
    refuse(pauses, RequestKind.DOWNLOADS, 604_800)
    assert pauses.remaining_s(RequestKind.DOWNLOADS) == 3600


def test_a_pause_is_told_once(pauses: Throttle, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """However many requests meet it, one line says that all wait."""
    with pytest.raises(ThrottledError), pauses.obey(RequestKind.UPLOADS), pauses.obey(RequestKind.UPLOADS):
        raise ThrottledError("host asks for 9 s of patience", retry_after_s=9)  # both were sent before
    assert caplog.messages == [
        "host asks for 9 s of patience; all uploads wait that long, and then go on by themselves"
    ]
