"""The loop of a background task: look, rest, look again, until cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from cutoutd.core.errors import CutoutdError


async def every(
    interval_s: float | Callable[[], float],
    look: Callable[[], Awaitable[object]],
    on_error: Callable[[CutoutdError], None] | None = None,
) -> NoReturn:
    """Look again and again until cancelled, with a rest after each look.

    Args:
        interval_s: the rest; a function is asked after each look.
        look: one look; the loop ignores its result.
        on_error: tells of a failed look, and the loop goes on. Without it, the error ends the loop.
    """
    while True:
        try:
            await look()
        except CutoutdError as error:  # all of them, because the next look may succeed, else the loop would end here
            if on_error is None:
                raise
            on_error(error)
        await asyncio.sleep(interval_s() if callable(interval_s) else interval_s)
