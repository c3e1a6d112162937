"""The recovery of a lost launch: look for its outcome first, wait, and pay again only as the last resort.

The order of looking: the source itself says if the add-on ran on it. The project's list of files shows results that no
photo claims. A result is adopted only if it must be this photo's:

- no photo claims it;
- its opaque pixels are the photo's own;
- no other photo with an open launch has nearly these pixels, however many such photos there are.

Adopting any other result would be worse than paying twice.

This comparison alone keeps photos from getting the cutouts of others, whatever is launched meanwhile. A result that is
not this photo's has one of three origins: a photo that claims it, a photo with an open launch, or another program. The
first is excluded, and the second is compared. So an unknown outcome holds back no other photo. The one
exception is the same picture with other parameters, because their results cannot be told apart.

Most lost launches were never accepted. A removal locks its upload while it runs, and leaves a mark on it when it ends.
An upload without either, after the time that any removal takes, had none so far: a new launch pays twice only if a
gateway delivers the old one later still (docs/operations.md, windows that remain).
"""

import json
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
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
from cutoutd.ledger.queries import duplicates
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.writes import remote_files
from cutoutd.pipeline.backoff import quick_repeats
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.uploadcare.client import UploadcareClient
from cutoutd.uploadcare.responses import RemoteFile
from cutoutd.uploadcare.transport import ask_again

#: The time of the search for a removal that may have been made, before the call is made again. While it runs, another
#: call is refused (409) and costs nothing, so a lag longer than this does no harm.
LOOK_FOR_S = 180.0

#: After so many launches on one upload that were not made, the time to the next one doubles with each.
_NOT_MADE_AT_PACE = 6

#: After each further lost launch of a photo the search lasts twice as long, up to so many doublings. A service that
#: makes removals and never responds costs a few removals a day then, not one every few minutes.
_MOST_DOUBLINGS = 7

#: A refusal (409) counts as the lock of a live removal for this time; the lock of a dead one can last for a day.
LOCK_BOUND_S = 1800.0

#: Uploadcare keeps the status of a removal, and files that are not stored, for a day.

#: Results of removals that move, resize, tint or mask the subject cannot be compared with the photo's pixels.
_INCOMPARABLE = frozenset({"crop", "scale", "position", "add_shadow", "bg_color", "channels"})

#: Each comparison is a download. The oldest results come first, because a result is made right after its launch. The
#: results that other photos are about to claim are newer.
_COMPARED_FILES = 10

#: With more open launches than this the search waits until there are fewer: each costs a read and a comparison.
COMPARED_PHOTOS = 200

#: Uploadcare refuses requests if its clock differs by more.
_CLOCKS_DIFFER_S = 900.0

#: Pictures with sides in the same proportion, up to rounding, have the same shape.
_SHAPE_TOLERANCE = 0.02


class RecoveryAction(Enum):
    """The next step for a launch with an open outcome."""

    ADOPT = auto()
    LOOK_AGAIN = auto()
    NOT_MADE = auto()
    LAUNCH_AGAIN = auto()
    SEND_ANEW = auto()


@dataclass(frozen=True, slots=True)
class LaunchTraces:
    """The findings of one look."""

    is_source_gone: bool
    result_uuid: str | None  #: a result that must be this photo's
    may_have_run: bool = True  #: False: the upload is there, and says that no removal of it has ended


@dataclass(frozen=True, slots=True)
class OutcomeSearch:
    """The progress of the search for an outcome."""

    unclear_for_s: float  #: since the last lost response, or since a lock without one
    locked_for_s: float | None = None  #: since the upload was first found locked; None: it was not
    lost_launches: int = 1  #: of this photo, never found
    shown_after_s: float = LOOK_FOR_S  #: after so long an accepted removal has ended, and shows itself
    not_made: int = 0  #: earlier launches on this upload without a response, which were not made


def search_of(photo: Photo, lost_launches: int, now_s: float) -> OutcomeSearch:
    """Return the search for a photo's outcome at this Unix time."""
    locked_since_s = photo.launch.locked_since_s
    unclear_since_s = photo.launch.unclear_since_s or locked_since_s or now_s
    locked_for_s = None if locked_since_s is None else now_s - locked_since_s
    return OutcomeSearch(now_s - unclear_since_s, locked_for_s, lost_launches)


def next_action(traces: LaunchTraces, search: OutcomeSearch) -> RecoveryAction:
    """Return the next step, from the findings and the time for which the outcome has been open."""
    if traces.result_uuid is not None:
        return RecoveryAction.ADOPT
    if search.unclear_for_s < looked_for_s(traces, search):
        return RecoveryAction.LOOK_AGAIN
    if _shows_no_removal(traces, search):
        return RecoveryAction.NOT_MADE
    if traces.is_source_gone or (search.locked_for_s or 0.0) >= LOCK_BOUND_S:
        return RecoveryAction.SEND_ANEW
    return RecoveryAction.LAUNCH_AGAIN


def looked_for_s(traces: LaunchTraces, search: OutcomeSearch) -> float:
    """Return how long the outcome is looked for."""
    if _shows_no_removal(traces, search):
        slower = max(0, search.not_made - _NOT_MADE_AT_PACE + 1)
        return min(LOOK_FOR_S, search.shown_after_s) * 2.0 ** min(slower, _MOST_DOUBLINGS)
    return LOOK_FOR_S * 2.0 ** min(max(search.lost_launches - 1, 0), _MOST_DOUBLINGS)


def _shows_no_removal(traces: LaunchTraces, search: OutcomeSearch) -> bool:
    return not traces.may_have_run and search.locked_for_s is None


def may_have_expired(since_s: float, now_s: float) -> bool:
    """Return True if Uploadcare may have deleted a file of that age by itself; a younger missing file may return.

    Both are Unix times of this machine. Uploadcare itself must have said too that the file is gone.
    """
    return now_s - since_s > DAY_S


async def look_for_traces(photo: Photo, context: StepContext) -> LaunchTraces:
    """Look once: one operation for the source, and some for the list and the comparisons if the add-on may have run.

    An upload that has expired no longer says whether it ran; its result may have been stored all the same.

    Raises:
        DelayError, HaltError: Uploadcare could not be asked.
    """
    source = await context.uploadcare.files.get(
        require_value(photo.upload.source_uuid), repeats=quick_repeats(photo.wait.failed_tries)
    )
    if source is None:
        return LaunchTraces(is_source_gone=True, result_uuid=None)
    may_have_run = source.has_run_remove_bg or source.is_removed
    if not may_have_run or not is_comparable(require_value(photo.bound.parameters)):
        return LaunchTraces(source.is_removed, result_uuid=None, may_have_run=may_have_run)
    return LaunchTraces(source.is_removed, result_uuid=await _find_result(photo, source.uploaded_at, context))


async def look_for_given_up(photo: Photo, launched_at_s: float, context: StepContext) -> str | None:
    """Return the result of a launch at this Unix time on an upload that the photo gave up; None if there is none.

    One operation for each hundred files since then. The result may have come after the search for it.

    Raises:
        DelayError, HaltError: Uploadcare could not be asked.
    """
    if not is_comparable(require_value(photo.bound.parameters)):
        return None
    since = datetime.fromtimestamp(launched_at_s - _CLOCKS_DIFFER_S, UTC)
    return await _find_result(photo, since, context)


async def _find_result(photo: Photo, since: datetime, context: StepContext) -> str | None:
    """Return a result since then that must be the photo's."""
    # A removal ends within a day, so the results of earlier launches are older than that.
    since_s = since.timestamp() - DAY_S
    others = await context.ledger.query(photo_queries.open_launches, photo, since_s, COMPARED_PHOTOS + 1)
    candidates = await _unclaimed_results(since, context, quick_repeats(photo.wait.failed_tries))
    if len(others) > COMPARED_PHOTOS or not candidates:
        return None
    compared = [photo, *others]
    copies = await context.ledger.query(duplicates.of_same_file, photo)  # a renamed one can be read there
    # One picture at a time, beside the cutout.
    need_bytes = CUTOUT_BYTES + max(LOOK * one.picture.pixels + one.identity.size_bytes for one in compared)

    async def is_ours(cutout: BinaryIO) -> bool:
        return await picture_memory.run(need_bytes, _shows_only_first, compared, copies, context.folders, cutout)

    return await _first_match(
        is_ours, candidates, partial(_download, context.uploadcare, quick_repeats(photo.wait.failed_tries))
    )


def is_comparable(parameters: str) -> bool:
    """Return True if a result with these parameters can be compared with the photo's pixels."""
    return _INCOMPARABLE.isdisjoint(json.loads(parameters))


async def _unclaimed_results(since: datetime, context: StepContext, repeats: int) -> list[RemoteFile]:
    files = await context.uploadcare.files.list_since(since, repeats=repeats)
    results = [file for file in files if file.mime_type == "image/png" and not file.is_removed]
    claimed = await context.ledger.query(remote_files.claimed, [file.uuid for file in results])
    return [file for file in results if file.uuid not in claimed][:_COMPARED_FILES]


async def _first_match(
    is_ours: Callable[[BinaryIO], Awaitable[bool]],
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
            if await is_ours(cutout):
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


def _shows_only_first(photos: Sequence[Photo], copies: Sequence[Photo], folders: Folders, cutout: BinaryIO) -> bool:
    """Return True if the cutout is of the first photo, read from any copy, and of no other."""
    first, *others = photos  # read one at a time, because there may be many
    ours = difference_from(_likeness_of_any((first, *copies), folders), cutout)

    def may_show(other: Photo) -> bool:
        # A file may be unreadable, or another by now. Then two photos of the same shape cannot be told apart.
        try:
            difference = difference_from(_likeness(other, folders), cutout)
        except (CutoutdError, OSError, KeyError):
            return _has_same_shape(other, first)
        return difference is not None and not is_told_apart(require_value(ours), difference)

    return ours is not None and not any(may_show(other) for other in others)


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
