"""Promises of progress: kept by rest, broken by silence."""

from cutoutd.core.heartbeat import PATIENCE_S, Heartbeats
from support.clocks import Clock


def test_silence_breaks_a_promise() -> None:
    """A loop that was to be heard of and was not is late; heard of again, it no longer is."""
    clock = Clock()
    pulses = Heartbeats(clock)
    pulses.beat("looking")
    clock.now_s += PATIENCE_S
    assert pulses.overdue() == ()
    clock.now_s += 1
    assert pulses.overdue() == ("looking",)
    pulses.beat("looking")
    assert pulses.overdue() == ()


def test_an_idle_night_breaks_none() -> None:
    """Rest that was announced does not count, however long it is."""
    clock = Clock()
    pulses = Heartbeats(clock)
    pulses.beat("looking", rest_s=86_400.0)
    clock.now_s += 86_400.0
    assert pulses.overdue() == ()


def test_a_step_has_its_time() -> None:
    """A step that outlasts it is late, one that ended is forgotten, well or not."""
    clock = Clock()
    pulses = Heartbeats(clock)
    with pulses.during("upload of photo 7", within_s=60.0):
        clock.now_s += 61.0
        assert pulses.overdue() == ("upload of photo 7",)
    assert pulses.overdue() == ()
