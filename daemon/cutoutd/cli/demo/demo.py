"""``cutoutd try``: the whole main job on this machine, against the sandbox; no account, no configuration.

Only the service is simulated, by a sandbox process. The configuration is a real one, and photos pass the same steps as
with an account.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from cutoutd.app.run_once import RunOutcome
from cutoutd.cli.demo.contact_sheet import MAX_PAIRS, SheetPair, draw_contact_sheet
from cutoutd.cli.demo.trial import Trial, command_line, prepare_trial, trial_errors, write_settings
from cutoutd.cli.process import run_daemon, run_once
from cutoutd.cli.run import show_outcome
from cutoutd.config.settings import Settings
from cutoutd.core.blocking import local_calls
from cutoutd.core.errors import CutoutdError
from cutoutd.core.photo import Photo, State
from cutoutd.ledger import read_ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.web.access.link import links_to_page

_SANDBOX_READY = "sandbox ready at "
_SANDBOX_START_S = 30.0
_LINK_EVERY_S = 0.5

#: More reasons would fill a terminal.
_MAX_REASONS = 20


class SandboxMissingError(CutoutdError):
    """The sandbox cannot be started here."""

    title = "The sandbox is not available"
    default_advice = "Install it from the source folder with: pip install '.[sandbox]'"


async def try_photos(
    photos: Path | None, sandbox_options: Sequence[str], *, is_staying: bool, show: Callable[[str], None]
) -> RunOutcome:
    """Run once over every photo and draw the contact sheet; with ``is_staying``, go on watching.

    Raises:
        SandboxMissingError: The sandbox cannot be started.
        TrialError: A file of the trial cannot be read or written.
    """
    require_sandbox()
    trial = await local_calls.run(prepare_trial, photos, show)
    show(f"photos:        {trial.photos}\ncutouts:       {trial.cutouts}")
    async with _sandbox_for(trial, sandbox_options) as settings:
        outcome = await run_once(settings, is_last=False)
        for line in await local_calls.run(_results, trial, settings, is_idle=outcome.is_idle):
            show(line)
        if outcome.is_interrupted:
            return outcome
        if is_staying:
            await _stay(trial, settings, show)
        else:
            if not outcome.is_idle:
                show_outcome(outcome)
            again = command_line("try", *([] if photos is None else [str(trial.photos)]), "--keep-running")
            show(f"To see it all on a page: {again}")
    return outcome


async def _stay(trial: Trial, settings: Settings, show: Callable[[str], None]) -> None:
    """Watch for more photos until Ctrl-C, and draw the sheet again."""
    show(f"Drop more photos into {trial.photos}; Ctrl-C ends it.")
    linking = asyncio.create_task(_show_link(settings, show))
    try:
        await run_daemon(settings, is_last=False)
    finally:
        linking.cancel()
    await local_calls.run(draw_sheet, trial, settings)


async def _show_link(settings: Settings, show: Callable[[str], None]) -> None:
    """Show the link to the page, as soon as the daemon has one."""
    while True:
        await asyncio.sleep(_LINK_EVERY_S)
        with suppress(CutoutdError):
            links = await local_calls.run(links_to_page, settings)
            show(f"The page: {links[0]}")
            return


def require_sandbox() -> None:
    """Raise SandboxMissingError unless the packages of the ``sandbox`` extra are installed."""
    missing = [name for name in ("cv2", "starlette", "uvicorn", "python_multipart") if find_spec(name) is None]
    if missing:
        raise SandboxMissingError(f"it needs packages that are not installed: {', '.join(missing)}")


@asynccontextmanager
async def _sandbox_for(trial: Trial, options: Sequence[str]) -> AsyncIterator[Settings]:
    """Run a sandbox, and yield the settings of a daemon that uses it.

    Raises:
        SandboxMissingError: The sandbox did not start.
    """
    # The sandbox reads a pipe of ours, because a kill closes it: else the sandbox would outlive us.
    options = (*options, "--end-with-input", "--state-dir", str(trial.home / "sandbox"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cutoutd.sandbox", *options,
        stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C must not reach the sandbox, because the daemon needs it to finish
    )  # fmt: skip  # the reason stands beside its argument
    try:
        yield await local_calls.run(write_settings, trial, await _wait_for_url(process))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _wait_for_url(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None:
        raise SandboxMissingError("the sandbox has no output")
    try:
        async with asyncio.timeout(_SANDBOX_START_S):
            line = (await process.stdout.readline()).decode()
    except TimeoutError as error:
        raise SandboxMissingError(f"the sandbox did not start within {_SANDBOX_START_S:.0f} s") from error
    if not line.startswith(_SANDBOX_READY):
        raise SandboxMissingError("the sandbox did not start; its message is above", advice="Try another --port.")
    return line.removeprefix(_SANDBOX_READY).strip()


def _results(trial: Trial, settings: Settings, *, is_idle: bool) -> Iterator[str]:
    """Return what came of the photos, in lines for people, and draw the contact sheet. Blocking."""
    with read_ledger(settings.state_dir) as ledger:
        published = photo_queries.count(ledger, {State.PUBLISHED})
        rejected = photo_queries.count(ledger, {State.REJECTED, State.FAILED})
        troubled = photo_queries.at_state(ledger, {State.REJECTED, State.FAILED}, _MAX_REASONS)
    if draw_sheet(trial, settings):
        yield f"contact sheet: {trial.contact_sheet}   (before and after: open it)"
    elif not published + rejected:
        yield f"There are no JPEG or PNG photos in {trial.photos} yet."
    if is_idle and published + rejected:
        yield f"Everything was done already: {published} published, {rejected} rejected or failed; see {trial.cutouts}"
    for photo in sorted(troubled, key=lambda photo: photo.identity.path):
        yield f"{photo.state} {photo.identity.path}: {photo.ending.sentence}. {photo.ending.advice or ''}".rstrip()
    if rejected > len(troubled):
        command = command_line("status", "--config", str(trial.config))
        yield f"{rejected - len(troubled):,} more were rejected or failed; {command} counts them."


def draw_sheet(trial: Trial, settings: Settings) -> int:
    """Draw the published photos and their cutouts, and return their number. Blocking.

    Raises:
        TrialError: the sheet cannot be written.
    """
    with read_ledger(settings.state_dir) as ledger:
        published = photo_queries.at_state(ledger, {State.PUBLISHED}, MAX_PAIRS)
        number = photo_queries.count(ledger, {State.PUBLISHED})
    pairs = sorted(filter(_has_both_files, (_pair(photo, trial) for photo in published)), key=lambda pair: pair.title)
    if pairs:
        with trial_errors():
            draw_contact_sheet(pairs, trial.contact_sheet, left_out=max(0, number - MAX_PAIRS))
    return len(pairs)


def _pair(photo: Photo, trial: Trial) -> SheetPair:
    path = photo.identity.path
    return SheetPair(
        title=path, before=trial.photos / path, after=Path(photo.bound.output or "", photo.bound.target or "")
    )


def _has_both_files(pair: SheetPair) -> bool:
    return pair.before.exists() and pair.after.exists()
