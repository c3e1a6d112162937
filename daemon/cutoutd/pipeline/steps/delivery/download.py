"""A cutout on its way from Uploadcare to a temporary file beside its place: hashed, verified, and on disk."""

import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from io import BufferedRandom
from pathlib import Path, PurePosixPath

from cutoutd.config.types.choices import Provenance
from cutoutd.core.atomic_write import temporary_name
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import CutoutdError, ResultDamagedError
from cutoutd.core.photo import Photo
from cutoutd.files.output_tree import Guard, disk_errors, found_folder, made_folder
from cutoutd.files.provenance import attach, chunk_for, provenance_of, with_chunk, without_chunk, write_chunk
from cutoutd.images.structure.png_check import PngCheck
from cutoutd.images.structure.png_header import PngHeader
from cutoutd.pipeline.steps.delivery.doubts import most_pixels

#: Writes go to a thread, one hop for this much: a hop costs about as much as writing 100 kB to the page cache.
_CHUNK_BYTES = 1 << 20

_UNKNOWN_SHA256 = "0" * 64

#: Hands every chunk of a download to the sink and returns when the last one is through.
Fetch = Callable[[Callable[[bytes], Awaitable[None]]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class DownloadedCutout:
    """A verified cutout in a temporary file beside its target, on disk to the last byte."""

    output: Path
    file: str  #: relative to the output root
    sha256: str  #: of the file
    size_bytes: int
    header: PngHeader

    def target_of(self, name: str) -> str:
        """Return the path, relative to the output root, of a name beside the temporary file."""
        return str(PurePosixPath(self.file).with_name(name))


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """A wanted download: the photo, the target of its cutout, and the form of its provenance."""

    photo: Photo
    output: Path  #: the output root
    target: str  #: relative to it
    provenance: Provenance
    guard: Guard | None = None  #: refuses an output that is not mounted


class StreamingWriter:
    """Takes a download's chunks: hashes, checks and writes them in threads, a megabyte at a time."""

    def __init__(self, file: BufferedRandom, request: DownloadRequest) -> None:
        self._file = file
        self._request = request
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._is_begun = False
        self._sha256 = hashlib.sha256()
        self._png = PngCheck(most_pixels(request.photo))

    async def receive(self, chunk: bytes) -> None:
        """Collect a chunk, and write the collected ones when they are many."""
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        if self._pending_bytes >= _CHUNK_BYTES:
            await calls_to(self._request.output).run(self._flush)

    def finish(self, path: str) -> DownloadedCutout:
        """Write the rest, check the PNG, close the file, and return the downloaded cutout."""
        self._flush()
        with _damage_named():
            header = self._png.finish()
        sha256 = self._sign(self._sha256.hexdigest())
        size_bytes = self._file.seek(0, os.SEEK_END)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return DownloadedCutout(self._request.output, path, sha256, size_bytes, header)

    def _flush(self) -> None:
        block = b"".join(self._pending)
        self._pending, self._pending_bytes = [], 0
        with _damage_named():
            self._png.feed(block)
        block, is_first, self._is_begun = (block if self._is_begun else without_chunk(block)), not self._is_begun, True
        self._sha256.update(block)
        if is_first and self._request.provenance is Provenance.PNG_TEXT:
            # A placeholder, because the hash is known only at the end.
            block = with_chunk(block, chunk_for(provenance_of(self._request.photo, _UNKNOWN_SHA256)))
        self._file.write(block)

    def _sign(self, sha256: str) -> str:
        """Write the provenance into the cutout, and return the SHA-256 of the whole file."""
        if self._request.provenance is Provenance.XATTR:
            attach(self._file.fileno(), provenance_of(self._request.photo, sha256))
        if self._request.provenance is not Provenance.PNG_TEXT:
            return sha256
        write_chunk(self._file, chunk_for(provenance_of(self._request.photo, sha256)))
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ResultDamagedError(f"the cutout arrived damaged: {error}") from error


async def download_cutout(request: DownloadRequest, fetch: Fetch) -> DownloadedCutout:
    """Download a cutout into a temporary file beside its target and verify it; the caller places or discards it.

    Raises:
        ResultDamagedError: what arrived is not a whole PNG; nothing is left behind.
        FolderBlockedError: something else stands where the target's folder belongs; nothing was downloaded.
        PlaceError: the output tree cannot be written for now; nothing is left behind.
    """
    path = str(PurePosixPath(request.target).with_name(temporary_name("a.png")))
    calls = calls_to(request.output)
    file: BufferedRandom | None = None
    try:
        with disk_errors(request.output / request.target):
            file = await calls.run(_create, request, path)
            receiver = StreamingWriter(file, request)
            await fetch(receiver.receive)
            return await calls.run(receiver.finish, path)
    except BaseException:
        await calls.tidy_up(partial(_discard, request.output, path, file))
        raise


def _create(request: DownloadRequest, path: str) -> BufferedRandom:
    with made_folder(request.output, request.target, request.guard) as folder:
        return folder.create(PurePosixPath(path).name)


def _discard(output: Path, path: str, file: BufferedRandom | None) -> None:
    """Remove the temporary file; if the disk has become read-only, the next start removes it."""
    with suppress(OSError, CutoutdError), file or nullcontext(), found_folder(output, path) as folder:
        folder.remove(PurePosixPath(path).name)
