"""The preparation of folders before cutoutd works."""

import logging
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from cutoutd.config.settings import Settings
from cutoutd.core.blocking import FIRST_LOOK_S, calls_to, local_calls
from cutoutd.core.errors import ConfigurationError, DiskError, TreeUnavailableError
from cutoutd.core.logs import log_event
from cutoutd.core.rights import refuse_links_in
from cutoutd.files.mounts import read_mounts
from cutoutd.files.output_tree import sweep_temporary_files
from cutoutd.ledger import has_ledger
from cutoutd.watch.trees.tree_overlap import TreesNow, configured_trees, look_at_trees, overlaps_among

#: The clock that stamps files moves in ticks, at most so long. Without it, a file of this very run could look older.
_FILE_CLOCK_LAG_S = 0.01

#: The rights to a state folder that only its user may have.
_OPEN_TO_OTHERS = stat.S_IRWXO | stat.S_IWGRP

#: The names that a state folder may hold before it has a ledger.
_OUR_NAMES = ("ledger.", "live.json", "page-", "webhook.json", "control.sock", "previews", ".cutoutd-")

#: No command takes longer. One that runs beside cutoutd may write into the state folder. A backup, for example,
#: reads for a minute what it has written.
_COMMAND_S = 3600.0


def make_state_dir(state_dir: Path) -> None:
    """Make the state folder, private to this user, or make one that is there private. Blocking.

    Raises:
        DiskError: it cannot be made, other users may look into it, or root would follow a link in it.
    """
    with _translate_errors(state_dir):
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = stat.S_IMODE(state_dir.stat().st_mode)
    if mode & _OPEN_TO_OTHERS:
        _close_to_others(state_dir, mode)
    try:
        refuse_links_in(state_dir)
    except OSError as error:
        raise DiskError(f"the state folder {state_dir} cannot be used: {error.strerror}") from error


def _close_to_others(state_dir: Path, mode: int) -> None:
    """Take the rights of other users away from a folder that is cutoutd's own, and refuse any other."""
    is_ours = has_ledger(state_dir) or all(file.name.startswith(_OUR_NAMES) for file in state_dir.iterdir())
    if is_ours and not mode & stat.S_ISVTX:
        with suppress(OSError):
            state_dir.chmod(mode & ~_OPEN_TO_OTHERS)
            log_event(
                "state_folder_closed",
                f"other users could look into {state_dir}, which holds the ledger; their rights were taken away"
                f" (mode {mode:04o} before)",
                level=logging.WARNING,
            )
            return
    msg = f"other users may look into the state folder {state_dir} (mode {mode:04o})"
    raise DiskError(msg, advice=f"Give cutoutd a folder of its own (state_dir), or run: chmod o=,g-w {state_dir}")


async def require_separate_trees(settings: Settings) -> TreesNow:
    """Return the trees as they are mounted now; refuse those that share a folder, because cutouts would be paid for.

    A tree that does not answer is left to `FolderAvailability`, because a start does not wait for it.

    Raises:
        ConfigurationError: two do.
    """
    with suppress(OSError):  # because a mount table that cannot be read proves nothing
        trees = await look_at_trees(configured_trees(settings), await local_calls.run(read_mounts))
        if faults := tuple(overlap.sentence for overlap in overlaps_among(trees)):
            raise ConfigurationError(faults)
        return trees
    return {}


async def make_outputs(settings: Settings, used: frozenset[str]) -> None:
    """Make each output root before its first use, if its disk answers.

    Later a missing root is not made again, because its disk may be unmounted.

    Raises:
        DiskError: one cannot be made.
    """
    for folder in settings.folders:
        if str(folder.output) not in used:
            with _translate_errors(folder.output), suppress(TreeUnavailableError):
                await calls_to(folder.output).within(FIRST_LOOK_S, partial(folder.output.mkdir, exist_ok=True))


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"{path} cannot be made: {error.strerror}"
        advice = "Correct the path, or create it and let the user that cutoutd runs as write there."
        raise DiskError(msg, advice=advice) from error


async def remove_leftovers(settings: Settings, started_at_s: float) -> None:
    """Remove the temporary files that an earlier run left in its state folder and beside its cutouts.

    An output that does not answer keeps them until a later start.

    Args:
        settings: say where they may lie.
        started_at_s: Unix time before which no part of this run wrote a file.
    """
    before_s = started_at_s - _FILE_CLOCK_LAG_S
    removed = await local_calls.run(sweep_temporary_files, settings.state_dir, before_s - _COMMAND_S)
    for output in {folder.output for folder in settings.folders}:
        with suppress(TreeUnavailableError):
            removed += await calls_to(output).run(sweep_temporary_files, output, before_s)
    if removed:
        log_event("swept", f"{removed} temporary files of an earlier run were removed")
