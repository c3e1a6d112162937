"""The disks of a simulated machine: real files on a memory file system, with times of the world, and with faults."""

import errno
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_open, _fsync = os.open, os.fsync


class Disks:
    """The system calls that meet faults; `install` puts them into ``os``."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self._root = str(root)
        self._rng = rng
        self.full: set[str] = set()  #: trees without room
        self.on_creation: Callable[[Any], None] = lambda _: None  #: called with each name of a new file

    def install(self) -> None:
        """Replace the calls until another world's take their place."""
        os.open = self._open_file  # type: ignore[assignment]
        os.fsync = self._sync_file  # type: ignore[assignment]
        os.urandom = self._rng.randbytes

    def _open_file(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT and self.full:
            self._require_room(path, dir_fd)
        descriptor = _open(path, flags, mode, dir_fd=dir_fd)
        if flags & os.O_CREAT:
            self._stamp(descriptor)
            self.on_creation(path)
        return descriptor

    def _sync_file(self, descriptor: int) -> None:
        if self.full:
            self._require_room(f"/proc/self/fd/{descriptor}", None)
        _fsync(descriptor)
        self._stamp(descriptor)

    def _stamp(self, descriptor: int) -> None:
        now_ns = time.time_ns()
        os.utime(descriptor, ns=(now_ns, now_ns))

    def _require_room(self, path: Any, dir_fd: int | None) -> None:
        place = os.fsdecode(path)
        if dir_fd is not None and not place.startswith("/"):
            place = f"{Path(f'/proc/self/fd/{dir_fd}').readlink()}/{place}"
        if place.startswith("/proc/self/fd/"):
            place = str(Path(place).readlink())
        if any(place == tree or place.startswith(f"{tree}/") for tree in self.full):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place)


Restore = Callable[[], None]


def _device() -> int:
    """Return the number of this world's disks: claims on trees are named for them, and worlds run side by side."""
    return os.getpid()


class MountTable:
    """The mount table of a world, as the product reads it: one disk, and the mounts that are there now."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.mounted: dict[Path, str] = {}
        self._number = 1
        self._write()

    def add(self, tree: Path, fs_type: str) -> None:
        """Show a tree as a mount."""
        self._number += 1
        number, world = self._number, _device()
        sources = {
            "ext4": f"/dev/sdb{number}",
            "nfs4": f"server{world}:/{tree.name}",
            "cifs": f"//server{world}/{tree.name}",
        }
        source = sources.get(fs_type, tree.name)
        self.bring_back(tree, f"{number} 1 {world}{number}:1 / {tree} rw - {fs_type} {source} rw")

    def take_out(self, tree: Path) -> str:
        """Show it no more, and return its line."""
        line = self.mounted.pop(tree)
        self._write()
        return line

    def bring_back(self, tree: Path, line: str) -> None:
        """Show it again."""
        self.mounted[tree] = line
        self._write()

    def _write(self) -> None:
        lines = (f"1 0 {_device()}:1 / / rw - ext4 /dev/sda1 rw", *self.mounted.values())
        self.file.write_text("".join(f"{line}\n" for line in lines))


def unmount(tree: Path, table: MountTable) -> Restore:
    """Take a tree away and leave its empty mount point; return the function that mounts it again."""
    line = table.take_out(tree)
    hidden = tree.with_name(f".{tree.name}-unmounted")
    tree.rename(hidden)
    tree.mkdir()

    def mount() -> None:
        tree.rename(tree.with_name(f".{tree.name}-under-{time.monotonic_ns()}"))  # with what was written meanwhile
        hidden.rename(tree)
        table.bring_back(tree, line)

    return mount


def take_away(tree: Path) -> Restore:
    """Take a tree away with its mount point; return the function that brings it back, with what is new there."""
    hidden = tree.with_name(f".{tree.name}-away")
    tree.rename(hidden)

    def bring_back() -> None:
        if tree.exists():  # because an output that was never used is made at a start
            shutil.copytree(tree, hidden, dirs_exist_ok=True, copy_function=shutil.move)
            shutil.rmtree(tree)
        hidden.rename(tree)

    return bring_back
