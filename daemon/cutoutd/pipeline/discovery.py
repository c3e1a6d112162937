"""Discovery: finished files become rows of the ledger, unless they are known already."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from cutoutd.config.settings import Folders
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import CutoutdError, TreeUnavailableError
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.photo import Identity, Photo, State, Version
from cutoutd.files.input_tree import Sighting
from cutoutd.files.local_disk import local_folders
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import known_files
from cutoutd.ledger.queries.known_files import KnownVersion, TouchedPhoto
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.pipeline.touched_sources import TouchedSources
from cutoutd.watch.folder import FolderWatcher

T = TypeVar("T")


class Discovery:
    """Stores finished files as photos.

    While the ledger cannot be used, it waits: no further file is looked at then, and none is forgotten. Each try comes
    ``retry_after_s`` after the last one.
    """

    def __init__(
        self,
        ledger: Ledger,
        workers: WorkerPool,
        folders: Folders,
        touched_sources: TouchedSources,
        *,
        retry_after_s: float = 5.0,
    ) -> None:
        self._ledger = ledger
        self._workers = workers
        self._folders = folders
        self._availability = touched_sources.availability
        self._touched_sources = touched_sources
        self._retry_after_s = retry_after_s

    async def filter_new(self, folder: str, sightings: Sequence[Sighting]) -> list[Sighting]:
        """Return the sightings that are not in the ledger yet, with one query for the whole batch.

        A file that may be a known photo with other times or another inode is compared in the background. So is one with
        another ctime, which may have other bytes. While the folder is unavailable it returns none, because its files
        may be what a missing mount has uncovered. A later scan finds them.
        """
        paths = [sighting.path for sighting in sightings]
        known = await self._retry_until_stored(lambda: self._ledger.query(known_files.known_files, folder, paths))
        found: list[Sighting] = []
        unknown: list[Sighting] = []
        touched: list[TouchedPhoto] = []
        rewritten: list[tuple[Sighting, KnownVersion]] = []
        for sighting in sightings:
            if (last := known.last_of(_version(sighting))) is not None:
                found.append(sighting)
                if last.ctime_ns != sighting.ctime_ns and not last.is_unpaid:
                    rewritten.append((sighting, last))
            elif (photo := known.touched(sighting.path, sighting.size_bytes)) is not None:
                found.append(sighting)
                touched.append(photo)
            else:
                unknown.append(sighting)
        self._availability.record_seen(folder, found)
        if self._availability.is_unavailable(folder):
            return []
        if rewritten:
            touched += await self._with_new_ctimes(folder, rewritten)
        if touched:
            unmarked = [photo.photo_id for photo in touched if not photo.is_marked]
            await self._retry_until_stored(lambda: self._touched_sources.note(unmarked))
        return unknown

    async def _with_new_ctimes(self, folder: str, seen: Sequence[tuple[Sighting, KnownVersion]]) -> list[TouchedPhoto]:
        """Return the photos to compare, because a file may be rewritten with its size and its mtime.

        A chmod or a new hard link changes the ctime too. On a disk that is not local a ctime may differ at each look,
        so none is compared there.
        """
        root = self._folders[folder].input
        learned = {last.photo_id: sighting.ctime_ns for sighting, last in seen if last.ctime_ns == 0}
        if learned:
            await self._retry_until_stored(lambda: self._ledger.files.learn_ctimes(learned))
        changed = [(sighting.path.rpartition("/")[0], last) for sighting, last in seen if last.ctime_ns]
        try:
            local = await calls_to(root).run(local_folders, root, {parent for parent, _ in changed})
        except TreeUnavailableError:
            return []  # the next scan of the tree notices them again
        return [TouchedPhoto(last.photo_id, last.is_marked) for parent, last in changed if parent in local]

    async def deliver(self, folder: str, sighting: Sighting) -> None:
        """Store a finished file as a photo, unless this version of it is one. After a crash the next scan finds it."""
        root = str(self._folders[folder].input)
        photo = await self._retry_until_stored(lambda: self._ledger.discover(_identity(folder, sighting, root)))
        self._availability.record_seen(folder, [sighting])
        if photo is not None:
            log_event(photo.state, photo.story, about=photo)
            self._workers.begin(photo)

    async def check_availability(self, folder: str, *, after_scan: bool, is_complete: bool = True) -> bool:
        """Judge anew if the folder is available; return True if its tree should be scanned again."""
        has_ended = await self._retry_until_stored(
            lambda: self._availability.update(folder, after_scan=after_scan, is_complete=is_complete)
        )
        if has_ended:
            self._workers.wake_all()
        return has_ended

    async def has_changed_mounts(self, folder: str) -> bool:
        """Return True if something was mounted, unmounted or led elsewhere in the trees of the folder."""
        return await self._availability.has_changed(folder)

    async def _retry_until_stored(self, attempt: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await attempt()
            except CutoutdError as error:
                log_error("ledger_trouble", error)
                await asyncio.sleep(self._retry_after_s)


@contextmanager
def superseded_looked_at(ledger: Ledger, watchers: Sequence[FolderWatcher]) -> Iterator[None]:
    """During the block, have the file of each superseded photo looked at again at once.

    No event need tell of it: it may have come before the photo was stored, or not at all on a polled share.
    """
    by_name = {watcher.name: watcher for watcher in watchers}

    def note(_: Photo | None, photo: Photo) -> None:
        watcher = by_name.get(photo.identity.folder)
        if photo.state is State.SUPERSEDED and watcher is not None:
            watcher.look_soon(photo.identity.path)

    ledger.add_listener(note)
    try:
        yield
    finally:
        ledger.remove_listener(note)


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
