"""The mounts in an input tree, and whether each raises events for every change.

It returns how each part of a tree is watched, and why. All but ``read_mounts`` is pure. The format of
``/proc/self/mountinfo`` is in proc_pid_mountinfo(5).
"""

import os
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath, PurePosixPath

from cutoutd.config.types.choices import WatchMode

MOUNT_TABLE = Path("/proc/self/mountinfo")


class BackendKind(StrEnum):
    """The ways to notice changes in one part of a tree; a rescan now and then backs both."""

    EVENTS = "events"
    POLLING = "polling"


_TOP = PurePosixPath("/")


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of the mount table."""

    number: int
    upon: int  #: the number of the parent mount
    path: PurePosixPath
    fs_type: str
    device: str = ""  #: major and minor number; major 0 is given anew at each mount
    root: PurePosixPath = _TOP  #: the folder of the file system that is mounted
    source: str = ""  #: the disk or the share


Places = frozenset[tuple[int, PurePosixPath]]  #: on which mount, at which path, another one is mounted


@dataclass(frozen=True, slots=True)
class Backend:
    """The way in which one mount inside an input tree is watched, and why."""

    path: str  #: relative to the input root, "" for the root itself
    kind: BackendKind
    reason: str

    def holds(self, path: str) -> bool:
        """Return True if a path of the tree is on or below this one."""
        return is_at_or_below(path, self.path)


_REMOTE = "other machines' changes raise no events on {}"
_HOST = "the host's changes raise no events on {}"
_UNION = "changes to the layers below raise no events on {}"

#: By file system type, why the kernel does not tell of every change. Only writes of this machine raise events
#: (inotify(7), "Limitations and caveats"), so a file system with other writers is polled.
_POLLING_REASONS = {
    **dict.fromkeys(("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda"), _REMOTE),
    **dict.fromkeys(("ceph", "glusterfs", "lustre", "beegfs", "gpfs", "ocfs2", "gfs2", "orangefs", "pvfs2"), _REMOTE),
    **dict.fromkeys(("9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs", "hostfs"), _HOST),
    **dict.fromkeys(("aufs", "unionfs"), _UNION),
}

#: FUSE programs with files on a local disk and no other writers. Any other may have a network behind it.
_LOCAL_FUSE = frozenset(
    {"fuseblk", "fuse.ntfs-3g", "fuse.ntfs", "fuse.exfat", "fuse.lklfuse", "fuse.encfs", "fuse.gocryptfs"}
)


def polling_reason(fs_type: str) -> str | None:
    """Return why a file system of this type needs polling; None if its events are reliable."""
    if not fs_type:
        return "the mount table does not say what file system it is"
    if fs_type in _POLLING_REASONS:
        return _POLLING_REASONS[fs_type].format(fs_type)
    if fs_type.startswith("fuse") and fs_type not in _LOCAL_FUSE:
        return f"{fs_type} is not known to raise events for every change"
    return None


def read_mounts(table: Path = MOUNT_TABLE) -> tuple[Mount, ...]:
    """Return the visible mounts of this machine. Blocking.

    Raises:
        OSError: the mount table cannot be read.
    """
    # Not as text, because that would take a carriage return in a name for the end of a line.
    return parse_mounts(os.fsdecode(table.read_bytes()))


def parse_mounts(table: str) -> tuple[Mount, ...]:
    """Return the visible mounts of a ``mountinfo`` table: not those hidden under another one.

    Unknown lines are skipped, because the table of a newer kernel must not stop the service.
    """
    # By newline, because names may hold the other characters at which splitlines() breaks a line.
    mounts = {mount.number: mount for line in table.split("\n") if (mount := _parse_line(line)) is not None}
    taken = frozenset((mount.upon, mount.path) for mount in mounts.values())
    return tuple(mount for mount in mounts.values() if not _is_hidden(mount, mounts, taken))


class MountTable:
    """The mount table of this machine; parsed again only when its text has changed."""

    def __init__(self, table: Path = MOUNT_TABLE) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._read: tuple[bytes, tuple[Mount, ...]] = (b"", ())

    def mounts(self) -> tuple[Mount, ...]:
        """Return the visible mounts: the same object until something was mounted or unmounted. Blocking.

        Raises:
            OSError: the mount table cannot be read.
        """
        content = self._table.read_bytes()
        with self._lock:
            if content != self._read[0]:
                self._read = content, parse_mounts(os.fsdecode(content))
            return self._read[1]


def _is_hidden(mount: Mount, mounts: dict[int, Mount], taken: Places) -> bool:
    """Return True if another mount is over this one, or over a folder on the way to it.

    The order of the table does not show that, because the root may come behind its own mounts. The parents do.
    """
    if (mount.number, mount.path) in taken:
        return True
    seen: set[int] = set()  # because a damaged table with a circle must not hang the service
    while mount.number not in seen:
        seen.add(mount.number)
        if any((mount.upon, above) in taken for above in mount.path.parents):
            return True
        mount = mounts.get(mount.upon, mount)
    return False


def _parse_line(line: str) -> Mount | None:
    """Parse number, parent, device, root and mount point; the type is behind a lone hyphen, after optional fields."""
    ahead, _, behind = line.partition(" - ")
    try:
        number, upon, device, root, path = (_unescaped(field) for field in ahead.split(" ")[:5])
        fs_type, source = (*behind.split(" "), "")[:2]
        return Mount(
            int(number), int(upon), PurePosixPath(path), fs_type, device, PurePosixPath(root), _unescaped(source)
        )
    except ValueError:
        return None


def _unescaped(field: str) -> str:
    """Replace the octal escapes of space, tab, newline and backslash (proc_pid_mountinfo(5))."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def choose_backends(root: Path, mounts: Sequence[Mount], mode: WatchMode) -> tuple[Backend, ...]:
    """Return the way in which each mount in the tree is watched, the root's first.

    Args:
        root: the real path of the input tree, because the mount table has no links.
        mounts: the result of ``parse_mounts``.
        mode: the configured choice; only ``auto`` looks at file system types.
    """
    if mode is WatchMode.POLLING:
        return (Backend("", BackendKind.POLLING, "watch.mode is polling"),)
    pure_root = PurePosixPath(root)
    mount = mount_over(pure_root, mounts)
    parts = [("", mount.fs_type if mount else ""), *_mounts_in(pure_root, mounts)]
    return tuple(_backend(path, fs_type, mode) for path, fs_type in parts)


def mount_over(path: PurePath, mounts: Iterable[Mount]) -> Mount | None:
    """Return the innermost mount that holds a real path; None if the table has none."""
    holding = (mount for mount in mounts if path.is_relative_to(mount.path))
    return max(holding, key=lambda mount: len(mount.path.parts), default=None)


def is_at_or_below(path: str, folder: str) -> bool:
    """Return True if a path of a tree is this folder of it, or inside it; "" is the root."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def backend_of(path: str, backends: Iterable[Backend]) -> Backend:
    """Return the backend of the innermost mount that holds a path of the tree."""
    return max((backend for backend in backends if backend.holds(path)), key=lambda backend: len(backend.path))


def _mounts_in(root: PurePosixPath, mounts: Sequence[Mount]) -> list[tuple[str, str]]:
    inside = [mount for mount in mounts if mount.path != root and mount.path.is_relative_to(root)]
    return sorted((mount.path.relative_to(root).as_posix(), mount.fs_type) for mount in inside)


def _backend(path: str, fs_type: str, mode: WatchMode) -> Backend:
    if mode is WatchMode.EVENTS:
        return Backend(path, BackendKind.EVENTS, "watch.mode is events")
    reason = polling_reason(fs_type)
    if reason is None:
        return Backend(path, BackendKind.EVENTS, f"{fs_type} raises events")
    return Backend(path, BackendKind.POLLING, reason)
