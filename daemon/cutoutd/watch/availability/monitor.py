"""The unavailable folders, and why: checked again and again, logged at the beginning and at the end.

From an unavailable folder nothing new is taken, its photos wait without cost, and no file counts as missing. Paid
photos and other folders go on. The state ends by itself, and then the tree is scanned. It is kept in memory only, but
the snapshot is in the ledger: after a kill the next check comes to the same result.

A folder is unavailable because of its input, because of its output, or because two trees share a folder. Another
cutoutd that works on one of its trees makes it unavailable too.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress

from cutoutd.config.settings import Folders, FolderSettings
from cutoutd.core.errors import SourceUnavailableError, TreeUnavailableError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo, State
from cutoutd.files.input_tree import Sighting
from cutoutd.ledger import Ledger
from cutoutd.watch.availability.destinations import Destinations
from cutoutd.watch.availability.folder_record import FolderRecord
from cutoutd.watch.availability.input_snapshots import InputSnapshots
from cutoutd.watch.availability.snapshot import (
    MountedParts,
    mounted_parts,
    sample,
)
from cutoutd.watch.availability.tree_watch import NO_LOOK, TreeWatch
from cutoutd.watch.availability.trust import end_trust, is_trust_given
from cutoutd.watch.availability.unavailable_folder import SEPARATE_TREES, UnavailableFolder, mount_or_trust

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
        self._inputs = InputSnapshots(ledger, parts_of)
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

    async def require_same_trees(self, photo: Photo) -> None:
        """Let the photo wait if a tree of its folder has changed since the last look.

        It is called right before a payment, because looks come seconds apart.

        Raises:
            TreeUnavailableError: one was mounted, unmounted or led elsewhere.
            SourceUnavailableError: its folder is unavailable.
        """
        self.require_available(photo)
        folder = self._folders.of(photo).name
        if await self.has_changed(folder):
            msg = f'the mounts of the folder "{folder}" have just changed'
            raise TreeUnavailableError(msg, retry_after_s=_BETWEEN_LOOKS_S)

    async def has_changed(self, folder: str) -> bool:
        """Return True if a tree of the folder was mounted, unmounted or led elsewhere since the last look.

        True also if one does not answer any more, or answers again.
        """
        record = self._records[folder]
        try:
            record.look = record.look if record.look.trees else await self._trees.look(folder)
            return await self._trees.has_changed(folder, record.look)
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
            with suppress(TreeUnavailableError):
                return not (await self._inputs.reason(self._records[name], failed))[0]
        return False

    async def open(self) -> None:
        """Load the snapshots and check every folder, before any photo goes on."""
        await self._ledger.waits.release_unavailable()
        await asyncio.gather(*map(self.update, self._records))  # side by side, because some may not answer

    def record_seen(self, folder: str, known: Iterable[Sighting]) -> None:
        """Note known photos that a scan has just seen."""
        record = self._records.get(folder)
        if record is not None:
            record.seen = sample((*record.seen, *known))

    async def update(
        self, folder: str, *, in_doubt: Photo | None = None, after_scan: bool = False, is_complete: bool = True
    ) -> bool:
        """Check a folder; return True if it is available again, or if it is mounted otherwise than before.

        Args:
            folder: its name.
            in_doubt: a photo of it with a file that seems to be missing or changed.
            after_scan: True if a whole scan has just ended; its sightings become the new snapshot.
            is_complete: False if that scan could not look everywhere.
        """
        record = self._records[folder]
        async with record.lock:
            await self._inputs.load(record)
            if await is_trust_given(self._ledger, folder) and await self._trust(record):
                await end_trust(self._ledger, folder)
            has_moved = await self._look(record)
            reason = await self._judge(record, [in_doubt] if in_doubt else [], is_after_scan=after_scan)
            has_ended = await self._set_reason(record, reason)
            if after_scan:
                record.seen = ()
                if is_complete and not reason:  # else a moved file may be where the scan saw nothing
                    record.scans_s = (*record.scans_s, time.time())[-2:]
            if has_moved and not (reason or has_ended):
                await self._ledger.waits.release_unavailable(folder)
        return has_ended or (has_moved and not reason)

    async def _look(self, record: FolderRecord) -> bool:
        """Look at the folder's trees; return True if one is mounted otherwise than at the last look."""
        before = record.look
        try:
            record.look = await self._trees.look(record.folder.name)
        except OSError:
            record.look = NO_LOOK
        return bool(before.trees) and not before.is_same(record.look)

    async def _judge(self, record: FolderRecord, in_doubt: Sequence[Photo], *, is_after_scan: bool) -> str:
        """Return why the folder is unavailable; if it is available, store what was seen and return nothing."""
        try:
            reason, parts = await self._reason(record, in_doubt)
            if not reason:
                await (self._inputs.store_scan(record, parts) if is_after_scan else self._inputs.add_new_files(record))
        except TreeUnavailableError as silent:
            record.advice = silent.advice
            return silent.sentence
        return reason

    async def _reason(self, record: FolderRecord, in_doubt: Sequence[Photo]) -> tuple[str, MountedParts]:
        """Return why the folder is unavailable, empty if it is available; and the mounts of its input.

        Raises:
            TreeUnavailableError: its input does not answer.
        """
        if record.look.overlap:
            record.advice = SEPARATE_TREES
            return record.look.overlap, ()
        if record.look.unclaimed:
            record.advice = record.look.unclaimed.advice
            return record.look.unclaimed.sentence, ()
        record.advice = mount_or_trust(record.folder.name)
        reason, parts = await self._inputs.reason(record, in_doubt)
        output_reason = await self.destinations.check(record.folder.output)
        return reason or output_reason, parts

    async def _set_reason(self, record: FolderRecord, reason: str) -> bool:
        before, record.reason = record.reason, reason
        if reason and not before:
            record.since_s = time.time()
            sentence = f'the folder "{record.folder.name}" is unavailable: {reason}. {record.advice}'
            log_event("standby", sentence, level=logging.WARNING)
            await self._ledger.waits.release_duplicates()  # because its photos may pay for no copy now
        elif before and not reason:
            await self._ledger.waits.release_unavailable(record.folder.name)
            log_event("standby_over", f'the folder "{record.folder.name}" is available again, and its photos go on')
        return bool(before) and not reason

    async def _trust(self, record: FolderRecord) -> bool:
        """Take the folder's trees as they are now, because a person says so; False while the input does not answer."""
        for root in {record.folder.output, *([record.folder.archive] if record.folder.archive else [])}:
            await self.destinations.forget(root)
        return await self._inputs.trust(record)
