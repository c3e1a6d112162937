"""Small pictures on the disk, within a bound. They are kept by the hash of their original, so they never go stale.

The folder is private, as photos are. Each picture can be made again. A full disk keeps nothing, and the folder may
be deleted at any time. The picture that was not shown for the longest time goes first.
"""

import os
import threading
import time
from contextlib import suppress
from enum import IntEnum
from pathlib import Path

from cutoutd.core.atomic_write import replaced

CACHE_NAME = "previews"

#: About 25,000 photos with their cutouts in the gallery's size.
MOST_BYTES = 512_000_000

#: The last gigabyte stays free, because the ledger may be on the same disk.
_LEFT_FREE_BYTES = 1_000_000_000

#: At the bound, pictures go until this share is left. So not every new picture has to make room.
_KEPT_SHARE = 0.9

#: The least time between two marks of a picture as shown.
_MARK_AFTER_S = 3_600


class ThumbnailSize(IntEnum):
    """The longer side, in pixels."""

    SMALL = 480  #: in the gallery; sharp on a phone
    LARGE = 1600  #: the page of one photo


class ThumbnailCache:
    """The kept pictures; for several threads. Trouble with the disk is never an error.

    Args:
        state_dir: holds the folder of the cache.
        most_bytes: the bound.
        left_free_bytes: with less room than this on the disk, nothing is kept.
    """

    def __init__(self, state_dir: Path, most_bytes: int = MOST_BYTES, left_free_bytes: int = _LEFT_FREE_BYTES) -> None:
        self._folder = state_dir / CACHE_NAME
        self._most_bytes = most_bytes
        self._left_free_bytes = left_free_bytes
        self._lock = threading.Lock()
        self._held_bytes: int | None = None  #: None until counted

    def get(self, sha256: str, size: ThumbnailSize) -> bytes | None:
        """Return a kept picture; None if it has to be made. Blocking."""
        file = self._folder / _name(sha256, size)
        with suppress(OSError), file.open("rb") as picture:
            status = os.fstat(picture.fileno())
            content = picture.read()
            _mark(file, status)
            return content or None
        return None

    def put(self, sha256: str, size: ThumbnailSize, content: bytes) -> None:
        """Keep a picture, if there is room. Blocking. A crash may leave a temporary file, which counts as a picture."""
        with suppress(OSError), self._lock:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if self._has_room():
                with replaced(self._folder / _name(sha256, size), is_durable=False) as file:
                    file.write(content)
                self._held_bytes = self._count() + len(content)
            if self._count() > self._most_bytes:
                self._make_room()

    def _has_room(self) -> bool:
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize > self._left_free_bytes

    def _count(self) -> int:
        if self._held_bytes is None:
            self._held_bytes = sum(size for _, size, _ in self._pictures())
        return self._held_bytes

    def _pictures(self) -> list[tuple[float, int, str]]:
        with os.scandir(self._folder) as entries:
            found = [(entry.stat(follow_symlinks=False), entry.name) for entry in entries]
        return [(status.st_mtime, status.st_size, name) for status, name in found]

    def _make_room(self) -> None:
        pictures = sorted(self._pictures())
        held_bytes = sum(size for _, size, _ in pictures)
        for _, size, name in pictures:
            if held_bytes <= self._most_bytes * _KEPT_SHARE:
                break
            (self._folder / name).unlink(missing_ok=True)
            held_bytes -= size
        self._held_bytes = held_bytes


def _name(sha256: str, size: ThumbnailSize) -> str:
    return f"{sha256}-{size.value}.webp"


def _mark(file: Path, status: os.stat_result) -> None:
    """Set the modification time to now. It stands for the last look, because access times are often not kept."""
    if abs(time.time() - status.st_mtime) > _MARK_AFTER_S:  # in either direction, because clocks are set back too
        os.utime(file)
