"""Deleting the cutouts of removed photos, in folders that want it: slowly, and rather never than wrongly.

It walks the published photos in small batches, in the slack between scans, and remembers nothing itself: since when a
source is missed stands in the ledger. A removal is believed when two whole looks at every tree have ended since, so a
renamed photo was found under its new name and has its own cutout; when its folder does not stand by; and when no photo
that may want the cutout is under way. What was changed since it was published is a person's, and stays.
"""

import asyncio
import logging
import os
import stat
import time
from pathlib import Path

from cutoutd.config.choices import OnSourceRemoved
from cutoutd.config.settings import Folders, FolderSettings
from cutoutd.core.errors import CutoutdError, DelayError
from cutoutd.core.logs import log_error, log_event, printable
from cutoutd.core.photo import Photo, Superseded, require_value
from cutoutd.files.hashing import has_sha256
from cutoutd.files.input_tree import is_occupied
from cutoutd.files.output_tree import OpenFolder, found_folder
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import sources
from cutoutd.watch.availability import FolderAvailability

_PHOTOS_AT_ONCE = 200

#: Like a scan, a walk rests 400 times as long as it worked, and so stays under 0.25 % of a core.
_REST_PER_CPU_SECOND = 400

_REMOVED = Superseded(
    "source_removed", "the photo was removed, and so was its cutout", "Put it back to have it cut out again."
)


class RemovedSourceCleaner:
    """Walks for ever while some folder wants it.

    Args:
        ledger: which photos are published, and whose source is missed.
        folders: the configured folders.
        standby: tells if a folder can be trusted to show what was removed.
        interval_s: the pause between two walks.
    """

    def __init__(self, ledger: Ledger, folders: Folders, standby: FolderAvailability, interval_s: float) -> None:
        self._ledger = ledger
        self._all_folders = folders
        self._standby = standby
        self._interval_s = interval_s

    async def run(self) -> None:
        """Walk until cancelled; what the ledger or the disk refuses is tried again by the next walk."""
        while self._folders():
            await asyncio.sleep(self._interval_s)
            try:
                await self.clean()
            except CutoutdError as error:
                log_error("withdrawal_postponed", error, level=logging.WARNING)

    async def clean(self) -> None:
        """Look for the source of every published photo once.

        Raises:
            CutoutdError: the ledger or an output could not be used.
        """
        last_id = 0
        while photos := await self._ledger.query(
            sources.published_in, self._folders().keys(), last_id, _PHOTOS_AT_ONCE
        ):
            missed, cpu_s = await asyncio.to_thread(self._missed, photos)
            await asyncio.sleep(cpu_s * _REST_PER_CPU_SECOND)
            await self._note(photos, missed)
            for photo in missed:
                await self._consider(photo)
            last_id = photos[-1].id

    def _folders(self) -> dict[str, FolderSettings]:
        folders = self._all_folders.items()
        return {name: folder for name, folder in folders if folder.on_source_removed is OnSourceRemoved.DELETE}

    def _missed(self, photos: list[Photo]) -> tuple[list[Photo], float]:
        """Those with nothing at all at their path, and how much of a core the look took, in seconds. Blocking.

        Where another version stands, it is that photo's business.
        """
        started_s, folders = time.thread_time(), self._folders()
        missed = [photo for photo in photos if _is_removed(photo, folders[photo.identity.folder])]
        return missed, time.thread_time() - started_s

    async def _note(self, photos: list[Photo], missed: list[Photo]) -> None:
        ids = {photo.id for photo in missed}
        newly = [photo.id for photo in missed if photo.source.missing_since_s is None]
        back = [photo.id for photo in photos if photo.source.missing_since_s is not None and photo.id not in ids]
        if newly:
            await self._ledger.mark_source_missing(newly, time.time())
        if back:
            await self._ledger.mark_source_missing(back, None)

    async def _consider(self, photo: Photo) -> None:
        if photo.source.missing_since_s is None or not self._standby.has_scanned_twice_since(
            photo.source.missing_since_s
        ):
            return
        folder = self._folders()[photo.identity.folder]
        try:
            await self._standby.confirm_missing(photo)
        except DelayError:
            return
        if await self._ledger.query(sources.is_cutout_wanted, photo):
            return
        try:
            is_deleted = await asyncio.to_thread(_is_withdrawn, photo, folder)
        except OSError as error:
            cutout = printable(str(Path(require_value(photo.bound.output), require_value(photo.bound.target))))
            log_event("withdrawal_trouble", f"{cutout} cannot be deleted: {error.strerror}", level=logging.WARNING)
            return
        if is_deleted:
            # A crash before this leaves the photo published without its cutout, as if somebody had carried it away.
            removed = await self._ledger.record(photo, _REMOVED)
            log_event("withdrawn", removed.story, about=photo.identity)


def _is_removed(photo: Photo, folder: FolderSettings) -> bool:
    """Whether nothing stands at its path; who put a link there, or in place of a folder above, did not remove it."""
    try:
        return photo.identity.input == str(folder.input) and not is_occupied(folder.input, photo.identity.path)
    except OSError:
        return False  # nobody can tell for now


def _is_withdrawn(photo: Photo, folder: FolderSettings) -> bool:
    """Delete the cutout, if it is the very file that was published, and its source still gone. Blocking."""
    if not _is_removed(photo, folder):
        return False
    output, target = Path(require_value(photo.bound.output)), require_value(photo.bound.target)
    try:
        with found_folder(output, target) as parent:
            is_ours = _is_ours(parent, Path(target).name, photo)
            if is_ours:
                parent.remove(Path(target).name)
                parent.sync()
            return is_ours
    except FileNotFoundError:
        return False  # somebody carried it away


def _is_ours(parent: OpenFolder, name: str, photo: Photo) -> bool:
    status = parent.status(name)
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != photo.cutout.size_bytes:
        return False
    with parent.open(name) as file:
        is_published = has_sha256(file, photo.cutout.sha256)
    now = parent.status(name)
    # Nobody may have put another file there while this one was read.
    is_still_it = now is not None and os.path.samestat(status, now) and status.st_mtime_ns == now.st_mtime_ns
    return is_published and is_still_it
