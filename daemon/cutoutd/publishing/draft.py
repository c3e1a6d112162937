"""A cutout on its way to its place: downloaded beside the target, hashed, verified and on disk to the last byte."""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cutoutd.errors import UnreachableError
from cutoutd.naming import TEMPORARY_PREFIX
from cutoutd.pictures import PngCheck, PngHeader
from cutoutd.publishing.tree import disk_errors, folder_for, take_after

#: Writes go to a thread, one hop for this much: a hop costs about as much as writing 100 kB to the page cache.
_CHUNK_BYTES = 1 << 20

#: Hands every chunk of a download to the sink and returns when the last one is through.
Fetch = Callable[[Callable[[bytes], Awaitable[None]]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A verified cutout in a temporary file beside its target, on disk to the last byte."""

    file: Path
    sha256: str
    size_bytes: int
    header: PngHeader


class _Receiver:
    """Takes a download's chunks: hashes, checks and writes them in threads, a megabyte at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._sha256 = hashlib.sha256()
        self._png = PngCheck()
        self._size_bytes = 0

    async def receive(self, chunk: bytes) -> None:
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        if self._pending_bytes >= _CHUNK_BYTES:
            await asyncio.to_thread(self._flush)

    def finish(self, path: Path) -> Draft:
        self._flush()
        with _damage_named():
            header = self._png.finish()
        self._file.flush()
        os.fsync(self._file.fileno())
        return Draft(path, self._sha256.hexdigest(), self._size_bytes, header)

    def _flush(self) -> None:
        block = b"".join(self._pending)
        self._pending, self._pending_bytes = [], 0
        with _damage_named():
            self._png.feed(block)
        self._sha256.update(block)
        self._file.write(block)
        self._size_bytes += len(block)


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UnreachableError(f"the cutout arrived damaged: {error}") from error


async def draft_cutout(output: Path, target: str, fetch: Fetch) -> Draft:
    """Download a cutout into a temporary file beside its target and verify it; the caller places or discards it.

    Raises:
        UnreachableError: what arrived is not a whole PNG; nothing is left behind.
        DiskError: the output tree cannot be written for now; nothing is left behind.
    """
    with disk_errors(output / target):
        folder = await asyncio.to_thread(folder_for, output, target)
    path = folder / f"{TEMPORARY_PREFIX}{os.urandom(8).hex()}.png"
    try:
        with disk_errors(output / target), await asyncio.to_thread(path.open, "xb") as file:
            await asyncio.to_thread(take_after, path, folder)
            receiver = _Receiver(file)
            await fetch(receiver.receive)
            return await asyncio.to_thread(receiver.finish, path)
    except BaseException:
        # Not in a thread: this must also happen while the task is being cancelled.
        path.unlink(missing_ok=True)
        raise
