"""The checks of the machine: access to folders, their groups and attributes, and free space on the disks.

They change nothing, except that they try to write to folders.
"""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from cutoutd.app.check.finding import Finding, Level
from cutoutd.app.check.kernel import KernelFiles, check_local_disk, check_watching
from cutoutd.app.check.listener import check_listen
from cutoutd.config.settings import FolderSettings, Settings
from cutoutd.config.types.choices import OnSuccess, Provenance
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.blocking import LOOK_S, calls_to, note_progress
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.files.mounts import read_mounts
from cutoutd.files.name_filters import Exclusions
from cutoutd.files.output_tree import copy_owner_and_mode
from cutoutd.files.provenance import ATTRIBUTE
from cutoutd.watch.passed_over.passed_over import PassedOverReason
from cutoutd.watch.scanner import Scan
from cutoutd.watch.trees.tree_claims import unseen_others
from cutoutd.watch.trees.tree_overlap import overlap_faults, trees_now


def check_machine(settings: Settings, kernel: KernelFiles | None = None) -> Iterator[Finding]:
    """Yield a finding about everything that this process's user can see, folder by folder.

    Blocking, because it counts the subfolders of every input.
    """
    kernel = kernel or KernelFiles()
    yield from _check_overlaps(settings, kernel)
    state_dir = settings.state_dir
    yield _check_writable("state_dir", state_dir, created_in=_nearest_existing(state_dir))
    yield from check_local_disk(state_dir if _exists(state_dir) else _nearest_existing(state_dir), kernel)
    yield _check_free_space("state_dir", state_dir, settings.limits.min_free_bytes)
    yield from check_listen(settings)
    for folder in settings.folders:
        subject = f"folders.{folder.name}"
        yield from _answers(f"{subject}.input", folder.input, partial(_check_input, folder, settings, kernel))
        yield from _answers(f"{subject}.output", folder.output, partial(_check_output, folder, settings))
        if folder.archive is not None:
            yield from _answers(f"{subject}.archive", folder.archive, partial(_check_archive, subject, folder.archive))


def _answers(subject: str, root: Path, check: Callable[[], Iterable[Finding]]) -> tuple[Finding, ...]:
    """Return what a check of a tree finds; a fault if the tree does not answer. Blocking."""
    try:
        return calls_to(root).wait(LOOK_S, lambda: tuple(check()))
    except TreeUnavailableError as error:
        return (Finding(Level.FAULT, subject, error.sentence, error.advice),)


def _check_input(folder: FolderSettings, settings: Settings, kernel: KernelFiles) -> Iterator[Finding]:
    yield _check_readable(folder)
    yield from _check_passed_over(folder)
    if folder.on_success is not OnSuccess.KEEP:
        yield _check_writable(f"folders.{folder.name}.on_success", folder.input, created_in=folder.input)
    yield from check_watching(folder, settings.watch.mode, kernel)


def _check_archive(subject: str, archive: Path) -> Iterator[Finding]:
    yield _check_writable(f"{subject}.archive", archive, created_in=archive.parent)


def _check_output(folder: FolderSettings, settings: Settings) -> Iterator[Finding]:
    yield _check_writable(f"folders.{folder.name}.output", folder.output, created_in=folder.output.parent)
    yield from _check_group(folder)
    yield from _check_attributes(folder)
    yield _check_free_space(f"folders.{folder.name}.output", folder.output, settings.limits.min_free_bytes)


def _check_overlaps(settings: Settings, kernel: KernelFiles) -> Iterator[Finding]:
    with suppress(OSError):
        for overlap in overlap_faults(settings, read_mounts(kernel.mount_table)):
            yield Finding(Level.FAULT, "folders", overlap.sentence, "Unmount one of the two, or name another folder.")
        for tree, seen in trees_now(settings, read_mounts(kernel.mount_table)).items():
            if sentence := unseen_others(tree, seen):
                yield Finding(Level.GOOD, f"folders.{tree.folder}.{tree.role}", sentence)


def _check_readable(folder: FolderSettings) -> Finding:
    subject = f"folders.{folder.name}.input"
    try:
        with os.scandir(folder.input) as entries:
            any(entries)
    except OSError as error:
        return Finding(Level.FAULT, subject, f"{folder.input}: {error.strerror}", _advice_on(error))
    return Finding(Level.GOOD, subject, f"{folder.input} can be read")


def _check_passed_over(folder: FolderSettings) -> Iterator[Finding]:
    """Yield a finding for each reason why files or folders would not be taken."""
    scan = Scan(folder.input, Exclusions.of(folder), is_recursive=folder.recursive)
    with suppress(OSError):  # a missing input is reported elsewhere
        for sighting in scan.sightings():
            note_progress()
            if not os.access(folder.input / sighting.path, os.R_OK, effective_ids=True):
                scan.passed_over.add(PassedOverReason.UNREADABLE, sighting.path, os.strerror(errno.EACCES))
    for item in scan.passed_over.of(folder.name):
        level = Level.GOOD if item.reason.is_by_setting else Level.WARNING
        level = Level.FAULT if item.reason.may_hide_photos else level
        yield Finding(level, f"folders.{folder.name}.input passed over", item.sentence, item.advice)


def _advice_on(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "Create it, or correct the path."
    return "Give the user that cutoutd runs as access to it."


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  because Path.exists() raises in folders closed to this user


def _nearest_existing(path: Path) -> Path:
    """Return the nearest parent that exists for this user; the root always does."""
    return next(parent for parent in path.parents if _exists(parent))


def _check_writable(subject: str, path: Path, *, created_in: Path) -> Finding:
    is_there = os.path.lexists(path)
    tried = path if is_there else created_in
    try:
        with tempfile.TemporaryFile(prefix=TEMPORARY_PREFIX, dir=tried):
            pass
    except OSError as error:
        return Finding(Level.FAULT, subject, f"{tried} cannot be written: {error.strerror}", _advice_on(error))
    return Finding(Level.GOOD, subject, f"{path} can be written" if is_there else f"{path} will be created")


def _check_attributes(folder: FolderSettings) -> Iterator[Finding]:
    """Yield a warning if cutouts cannot record their source; trouble with the folder itself is reported elsewhere."""
    if folder.provenance is not Provenance.XATTR:
        return
    tried = folder.output if os.path.isdir(folder.output) else folder.output.parent  # noqa: PTH112  as in _exists
    with suppress(OSError), tempfile.TemporaryFile(prefix=TEMPORARY_PREFIX, dir=tried) as file:
        try:
            os.setxattr(file.fileno(), ATTRIBUTE, b"{}")
        except OSError as error:
            sentence = f"the disk of {tried} takes no extended attributes ({error.strerror})"
            advice = "Set provenance: png_text, or cutoutd rebuild will know none of its cutouts."
            yield Finding(Level.WARNING, f"folders.{folder.name}.provenance", sentence, advice)


def _check_free_space(subject: str, path: Path, wanted_bytes: int) -> Finding:
    place = path if _exists(path) else _nearest_existing(path)
    free_bytes = shutil.disk_usage(place).free
    sentence = f"{free_bytes / 1e9:,.1f} GB free for {path}"
    if free_bytes >= wanted_bytes:
        return Finding(Level.GOOD, f"{subject} room", sentence)
    sentence += f"; limits.min_free_space is {wanted_bytes / 1e9:,.1f} GB, so nothing would be sent"
    return Finding(Level.FAULT, f"{subject} room", sentence, "Free some space, or lower limits.min_free_space.")


def _check_group(folder: FolderSettings) -> Iterator[Finding]:
    """Yield a warning unless new folders in the output get its group and its permissions for the group.

    The check makes a folder, so it covers setgid, umask and membership. A failure to make it is reported elsewhere.
    """
    subject = f"folders.{folder.name}.output group"
    try:
        with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=folder.output) as made:
            output, own = _open(folder.output), _open(Path(made))
            try:
                copy_owner_and_mode(own, output)
                wanted, given = os.fstat(output), os.fstat(own)
            finally:
                os.close(output)
                os.close(own)
    except OSError:
        return
    if wanted.st_gid != given.st_gid:
        sentence = f"cutouts in {folder.output} would not belong to its group"
        yield Finding(Level.WARNING, subject, sentence, f"Let it pass its group on: chmod g+s {folder.output}")
    elif (wanted.st_mode & ~given.st_mode) & stat.S_IRWXG:
        sentence = f"new folders in {folder.output} would be less open to its group than it is"
        yield Finding(Level.WARNING, subject, sentence, "Set UMask=0002 in the unit, or umask 0002 before the start.")


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
