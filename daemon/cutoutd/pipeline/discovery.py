"""Where finished files become photos: the ledger's side of watching, for one folder."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from cutoutd.config.settings import Folders
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.photo import Identity, Version
from cutoutd.files.input_tree import Sighting
from cutoutd.ledger import Ledger, has_text_form
from cutoutd.ledger.queries import photos
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.watch.availability import FolderAvailability

#: After the ledger could not be read or written.
_LEDGER_TROUBLE_WAIT_S = 5.0

T = TypeVar("T")


class Discovery:
    """Knows which sightings are photos already, and takes in those that are not.

    While the ledger cannot be used, it waits: nothing further is looked at then, and nothing is forgotten.
    """

    def __init__(self, ledger: Ledger, workers: WorkerPool, folders: Folders, availability: FolderAvailability) -> None:
        self._ledger = ledger
        self._workers = workers
        self._folders = folders
        self._availability = availability

    async def filter_new(self, folder: str, sightings: Sequence[Sighting]) -> list[Sighting]:
        """The sightings whose version is not in the ledger yet; one question for the whole batch.

        None while the folder stands by: what lies there may be what a missing mount left bare. A later scan finds it.
        Names that the ledger cannot hold (it has no text form for a few characters that nobody assigns) are left alone.
        """
        possible = [sighting for sighting in sightings if has_text_form(sighting.path)]
        paths = [sighting.path for sighting in possible]
        known = await _retry_until_stored(lambda: self._ledger.query(photos.known_versions, folder, paths))
        found: list[Sighting] = []
        unknown: list[Sighting] = []
        for sighting in possible:
            (found if _version(sighting) in known else unknown).append(sighting)
        self._availability.record_seen(folder, found)
        return [] if self._availability.is_unavailable(folder) else unknown

    async def deliver(self, folder: str, sighting: Sighting) -> None:
        """A finished file becomes a photo, unless this version of it is one. A crash before: the next scan finds it."""
        root = str(self._folders[folder].input)
        photo = await _retry_until_stored(lambda: self._ledger.discover(_identity(folder, sighting, root)))
        self._availability.record_seen(folder, [sighting])
        if photo is not None:
            log_event(photo.state, photo.story, about=photo)
            self._workers.begin(photo)

    async def check_availability(self, folder: str, *, after_scan: bool) -> bool:
        """Look at whether the folder stands by; True when it no longer does, so its tree should be looked at again."""
        has_ended = await _retry_until_stored(lambda: self._availability.update(folder, after_scan=after_scan))
        if has_ended:
            self._workers.wake_all()
        return has_ended


async def _retry_until_stored(attempt: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await attempt()
        except CutoutdError as error:
            log_error("ledger_trouble", error)
            await asyncio.sleep(_LEDGER_TROUBLE_WAIT_S)


def _version(sighting: Sighting) -> Version:
    return Version(sighting.path, sighting.size_bytes, sighting.mtime_ns, sighting.inode)


def _identity(folder: str, sighting: Sighting, root: str) -> Identity:
    return Identity(
        folder=folder,
        path=sighting.path,
        size_bytes=sighting.size_bytes,
        mtime_ns=sighting.mtime_ns,
        ctime_ns=sighting.ctime_ns,
        inode=sighting.inode,
        input=root,
    )
