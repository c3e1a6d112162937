"""What the machine says: folders, their file systems and modes, the kernel's limits, room on the disks.

It changes nothing, except that it tries out whether folders can be written.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cutoutd.app.check.finding import Finding, Level
from cutoutd.config.choices import OnSuccess, Provenance, WatchMode
from cutoutd.config.settings import FolderSettings, Settings
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.files.mounts import Backend, BackendKind, choose_backends, parse_mounts
from cutoutd.files.output_tree import take_after
from cutoutd.files.provenance import ATTRIBUTE

_MOUNT_TABLE = Path("/proc/self/mountinfo")
_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")


def check_machine(settings: Settings) -> Iterator[Finding]:
    """Everything that this process's user can see, folder by folder. Blocking; counts every input's subfolders."""
    yield _writable("state_dir", settings.state_dir, made_in=_nearest_above(settings.state_dir))
    yield from _local(settings.state_dir)
    yield _room("state_dir", settings.state_dir, settings.limits.min_free_bytes)
    for folder in settings.folders:
        yield _readable(folder)
        yield _writable(f"folders.{folder.name}.output", folder.output, made_in=folder.output.parent)
        if folder.on_success is not OnSuccess.KEEP:
            yield _writable(f"folders.{folder.name}.on_success", folder.input, made_in=folder.input)
        if folder.archive is not None:
            yield _writable(f"folders.{folder.name}.archive", folder.archive, made_in=folder.archive.parent)
        yield from _heirs(folder)
        yield from _attributes(folder)
        yield _room(f"folders.{folder.name}.output", folder.output, settings.limits.min_free_bytes)
        yield from _watching(folder, settings.watch.mode)


def _readable(folder: FolderSettings) -> Finding:
    subject = f"folders.{folder.name}.input"
    try:
        with os.scandir(folder.input) as entries:
            any(entries)
    except OSError as error:
        return Finding(Level.FAULT, subject, f"{folder.input}: {error.strerror}", _advice_on(error))
    return Finding(Level.GOOD, subject, f"{folder.input} can be read")


def _advice_on(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "Create it, or correct the path."
    return "Give the user that cutoutd runs as access to it."


def _is_seen(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  Path.exists() raises where this user may not look


def _nearest_above(path: Path) -> Path:
    """The root always is; a folder that this user may not look into counts as missing."""
    return next(above for above in path.parents if _is_seen(above))


def _writable(subject: str, path: Path, *, made_in: Path) -> Finding:
    is_there = os.path.lexists(path)
    tried = path if is_there else made_in
    try:
        with tempfile.TemporaryFile(prefix=TEMPORARY_PREFIX, dir=tried):
            pass
    except OSError as error:
        return Finding(Level.FAULT, subject, f"{tried} cannot be written: {error.strerror}", _advice_on(error))
    return Finding(Level.GOOD, subject, f"{path} can be written" if is_there else f"{path} will be created")


def _attributes(folder: FolderSettings) -> Iterator[Finding]:
    """Whether cutouts can carry where they came from; trouble with the folder itself is told elsewhere."""
    if folder.provenance is not Provenance.XATTR:
        return
    tried = folder.output if os.path.isdir(folder.output) else folder.output.parent  # noqa: PTH112  as in _is_seen
    with suppress(OSError), tempfile.TemporaryFile(prefix=TEMPORARY_PREFIX, dir=tried) as file:
        try:
            os.setxattr(file.fileno(), ATTRIBUTE, b"{}")
        except OSError as error:
            sentence = f"the disk of {tried} takes no extended attributes ({error.strerror})"
            advice = "Set provenance: png_text, or cutoutd rebuild will know none of its cutouts."
            yield Finding(Level.WARNING, f"folders.{folder.name}.provenance", sentence, advice)


def _local(state_dir: Path) -> Iterator[Finding]:
    """SQLite's write-ahead log needs memory that all who use it share: the file system must be this machine's own."""
    place = state_dir if _is_seen(state_dir) else _nearest_above(state_dir)
    backend = _backends(place, WatchMode.AUTO)[0]
    if backend.kind is BackendKind.POLLING:
        sentence = f"{place} lies on a network file system or the like ({backend.reason})"
        yield Finding(Level.FAULT, "state_dir", sentence, "Put state_dir on a local disk.")


def _room(subject: str, path: Path, wanted_bytes: int) -> Finding:
    place = path if _is_seen(path) else _nearest_above(path)
    free = shutil.disk_usage(place).free
    sentence = f"{free / 1e9:,.1f} GB free for {path}"
    if free >= wanted_bytes:
        return Finding(Level.GOOD, f"{subject} room", sentence)
    sentence += f"; limits.min_free_space is {wanted_bytes / 1e9:,.1f} GB, so nothing would be sent"
    return Finding(Level.FAULT, f"{subject} room", sentence, "Free some space, or lower limits.min_free_space.")


def _heirs(folder: FolderSettings) -> Iterator[Finding]:
    """Whether what appears in the output belongs to its group and is as open: setgid, umask and membership, tried out.

    What cannot be tried was reported as not writable.
    """
    subject = f"folders.{folder.name}.output group"
    try:
        with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=folder.output) as made:
            above, own = _opened(folder.output), _opened(Path(made))
            try:
                take_after(own, above)
                wanted, given = os.fstat(above), os.fstat(own)
            finally:
                os.close(above)
                os.close(own)
    except OSError:
        return
    if wanted.st_gid != given.st_gid:
        sentence = f"cutouts in {folder.output} would not belong to its group"
        yield Finding(Level.WARNING, subject, sentence, f"Make it hand its group down: chmod g+s {folder.output}")
    elif (wanted.st_mode & ~given.st_mode) & stat.S_IRWXG:
        sentence = f"folders made in {folder.output} would be less open to its group than it is"
        yield Finding(Level.WARNING, subject, sentence, "Set UMask=0002 in the unit, or umask 0002 before the start.")


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def _watching(folder: FolderSettings, mode: WatchMode) -> Iterator[Finding]:
    backends = _backends(folder.input, mode)
    for backend in backends:
        place = folder.input / backend.path
        yield Finding(Level.GOOD, f"folders.{folder.name}.watch", f"{place} by {backend.kind}: {backend.reason}")
    if any(backend.kind is BackendKind.EVENTS for backend in backends):
        yield from _watches(folder)


def _watches(folder: FolderSettings) -> Iterator[Finding]:
    """Each folder of the tree takes one of the kernel's watches, of which other programs want some too."""
    try:
        limit = int(_WATCHES.read_text())
    except (OSError, ValueError):
        return
    needed = 0
    for _ in os.walk(folder.input) if folder.recursive else (folder.input,):
        needed += 1
        if needed > limit:
            break
    if needed > limit * 0.8:
        subject = f"folders.{folder.name}.watch"
        sentence = f"{folder.input} has {needed:,} folders or more, and the kernel allows {limit:,} inotify watches"
        advice = (
            f"Raise it, or new photos are noticed late: sysctl fs.inotify.max_user_watches={2 * max(limit, needed)}"
        )
        yield Finding(Level.WARNING, subject, sentence, advice)


def _backends(place: Path, mode: WatchMode) -> tuple[Backend, ...]:
    mounts = parse_mounts(_MOUNT_TABLE.read_text(errors="surrogateescape"))
    return choose_backends(place.resolve(), mounts, mode)
