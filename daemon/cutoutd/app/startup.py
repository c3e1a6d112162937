"""The folders that cutoutd makes before it works, and what earlier runs left in them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutoutd.config.settings import Settings
from cutoutd.core.errors import DiskError
from cutoutd.core.logs import log_event
from cutoutd.files.output_tree import sweep_temporary_files


def make_state_dir(state_dir: Path) -> None:
    """The state folder is private. Blocking.

    Raises:
        DiskError: it cannot be made.
    """
    with _trouble_named(state_dir):
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)


def make_outputs(settings: Settings, used: frozenset[str]) -> None:
    """A missing output root is made before its first use only; later it must be a disk that is not mounted. Blocking.

    Raises:
        DiskError: one cannot be made.
    """
    for folder in settings.folders:
        if str(folder.output) not in used:
            with _trouble_named(folder.output):
                folder.output.mkdir(exist_ok=True)


@contextmanager
def _trouble_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"{path} cannot be made: {error.strerror}"
        advice = "Correct the path, or create it and let the user that cutoutd runs as write there."
        raise DiskError(msg, advice=advice) from error


def remove_leftovers(settings: Settings) -> None:
    """Remove the temporary files that an earlier run left in its state folder and beside its cutouts. Blocking."""
    before_s = time.time()
    places = {settings.state_dir, *(folder.output for folder in settings.folders)}
    swept = sum(sweep_temporary_files(place, before_s) for place in places)
    if swept:
        log_event("swept", f"{swept} temporary files of an earlier run were removed")
