"""The search for a result that no photo claims, and that must be one photo's own.

Adopting any other result would be worse than paying twice. So a result is adopted only if

- no photo claims it;
- its opaque pixels are the photo's own;
- no other photo with an open launch has nearly these pixels, however many such photos there are.

This comparison alone keeps photos from getting the cutouts of others, whatever is launched meanwhile. A result that is
not this photo's has one of three origins: a photo that claims it, a photo with an open launch, or another program. The
first is excluded, and the second is compared. So an unknown outcome holds back no other photo. The one
exception is the same picture with other parameters, because their results cannot be told apart.
"""

import json
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cutoutd.config.settings import Folders
from cutoutd.core.blocking import WORK_S, calls_to, local_calls
from cutoutd.core.errors import CutoutdError, DelayError, ResultGoneError, ThrottledError
from cutoutd.core.photo import Photo, require_value
from cutoutd.core.photo.longest_lead import DAY_S
from cutoutd.files.input_tree import open_source
from cutoutd.images.comparison import ReferenceImage, difference_from, is_told_apart, reference_image
from cutoutd.images.picture_memory import CUTOUT_BYTES, LOOK, picture_memory
from cutoutd.ledger import ReadTransaction
from cutoutd.ledger.queries import duplicates
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.writes import remote_files
from cutoutd.pipeline.backoff import quick_repeats
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.uploadcare.client import UploadcareClient
from cutoutd.uploadcare.responses import RemoteFile
from cutoutd.uploadcare.transport import ask_again

#: Results of removals that move, resize, tint or mask the subject cannot be compared with the photo's pixels.
_INCOMPARABLE = frozenset({"crop", "scale", "position", "add_shadow", "bg_color", "channels"})

#: Each comparison is a download. The oldest results come first, because a result is made right after its launch. The
#: results that other photos are about to claim are newer.
_COMPARED_FILES = 10

#: With more open launches than this the search waits until there are fewer: each costs a read and a comparison.
COMPARED_PHOTOS = 200

#: Pictures with sides in the same proportion, up to rounding, have the same shape.
_SHAPE_TOLERANCE = 0.02


class _Verdict(Enum):
    """The end of one comparison."""

    OURS = auto()
    NOT_OURS = auto()  #: or not for certain; the same comparison comes to the same end
    UNSURE = auto()  #: a photo that may be in the way cannot be read now


async def find_result(photo: Photo, since: datetime, context: StepContext) -> str | None:
    """Return a result since then that must be the photo's; None if there is none, or none can be compared.

    One operation for each hundred files since then, and the comparisons.

    Raises:
        DelayError, HaltError: Uploadcare could not be asked.
    """
    if not is_comparable(require_value(photo.bound.parameters)):
        return None
    # A removal ends within a day, so the results of earlier launches are older than that.
    since_s = since.timestamp() - DAY_S
    others = await context.ledger.query(photo_queries.open_launches, photo, since_s, COMPARED_PHOTOS + 1)
    candidates = await _unclaimed_results(since, context, quick_repeats(photo.wait.failed_tries))
    if len(others) > COMPARED_PHOTOS or not candidates:
        return None
    compared = [photo, *others]
    question = frozenset(one.id for one in others)
    new = [file for file in candidates if context.compared.is_worth_a_look(photo.id, file.uuid, question)]
    likenesses = await context.ledger.query(_copies_of, compared) if new else []
    # One picture at a time, beside the cutout.
    need_bytes = CUTOUT_BYTES + max(LOOK * one.picture.pixels + one.identity.size_bytes for one in compared)

    async def is_ours(file: RemoteFile, cutout: BinaryIO) -> bool:
        verdict = await picture_memory.run(need_bytes, _compare, likenesses, context.folders, cutout)
        if verdict is _Verdict.NOT_OURS:
            context.compared.note(photo.id, file.uuid, question)
        return verdict is _Verdict.OURS

    return await _first_match(
        is_ours, new[:_COMPARED_FILES], partial(_download, context.uploadcare, quick_repeats(photo.wait.failed_tries))
    )


def _copies_of(ledger: ReadTransaction, compared: Sequence[Photo]) -> list[Sequence[Photo]]:
    """Return for each photo itself and others with the same bytes: a renamed one can be read there."""
    return [(photo, *duplicates.of_same_file(ledger, photo)) for photo in compared]


def is_comparable(parameters: str) -> bool:
    """Return True if a result with these parameters can be compared with the photo's pixels."""
    return _INCOMPARABLE.isdisjoint(json.loads(parameters))


async def _unclaimed_results(since: datetime, context: StepContext, repeats: int) -> list[RemoteFile]:
    files = await context.uploadcare.files.list_since(since, repeats=repeats)
    results = [file for file in files if file.mime_type == "image/png" and not file.is_removed]
    claimed = await context.ledger.query(remote_files.claimed, [file.uuid for file in results])
    return [file for file in results if file.uuid not in claimed]


async def _first_match(
    is_ours: Callable[[RemoteFile, BinaryIO], Awaitable[bool]],
    candidates: Sequence[RemoteFile],
    download: Callable[[str, BinaryIO], Awaitable[int]],
) -> str | None:
    """Return the first result that must be the photo's.

    Raises:
        DelayError: none is, and one could not be fetched. It may be the one, but holds up none behind it.
    """
    trouble: DelayError | None = None
    for file in candidates:
        with tempfile.TemporaryFile() as cutout:
            try:
                await download(file.uuid, cutout)
            except ThrottledError:  # because the next one would be refused too
                raise
            except ResultGoneError:  # since it was listed
                continue
            except DelayError as error:
                trouble = error
                continue
            if await is_ours(file, cutout):
                return file.uuid
    if trouble is not None:
        raise trouble
    return None


async def _download(uploadcare: UploadcareClient, repeats: int, result_uuid: str, cutout: BinaryIO) -> int:
    async def keep(piece: bytes) -> None:
        await local_calls.run(cutout.write, piece)

    async def fetch() -> int:
        cutout.seek(0)
        cutout.truncate()
        return await uploadcare.fetch_cutout(result_uuid, keep)

    return await ask_again(fetch, repeats)


def _compare(likenesses: Sequence[Sequence[Photo]], folders: Folders, cutout: BinaryIO) -> _Verdict:
    """Return if the cutout is of the first photo and of no other; each is read from any of its copies."""
    first, *others = likenesses  # read one at a time, because there may be many
    own = _likeness_of_any(first, folders)
    ours = difference_from(own, cutout)
    if ours is None:
        return _Verdict.UNSURE if own is None else _Verdict.NOT_OURS
    verdict = _Verdict.OURS
    for other in others:
        likeness = _likeness_of_any(other, folders)
        if likeness is None:  # two photos of the same shape cannot be told apart then
            verdict = _Verdict.UNSURE if _has_same_shape(other[0], first[0]) else verdict
        elif (theirs := difference_from(likeness, cutout)) is not None and not is_told_apart(ours, theirs):
            return _Verdict.NOT_OURS
    return verdict


def _has_same_shape(other: Photo, first: Photo) -> bool:
    (width, height), (first_width, first_height) = (
        (photo.picture.width or 0, photo.picture.height or 0) for photo in (other, first)
    )
    return abs(width * first_height - first_width * height) <= _SHAPE_TOLERANCE * first_width * height


def _likeness_of_any(photos: Sequence[Photo], folders: Folders) -> ReferenceImage | None:
    """Return the picture of the first of these equal photos that can be read; None if none can."""
    for photo in photos:
        with suppress(CutoutdError, OSError, KeyError):
            return _likeness(photo, folders)
    return None


def _likeness(photo: Photo, folders: Folders) -> ReferenceImage | None:
    root = folders[photo.identity.folder].input
    # In turn, because a tree that hangs must not hold up the search of another folder's photo.
    return reference_image(calls_to(root).wait(WORK_S, partial(_content, root, photo)))


def _content(root: Path, photo: Photo) -> bytes:
    with open_source(root, photo.identity) as file:
        return file.read()
