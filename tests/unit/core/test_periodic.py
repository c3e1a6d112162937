"""The loop of background tasks goes on after errors and rests as it is told; promises of progress are kept by rest."""

import asyncio

import pytest

from cutoutd.core.errors import CutoutdError, DiskError
from cutoutd.core.periodic import PATIENCE_S, Heartbeats, every
from support.clocks import Clock

STOP = RuntimeError("enough")


def test_a_failed_look_is_told_and_the_next_one_comes() -> None:
    """Only errors of cutoutd are told; a fault in the program ends the loop."""
    looks, errors = iter([DiskError("full"), None, DiskError("still full"), STOP]), list[CutoutdError]()

    async def look() -> None:
        if (error := next(looks)) is not None:
            raise error

    with pytest.raises(RuntimeError, match="enough"):
        asyncio.run(every(0.0, look, errors.append))
    assert [error.sentence for error in errors] == ["full", "still full"]


def test_without_a_listener_an_error_ends_the_loop() -> None:
    """A look that tells of its own errors needs no listener."""

    async def look() -> None:
        raise DiskError("full")

    with pytest.raises(DiskError):
        asyncio.run(every(0.0, look))


def test_the_rest_is_asked_for_after_each_look() -> None:
    """So trouble can make it longer."""
    story: list[str] = []

    async def look() -> None:
        story.append("look")
        if len(story) > 4:
            raise STOP

    def rest_s() -> float:
        story.append("rest")
        return 0.0

    with pytest.raises(RuntimeError, match="enough"):
        asyncio.run(every(rest_s, look))
    assert story == ["look", "rest", "look", "rest", "look"]


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
