"""The reuse of an earlier cutout of the same content and parameters, instead of paying again.

Copies, renamed photos and restored backups cost nothing this way. The earlier file must still be what was published:
people retouch cutouts, and a retouched one is theirs alone.
"""

import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from io import BufferedReader
from pathlib import Path

from cutoutd.config.types.choices import Provenance
from cutoutd.core.blocking import BlockingCalls, calls_to
from cutoutd.core.errors import ResultDamagedError, TreeUnavailableError, UnreachableError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo, Published, PublishedBefore, require_value
from cutoutd.files.hashing import has_sha256
from cutoutd.files.input_tree import open_beneath
from cutoutd.files.output_tree import Guard
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.queries import duplicates
from cutoutd.pipeline.steps.delivery.replaced_cutouts import replaced_cutouts
from cutoutd.pipeline.steps.place_cutout import publish_cutout

_CHUNK_BYTES = 1 << 20

#: The most cutouts of one picture that are read; if all of them are gone, the picture is paid for again.
_LOOKED_AT = 10


async def reuse_cutout(
    photo: Photo, ledger: Ledger, own_cutouts: frozenset[str], provenance: Provenance, guard: Guard
) -> Published | None:
    """Copy the cutout of a photo with the same content and parameters into place; None if none can be read.

    The files that were published for the photo's path before, `own_cutouts`, may be replaced. `guard` refuses an
    output that is not mounted.

    A crash here leaves at most a temporary file, or the finished copy, which the repeated step finds.

    Raises:
        DiskError: the output tree cannot be written for now.
    """
    async for duplicate, file in _opened_cutouts(photo, ledger):
        calls = _calls_to_output_of(duplicate)
        read = partial(_read, file, calls, require_value(duplicate.cutout.sha256))
        try:
            published = await publish_cutout(sent_like(photo, duplicate), read, own_cutouts, provenance, guard)
        except ResultDamagedError as error:
            log_event("cutout_not_reused", error.sentence, about=photo, level=logging.WARNING)
            continue
        finally:
            calls.begin(file.close)  # in a thread, because closing a file of a dead share hangs too
        return replace(published, reused_from=duplicate.id, note=note_on_reuse(published, duplicate))
    return None


async def earlier_cutout(photo: Photo, ledger: Ledger) -> Photo | None:
    """Return the photo with a cutout that can be copied instead of paying; None if there is none."""
    async for duplicate, file in _opened_cutouts(photo, ledger):
        _calls_to_output_of(duplicate).begin(file.close)
        return duplicate
    return None


async def _opened_cutouts(photo: Photo, ledger: Ledger) -> AsyncIterator[tuple[Photo, BufferedReader]]:
    """Yield the photos with their cutouts, open, because another cutout may take its place at any moment.

    Raises:
        TreeUnavailableError: further ones may be in an output that does not answer.
    """
    silent: TreeUnavailableError | None = None
    for duplicate in await earlier_publications(photo, ledger):
        try:
            file = await _calls_to_output_of(duplicate).run(_opened, duplicate)
        except TreeUnavailableError as error:
            silent = error
        else:
            if file is not None:
                yield duplicate, file
    if silent is not None:
        raise silent


def _calls_to_output_of(duplicate: Photo) -> BlockingCalls:
    return calls_to(Path(require_value(duplicate.bound.output)))


async def earlier_publications(photo: Photo, ledger: Ledger) -> list[Photo]:
    """Return the photos with a published cutout of the same picture, whether it is there or not."""
    return await ledger.query(duplicates.published_duplicates, photo, _LOOKED_AT)


def sent_like(photo: Photo, duplicate: Photo) -> Photo:
    """Return the photo with the size that its duplicate was sent in, because that is the size of the cutout."""
    return replace(photo, upload=replace(photo.upload, width=duplicate.upload.width, height=duplicate.upload.height))


def is_reusable(ledger: ReadTransaction, photo: Photo) -> bool:
    """Return True if there is an earlier cutout that can be copied. Blocking."""
    return any(map(has_cutout_in_place, duplicates.published_duplicates(ledger, photo, _LOOKED_AT)))


def has_cutout_in_place(photo: Photo) -> bool:
    """Return True if the photo's cutout is where it was published, and as it was. Blocking."""
    try:
        with _open_in_place(photo) as file:
            return has_sha256(file, photo.cutout.sha256)
    except OSError:
        return False


def published_before(earlier: Photo, *, is_there: bool) -> PublishedBefore:
    """Return the fact that a photo's picture was published as an earlier version of its path."""
    gone = "" if is_there else "; its cutout is no longer in the output: cutoutd reprocess makes it again"
    return PublishedBefore(
        cutout_sha256=require_value(earlier.cutout.sha256),
        cutout_bytes=require_value(earlier.cutout.size_bytes),
        target=require_value(earlier.bound.target),
        note=f"nothing paid: the same picture as before, in another file{gone}",
        doubt=earlier.cutout.doubt,
        reused_from=earlier.id,
        parameters=require_value(earlier.bound.parameters),
        output=require_value(earlier.bound.output),
    )


def _open_in_place(photo: Photo) -> BufferedReader:
    # A link leads anywhere, and a pipe is waited for without end. Neither was published.
    return open_beneath(Path(require_value(photo.bound.output)), require_value(photo.bound.target))


def note_on_reuse(published: Published, duplicate: Photo) -> str:
    """Return the note on a cutout that was not paid for, because another photo has the same picture."""
    free = f"nothing paid: the same picture as {duplicate.identity.folder}/{duplicate.identity.path}"
    return f"{published.note}; {free}" if published.note else free


def _opened(duplicate: Photo) -> BufferedReader | None:
    """Open the cutout in its place, or the one that was just replaced there; None if it is not what was published."""
    sha256 = require_value(duplicate.cutout.sha256)
    with suppress(OSError):
        file = _open_in_place(duplicate)
        if _is_content(file, sha256):
            return file
    kept = replaced_cutouts.open(sha256)
    return kept if kept is not None and _is_content(kept, sha256) else None


def _is_content(file: BufferedReader, sha256: str) -> bool:
    """Return True for the expected content, rewound; else close the file."""
    with suppress(OSError):
        if has_sha256(file, sha256):
            file.seek(0)
            return True
    file.close()
    return False


async def _read(
    file: BufferedReader, calls: BlockingCalls, sha256: str, sink: Callable[[bytes], Awaitable[None]]
) -> None:
    """Copy an earlier cutout, and refuse the copy if it is not what was published.

    A person may retouch the file while it is copied, and a retouched one is theirs alone.
    """
    copied = hashlib.sha256()
    try:
        await calls.run(file.seek, 0)  # because it may be read a second time, for another place
        while piece := await calls.run(file.read, _CHUNK_BYTES):
            copied.update(piece)
            await sink(piece)
    except OSError as error:
        raise UnreachableError(f"an earlier cutout cannot be read: {error.strerror}") from error
    if copied.hexdigest() != sha256:
        raise ResultDamagedError("an earlier cutout changed while it was copied")
