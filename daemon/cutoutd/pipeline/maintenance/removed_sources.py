"""The deletion of the cutouts of removed photos, in folders that want it: slowly, and rather never than wrongly.

It walks over the published photos in small batches between scans. The ledger stores since when a source is missing. A
cutout is deleted only if

1. every folder was scanned twice since the source disappeared, so a renamed photo was found and has its own cutout;
2. its folder is available;
3. no unfinished photo may reuse the cutout;
4. the cutout is unchanged, because a changed one belongs to the user.
"""

import asyncio
import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from io import BufferedReader
from pathlib import Path

from cutoutd.config.settings import Folders, FolderSettings
from cutoutd.config.types.choices import OnSourceRemoved
from cutoutd.core.blocking import WORK_S, calls_to, note_progress
from cutoutd.core.errors import DelayError, TreeUnavailableError
from cutoutd.core.logs import log_error, log_event, printable
from cutoutd.core.periodic import every
from cutoutd.core.photo import Photo, Superseded, require_value
from cutoutd.files.hashing import has_sha256
from cutoutd.files.input_tree import is_occupied
from cutoutd.files.output_tree import found_folder
from cutoutd.files.unfinished import Writer, writer_of
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import sources
from cutoutd.watch.availability.monitor import FolderAvailability

_PHOTOS_AT_ONCE = 200

#: Like a scan, a walk rests 400 times as long as it worked: under 0.25 % of a core.
_REST_PER_CPU_SECOND = 400

_REMOVED = Superseded(
    "source_removed", "the photo was removed, and so was its cutout", "Put it back to have it cut out again."
)


class RemovedSourceCleaner:
    """The walk, if a folder wants it.

    Args:
        ledger: knows the published photos, and the missing sources.
        folders: the configured folders.
        availability: tells if a folder can be trusted to show a removed source.
        interval_s: the pause between two walks.
    """

    def __init__(self, ledger: Ledger, folders: Folders, availability: FolderAvailability, interval_s: float) -> None:
        self._ledger = ledger
        self._all_folders = folders
        self._availability = availability
        self._interval_s = interval_s

    async def run(self) -> None:
        """Walk until cancelled. An error of the ledger or the disk is logged, and the next walk tries again."""
        if self._folders():
            await asyncio.sleep(self._interval_s)
            on_error = partial(log_error, "withdrawal_postponed", level=logging.WARNING)
            await every(self._interval_s, self.clean, on_error)

    async def clean(self) -> None:
        """Look for the source of every published photo once.

        Raises:
            CutoutdError: the ledger or an output tree could not be used.
        """
        last_id = 0
        while photos := await self._ledger.query(
            sources.published_in, self._folders().keys(), last_id, _PHOTOS_AT_ONCE
        ):
            missing, cpu_s = await missing_among(photos, self._folders())
            await asyncio.sleep(cpu_s * _REST_PER_CPU_SECOND)
            await self._store_missing(photos, missing)
            for photo in missing:
                await self._delete_if_removed(photo)
            last_id = photos[-1].id

    def _folders(self) -> dict[str, FolderSettings]:
        folders = self._all_folders.items()
        return {name: folder for name, folder in folders if folder.on_source_removed is OnSourceRemoved.DELETE}

    async def _store_missing(self, photos: list[Photo], missing: list[Photo]) -> None:
        ids = {photo.id for photo in missing}
        newly = [photo.id for photo in missing if photo.source.missing_since_s is None]
        back = [photo.id for photo in photos if photo.source.missing_since_s is not None and photo.id not in ids]
        if newly:
            await self._ledger.files.mark_source_missing(newly, time.time())
        if back:
            await self._ledger.files.mark_source_missing(back, None)

    async def _delete_if_removed(self, photo: Photo) -> None:
        if photo.source.missing_since_s is None or not self._availability.has_scanned_twice_since(
            photo.source.missing_since_s
        ):
            return
        folder = self._folders()[photo.identity.folder]
        try:
            await self._availability.confirm_missing(photo)
        except DelayError:
            return
        if await self._ledger.query(sources.is_cutout_wanted, photo):
            return
        try:
            output = calls_to(Path(require_value(photo.bound.output)))
            delete = partial(_delete_cutout, photo, folder)
            is_deleted = await calls_to(folder.input).within(WORK_S, delete, also=output)
        except TreeUnavailableError:
            return  # a tree that does not answer proves nothing; the next walk looks again
        except OSError as error:
            cutout = printable(str(Path(require_value(photo.bound.output), require_value(photo.bound.target))))
            log_event("withdrawal_trouble", f"{cutout} cannot be deleted: {error.strerror}", level=logging.WARNING)
            return
        if is_deleted:
            # A crash before this leaves a published photo without its cutout, as if the user had moved the cutout.
            removed = await self._ledger.record(photo, _REMOVED)
            log_event("withdrawn", removed.story, about=photo.identity)


async def missing_among(photos: Sequence[Photo], folders: Mapping[str, FolderSettings]) -> tuple[list[Photo], float]:
    """Return the photos without any file at their path, and the CPU time of the look in seconds.

    A path with another version is not missing: that version is a photo of its own. Nothing is missing in a folder that
    does not answer.
    """
    missing: list[Photo] = []
    cpu_s = 0.0
    for name in {photo.identity.folder for photo in photos} & folders.keys():
        those = [photo for photo in photos if photo.identity.folder == name]
        with suppress(TreeUnavailableError):
            found, took_s = await calls_to(folders[name].input).run(_missing_in, folders[name], those)
            missing, cpu_s = missing + found, cpu_s + took_s
    return missing, cpu_s


def _missing_in(folder: FolderSettings, photos: Sequence[Photo]) -> tuple[list[Photo], float]:
    started_s, missing = time.thread_time(), []
    for photo in photos:
        if is_source_removed(photo, folder):
            missing.append(photo)
        note_progress()
    return missing, time.thread_time() - started_s


def is_source_removed(photo: Photo, folder: FolderSettings) -> bool:
    """Return True if no file is at the photo's path. Blocking.

    A link there, or in place of a folder above, is no removal.
    """
    try:
        return photo.identity.input == str(folder.input) and not is_occupied(folder.input, photo.identity.path)
    except OSError:
        return False  # unknown for now


def _delete_cutout(photo: Photo, folder: FolderSettings) -> bool:
    """Delete the cutout if it is the published file and its source is still missing; True if deleted. Blocking."""
    if not is_source_removed(photo, folder):
        return False
    output, target = Path(require_value(photo.bound.output)), require_value(photo.bound.target)
    try:
        with found_folder(output, target) as parent:
            is_deleted = parent.remove_if_ours(Path(target).name, partial(_published_sha256, photo))
            if is_deleted:
                parent.sync()
            return is_deleted
    except FileNotFoundError:
        return False  # the user moved it


def _published_sha256(photo: Photo, file: BufferedReader) -> str | None:
    """Return the SHA-256 of the published file; None if this is another one, or a program writes to it."""
    # Such a file is about to be another one. The next walk looks again.
    if os.fstat(file.fileno()).st_size != photo.cutout.size_bytes or writer_of(file.fileno()) is Writer.PRESENT:
        return None
    return photo.cutout.sha256 if has_sha256(file, photo.cutout.sha256) else None
