"""The end of failures that are no longer there to be mended: their files were removed, renamed or replaced.

A walk over the rejected and failed photos stores since when a source is missing. Such a photo is superseded, and its
failure note is removed, only if

1. every folder was scanned twice since the source disappeared;
2. its folder is available, so no vanished share is taken for removed files;
3. no paid removal is lost with it: a paid result can be fetched without its source.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from cutoutd.config.settings import Folders
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import LedgerError, TreeUnavailableError
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import every
from cutoutd.core.photo import Photo, State, Superseded
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import failures, selection
from cutoutd.pipeline.maintenance.removed_sources import missing_among
from cutoutd.watch.availability.monitor import FolderAvailability

_PHOTOS_AT_ONCE = 200

#: Like a scan, a walk rests 400 times as long as it worked: under 0.25 % of a core.
_REST_PER_CPU_SECOND = 400

_REMOVED = Superseded("source_removed", "the photo was removed or renamed", "A photo that comes back is a new one.")
_REPLACED = Superseded("newer_version", "a newer version of the photo has taken its place", "")


class OutdatedFailures:
    """The walk over rejected and failed photos.

    Args:
        ledger: knows the photos, and the missing sources.
        folders: the configured folders.
        availability: tells if a folder can be trusted to show a removed source.
        remove_note: removes the failure note of a photo. Blocking.
        interval_s: the pause between two walks.
    """

    def __init__(
        self,
        ledger: Ledger,
        folders: Folders,
        availability: FolderAvailability,
        remove_note: Callable[[Photo], None],
        interval_s: float,
    ) -> None:
        self._ledger = ledger
        self._folders = folders
        self._availability = availability
        self._interval_s = interval_s
        self._remove_note = remove_note

    async def run(self) -> None:
        """Walk until cancelled. An error of the ledger or the disk is logged, and the next walk tries again."""
        await asyncio.sleep(self._interval_s)
        on_error = partial(log_error, "failures_kept", level=logging.WARNING)
        await every(self._interval_s, self.end, on_error)

    async def end(self, *, is_resting: bool = True) -> int:
        """Look at every rejected and failed photo once, end the outdated ones, and return how many wait for scans.

        Raises:
            CutoutdError: the ledger could not be used.
        """
        waiting = 0
        for page in selection.pages(await self._ledger.query(failures.troubled_ids), _PHOTOS_AT_ONCE):
            photos = [photo for photo in await self._ledger.query(selection.photos_with_ids, page) if _may_end(photo)]
            replaced = await self._ledger.query(failures.replaced_among, [photo.id for photo in photos])
            missing, cpu_s = await missing_among(photos, self._folders)
            await self._store_missing(photos, missing)
            for photo in photos:
                if photo.id in replaced:
                    # The newer version has written a note of its own by now, or removed this one's.
                    await self._store(photo, _REPLACED)
                elif photo in missing and not await self._end_if_removed(photo, missing):
                    waiting += 1
            await asyncio.sleep(cpu_s * _REST_PER_CPU_SECOND if is_resting else 0)
        return waiting

    async def _store_missing(self, photos: Sequence[Photo], missing: Sequence[Photo]) -> None:
        newly = [photo.id for photo in missing if photo.source.missing_since_s is None]
        back = [photo.id for photo in photos if photo.source.missing_since_s is not None and photo not in missing]
        if newly:
            await self._ledger.files.mark_source_missing(newly, time.time())
        if back:
            await self._ledger.files.mark_source_missing(back, None)

    async def _end_if_removed(self, photo: Photo, missing: Sequence[Photo]) -> bool:
        since_s = photo.source.missing_since_s
        if since_s is None or not self._availability.has_scanned_twice_since(since_s):
            return False
        if not await self._availability.is_removal_believed(photo, missing):
            return False
        # Remove the note first, because a crash after the fact would leave it for ever.
        try:
            await calls_to(self._folders.of(photo).output).run(self._remove_note, photo)
        except TreeUnavailableError:
            return False
        await self._store(photo, _REMOVED)
        return True

    async def _store(self, photo: Photo, fact: Superseded) -> None:
        with suppress(LedgerError):  # because a command may have moved the photo meanwhile
            ended = await self._ledger.record(photo, fact)
            log_event(ended.state, ended.story, about=ended)


def _may_end(photo: Photo) -> bool:
    """Return True if nothing is lost with a rejected or failed photo: no paid result, and no earlier cutout."""
    is_troubled = photo.state in {State.REJECTED, State.FAILED}
    return is_troubled and not photo.has_paid_removal and photo.cutout.sha256 is None
