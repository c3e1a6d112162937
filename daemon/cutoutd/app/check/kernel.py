"""The checks that depend on the kernel: the file system of the state folder, and the watching of inputs."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cutoutd.app.check.finding import Finding, Level
from cutoutd.config.settings import FolderSettings
from cutoutd.config.types.choices import WatchMode
from cutoutd.files.mounts import MOUNT_TABLE, Backend, BackendKind, choose_backends, read_mounts
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.scanner import Scan

#: A warning comes when an input needs this share of the kernel's watches, because other programs need some too.
_NOTABLE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class KernelFiles:
    """The files in which the kernel describes mounts and limits."""

    mount_table: Path = MOUNT_TABLE
    max_user_watches: Path = Path("/proc/sys/fs/inotify/max_user_watches")


def check_local_disk(place: Path, kernel: KernelFiles) -> Iterator[Finding]:
    """Yield a fault unless the state folder lies on a local disk.

    SQLite's write-ahead log needs memory that all its users share, so network file systems do not work.
    """
    backend = _backends(place, WatchMode.AUTO, kernel)[0]
    if backend.kind is BackendKind.POLLING:
        sentence = f"{place} lies on a network file system or the like ({backend.reason})"
        yield Finding(Level.FAULT, "state_dir", sentence, "Put state_dir on a local disk.")


def check_watching(folder: FolderSettings, mode: WatchMode, kernel: KernelFiles) -> Iterator[Finding]:
    """Yield how each part of an input is watched, and a warning if the kernel allows too few watches."""
    backends = _backends(folder.input, mode, kernel)
    for backend in backends:
        place = folder.input / backend.path
        yield Finding(Level.GOOD, f"folders.{folder.name}.watch", f"{place} by {backend.kind}: {backend.reason}")
    if any(backend.kind is BackendKind.EVENTS for backend in backends):
        yield from _check_watches(folder, kernel)


def _check_watches(folder: FolderSettings, kernel: KernelFiles) -> Iterator[Finding]:
    """Yield a warning if the input's folders need nearly all watches; each folder needs one."""
    try:
        limit = int(kernel.max_user_watches.read_text())
    except (OSError, ValueError):
        return
    scan = Scan(folder.input, Exclusions.of(folder), is_recursive=folder.recursive)
    with suppress(OSError):  # a missing input is reported elsewhere
        for _ in scan.sightings():
            if scan.folders > limit:
                break
    needed = min(scan.folders, limit + 1)
    if needed > limit * _NOTABLE_SHARE:
        subject = f"folders.{folder.name}.watch"
        sentence = f"{folder.input} has {needed:,} folders or more, and the kernel allows {limit:,} inotify watches"
        advice = (
            f"Raise it, or new photos are noticed late: sysctl fs.inotify.max_user_watches={2 * max(limit, needed)}"
        )
        yield Finding(Level.WARNING, subject, sentence, advice)


def _backends(place: Path, mode: WatchMode, kernel: KernelFiles) -> tuple[Backend, ...]:
    return choose_backends(place.resolve(), read_mounts(kernel.mount_table), mode)
