"""A walk over a tree of any depth.

It neither recurses nor opens a path, and it holds one folder open. A tree may be deeper than the stack, than the
longest path and than the number of open files.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class _WalkedFolder:
    """A folder on the way down, with its sub-folders that are still to be entered."""

    path: str
    status: os.stat_result
    left: list[str]


def walk(root: int, on_unreadable: Callable[[OSError], None]) -> Iterator[tuple[str, int, list[str]]]:
    """Yield every folder below an open one: its path, its descriptor, the names that are no folders.

    No link is followed. The descriptor is open until the next step. ``on_unreadable`` gets the error about each folder
    that is left out.
    """
    way: list[_WalkedFolder] = []
    path, fd = ".", os.dup(root)
    try:
        while fd >= 0:
            try:
                files, folders = _listed(fd)
            except OSError as error:
                error.filename = path
                on_unreadable(error)
                files, folders = None, []
            way.append(_WalkedFolder(path, os.fstat(fd), folders))
            if files is not None:
                yield path, fd, files
            fd, path = _next_folder(root, fd, way, on_unreadable)
    finally:
        if fd >= 0:
            os.close(fd)


def _listed(fd: int) -> tuple[list[str], list[str]]:
    files: list[str] = []
    folders: list[str] = []
    with os.scandir(fd) as entries:
        for entry in entries:
            (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    return files, folders


def _next_folder(
    root: int, fd: int, way: list[_WalkedFolder], on_unreadable: Callable[[OSError], None]
) -> tuple[int, str]:
    """Close a folder that was listed, and open the next one of the walk; return -1 at its end."""
    while way:
        folder = way[-1]
        while folder.left:
            name = folder.left.pop()
            path = os.path.normpath(f"{folder.path}/{name}")
            try:
                child = os.open(name, _FOLDER_FLAGS, dir_fd=fd)
            except OSError as error:
                error.filename = path
                on_unreadable(error)
            else:
                os.close(fd)
                return child, path
        way.pop()
        above = _above(root, fd, way)
        os.close(fd)
        fd = above
    return -1, ""


def _above(root: int, fd: int, way: list[_WalkedFolder]) -> int:
    """Open the last folder of the way again; without those that are gone, or were moved away."""
    while way:
        with suppress(OSError):
            above = os.open("..", _FOLDER_FLAGS, dir_fd=fd)
            if os.path.samestat(os.fstat(above), way[-1].status):
                return above
            os.close(above)
        with suppress(OSError):
            return _descended(root, way[-1].path)
        way.pop()
    return -1


def _descended(root: int, path: str) -> int:
    fd = os.dup(root)
    for name in path.split("/") if path != "." else ():
        try:
            child = os.open(name, _FOLDER_FLAGS, dir_fd=fd)
        finally:
            os.close(fd)
        fd = child
    return fd
