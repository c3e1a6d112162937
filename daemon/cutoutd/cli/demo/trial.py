"""The folders and the configuration of one trial, beside the photos and never among them."""

import hashlib
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from cutoutd import config
from cutoutd.config.settings import Settings
from cutoutd.core.errors import CutoutdError
from cutoutd.sandbox.samples import copy_samples


class TrialError(CutoutdError):
    """The trial has no place for its files, or cannot read the photos."""

    title = "The trial cannot go on"
    default_advice = "Change to a folder of your own that has room, and type the command again."


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


@contextmanager
def trial_errors() -> Iterator[None]:
    """Translate errors of the trial's own files into sentences.

    Raises:
        TrialError: a file cannot be read or written; the error says which and why.
    """
    try:
        yield
    except OSError as error:
        file = error.filename2 or error.filename  # of a copy, the second is the one that is written
        place = f"{file}: " if file else ""
        raise TrialError(f"{place}{error.strerror or error}") from error


def prepare_trial(photos: Path | None, show: Callable[[str], None]) -> Trial:
    """Choose and make a home beside the photos; without photos, copy the samples. Blocking.

    Raises:
        TrialError: the home cannot be made, or the photos cannot be listed.
    """
    with trial_errors():
        trial = _place(photos)
        trial.home.mkdir(exist_ok=True)
        (trial.home / ".tried").touch()  # because a home of another user must be found out before anything begins
        (trial.home / ".tried").unlink()
        if photos is None and not trial.photos.exists():
            show("Copying a few sample photos ...")
            copy_samples(trial.photos)
        with os.scandir(trial.photos):
            return trial


def _place(photos: Path | None) -> Trial:
    home = Path.cwd() / "cutoutd-try"
    if photos is None:
        return Trial(home / "photos", home)
    photos = photos.resolve()
    above = photos.parent if home.is_relative_to(photos) else Path.cwd()
    # A home for each folder, because else photos of the same name in two folders would share a cutout.
    path_hash = hashlib.sha256(os.fsencode(photos)).hexdigest()[:6]
    return Trial(photos, above / f"cutoutd-try-{photos.name}-{path_hash}")


def write_settings(trial: Trial, url: str) -> Settings:
    """Write the configuration and read it back, so that ``status`` and ``history`` work on a trial too. Blocking.

    Raises:
        TrialError: it cannot be written.
    """
    secret = trial.home / "sandbox-secret-key"
    document = {
        "uploadcare": {
            "public_key": "sandboxpublickey",
            "secret_key_file": str(secret),
            **dict.fromkeys(("api_base", "upload_base", "cdn_base"), url),
        },
        "state_dir": str(trial.home / "state"),
        "folders": [{"name": "try", "input": str(trial.photos), "output": str(trial.cutouts)}],
        "limits": {"confirm_over": None},  # nothing costs money here
        "web": {"listen": "127.0.0.1:0"},  # an installed cutoutd may have the usual port
    }
    with trial_errors():
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text("sandboxsecretkey\n")
        trial.config.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return config.load(trial.config, {})


def command_line(*words: str) -> str:
    """Return a command of this program as it can be pasted into the shell that this one was typed in."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return shlex.join((sys.executable, "-m", "cutoutd", *words))
    found = shutil.which(program.name)
    name = program.name if found is not None and Path(found).samefile(program) else str(program)
    return shlex.join((name, *words))
