"""``run`` and ``run --once`` as a process: signals, log lines, the progress bar."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from cutoutd.app.composition import open_service
from cutoutd.app.process import disable_core_dumps, force_exit_after, limit_malloc_arenas
from cutoutd.app.reload import Reloader
from cutoutd.app.run_once import RunOutcome, work_off
from cutoutd.app.service import keep_serving
from cutoutd.cli.exit_codes import ExitCode
from cutoutd.cli.terminal.live_view import can_redraw, shown_below
from cutoutd.config.choices import LogLevel
from cutoutd.config.settings import Settings
from cutoutd.core.logs import configure_logging, flush_logs, printable, register_secret
from cutoutd.core.photo import State
from cutoutd.monitoring.systemd_notify import notifier_from
from cutoutd.pipeline.scheduling.run_counts import RunCounts
from cutoutd.status.photo_counts import StateGroup
from cutoutd.status.status import Status, read_status

_REDRAW_EVERY_S = 0.1

#: All is stored and closed: threads that are still at work get no longer...
_THREADS_S = 0.5

#: ...and a second signal waits no longer even for that.
_AT_ONCE_S = 2.0


async def run_daemon(settings: Settings, reread: Callable[[], Settings] | None = None) -> None:
    """Watch and work until SIGTERM or SIGINT; a second one does not wait for requests under way.

    Args:
        settings: what it begins with.
        reread: reads the configuration anew, for a reload; None, it does not come from a file.

    Raises:
        LedgerError, DiskError: it could not start.
    """
    limit_malloc_arenas()
    console = Console()
    is_shown = can_redraw(console) and settings.log.format != "json"
    prepare = partial(_prepare, write=partial(_print, console) if is_shown else None)
    prepare(settings)
    reloading = Reloader(settings, reread, prepare)
    async with _looking_on(console, reloading) if is_shown else nullcontext():
        with _stop_on_signal() as stop, _reload_on_hangup(reloading):
            await keep_serving(reloading, stop, notifier_from(os.environ))
        flush_logs()
    force_exit_after(_THREADS_S, ExitCode.WELL)


def _prepare(settings: Settings, write: Callable[[str], None] | None = None) -> None:
    _keep_secrets(settings)
    configure_logging(settings.log.level, settings.log.format, write)


def _looking_on(console: Console, reloading: Reloader) -> AbstractAsyncContextManager[None]:
    """What ``status`` would say, below the lines: from the ledger as anybody would read it."""

    def look() -> Status:
        settings = reloading.settings
        return read_status(settings.state_dir, settings.limits, settings.price)

    return shown_below(console, look)


async def run_once(settings: Settings) -> RunOutcome:
    """Work off what is there: with a progress bar on a terminal, with plain lines elsewhere.

    Raises:
        LedgerError, DiskError: it could not start.
    """
    _keep_secrets(settings)
    with _stop_on_signal() as stop, _progress_bar() as bar:
        if bar.disable:
            configure_logging(settings.log.level, settings.log.format)
        else:
            configure_logging(_quiet(settings.log.level), "text", partial(_print, bar.console))
        async with open_service(settings) as service, _drawing(bar, service.run_counts):
            outcome = await work_off(service, stop, _write_error)
        if stop.is_set():
            force_exit_after(_THREADS_S, ExitCode.INTERRUPTED)
        return outcome


def _keep_secrets(settings: Settings) -> None:
    disable_core_dumps()
    register_secret(settings.uploadcare.secret_key.get_secret_value())


@contextmanager
def _stop_on_signal() -> Iterator[asyncio.Event]:
    loop, task, stop = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()

    def stop_or_leave() -> None:
        if stop.is_set() and task is not None:
            force_exit_after(_AT_ONCE_S, ExitCode.INTERRUPTED)
            task.cancel()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_or_leave)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextmanager
def _reload_on_hangup(reloading: Reloader) -> Iterator[None]:
    """SIGHUP is how daemons have always been told; on a terminal it means that the terminal is gone."""
    if sys.stdin is not None and sys.stdin.isatty():
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reloading.request_reload)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def _write_error(line: str) -> None:
    """Where standard output is a terminal, this comes out above the bar."""
    sys.stderr.write(f"{printable(line)}\n")
    sys.stderr.flush()


def _print(console: Console, line: str) -> None:
    """Above what is drawn, as it stands: no folding, so that names can be copied, and no colours found in them."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _quiet(level: LogLevel) -> LogLevel:
    """The bar tells what goes well; lines are for what does not."""
    return LogLevel.WARNING if level is LogLevel.INFO else level


@contextmanager
def _progress_bar() -> Iterator[Progress]:
    console = Console()
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    with bar:
        yield bar


@asynccontextmanager
async def _drawing(bar: Progress, tally: RunCounts) -> AsyncIterator[None]:
    line = bar.add_task("looking for photos", total=None)
    drawing = asyncio.create_task(_draw(bar, line, tally))
    try:
        yield
    finally:
        drawing.cancel()
        with suppress(asyncio.CancelledError):
            await drawing
        _draw_once(bar, line, tally)


async def _draw(bar: Progress, line: TaskID, tally: RunCounts) -> None:
    while True:
        _draw_once(bar, line, tally)
        await asyncio.sleep(_REDRAW_EVERY_S)


def _draw_once(bar: Progress, line: TaskID, tally: RunCounts) -> None:
    bar.update(line, total=tally.met or None, completed=tally.finished, description=_numbers(tally))


def _numbers(tally: RunCounts) -> str:
    parts = [
        f"{tally.at(*group.states)} {group}"
        for group in (StateGroup.WAITING, StateGroup.AT_UPLOADCARE, StateGroup.PUBLISHED)
    ]
    if troubled := tally.at(State.REJECTED, State.FAILED):
        parts.append(f"{troubled} rejected or failed")
    return ", ".join(parts)
