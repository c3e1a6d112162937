"""The commands ``run`` and ``run --once`` as a process: signals, log lines, the progress bar."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from cutoutd.app.composition import open_service
from cutoutd.app.process import allow_open_files, disable_core_dumps, force_exit_after, limit_malloc_arenas
from cutoutd.app.reload import Reloader
from cutoutd.app.run_once import RunOutcome, work_off
from cutoutd.app.service import keep_serving
from cutoutd.cli.exit_codes import ExitCode
from cutoutd.cli.terminal import output_console
from cutoutd.cli.terminal.live_view import can_redraw, shown_below
from cutoutd.config.settings import Settings
from cutoutd.config.types.choices import LogLevel
from cutoutd.core.logs import configure_logging, flush_logs, printable, register_secret
from cutoutd.core.periodic import in_background
from cutoutd.core.photo import State
from cutoutd.monitoring.systemd_notify import notifier_from
from cutoutd.pipeline.scheduling.step_runner import RunCounts
from cutoutd.status.photo_counts import StateGroup
from cutoutd.status.status import Status, read_status

_REDRAW_EVERY_S = 0.1

#: Longest wait for threads at the end, when everything is stored and closed.
_THREADS_S = 0.5

#: Longest wait after a second signal, also for storing and closing.
_SECOND_SIGNAL_S = 2.0


async def run_daemon(
    settings: Settings,
    reread: Callable[[], Settings] | None = None,
    config_file: Path | None = None,
    *,
    is_last: bool = True,
) -> None:
    """Watch and process photos until SIGTERM or SIGINT; a second one does not wait for current requests.

    Args:
        settings: The first configuration.
        reread: The function that reads the configuration again, for a reload; None if it is not from a file.
        config_file: The file that ``reread`` reads.
        is_last: The program ends with it; False if work follows, such as the contact sheet of a trial.

    Raises:
        LedgerError, DiskError: The service could not start.
    """
    limit_malloc_arenas()
    allow_open_files()
    console = output_console()
    is_shown = can_redraw(console) and settings.log.format != "json"
    prepare = partial(_prepare, write=partial(_print, console) if is_shown else None)
    prepare(settings)
    reloader = Reloader(settings, reread, prepare, config_file)
    async with _live_view(console, reloader) if is_shown else nullcontext():
        with _stop_on_signal() as stop, _reload_on_hangup(reloader):
            await keep_serving(reloader, stop, notifier_from(os.environ))
        flush_logs()
    if is_last:
        force_exit_after(_THREADS_S, ExitCode.SUCCESS)


def _prepare(settings: Settings, write: Callable[[str], None] | None = None) -> None:
    _keep_secrets(settings)
    configure_logging(settings.log.level, settings.log.format, write)


def _live_view(console: Console, reloader: Reloader) -> AbstractAsyncContextManager[None]:
    """Show the numbers of ``status`` below the log lines, read from the ledger as that command does."""

    def read() -> Status:
        settings = reloader.settings
        return read_status(settings.state_dir, settings.limits, settings.price)

    return shown_below(console, read)


async def run_once(settings: Settings, *, is_last: bool = True) -> RunOutcome:
    """Process the photos that are there now, with a progress bar on a terminal, else with plain lines.

    Args:
        settings: The configuration.
        is_last: As for ``run_daemon``.

    Raises:
        LedgerError, DiskError: The service could not start.
    """
    allow_open_files()
    _keep_secrets(settings)
    with _stop_on_signal() as stop, _progress_bar() as bar:
        if bar.disable:
            configure_logging(settings.log.level, settings.log.format)
        else:
            configure_logging(_level_beside_bar(settings.log.level), "text", partial(_print, bar.console))
        async with open_service(settings) as service, _updating(bar, service.core.run_counts):
            outcome = await work_off(service, stop, _write_error)
        if stop.is_set() and is_last:
            force_exit_after(_THREADS_S, ExitCode.INTERRUPTED)
        return outcome


def _keep_secrets(settings: Settings) -> None:
    disable_core_dumps()
    register_secret(settings.uploadcare.secret_key.get_secret_value())


@contextmanager
def _stop_on_signal() -> Iterator[asyncio.Event]:
    loop, task, stop = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()

    def stop_or_cancel() -> None:
        if stop.is_set() and task is not None:
            force_exit_after(_SECOND_SIGNAL_S, ExitCode.INTERRUPTED)
            task.cancel()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_or_cancel)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextmanager
def _reload_on_hangup(reloader: Reloader) -> Iterator[None]:
    """Reload on SIGHUP, but not on a terminal, because there it means that the terminal is gone."""
    if sys.stdin is not None and sys.stdin.isatty():
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reloader.request_reload)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def _write_error(line: str) -> None:
    """Write a line to standard error; on a terminal it appears above the bar."""
    sys.stderr.write(f"{printable(line)}\n")
    sys.stderr.flush()


def _print(console: Console, line: str) -> None:
    """Print a line above the live view, without folding or colours, because names must stay fit to copy."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _level_beside_bar(level: LogLevel) -> LogLevel:
    """Return the level without lines about success, because the bar shows success."""
    return LogLevel.WARNING if level is LogLevel.INFO else level


@contextmanager
def _progress_bar() -> Iterator[Progress]:
    console = output_console()
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    with bar:
        yield bar


@asynccontextmanager
async def _updating(bar: Progress, counts: RunCounts) -> AsyncIterator[None]:
    line = bar.add_task("searching for photos", total=None)
    try:
        async with in_background(_keep_updating(bar, line, counts)):
            yield
    finally:
        _update_once(bar, line, counts)


async def _keep_updating(bar: Progress, line: TaskID, counts: RunCounts) -> None:
    while True:
        _update_once(bar, line, counts)
        await asyncio.sleep(_REDRAW_EVERY_S)


def _update_once(bar: Progress, line: TaskID, counts: RunCounts) -> None:
    bar.update(line, total=counts.met or None, completed=counts.finished, description=_counts_in_words(counts))


def _counts_in_words(counts: RunCounts) -> str:
    parts = [
        f"{counts.at(*group.states)} {group}"
        for group in (StateGroup.WAITING, StateGroup.AT_UPLOADCARE, StateGroup.PUBLISHED)
    ]
    if rejected_or_failed := counts.at(State.REJECTED, State.FAILED):
        parts.append(f"{rejected_or_failed} rejected or failed")
    return ", ".join(parts)
