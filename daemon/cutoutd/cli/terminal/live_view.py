"""Looking again and again: ``status --watch``, and what ``run`` shows below its log lines on a terminal.

It owns the terminal while it looks and gives it back as it was. What is drawn is ``screens``' business. Looking takes
the longer the more photos there are, so the pauses do too: at most five percent of a core goes into it.
"""

import asyncio
import os
import select
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from cutoutd.cli.terminal.status_view import glance_of, view_of
from cutoutd.core.errors import CutoutdError
from cutoutd.status.status import Status

Look = Callable[[], Status]

_LOOK_EVERY_S = 1.0
_REST_PER_LOOK = 20

#: On top, because what is longer than the terminal is cut off below.
_HINT = Text("Ctrl-C leaves.\n", style="dim")


def can_redraw(console: Console) -> bool:
    """Whether there is a terminal on which something can be drawn over."""
    return console.is_terminal and not console.is_dumb_terminal


def watch(console: Console, look: Look) -> None:
    """Show the whole status until Ctrl-C or SIGTERM, then leave its last look behind. Blocking.

    The daemon may start and stop meanwhile; trouble after the first look is shown, and looked past. A look under way
    is awaited; a second Ctrl-C does not wait for it.

    Raises:
        KeyboardInterrupt: always, in the end.
        CutoutdError: the very first look was not possible.
    """
    view: RenderableType = view_of(look())
    live = Live(Group(_HINT, view), console=console, screen=True, auto_refresh=False)
    with _told_to_leave() as is_told_within:
        try:
            live.start()  # not as a context: interrupted in the middle of its entry, it would never be left
            rest_s = 0.0
            while not is_told_within(rest_s):
                live.update(Group(_HINT, view), refresh=True)
                began_s = time.monotonic()
                view = _looked(look)
                rest_s = _rest_s(time.monotonic() - began_s)
        finally:
            live.stop()
            console.print(view)
    raise KeyboardInterrupt


@asynccontextmanager
async def shown_below(console: Console, look: Look) -> AsyncIterator[None]:
    """Keep a short look at the bottom of the terminal while the block runs; what is printed comes above it."""
    with Live(Text("starting", style="dim"), console=console, auto_refresh=False, transient=True) as live:
        looking = asyncio.create_task(_keep_showing(live, look))
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


async def _keep_showing(live: Live, look: Look) -> None:
    while True:
        began_s = time.monotonic()
        with suppress(CutoutdError):  # what is wrong with the ledger stands in the lines above, in better words
            status = await asyncio.to_thread(look)
            live.update(glance_of(status), refresh=True)
        await asyncio.sleep(_rest_s(time.monotonic() - began_s))


def _looked(look: Look) -> RenderableType:
    try:
        return view_of(look())
    except CutoutdError as error:
        return Text(f"{error.title}: {error.sentence}", style="yellow")


def _rest_s(took_s: float) -> float:
    return max(_LOOK_EVERY_S, took_s * _REST_PER_LOOK)


@contextmanager
def _told_to_leave() -> Iterator[Callable[[float], bool]]:
    """Waits for Ctrl-C or SIGTERM: being ended must not leave a terminal without its cursor.

    An exception instead is lost whenever the signal comes while Python clears an object away, and a lock that a
    handler wants may be held by the very thread it interrupts. A pipe knows neither.
    """
    told, tell = os.pipe()

    def is_told_within(wait_s: float) -> bool:
        return bool(select.select([told], [], [], wait_s)[0])

    def leave(_number: int, _frame: FrameType | None) -> None:
        if is_told_within(0.0):
            raise KeyboardInterrupt
        os.write(tell, b"\0")

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield is_told_within
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(told)
        os.close(tell)
