"""The live views: ``status --watch``, ``history --follow``, and the summary below the log lines of ``run``.

The pauses grow with the time that reading takes, because more photos take longer. At most five percent of a core is
used.
"""

import asyncio
import json
import os
import select
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from cutoutd.cli.terminal.status_view import summary_of, view_of
from cutoutd.core.blocking import local_calls
from cutoutd.core.errors import CutoutdError
from cutoutd.core.periodic import in_background
from cutoutd.ledger import Event
from cutoutd.status.status import Status, status_as_json

ReadStatus = Callable[[], Status]

_READ_EVERY_S = 1.0
_PAUSE_PER_READING = 20
_EVENTS_AT_ONCE = 200

#: On top, because a view longer than the terminal is cut off below.
_HINT = Text("Ctrl-C leaves.\n", style="dim")


def can_redraw(console: Console) -> bool:
    """Return True if the console is a terminal that can be redrawn."""
    return console.is_terminal and not console.is_dumb_terminal


def watch(console: Console, read: ReadStatus) -> None:
    """Show the whole status until Ctrl-C or SIGTERM, then leave the last view behind. Blocking.

    The daemon may start and stop meanwhile. An error after the first view is shown, and reading goes on. Ctrl-C waits
    for the current reading; a second one does not.

    Raises:
        KeyboardInterrupt: Always, in the end.
        CutoutdError: The first reading failed.
    """
    view: RenderableType = view_of(read())
    live = Live(Group(_HINT, view), console=console, screen=True, auto_refresh=False)
    with _stop_signal() as is_stopped_within:
        try:
            live.start()  # no context manager, because one that is interrupted while it is entered is never left
            pause_s = 0.0
            while not is_stopped_within(pause_s):
                live.update(Group(_HINT, view), refresh=True)
                began_s = time.monotonic()
                view = _read_view(read)
                pause_s = _pause_s(time.monotonic() - began_s)
        finally:
            live.stop()
            console.print(view)
    raise KeyboardInterrupt


def watch_as_json(read: ReadStatus, write: Callable[[str], object]) -> None:
    """Write the status as a line of JSON every second until Ctrl-C or SIGTERM. Blocking.

    Raises:
        KeyboardInterrupt: Always, in the end.
        CutoutdError: A reading failed.
    """
    with _stop_signal() as is_stopped_within:
        pause_s = 0.0
        while not is_stopped_within(pause_s):
            began_s = time.monotonic()
            write(json.dumps(status_as_json(read())))
            pause_s = _pause_s(time.monotonic() - began_s)
    raise KeyboardInterrupt


def follow(
    read: Callable[[int], Sequence[Event]], show: Callable[[Sequence[Event]], None], shown: Sequence[Event]
) -> None:
    """Show new events every second until Ctrl-C or SIGTERM. Blocking.

    Args:
        read: Returns so many of the latest events, oldest first.
        show: Shows events.
        shown: The events that are shown already.

    Raises:
        KeyboardInterrupt: Always, in the end.
        CutoutdError: A reading failed.
    """
    last = shown[-1].id if shown else 0
    with _stop_signal() as is_stopped_within:
        while not is_stopped_within(_READ_EVERY_S):
            new = _events_after(last, read)
            show(new)
            last = new[-1].id if new else last
    raise KeyboardInterrupt


def _events_after(last: int, read: Callable[[int], Sequence[Event]]) -> list[Event]:
    number = _EVENTS_AT_ONCE
    while len(events := read(number)) == number and events[0].id > last:
        number *= 4  # because more happened since than was asked for
    return [event for event in events if event.id > last]


@asynccontextmanager
async def shown_below(console: Console, read: ReadStatus) -> AsyncIterator[None]:
    """Show a summary at the bottom of the terminal while the block runs; printed lines appear above it."""
    with Live(Text("starting", style="dim"), console=console, auto_refresh=False, transient=True) as live:
        async with in_background(_keep_showing(live, read)):
            yield


async def _keep_showing(live: Live, read: ReadStatus) -> None:
    while True:
        began_s = time.monotonic()
        with suppress(CutoutdError):  # because the log lines above tell errors of the ledger in better words
            status = await local_calls.run(read)
            live.update(summary_of(status), refresh=True)
        await asyncio.sleep(_pause_s(time.monotonic() - began_s))


def _read_view(read: ReadStatus) -> RenderableType:
    try:
        return view_of(read())
    except CutoutdError as error:
        return Text(f"{error.title}: {error.sentence}", style="yellow")


def _pause_s(took_s: float) -> float:
    return max(_READ_EVERY_S, took_s * _PAUSE_PER_READING)


@contextmanager
def _stop_signal() -> Iterator[Callable[[float], bool]]:
    """Wait for Ctrl-C or SIGTERM, because else the end of the process leaves a terminal without its cursor.

    A pipe carries the signal. An exception could get lost: Python drops it while it deletes an object. A lock in the
    handler could block for ever: the interrupted thread may hold it.
    """
    reading_end, writing_end = os.pipe()

    def is_stopped_within(wait_s: float) -> bool:
        return bool(select.select([reading_end], [], [], wait_s)[0])

    def stop(_number: int, _frame: FrameType | None) -> None:
        if is_stopped_within(0.0):
            raise KeyboardInterrupt
        os.write(writing_end, b"\0")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield is_stopped_within
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading_end)
        os.close(writing_end)
