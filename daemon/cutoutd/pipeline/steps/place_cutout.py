"""A cutout on its way to its mirrored path: downloaded, verified, placed atomically, and never over a foreign file.

The steps: download to a temporary file beside the target, hash, verify, fsync, rename, fsync the folder. A crash before
the rename leaves a temporary file that the next start removes. A crash after it leaves the finished cutout. The
repeated step then finds the very bytes that it was about to write.

A sound PNG with unexpected properties gets a note, and is published all the same, because it was paid for.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from io import BufferedRandom
from itertools import chain
from pathlib import Path, PurePosixPath

from cutoutd.config.types.choices import Provenance
from cutoutd.core.atomic_write import temporary_name
from cutoutd.core.errors import CutoutdError, FolderBlockedError, PlaceError, UnreachableError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo, Published, require_value
from cutoutd.files.hashing import sha256_of
from cutoutd.files.output_tree import (
    Guard,
    OpenFolder,
    disk_errors,
    found_folder,
    is_refusal,
    made_folder,
    name_refused,
)
from cutoutd.files.provenance import attach, chunk_for, provenance_of, with_chunk, without_chunk, write_chunk
from cutoutd.files.target_names import beside, plain, portable, spare_targets_of
from cutoutd.files.unfinished import Writer, writer_of
from cutoutd.images.structure.png_check import PngCheck, PngHeader
from cutoutd.pipeline.steps.replaced_cutouts import replaced_cutouts

#: Writes go to a thread, one hop for this much: a hop costs about as much as writing 100 kB to the page cache.
_CHUNK_BYTES = 1 << 20

_UNKNOWN_SHA256 = "0" * 64

#: Hands every chunk of a download to the sink and returns when the last one is through.
Fetch = Callable[[Callable[[bytes], Awaitable[None]]], Awaitable[object]]


def note_on(photo: Photo, header: PngHeader) -> str | None:
    """Return the unexpected properties of a cutout as a clause; None if there are none."""
    parameters = json.loads(photo.bound.parameters or "{}")
    clauses = []
    if not {"crop", "scale"} & parameters.keys():
        clauses.append(_note_on_size(photo, header))
    if not header.has_alpha and not {"channels", "bg_color"} & parameters.keys():
        clauses.append("the cutout has no transparency")
    # No fault, because the service may have converted the colours; only a person can see whether it did.
    if photo.picture.colours is not None and not header.has_colours and parameters.get("channels") != "alpha":
        clauses.append(
            f"the photo has the colours of {photo.picture.colours}, and the cutout does not say which it has:"
            " compare the two"
        )
    return "; ".join(filter(None, clauses)) or None


def _note_on_size(photo: Photo, header: PngHeader) -> str | None:
    sent, received = photo.sent_size, (header.width, header.height)
    if sent == received:
        return None
    change = "downscaled it from" if received[0] * received[1] < sent[0] * sent[1] else "changed its size from"
    return f"Uploadcare {change} {sent[0]} x {sent[1]} to {received[0]} x {received[1]} pixels"


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
        self._png = PngCheck()

    async def receive(self, chunk: bytes) -> None:
        """Collect a chunk, and write the collected ones when they are many."""
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        if self._pending_bytes >= _CHUNK_BYTES:
            await asyncio.to_thread(self._flush)

    def finish(self, path: str) -> DownloadedCutout:
        """Write the rest, check the PNG, and return the downloaded cutout."""
        self._flush()
        with _damage_named():
            header = self._png.finish()
        sha256 = self._sign(self._sha256.hexdigest())
        size_bytes = self._file.seek(0, os.SEEK_END)
        self._file.flush()
        os.fsync(self._file.fileno())
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
        raise UnreachableError(f"the cutout arrived damaged: {error}") from error


async def download_cutout(request: DownloadRequest, fetch: Fetch) -> DownloadedCutout:
    """Download a cutout into a temporary file beside its target and verify it; the caller places or discards it.

    Raises:
        UnreachableError: what arrived is not a whole PNG; nothing is left behind.
        FolderBlockedError: something else stands where the target's folder belongs; nothing was downloaded.
        PlaceError: the output tree cannot be written for now; nothing is left behind.
    """
    path = str(PurePosixPath(request.target).with_name(temporary_name("a.png")))
    try:
        with disk_errors(request.output / request.target), await asyncio.to_thread(_create, request, path) as file:
            receiver = StreamingWriter(file, request)
            await fetch(receiver.receive)
            return await asyncio.to_thread(receiver.finish, path)
    except BaseException:
        # Not in a thread, because this must also happen while the task is being cancelled.
        _discard(request.output, path)
        raise


def _create(request: DownloadRequest, path: str) -> BufferedRandom:
    with made_folder(request.output, request.target, request.guard) as folder:
        return folder.create(PurePosixPath(path).name)


def _discard(output: Path, path: str) -> None:
    """Remove the temporary file; if the disk has become read-only, the next start removes it."""
    with suppress(OSError, CutoutdError), found_folder(output, path) as folder:
        folder.remove(PurePosixPath(path).name)


def place(draft: DownloadedCutout, names: Iterable[str], own_cutouts: frozenset[str]) -> str:
    """Give a download the first of these names that is free or holds our own cutout; return its target. Blocking.

    `own_cutouts` are the SHA-256 of the files that were published for this photo before: such a file is replaced. So is
    a file that equals the download, because a crash came between rename and fact. Any other file stays.

    Raises:
        NameRefusedError: the file system takes no file of such a name.
        PlaceError: no target could be written; the download is gone and will be repeated.
    """
    names = iter(names)
    wanted = next(names)
    first = draft.output / draft.target_of(wanted)
    with disk_errors(first), found_folder(draft.output, draft.file) as folder:
        try:
            for name in chain([wanted], names):
                if _is_placed(folder, draft, name, own_cutouts | {draft.sha256}):
                    return draft.target_of(name)
        finally:
            with suppress(OSError):  # because on a read-only disk the next start removes it
                folder.remove(PurePosixPath(draft.file).name)
    raise PlaceError(f"every name for the cutout is taken by other files, the first is {first}")


def _is_placed(folder: OpenFolder, draft: DownloadedCutout, name: str, own: frozenset[str]) -> bool:
    temporary = PurePosixPath(draft.file).name
    try:
        if not folder.rename_or_link(temporary, name):
            _say_unheard(draft.output)
    except FileExistsError:
        if not _is_own(folder, name, own, draft.sha256):
            return False
        folder.rename(temporary, name)
        folder.sync()
    except OSError as error:
        if is_refusal(error, name) and folder.has_file(temporary):
            raise name_refused(draft.output, draft.target_of(name)) from error
        raise
    return True


@cache
def _say_unheard(output: Path) -> None:
    """Say once for each output that its file system has no rename that replaces nothing."""
    sentence = f"cutouts in {output} get their names by hard links: programs there that wait for moved files miss them"
    log_event("moves_unheard", sentence)


def _is_own(folder: OpenFolder, name: str, own: frozenset[str], new: str) -> bool:
    """Return True for a cutout of our own; it is kept for a while, unless it is the new one."""
    if not folder.has_file(name):
        return False
    with folder.open(name) as file:
        # A file that a person is retouching at this moment is no longer our own.
        if writer_of(file.fileno()) is Writer.PRESENT:
            return False
        sha256 = sha256_of(file)
        if sha256 in own and sha256 != new:
            replaced_cutouts.keep(sha256, file)
        return sha256 in own


async def publish_cutout(
    photo: Photo,
    fetch: Fetch,
    own_cutouts: frozenset[str],
    provenance: Provenance = Provenance.XATTR,
    guard: Guard | None = None,
) -> Published:
    """Download, verify and place a photo's cutout; return the fact to store.

    `own_cutouts` are the SHA-256 of the files that were published for earlier versions of the photo. Only such a file
    may be replaced. If another file stands there, or the user retouched ours, the cutout goes to a spare place.

    Raises:
        UnreachableError: no whole PNG arrived.
        NameRefusedError: the file system takes no such name; the paid cutout has to get another one.
        PlaceError: the output tree cannot be written for now.
    """
    output, target = require_value(photo.bound.output), require_value(photo.bound.target)
    request = DownloadRequest(photo, Path(output), target, provenance, guard)
    try:
        draft = await download_cutout(request, fetch)
    except FolderBlockedError:
        aside = beside(request.target)
        if aside == request.target:
            raise
        # because an earlier cutout has the name of this one's folder
        draft = await download_cutout(replace(request, target=aside), fetch)
    # Spares are as safe as the target, because a refused one would be of no use.
    form = plain if plain(target) == target else portable
    targets = chain([request.target], map(form, spare_targets_of(photo.identity.path)))
    names = (PurePosixPath(target).name for target in targets)
    return _published(photo, draft, await asyncio.to_thread(place, draft, names, own_cutouts))


def _published(photo: Photo, draft: DownloadedCutout, target: str) -> Published:
    notes = [photo.note, photo.upload.sent_as, note_on(photo, draft.header)]
    if target != photo.bound.target:
        notes.append(f"another file stood at {photo.bound.target}, so the cutout went to {target}")
    return Published(
        cutout_sha256=draft.sha256,
        cutout_bytes=draft.size_bytes,
        target=target,
        note="; ".join(filter(None, notes)) or None,
    )
