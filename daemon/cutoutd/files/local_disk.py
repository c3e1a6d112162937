"""The kind of disk below a file: whether this machine alone writes to it, so that its kernel knows of every change.

On other disks a read lease and a ctime are no evidence: see ``unfinished`` and ``pipeline.discovery``.
"""

import ctypes
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cutoutd.files.input_tree import open_folder_beneath

#: File systems without a disk of their own that only this machine writes to (statfs(2)): tmpfs, ramfs, btrfs, overlay,
#: zfs, bcachefs, ubifs, ecryptfs.
_LOCAL_TYPES = frozenset({0x01021994, 0x858458F6, 0x9123683E, 0x794C7630, 0x2FC12FC1, 0xCA451A4E, 0x24051905, 0xF15F})
#: File systems on a disk that several machines share: ocfs2, gfs2.
_SHARED_DISK_TYPES = frozenset({0x7461636F, 0x01161970})
_FUSE_TYPE = 0x65735546

_libc = ctypes.CDLL(None, use_errno=True)
_STATFS_BYTES = 512  #: more than any system's struct statfs


def is_on_local_disk(fd: int) -> bool:
    """Return True if no other machine can write to the open file or folder."""
    has_disk = os.major(os.fstat(fd).st_dev) != 0
    return _type_of(fd) not in _SHARED_DISK_TYPES if has_disk else _type_of(fd) in _LOCAL_TYPES


def is_on_fuse(fd: int) -> bool:
    """Return True if a program serves the file system; the kernel then knows of the writers of this machine."""
    return _type_of(fd) == _FUSE_TYPE


def local_folders(root: Path, folders: Iterable[str]) -> set[str]:
    """Return those of these folders of a tree that are on local disks; a folder that is gone is not among them."""
    local: set[str] = set()
    for folder in folders:
        with suppress(OSError):
            fd = open_folder_beneath(root, folder)
            try:
                if is_on_local_disk(fd):
                    local.add(folder)
            finally:
                os.close(fd)
    return local


def _type_of(fd: int) -> int:
    """Return the type of the file system; 0 if it is unknown."""
    status = ctypes.create_string_buffer(_STATFS_BYTES)
    return ctypes.c_ulong.from_buffer(status).value & 0xFFFFFFFF if _libc.fstatfs(fd, status) == 0 else 0
