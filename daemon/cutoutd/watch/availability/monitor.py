"""The unavailable folders, and why: checked again and again, logged at the beginning and at the end.

From an unavailable folder nothing new is taken, its photos wait without cost, and no file counts as missing. Paid
photos and other folders go on. The state ends by itself, and then the tree is scanned. It is kept in memory only, but
the snapshot is in the ledger: after a kill the next check comes to the same result.

A folder is unavailable because of its input, because of its output, or because two trees share a folder.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from cutoutd.config.settings import Folders, FolderSettings
from cutoutd.core.errors import SourceUnavailableError, TreeUnavailableError
from cutoutd.core.logs import log_event, printable
from cutoutd.core.photo import Photo, State, require_value
from cutoutd.files.input_tree import Sighting
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos, sources
from cutoutd.watch.availability.destinations import Destinations
from cutoutd.watch.availability.folder_record import FolderRecord
from cutoutd.watch.availability.snapshot import (
    SAMPLE_SIZE,
    FolderSnapshot,
    MountedParts,
    SampleFile,
    mounted_parts,
    sample,
    snapshot_from,
)
from cutoutd.watch.availability.tree_watch import NO_LOOK, TreeWatch
from cutoutd.watch.availability.trust import end_trust, is_trust_given
from cutoutd.watch.availability.unavailable_folder import SEPARATE_TREES, UnavailableFolder, mount_or_trust
from cutoutd.watch.availability.verdict import AvailabilityCheck

#: A photo is freed when its folder is available again. This is the wait in case that is missed.
_FALLBACK_S = 3600.0

#: A look is repeated within seconds, and a photo that came in between waits so long.
_BETWEEN_LOOKS_S = 3.0


class FolderAvailability:
    """The availability of the configured folders.

    Args:
        ledger: stores the snapshots.
        folders: by name.
        parts_of: returns the mounts of a folder's input. Blocking.
        trees: looks at all trees of the configuration.
    """

    def __init__(
        self,
        ledger: Ledger,
        folders: Folders,
        parts_of: Callable[[FolderSettings], MountedParts] = mounted_parts,
        trees: TreeWatch | None = None,
    ) -> None:
        self._ledger = ledger
        self._parts_of = parts_of
        self._trees = trees or TreeWatch(folders.values())
        self.destinations = Destinations(ledger, self._trees.table)
        self._records = {name: FolderRecord(folder) for name, folder in folders.items()}
        self._folders = folders

    def unavailable(self) -> tuple[UnavailableFolder, ...]:
        """Return the folders that are unavailable now."""
        return tuple(
            UnavailableFolder(name, record.reason, record.since_s, record.advice)
            for name, record in self._records.items()
            if record.reason
        )

    def is_unavailable(self, folder: str) -> bool:
        """Return True if the folder is unavailable now."""
        return folder in self._records and bool(self._records[folder].reason)

    def has_scanned_twice_since(self, since_s: float) -> bool:
        """Return True if every tree was scanned twice since this Unix time, so that moved files were found.

        Scans that only appear later because the clock was set back do not count.
        """
        now_s = time.time()
        return all(
            len(record.scans_s) > 1 and since_s <= record.scans_s[0] <= record.scans_s[1] <= now_s
            for record in self._records.values()
        )

    def require_available(self, photo: Photo) -> None:
        """Let the photo wait while its folder is unavailable.

        Raises:
            SourceUnavailableError: it is, or it is no longer configured.
        """
        record = self._records[self._folders.of(photo).name]
        if record.reason:
            raise SourceUnavailableError(record.reason, retry_after_s=_FALLBACK_S)

    def require_same_trees(self, photo: Photo) -> None:
        """Let the photo wait if a tree of its folder has changed since the last look. Blocking.

        It is called right before a payment, because looks come seconds apart.

        Raises:
            TreeUnavailableError: one was mounted, unmounted or led elsewhere.
            SourceUnavailableError: its folder is unavailable.
        """
        self.require_available(photo)
        folder = self._folders.of(photo).name
        if self.has_changed(folder):
            msg = f'the mounts of the folder "{folder}" have just changed'
            raise TreeUnavailableError(msg, retry_after_s=_BETWEEN_LOOKS_S)

    def has_changed(self, folder: str) -> bool:
        """Return True if a tree of the folder was mounted, unmounted or led elsewhere since the last look. Blocking."""
        record = self._records[folder]
        try:
            record.look = record.look if record.look.trees else self._trees.look(folder)
            return self._trees.has_changed(folder, record.look)
        except OSError:
            return True  # the next look tells what is wrong with the mount table

    async def confirm_missing(self, photo: Photo) -> None:
        """Check the folder of a photo with a file that seems to be missing or changed.

        Raises:
            SourceUnavailableError: the folder is unavailable, so the file need not be missing.
        """
        await self.update(self._folders.of(photo).name, in_doubt=photo)
        self.require_available(photo)

    async def is_removal_believed(self, photo: Photo, missing: Collection[Photo]) -> bool:
        """Return True if the missing file of a rejected or failed photo was removed, and not its share.

        A rejected photo is checked again without cost if it comes back, so nothing is at stake with it. The doubt about
        failed ones never makes their folder unavailable.

        Args:
            photo: the photo.
            missing: the photos with a missing file, of all folders; together they may show a vanished share.
        """
        name = photo.identity.folder
        await self.update(name)
        if self.is_unavailable(name) or photo.state is State.REJECTED:
            return not self.is_unavailable(name)
        failed = [each for each in missing if each.identity.folder == name and each.state is State.FAILED]
        async with self._records[name].lock:
            return not (await self._input_reason(self._records[name], failed))[0]

    async def open(self) -> None:
        """Load the snapshots and check every folder, before any photo goes on."""
        await self._ledger.waits.release_unavailable()
        for name in self._records:
            await self.update(name)

    def record_seen(self, folder: str, known: Iterable[Sighting]) -> None:
        """Note known photos that a scan has just seen."""
        record = self._records.get(folder)
        if record is not None:
            record.seen = sample((*record.seen, *known))

    async def update(self, folder: str, *, in_doubt: Photo | None = None, after_scan: bool = False) -> bool:
        """Check a folder; return True if it is available again, or if it is mounted otherwise than before.

        Args:
            folder: its name.
            in_doubt: a photo of it with a file that seems to be missing or changed.
            after_scan: True if a whole scan has just ended; its sightings become the new snapshot.
        """
        record = self._records[folder]
        async with record.lock:
            await self._load(record)
            if await is_trust_given(self._ledger, folder):
                await self._trust(record)
                await end_trust(self._ledger, folder)
            has_moved = await self._look(record)
            reason, parts = await self._reason(record, [in_doubt] if in_doubt else [])
            has_ended = await self._set_reason(record, reason)
            if not reason:
                await (self._store_scan(record, parts) if after_scan else self._add_new_files(record))
            if after_scan:
                record.seen = ()
                record.scans_s = (*record.scans_s, time.time())[-2:]
            if has_moved and not (reason or has_ended):
                await self._ledger.waits.release_unavailable(folder)
        return has_ended or (has_moved and not reason)

    async def _look(self, record: FolderRecord) -> bool:
        """Look at the folder's trees; return True if one is mounted otherwise than at the last look."""
        before = record.look
        try:
            record.look = await asyncio.to_thread(self._trees.look, record.folder.name)
        except OSError:
            record.look = NO_LOOK
        return bool(before.trees) and not before.is_same(record.look)

    async def _load(self, record: FolderRecord) -> None:
        if not record.is_loaded:
            record.snapshot = snapshot_from(await self._ledger.query(photos.remembered, _key(record.folder)))
            record.is_loaded = True

    async def _reason(self, record: FolderRecord, in_doubt: Sequence[Photo]) -> tuple[str, MountedParts]:
        """Return why the folder is unavailable, empty if it is available; and the mounts of its input."""
        if record.look.overlap:
            record.advice = SEPARATE_TREES
            return record.look.overlap, ()
        record.advice = mount_or_trust(record.folder.name)
        reason, parts = await self._input_reason(record, in_doubt)
        output_reason = await self.destinations.check(record.folder.output)
        return reason or output_reason, parts

    async def _input_reason(self, record: FolderRecord, in_doubt: Sequence[Photo]) -> tuple[str, MountedParts]:
        try:
            parts = await asyncio.to_thread(self._parts_of, record.folder)
        except OSError as error:
            return f"the input folder {printable(str(record.folder.input))} cannot be read: {error.strerror}", ()
        await self._follow_input(record, parts)
        before = require_value(record.snapshot)
        if before.is_trusted and before.parts == parts:
            return "", parts
        unpaid = await self._ledger.query(sources.unpaid_of, record.folder.name, before.input, SAMPLE_SIZE)
        in_flight = {SampleFile.of(photo.identity) for photo in (*unpaid, *in_doubt)}
        expected = await self._without_taken(record.folder, {*before.samples, *record.seen, *in_flight})
        check = AvailabilityCheck(record.folder, before.parts, parts, frozenset(expected), frozenset(in_flight))
        return await asyncio.to_thread(check.reason), parts

    async def _follow_input(self, record: FolderRecord, parts: MountedParts) -> None:
        """Begin a snapshot if there is none, or if it shows another input.

        Another input is the same tree at another place if half of the sample is there. A few copies in another tree do
        not make the others removed.
        """
        now, snapshot = str(record.folder.input), record.snapshot
        if snapshot is not None and snapshot.input == now:
            return
        there = await asyncio.to_thread(_present, snapshot.samples, record.folder) if snapshot else []
        if snapshot and there and 2 * len(there) >= len(snapshot.samples):
            await self._ledger.files.move_input(record.folder.name, snapshot.input, now)
        await self._store(record, FolderSnapshot(now, parts, sample(there)))

    async def _without_taken(self, folder: FolderSettings, expected: set[SampleFile]) -> set[SampleFile]:
        """Leave out files that cutoutd itself moved or deleted."""
        taken = await self._ledger.query(sources.taken_of, folder.name, [file.path for file in expected])
        return expected - {SampleFile(version.path, version.size_bytes, version.mtime_ns) for version in taken}

    async def _set_reason(self, record: FolderRecord, reason: str) -> bool:
        before, record.reason = record.reason, reason
        if reason and not before:
            record.since_s = time.time()
            sentence = f'the folder "{record.folder.name}" is unavailable: {reason}. {record.advice}'
            log_event("standby", sentence, level=logging.WARNING)
        elif before and not reason:
            await self._ledger.waits.release_unavailable(record.folder.name)
            log_event("standby_over", f'the folder "{record.folder.name}" is available again, and its photos go on')
        return bool(before) and not reason

    async def _store_scan(self, record: FolderRecord, parts: MountedParts) -> None:
        """Store the sightings of a scan. Files of the last snapshot stay while they exist, so it is rarely written."""
        there = await asyncio.to_thread(
            _present, {*record.seen, *require_value(record.snapshot).samples}, record.folder
        )
        is_trusted = require_value(record.snapshot).is_trusted and not there
        await self._store(record, FolderSnapshot(str(record.folder.input), parts, sample(there), is_trusted))

    async def _trust(self, record: FolderRecord) -> None:
        """Take the folder's trees as they are now, because a person says that they are right."""
        for root in {record.folder.output, *([record.folder.archive] if record.folder.archive else [])}:
            await self.destinations.forget(root)
        with suppress(OSError):
            parts = await asyncio.to_thread(self._parts_of, record.folder)
            record.seen = ()
            await self._store(record, FolderSnapshot(str(record.folder.input), parts, (), is_trusted=True))

    async def _add_new_files(self, record: FolderRecord) -> None:
        """Add files seen since the last scan while there is room, because an unmount may come before the next scan."""
        snapshot = require_value(record.snapshot)
        if record.seen and len(snapshot.samples) < SAMPLE_SIZE:
            there = await asyncio.to_thread(_present, record.seen, record.folder)
            samples = sample((*snapshot.samples, *there))
            is_trusted = snapshot.is_trusted and not samples
            await self._store(record, replace(snapshot, samples=samples, is_trusted=is_trusted))

    async def _store(self, record: FolderRecord, snapshot: FolderSnapshot) -> None:
        if snapshot != record.snapshot:
            await self._ledger.remember(_key(record.folder), snapshot.as_json())
            record.snapshot = snapshot


def _present(files: Iterable[SampleFile], folder: FolderSettings) -> list[SampleFile]:
    return [file for file in files if file.is_in(folder.input)]


def _key(folder: FolderSettings) -> str:
    """Return the name in the ledger, where a snapshot is called a roll since the first version."""
    return f"roll of {folder.name}"
