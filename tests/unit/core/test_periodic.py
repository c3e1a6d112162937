"""The loop of background tasks: it goes on after errors, and rests as long as it is told."""

import asyncio

import pytest

from cutoutd.core.errors import CutoutdError, DiskError
from cutoutd.core.periodic import every

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
