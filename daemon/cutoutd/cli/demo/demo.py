"""``cutoutd try``: the whole main job on this machine, against the sandbox; no account, no configuration.

It plays nothing: the sandbox is a process of its own, the configuration it writes is a real one, and photos go the same
way as with an account.
"""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import yaml

from cutoutd import config
from cutoutd.app.run_once import RunOutcome
from cutoutd.cli.demo.contact_sheet import SheetPair, draw_contact_sheet
from cutoutd.cli.process import run_daemon, run_once
from cutoutd.config.settings import Settings
from cutoutd.core.errors import CutoutdError
from cutoutd.core.photo import Photo, State
from cutoutd.ledger import read_ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.sandbox.samples import copy_samples

_SANDBOX_READY = "sandbox ready at "
_SANDBOX_START_S = 30.0
_SHEET_PAIRS = 60


class SandboxMissingError(CutoutdError):
    """The sandbox cannot be started here."""

    title = "The sandbox is not available"
    default_advice = "Install it from the source folder with: pip install '.[sandbox]'"


@dataclass(frozen=True, slots=True)
class Trial:
    """Where everything of one trial lies."""

    photos: Path
    home: Path

    @property
    def cutouts(self) -> Path:
        """The mirrored folder."""
        return self.home / "cutouts"

    @property
    def config(self) -> Path:
        """A real configuration, to look at and to go on with."""
        return self.home / "config.yaml"

    @property
    def contact_sheet(self) -> Path:
        """Before and after, one picture."""
        return self.home / "contact-sheet.png"


def prepare_trial(photos: Path | None, tell: Callable[[str], None]) -> Trial:
    """Choose where the trial lives, beside the photos rather than among them; without photos, copy the samples."""
    home = Path.cwd() / "cutoutd-try"
    if photos is None:
        return _trial_with_samples(Trial(home / "photos", home), tell)
    photos = photos.resolve()
    above = photos.parent if home.is_relative_to(photos) else Path.cwd()
    # A home for each folder: two folders' photos of the same name must not share a place.
    mark = hashlib.sha256(os.fsencode(photos)).hexdigest()[:6]
    return Trial(photos, above / f"cutoutd-try-{photos.name}-{mark}")


def _trial_with_samples(trial: Trial, tell: Callable[[str], None]) -> Trial:
    if not trial.photos.exists():
        tell("Copying a few sample photos ...")
        copy_samples(trial.photos)
    return trial


async def try_photos(photos: Path | None, *, port: int, is_staying: bool, tell: Callable[[str], None]) -> RunOutcome:
    """Take every photo through the real route and draw the contact sheet; then stay and watch, if asked to.

    Raises:
        SandboxMissingError: the sandbox cannot be started.
    """
    require_sandbox()
    trial = await asyncio.to_thread(prepare_trial, photos, tell)
    tell(f"photos:        {trial.photos}\ncutouts:       {trial.cutouts}")
    async with _sandbox_for(trial, port) as settings:
        outcome = await run_once(settings)
        if await asyncio.to_thread(draw_sheet, trial, settings):
            tell(f"contact sheet: {trial.contact_sheet}   (before and after: open it)")
        else:
            tell(f"There are no JPEG or PNG photos in {trial.photos} yet.")
        if outcome.is_idle and (done := await asyncio.to_thread(_done_before, trial, settings)):
            tell(done)
        if is_staying and not outcome.is_interrupted:
            tell(f"Drop more photos into {trial.photos}; Ctrl-C ends it.")
            await run_daemon(settings)
            await asyncio.to_thread(draw_sheet, trial, settings)
    return outcome


def require_sandbox() -> None:
    """Raises SandboxMissingError when the packages of the ``sandbox`` extra are not installed."""
    missing = [name for name in ("cv2", "starlette", "uvicorn", "python_multipart") if find_spec(name) is None]
    if missing:
        raise SandboxMissingError(f"it needs packages that are not installed: {', '.join(missing)}")


@asynccontextmanager
async def _sandbox_for(trial: Trial, port: int) -> AsyncIterator[Settings]:
    """A running sandbox, and the settings of a daemon that uses it.

    Raises:
        SandboxMissingError: its packages are not installed, or it did not start.
    """
    # Its input is a pipe of ours: should we be killed, it closes, and the sandbox ends as well.
    options = ("--end-with-input", "--port", str(port), "--state-dir", str(trial.home / "sandbox"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cutoutd.sandbox", *options,
        stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the daemon, which still needs the sandbox to finish
    )  # fmt: skip  # the reason stands beside its argument
    try:
        yield _settings(trial, await _url_of(process))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _url_of(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None:
        raise SandboxMissingError("the sandbox has no output")
    try:
        async with asyncio.timeout(_SANDBOX_START_S):
            line = (await process.stdout.readline()).decode()
    except TimeoutError as error:
        raise SandboxMissingError(f"the sandbox did not start within {_SANDBOX_START_S:.0f} s") from error
    if not line.startswith(_SANDBOX_READY):
        raise SandboxMissingError("the sandbox did not start; its own words stand above", advice="Try another --port.")
    return line.removeprefix(_SANDBOX_READY).strip()


def _settings(trial: Trial, url: str) -> Settings:
    """Written as YAML and read back, so that ``status`` and ``history`` work on a trial as on anything else."""
    secret = trial.home / "sandbox-secret-key"
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    secret.write_text("sandboxsecretkey\n")
    written = {
        "uploadcare": {
            "public_key": "sandboxpublickey",
            "secret_key_file": str(secret),
            **dict.fromkeys(("api_base", "upload_base", "cdn_base"), url),
        },
        "state_dir": str(trial.home / "state"),
        "folders": [{"name": "try", "input": str(trial.photos), "output": str(trial.cutouts)}],
        "limits": {"confirm_over": None},  # nothing costs money here
    }
    trial.config.write_text(yaml.safe_dump(written, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return config.load(trial.config, {})


def _done_before(trial: Trial, settings: Settings) -> str:
    """What an earlier trial of the same photos did; empty if there was none."""
    with read_ledger(settings.state_dir) as ledger:
        published = photo_queries.count(ledger, {State.PUBLISHED})
        troubled = photo_queries.count(ledger, {State.REJECTED, State.FAILED})
    if not published + troubled:
        return ""
    lines = [f"Everything was done already: {published} published, {troubled} rejected or failed; see {trial.cutouts}"]
    if troubled:
        lines.append(f"Why: cutoutd status --config {trial.config}")
    return "\n".join(lines)


def draw_sheet(trial: Trial, settings: Settings) -> int:
    """Draw before and after of what is published; how many pairs there are. Blocking."""
    with read_ledger(settings.state_dir) as ledger:
        published = photo_queries.at_state(ledger, {State.PUBLISHED}, _SHEET_PAIRS)
    pairs = sorted(filter(_is_whole, (_pair(photo, trial) for photo in published)), key=lambda pair: pair.title)
    if pairs:
        draw_contact_sheet(pairs, trial.contact_sheet)
    return len(pairs)


def _pair(photo: Photo, trial: Trial) -> SheetPair:
    path = photo.identity.path
    return SheetPair(title=path, before=trial.photos / path, after=Path(photo.output or "", photo.target or ""))


def _is_whole(pair: SheetPair) -> bool:
    return pair.before.exists() and pair.after.exists()
