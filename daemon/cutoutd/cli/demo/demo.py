"""``cutoutd try``: the whole main job on this machine, against the sandbox; no account, no configuration.

Only the service is simulated, by a sandbox process. The configuration is a real one, and photos pass the same steps as
with an account.
"""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import yaml

from cutoutd import config
from cutoutd.app.run_once import RunOutcome
from cutoutd.cli.demo.contact_sheet import MAX_PAIRS, SheetPair, draw_contact_sheet
from cutoutd.cli.process import run_daemon, run_once
from cutoutd.config.settings import Settings
from cutoutd.core.errors import CutoutdError
from cutoutd.core.photo import Photo, State
from cutoutd.ledger import read_ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.sandbox.samples import copy_samples

_SANDBOX_READY = "sandbox ready at "
_SANDBOX_START_S = 30.0


class SandboxMissingError(CutoutdError):
    """The sandbox cannot be started here."""

    title = "The sandbox is not available"
    default_advice = "Install it from the source folder with: pip install '.[sandbox]'"


@dataclass(frozen=True, slots=True)
class Trial:
    """The folders and files of one trial."""

    photos: Path
    home: Path

    @property
    def cutouts(self) -> Path:
        """The folder that mirrors the photos."""
        return self.home / "cutouts"

    @property
    def config(self) -> Path:
        """The configuration, which other commands can use."""
        return self.home / "config.yaml"

    @property
    def contact_sheet(self) -> Path:
        """The picture of photos and cutouts."""
        return self.home / "contact-sheet.png"


def prepare_trial(photos: Path | None, show: Callable[[str], None]) -> Trial:
    """Choose a home beside the photos, never among them; without photos, copy the samples."""
    home = Path.cwd() / "cutoutd-try"
    if photos is not None:
        photos = photos.resolve()
        above = photos.parent if home.is_relative_to(photos) else Path.cwd()
        # A home for each folder, because else photos of the same name in two folders would share a cutout.
        path_hash = hashlib.sha256(os.fsencode(photos)).hexdigest()[:6]
        return Trial(photos, above / f"cutoutd-try-{photos.name}-{path_hash}")
    trial = Trial(home / "photos", home)
    if not trial.photos.exists():
        show("Copying a few sample photos ...")
        copy_samples(trial.photos)
    return trial


async def try_photos(
    photos: Path | None, sandbox_options: Sequence[str], *, is_staying: bool, show: Callable[[str], None]
) -> RunOutcome:
    """Run once over every photo and draw the contact sheet; with ``is_staying``, go on watching.

    Raises:
        SandboxMissingError: The sandbox cannot be started.
    """
    require_sandbox()
    trial = await asyncio.to_thread(prepare_trial, photos, show)
    show(f"photos:        {trial.photos}\ncutouts:       {trial.cutouts}")
    async with _sandbox_for(trial, sandbox_options) as settings:
        outcome = await run_once(settings)
        earlier = await asyncio.to_thread(_earlier_results, trial, settings) if outcome.is_idle else ""
        if await asyncio.to_thread(draw_sheet, trial, settings):
            show(f"contact sheet: {trial.contact_sheet}   (before and after: open it)")
        elif outcome.is_idle and not earlier:
            show(f"There are no JPEG or PNG photos in {trial.photos} yet.")
        if earlier:
            show(earlier)
        if is_staying and not outcome.is_interrupted:
            show(f"Drop more photos into {trial.photos}; Ctrl-C ends it.")
            await run_daemon(settings)
            await asyncio.to_thread(draw_sheet, trial, settings)
    return outcome


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
        yield _write_settings(trial, await _wait_for_url(process))
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


def _write_settings(trial: Trial, url: str) -> Settings:
    """Write the configuration and read it back, so that ``status`` and ``history`` work on a trial too."""
    secret = trial.home / "sandbox-secret-key"
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    secret.write_text("sandboxsecretkey\n")
    document = {
        "uploadcare": {
            "public_key": "sandboxpublickey",
            "secret_key_file": str(secret),
            **dict.fromkeys(("api_base", "upload_base", "cdn_base"), url),
        },
        "state_dir": str(trial.home / "state"),
        "folders": [{"name": "try", "input": str(trial.photos), "output": str(trial.cutouts)}],
        "limits": {"confirm_over": None},  # nothing costs money here
    }
    trial.config.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return config.load(trial.config, {})


def _earlier_results(trial: Trial, settings: Settings) -> str:
    """Return a sentence about the results of earlier trials of these photos; empty if there are none."""
    with read_ledger(settings.state_dir) as ledger:
        published = photo_queries.count(ledger, {State.PUBLISHED})
        failed = photo_queries.count(ledger, {State.REJECTED, State.FAILED})
    if not published + failed:
        return ""
    lines = [f"Everything was done already: {published} published, {failed} rejected or failed; see {trial.cutouts}"]
    if failed:
        lines.append(f"Why: cutoutd status --config {trial.config}")
    return "\n".join(lines)


def draw_sheet(trial: Trial, settings: Settings) -> int:
    """Draw the published photos and their cutouts, and return their number. Blocking."""
    with read_ledger(settings.state_dir) as ledger:
        published = photo_queries.at_state(ledger, {State.PUBLISHED}, MAX_PAIRS)
    pairs = sorted(filter(_has_both_files, (_pair(photo, trial) for photo in published)), key=lambda pair: pair.title)
    if pairs:
        draw_contact_sheet(pairs, trial.contact_sheet)
    return len(pairs)


def _pair(photo: Photo, trial: Trial) -> SheetPair:
    path = photo.identity.path
    return SheetPair(
        title=path, before=trial.photos / path, after=Path(photo.bound.output or "", photo.bound.target or "")
    )


def _has_both_files(pair: SheetPair) -> bool:
    return pair.before.exists() and pair.after.exists()
