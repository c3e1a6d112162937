"""What became of a paid call whose answer was lost: look first, wait, and pay again only when nothing else is left.

Order of looking (UPLOADCARE.md section 2): the source itself says whether the add-on ran on it; the project's list of
files shows results that nobody claims. A result is adopted only if it must be this photo's: no photo claims it, its
opaque pixels are the photo's own, and they are those of no other photo whose launch is open, however many there are.
Everything else is worse than paying twice.

That comparison alone keeps photos from getting each other's cutouts, whatever is launched meanwhile: a result that is
not this photo's belongs to a photo that claims it, or whose launch is open and is therefore compared, or to a stranger.
Holding other launches back for a while only makes the search shorter, with fewer results to look through and fewer
pictures that look alike; so it is done while an answer that was really lost is young, and not for a mere lock (409),
which may stay for a day.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import BinaryIO

from cutoutd.config.settings import Folders
from cutoutd.core.errors import CutoutdError
from cutoutd.core.photo import Photo, require_value
from cutoutd.files.source_file import open_source
from cutoutd.images import ReferenceImage, is_cutout_of, reference_image
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.uploadcare.client import UploadcareClient
from cutoutd.uploadcare.responses import RemoteFile

#: How long traces are looked for before the call is made again. A removal takes seconds; a call on an upload whose
#: removal still runs is refused (409) and costs nothing, so a lag longer than this does no harm.
LOOK_FOR_S = 180.0

#: Each further call of a photo whose answer is lost too is followed by twice as long a search, up to so many doublings:
#: a service that carries calls out and never answers them costs a few removals a day then, not one every few minutes.
_MOST_DOUBLINGS = 7

#: How long a refusal (409) is believed to come from a live removal; the lock of a dead one can stay for a day.
LOCK_BOUND_S = 1800.0

#: Uploadcare keeps the status of a removal, and files that are not stored, for a day (UPLOADCARE.md 2 and 3).
_KEPT_FOR_S = 86_400.0

#: Results of removals that move, resize, tint or mask the subject cannot be held against the photo's pixels.
_INCOMPARABLE = frozenset({"crop", "scale", "position", "add_shadow", "bg_color", "channels"})

#: Each comparison is a download. The oldest ones first: a result is made right after its launch, and those that other
#: photos are about to claim are newer.
_COMPARED_FILES = 10

#: With more launches open than this, look again when there are fewer: each costs a read and a comparison.
_COMPARED_PHOTOS = 200


class RecoveryAction(Enum):
    """What to do next about a launch whose outcome is open."""

    ADOPT = auto()
    LOOK_AGAIN = auto()
    LAUNCH_AGAIN = auto()
    SEND_ANEW = auto()


@dataclass(frozen=True, slots=True)
class LaunchTraces:
    """What one look found."""

    is_source_gone: bool
    result_uuid: str | None  #: a result that must be this photo's


@dataclass(frozen=True, slots=True)
class OutcomeSearch:
    """How far the search for an outcome is."""

    unclear_for_s: float  #: since the last lost answer, or since a lock was met without one
    locked_for_s: float = 0.0  #: since the upload was first found locked; 0 when it was not
    lost_launches: int = 1  #: of this photo, never found


def search_of(photo: Photo, lost_launches: int, now_s: float) -> OutcomeSearch:
    """The search for a photo's outcome at this moment, Unix time."""
    locked_since_s = now_s if photo.launch.locked_since_s is None else photo.launch.locked_since_s
    unclear_since_s = locked_since_s if photo.launch.unclear_since_s is None else photo.launch.unclear_since_s
    return OutcomeSearch(now_s - unclear_since_s, now_s - locked_since_s, lost_launches)


def next_action(traces: LaunchTraces, search: OutcomeSearch) -> RecoveryAction:
    """Decide from what was found and how long the outcome has been open."""
    if traces.result_uuid is not None:
        return RecoveryAction.ADOPT
    if search.unclear_for_s < LOOK_FOR_S * 2 ** min(max(search.lost_launches - 1, 0), _MOST_DOUBLINGS):
        return RecoveryAction.LOOK_AGAIN
    if traces.is_source_gone or search.locked_for_s >= LOCK_BOUND_S:
        return RecoveryAction.SEND_ANEW
    return RecoveryAction.LAUNCH_AGAIN


def is_past_keeping(since_s: float, now_s: float) -> bool:
    """Whether Uploadcare may have let go by itself of what it had since then; what is missing before that may return.

    Both are Unix times of this machine; that a thing is gone, Uploadcare itself has to have said as well.
    """
    return now_s - since_s > _KEPT_FOR_S


async def look_for_traces(photo: Photo, context: StepContext) -> LaunchTraces:
    """Look once: one operation for the source, and some for the list and the comparisons if the add-on may have run.

    An upload that has expired no longer says whether it ran; its result may have been stored all the same.

    Raises:
        DelayError, HaltError: Uploadcare could not be asked.
    """
    source = await context.uploadcare.files.get(require_value(photo.upload.source_uuid))
    if source is None:
        return LaunchTraces(is_source_gone=True, result_uuid=None)
    may_have_run = source.has_run_remove_bg or source.is_removed
    if not may_have_run or not is_comparable(require_value(photo.bound.parameters)):
        return LaunchTraces(source.is_removed, result_uuid=None)
    others = await context.ledger.query(photo_queries.open_launches, photo, _COMPARED_PHOTOS + 1)
    candidates = await _unclaimed_results(source, context)
    if len(others) > _COMPARED_PHOTOS or not candidates:
        return LaunchTraces(source.is_removed, result_uuid=None)
    is_ours = partial(_shows_only_first, [photo, *others], context.folders)
    return LaunchTraces(source.is_removed, result_uuid=await _first_match(is_ours, candidates, context.uploadcare))


def is_comparable(parameters: str) -> bool:
    """Whether a result with these parameters can be held against the photo's pixels."""
    return _INCOMPARABLE.isdisjoint(json.loads(parameters))


async def _unclaimed_results(source: RemoteFile, context: StepContext) -> list[RemoteFile]:
    files = await context.uploadcare.files.list_since(source.uploaded_at)
    results = [file for file in files if file.mime_type == "image/png" and not file.is_removed]
    claimed = await context.ledger.query(photo_queries.claimed_results, [file.uuid for file in results])
    unclaimed = [file for file in results if file.uuid not in claimed]
    return unclaimed[::-1][:_COMPARED_FILES]


async def _first_match(
    is_ours: Callable[[BinaryIO], bool], candidates: Sequence[RemoteFile], uploadcare: UploadcareClient
) -> str | None:
    """The first result that must be the photo's."""
    for file in candidates:
        with tempfile.TemporaryFile() as cutout:
            await _download(file, cutout, uploadcare)
            if await asyncio.to_thread(is_ours, cutout):
                return file.uuid
    return None


async def _download(file: RemoteFile, cutout: BinaryIO, uploadcare: UploadcareClient) -> None:
    async def keep(piece: bytes) -> None:
        await asyncio.to_thread(cutout.write, piece)

    await uploadcare.fetch_cutout(file.uuid, keep)


def _shows_only_first(photos: Sequence[Photo], folders: Folders, cutout: BinaryIO) -> bool:
    """Whether the cutout is of the first photo and of none of the others; read one at a time, for there may be many.

    False also when one of their files cannot be had, because then nothing can be told apart.
    """
    first, *others = (partial(_likeness, photo, folders) for photo in photos)
    try:
        return is_cutout_of(first(), cutout) and not any(is_cutout_of(other(), cutout) for other in others)
    except (CutoutdError, OSError, KeyError):
        return False


def _likeness(photo: Photo, folders: Folders) -> ReferenceImage | None:
    with open_source(folders[photo.identity.folder].input, photo.identity) as file:
        return reference_image(file.read())
