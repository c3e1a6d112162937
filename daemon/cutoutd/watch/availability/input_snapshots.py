"""The snapshots of the inputs, one for each folder: begun, compared with the present, and kept up to date.

What follows from an input that is unavailable is in ``monitor``; the verdict itself is in ``verdict``.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from cutoutd.config.settings import FolderSettings
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo, require_value
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos, sources
from cutoutd.watch.availability.folder_record import FolderRecord
from cutoutd.watch.availability.snapshot import (
    SAMPLE_SIZE,
    FolderSnapshot,
    MountedParts,
    SampleFile,
    sample,
    snapshot_from,
)
from cutoutd.watch.availability.verdict import AvailabilityCheck


class InputSnapshots:
    """The snapshots.

    Every method but ``load`` may raise TreeUnavailableError, because an input does not answer.

    Args:
        ledger: stores them.
        parts_of: returns the mounts of a folder's input. Blocking.
    """

    def __init__(self, ledger: Ledger, parts_of: Callable[[FolderSettings], MountedParts]) -> None:
        self._ledger = ledger
        self._parts_of = parts_of

    async def load(self, record: FolderRecord) -> None:
        """Load the snapshot of a folder once."""
        if not record.is_loaded:
            record.snapshot = snapshot_from(await self._ledger.query(photos.remembered, _key(record.folder)))
            record.is_loaded = True

    async def reason(self, record: FolderRecord, in_doubt: Sequence[Photo]) -> tuple[str, MountedParts]:
        """Return why the input is unavailable, empty if it is available; and its mounts."""
        try:
            parts = await calls_to(record.folder.input).look(self._parts_of, record.folder)
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
        return await calls_to(record.folder.input).run(check.reason), parts

    async def _follow_input(self, record: FolderRecord, parts: MountedParts) -> None:
        """Begin a snapshot if there is none, or if it shows another input.

        Another input is the same tree at another place if half of the sample is there. A few copies in another tree do
        not make the others removed.
        """
        now, snapshot = str(record.folder.input), record.snapshot
        if snapshot is not None and snapshot.input == now:
            return
        there = await _present(snapshot.samples, record.folder) if snapshot else []
        if snapshot and there and 2 * len(there) >= len(snapshot.samples):
            await self._ledger.files.move_input(record.folder.name, snapshot.input, now)
        await self._store(record, FolderSnapshot(now, parts, sample(there)))

    async def _without_taken(self, folder: FolderSettings, expected: set[SampleFile]) -> set[SampleFile]:
        """Leave out files that cutoutd itself moved or deleted."""
        taken = await self._ledger.query(sources.taken_of, folder.name, [file.path for file in expected])
        return expected - {SampleFile(version.path, version.size_bytes, version.mtime_ns) for version in taken}

    async def store_scan(self, record: FolderRecord, parts: MountedParts) -> None:
        """Store the sightings of a scan. Files of the last snapshot stay while they exist, so it is rarely written."""
        there = await _present({*record.seen, *require_value(record.snapshot).samples}, record.folder)
        is_trusted = require_value(record.snapshot).is_trusted and not there
        await self._store(record, FolderSnapshot(str(record.folder.input), parts, sample(there), is_trusted))

    async def trust(self, record: FolderRecord) -> bool:
        """Take the input as it is now; return False while it does not answer."""
        with suppress(OSError):
            try:
                parts = await calls_to(record.folder.input).look(self._parts_of, record.folder)
            except TreeUnavailableError:
                return False
            record.seen = ()
            await self._store(record, FolderSnapshot(str(record.folder.input), parts, (), is_trusted=True))
        return True

    async def add_new_files(self, record: FolderRecord) -> None:
        """Add files seen since the last scan while there is room, because an unmount may come before the next scan."""
        snapshot = require_value(record.snapshot)
        if record.seen and len(snapshot.samples) < SAMPLE_SIZE:
            there = await _present(record.seen, record.folder)
            samples = sample((*snapshot.samples, *there))
            is_trusted = snapshot.is_trusted and not samples
            await self._store(record, replace(snapshot, samples=samples, is_trusted=is_trusted))

    async def _store(self, record: FolderRecord, snapshot: FolderSnapshot) -> None:
        if snapshot != record.snapshot:
            await self._ledger.remember(_key(record.folder), snapshot.as_json())
            record.snapshot = snapshot


async def _present(files: Iterable[SampleFile], folder: FolderSettings) -> list[SampleFile]:
    def present() -> list[SampleFile]:
        return [file for file in files if file.is_in(folder.input)]

    return await calls_to(folder.input).run(present)


def _key(folder: FolderSettings) -> str:
    """Return the name in the ledger, where a snapshot is called a roll since the first version."""
    return f"roll of {folder.name}"
