"""Known photos with files that have other times or inodes: compared in the background, and never paid for again.

An archive gets new inodes when it is moved, restored or mounted anew, and new times by a touch. A file
with the known bytes is the known photo: its row takes the new times and inode, and nothing else happens. Any other file
is a new photo. The ledger holds what is still to be compared, so a restart loses nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum, auto
from pathlib import Path

from cutoutd.config.settings import Folders
from cutoutd.core.blocking import calls_to, note_progress
from cutoutd.core.errors import (
    CutoutdError,
    DiskError,
    RejectedError,
    SourceUnavailableError,
    SupersededError,
    TreeUnavailableError,
)
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.photo import UNPAID, Identity, Photo, State
from cutoutd.files.hashing import has_sha256
from cutoutd.files.input_tree import Sighting, open_source, reading_errors, stat_quietly
from cutoutd.files.unfinished import require_finished
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import known_files
from cutoutd.pipeline.steps.validate import validate_photo
from cutoutd.watch.availability.monitor import FolderAvailability

#: Each batch waits once for files that are still being written.
_PHOTOS_AT_ONCE = 500

#: A disk reads few files at once well, and new photos need it too.
_FILES_AT_ONCE = 2

_RETRY_AFTER_S = 5.0

#: Takes a file that is another photo than the known one.
Deliver = Callable[[str, Sighting], Awaitable[None]]


class _Comparison(Enum):
    """The finding about one file."""

    SAME = auto()  #: the known bytes
    OTHER = auto()  #: other bytes
    OPEN = auto()  #: it cannot be read for now, or is being written
    GONE = auto()  #: it is not there, or is no longer compared with this photo


class TouchedSources:
    """The comparison, beside the way of the photos.

    Args:
        ledger: holds what is to be compared.
        folders: the configured folders.
        availability: tells if a folder can be trusted to show its files.
        stability_delay_s: the time that a file must stand still.
    """

    def __init__(
        self, ledger: Ledger, folders: Folders, availability: FolderAvailability, stability_delay_s: float
    ) -> None:
        self._ledger = ledger
        self._folders = folders
        self.availability = availability
        self._stability_delay_s = stability_delay_s
        self._wake = asyncio.Event()
        self._wake.set()  # because a stop may have left some
        self._slots = asyncio.Semaphore(_FILES_AT_ONCE)
        self._is_comparing = False

    @property
    def is_busy(self) -> bool:
        """True if files are being compared, or are about to be."""
        return self._is_comparing or self._wake.is_set()

    async def note(self, photo_ids: Sequence[int]) -> None:
        """Have the files of these photos compared, and those that are noted already."""
        if photo_ids:
            await self._ledger.files.mark_touched(photo_ids)
        self._wake.set()

    async def run(self, deliver: Deliver) -> None:
        """Compare whenever there is something to compare, until cancelled."""
        while True:
            await self._wake.wait()
            with self._comparing():
                self._wake.clear()
                try:
                    await self._compare_all(deliver)
                except CutoutdError as error:
                    log_error("ledger_trouble", error)
                    await asyncio.sleep(_RETRY_AFTER_S)
                    self._wake.set()

    @contextmanager
    def _comparing(self) -> Iterator[None]:
        self._is_comparing = True
        try:
            yield
        finally:
            self._is_comparing = False

    async def _compare_all(self, deliver: Deliver) -> None:
        last_id, same = 0, 0
        while batch := await self._ledger.query(known_files.touched_photos, last_id, _PHOTOS_AT_ONCE):
            last_id = batch[-1].id
            findings = await self._compare_batch(batch, deliver)
            same += findings.count(_Comparison.SAME)
        if same:
            sentence = f"{same:,} known photos have other times or inodes and the same bytes: nothing is sent or paid"
            log_event("sources_compared", sentence)

    async def _compare_batch(self, batch: Sequence[Photo], deliver: Deliver) -> list[_Comparison]:
        before = await self._look(batch)
        await asyncio.sleep(self._stability_delay_s)
        return await asyncio.gather(*(self._settle(photo, before, deliver) for photo in batch))

    async def _look(self, batch: Sequence[Photo]) -> dict[int, Sighting | None]:
        """Return the present files, folder by folder; none of a folder that does not answer."""
        seen: dict[int, Sighting | None] = {}
        for name in {photo.identity.folder for photo in batch} & self._folders.keys():
            photos = [photo for photo in batch if photo.identity.folder == name]
            with suppress(TreeUnavailableError):
                seen |= await calls_to(self._folders[name].input).run(_seen, self._folders[name].input, photos)
        return seen

    async def _settle(self, photo: Photo, before: dict[int, Sighting | None], deliver: Deliver) -> _Comparison:
        """Compare one file, and store the finding."""
        folder = photo.identity.folder
        if photo.id not in before or self.availability.is_unavailable(folder):
            return _Comparison.OPEN
        seen = before[photo.id]
        if seen is None or photo.state in UNPAID | {State.SUPERSEDED} or photo.source.result is not None:
            await self._ledger.files.unmark_touched(photo)
            return _Comparison.GONE
        identity = Identity(folder, *seen.version, str(self._folders[folder].input))
        async with self._slots:
            try:
                finding = await calls_to(self._folders[folder].input).run(self._compare, photo, identity)
            except TreeUnavailableError:
                return _Comparison.OPEN
        if finding is _Comparison.SAME:
            await self._ledger.files.refresh_version(photo, identity)
        elif finding is not _Comparison.OPEN:
            if finding is _Comparison.OTHER:
                await deliver(folder, seen)
            await self._ledger.files.unmark_touched(photo)
        return finding

    def _compare(self, photo: Photo, identity: Identity) -> _Comparison:
        """Compare a file with its photo. Blocking."""
        folder = self._folders[identity.folder]
        if identity.size_bytes != photo.identity.size_bytes:
            return _Comparison.GONE  # because a scan takes a file of another size for a new photo
        try:
            if photo.picture.sha256 is None:  # rejected, and perhaps dismissed afterwards
                validate_photo(identity, folder)
                return _Comparison.OTHER
            with open_source(folder.input, identity) as file, reading_errors(folder.input, identity):
                is_same = has_sha256(file, photo.picture.sha256)
            require_finished(folder.input, identity)
        except RejectedError as error:
            # Checked again, because the hash of such a file is not known. The same reason is not told twice.
            return _Comparison.SAME if error.code == photo.ending.code else _Comparison.OTHER
        except (SupersededError, SourceUnavailableError, DiskError):
            return _Comparison.OPEN  # the next scan has it compared again
        return _Comparison.SAME if is_same else _Comparison.OTHER


def _seen(root: Path, photos: Sequence[Photo]) -> dict[int, Sighting | None]:
    found: dict[int, Sighting | None] = {}
    for photo in photos:
        found[photo.id] = stat_quietly(root, photo.identity.path)
        note_progress()
    return found
