"""Shares that hang: a call to their files does not return before they answer again, as on a hard NFS mount."""

import builtins
import contextvars
import io
import os
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import greenlet

from simulation.machine.loop import life
from simulation.machine.threads import Threads

_CALLS = (
    "stat", "lstat", "scandir", "listdir", "readlink", "access", "statvfs", "open", "fstat", "fsync", "utime", "chmod",
    "chown", "mkdir", "rmdir", "unlink", "rename", "replace", "link", "getxattr", "setxattr", "listxattr",
)  # fmt: skip


class HungTrees:
    """The trees that hang now. Calls of the world itself go on: its people sit at the server."""

    def __init__(self, threads: Threads, tell: Callable[[str], None]) -> None:
        self._threads = threads
        self._tell = tell
        self._waiting: dict[str, list[Callable[[], None]]] = {}
        self._is_installed = False
        self._readlink = os.readlink

    def hang(self, tree: str) -> None:
        """Let no call to this tree return."""
        self._waiting.setdefault(tree, [])
        if not self._is_installed:
            self._is_installed = True
            for name in _CALLS:
                setattr(os, name, partial(self._call, name, getattr(os, name)))
            builtins.open = io.open = partial(self._call, "open", io.open)  # type: ignore[assignment]

    def answer(self, tree: str) -> None:
        """Let all calls return that hang."""
        for wake in self._waiting.pop(tree, []):
            wake()

    def _call(self, name: str, real: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if self._waiting and args and life.get():
            self._meet(name, args[0], kwargs.get("dir_fd", kwargs.get("src_dir_fd")))
        return real(*args, **kwargs)

    def _meet(self, name: str, path: Any, dir_fd: int | None) -> None:
        place = self._place_of(path, dir_fd)
        tree = next((each for each in self._waiting if place == each or place.startswith(f"{each}/")), None)
        if tree is None:
            return
        if greenlet.getcurrent().parent is None:
            asking = [frame for frame in traceback.extract_stack() if "/cutoutd/" in frame.filename]
            line = f"{asking[-1].filename.rpartition('/cutoutd/')[2]}:{asking[-1].lineno}" if asking else "a library"
            self._tell(f"the event loop asks the hung share {place.rpartition('/')[2]}: os.{name} in {line}")
            return
        own = contextvars.copy_context()  # because a thread of a process that was killed must not go on
        self._waiting[tree].append(partial(own.run, self._threads.wait()))
        self._threads.park()

    def _place_of(self, path: Any, dir_fd: int | None) -> str:
        if isinstance(path, int):
            return self._opened(path)
        text = os.fsdecode(path)
        return text if text.startswith("/") or dir_fd is None else f"{self._opened(dir_fd)}/{text}"

    def _opened(self, descriptor: int) -> str:
        try:
            return self._readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            return ""
