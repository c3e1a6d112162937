"""Standing still for a named reason, and going on by itself."""

import logging
from dataclasses import replace

import pytest

from cutoutd.core.errors import AccountBlockedError, KeysRefusedError
from cutoutd.core.photo import Photo, State, Wait, WaitKind
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from support.clocks import Clock
from support.ledgers import identity

REFUSED = KeysRefusedError("401")


@pytest.fixture
def halt(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def test_nothing_stands_still_at_first(halt: CircuitBreaker) -> None:
    """Without a refusal everything may be sent, and an end that ends nothing is harmless."""
    halt.close()
    assert halt.error is None
    assert halt.probe_in_s == 0
    assert halt.probe_states == ()


def test_probes_grow_rare(halt: CircuitBreaker, clock: Clock) -> None:
    """The first probe comes after a minute, each further no doubles that, up to a quarter of an hour."""
    waits = []
    for _ in range(6):
        halt.open(REFUSED, State.UPLOADED)
        waits.append(halt.probe_in_s)
        clock.now_s += halt.probe_in_s
        assert halt.probe_in_s == 0
    assert waits == [60, 120, 240, 480, 900, 900]


def test_steps_that_were_under_way_change_nothing(halt: CircuitBreaker, clock: Clock) -> None:
    """Further refusals before the next probe neither delay it nor move the place where it is made."""
    halt.open(REFUSED, State.UPLOADED)
    clock.now_s += 10
    halt.open(AccountBlockedError("blocked"), State.ACCEPTED)
    assert halt.probe_in_s == 50
    assert halt.error is REFUSED
    assert halt.probe_states == (State.ACCEPTED, State.UPLOADED)


def test_a_halt_is_told_once_at_each_end(halt: CircuitBreaker, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """However many steps are refused, one line says what is the matter and what to do, and one that it is over."""
    caplog.set_level(logging.INFO, "cutoutd")
    for _ in range(3):
        halt.open(REFUSED, State.UPLOADED)
        clock.now_s += halt.probe_in_s
    halt.close()
    halt.close()
    assert [record.action for record in caplog.records] == ["halted", "resumed"]
    assert "secret key" in caplog.messages[0]


@pytest.mark.parametrize(
    ("at", "to", "is_over"),
    [
        (State.ACCEPTED, State.UPLOADED, True),
        (State.ACCEPTED, State.PUBLISHED, False),  # a free reuse
        (State.ACCEPTED, State.SUPERSEDED, False),
        (State.UPLOADED, State.REMOVAL_STARTED, True),
        (State.UPLOADED, State.ACCEPTED, False),  # the upload had expired
        (State.UPLOADED, State.PUBLISHED, False),
        (State.REMOVAL_STARTED, State.REMOVAL_STARTED, True),  # it was asked, and is not finished yet
        (State.REMOVAL_FINISHED, State.PUBLISHED, True),
        (State.REMOVAL_FINISHED, State.SUPERSEDED, False),
    ],
)
def test_only_what_went_through_the_refused_step_ends_it(
    halt: CircuitBreaker, at: State, to: State, *, is_over: bool
) -> None:
    """A photo that took a way on which nothing was asked of Uploadcare shows nothing."""
    halt.open(REFUSED, at)
    before = Photo(1, identity(), at, 0.0)
    assert halt.is_over(before, replace(before, state=to)) is is_over
    assert not halt.is_over(before, replace(before, state=to, wait=Wait(WaitKind.RETRY, 1.0, 1, "no connection")))
    elsewhere = replace(before, state=State.DISCOVERED)
    assert not halt.is_over(elsewhere, replace(elsewhere, state=to))


def test_the_next_halt_begins_anew(halt: CircuitBreaker, clock: Clock) -> None:
    """After an end the first probe is early again."""
    for _ in range(3):
        halt.open(REFUSED, State.UPLOADED)
        clock.now_s += halt.probe_in_s
    halt.close()
    assert (halt.error, halt.probe_in_s) == (None, 0)
    halt.open(REFUSED, State.ACCEPTED)
    assert halt.probe_in_s == 60
