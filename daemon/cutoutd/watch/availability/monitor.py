"""Which folders stand by, and why: looked at again and again, told once when it begins and once when it ends.

While a folder stands by, nothing new is taken from it, its photos wait unpaid, and none is said to be gone. What was
paid for goes on, and so do the other folders. It ends by itself, and then its tree is looked at anew. That it stands by
is kept in memory only, what it is judged by in the ledger: after a kill the next look comes to the same judgement.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cutoutd.config.settings import Folders, FolderSettings
from cutoutd.core.errors import SourceUnavailableError
from cutoutd.core.logs import log_event, printable
from cutoutd.core.photo import Photo, require_value
from cutoutd.files.input_tree import Sighting
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos, sources
from cutoutd.watch.availability.check import AvailabilityCheck
from cutoutd.watch.availability.mounts import Ground, mounted_parts
from cutoutd.watch.availability.snapshot import WITNESSES, FolderSnapshot, SampleFile, sample, snapshot_from

#: A photo whose folder stands by is freed when that ends; this is for the case that nobody tells it.
_RARELY_S = 3600.0


@dataclass(slots=True)
class _FolderRecord:
    """What is known of one folder."""

    folder: FolderSettings
    is_recalled: bool = False
    roll: FolderSnapshot | None = None
    seen: tuple[SampleFile, ...] = ()  #: known photos seen since the last whole look at the tree ended
    reason: str = ""
    since_s: float = 0.0
    surveys_s: tuple[float, ...] = ()  #: when the last two whole looks at the tree ended, Unix time
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class UnavailableFolder:
    """A folder that stands by."""

    folder: str
    reason: str
    since_s: float  #: Unix time


class FolderAvailability:
    """Judges the configured folders.

    Args:
        ledger: where the rolls are kept.
        folders: by name.
    """

    def __init__(self, ledger: Ledger, folders: Folders) -> None:
        self._ledger = ledger
        self._cases = {name: _FolderRecord(folder) for name, folder in folders.items()}
        self._folders = folders

    def unavailable(self) -> tuple[UnavailableFolder, ...]:
        """The folders that stand by now."""
        return tuple(
            UnavailableFolder(name, case.reason, case.since_s) for name, case in self._cases.items() if case.reason
        )

    def is_unavailable(self, folder: str) -> bool:
        """Whether nothing is to be taken from this folder now."""
        return folder in self._cases and bool(self._cases[folder].reason)

    def has_scanned_twice_since(self, since_s: float) -> bool:
        """Whether every tree was looked at twice as a whole since this Unix time: what moved within them was found.

        Not by looks that only seem to come later, because the clock was set back behind them.
        """
        now_s = time.time()
        return all(
            len(case.surveys_s) > 1 and since_s <= case.surveys_s[0] <= case.surveys_s[1] <= now_s
            for case in self._cases.values()
        )

    def require_available(self, photo: Photo) -> None:
        """Let the photo wait while its folder stands by.

        Raises:
            SourceUnavailableError: it does, or it is none of ours any more.
        """
        case = self._cases[self._folders.of(photo).name]
        if case.reason:
            raise SourceUnavailableError(case.reason, retry_after_s=_RARELY_S)

    async def confirm_missing(self, photo: Photo) -> None:
        """A photo's file seems to be gone or changed: make sure that its tree is what it was.

        Raises:
            SourceUnavailableError: it is not; the folder stands by.
        """
        await self.update(self._folders.of(photo).name, in_doubt=photo)
        self.require_available(photo)

    async def open(self) -> None:
        """Recall what is known of the folders and judge them, before any photo goes on."""
        await self._ledger.release_unavailable()
        for name in self._cases:
            await self.update(name)

    def record_seen(self, folder: str, known: Iterable[Sighting]) -> None:
        """Known photos were seen just now."""
        case = self._cases.get(folder)
        if case is not None:
            case.seen = sample((*case.seen, *known))

    async def scan_finished(self, folder: str) -> bool:
        """The whole tree was looked at: judge it by what was seen; True when this ended a standby."""
        return await self.update(folder, is_surveyed=True)

    async def update(self, folder: str, *, in_doubt: Photo | None = None, is_surveyed: bool = False) -> bool:
        """Judge a folder anew; True when this ended a standby.

        Args:
            folder: its name.
            in_doubt: a photo of it that seems to be gone or changed.
            is_surveyed: whether a look at the whole tree has just ended: what it saw is the new roll then.
        """
        case = self._cases[folder]
        async with case.lock:
            await self._recall(case)
            reason, ground = await self._reason(case, in_doubt)
            has_ended = await self._turn(case, reason)
            if not reason:
                await (self._keep(case, ground) if is_surveyed else self._add_newcomers(case))
            if is_surveyed:
                case.seen = ()
                case.surveys_s = (*case.surveys_s, time.time())[-2:]
        return has_ended

    async def _recall(self, case: _FolderRecord) -> None:
        if not case.is_recalled:
            case.roll = snapshot_from(await self._ledger.query(photos.remembered, _key(case.folder)))
            case.is_recalled = True

    async def _reason(self, case: _FolderRecord, in_doubt: Photo | None) -> tuple[str, Ground]:
        """Why the folder should stand by, empty if it should not; and the ground it was judged by."""
        try:
            ground = await asyncio.to_thread(mounted_parts, case.folder)
        except OSError as error:
            return f"the input folder {printable(str(case.folder.input))} cannot be looked at: {error.strerror}", ()
        await self._follow(case, ground)
        before = require_value(case.roll)
        unpaid = await self._ledger.query(sources.unpaid_of, case.folder.name, before.input, WITNESSES)
        in_flight = {SampleFile.of(photo.identity) for photo in (*unpaid, *([in_doubt] if in_doubt else []))}
        expected = await self._without_taken(case.folder, {*before.samples, *case.seen, *in_flight})
        inquiry = AvailabilityCheck(case.folder, before.parts, ground, frozenset(expected), frozenset(in_flight))
        return await asyncio.to_thread(inquiry.reason), ground

    async def _follow(self, case: _FolderRecord, ground: Ground) -> None:
        """Without a roll, or with that of another input, begin one: the same tree at another place, or another tree.

        Half of its photos have to be there: a few copies in another tree do not make the others removed.
        """
        now, roll = str(case.folder.input), case.roll
        if roll is not None and roll.input == now:
            return
        there = await asyncio.to_thread(_present, roll.samples, case.folder) if roll else []
        if roll and there and 2 * len(there) >= len(roll.samples):
            await self._ledger.move_input(case.folder.name, roll.input, now)
        await self._store(case, FolderSnapshot(now, ground, sample(there)))

    async def _without_taken(self, folder: FolderSettings, expected: set[SampleFile]) -> set[SampleFile]:
        """Those that cutoutd itself moved or deleted are not missed."""
        taken = await self._ledger.query(sources.taken_of, folder.name, [witness.path for witness in expected])
        return expected - {SampleFile(version.path, version.size_bytes, version.mtime_ns) for version in taken}

    async def _turn(self, case: _FolderRecord, reason: str) -> bool:
        before, case.reason = case.reason, reason
        if reason and not before:
            case.since_s = time.time()
            log_event("standby", f'the folder "{case.folder.name}" stands by: {reason}', level=logging.WARNING)
        elif before and not reason:
            await self._ledger.release_unavailable(case.folder.name)
            log_event("standby_over", f'the folder "{case.folder.name}" no longer stands by')
        return bool(before) and not reason

    async def _keep(self, case: _FolderRecord, ground: Ground) -> None:
        """What was seen becomes the roll; who was on the last one and is still there stays, so it is rarely written."""
        there = await asyncio.to_thread(_present, {*case.seen, *require_value(case.roll).samples}, case.folder)
        await self._store(case, FolderSnapshot(str(case.folder.input), ground, sample(there)))

    async def _add_newcomers(self, case: _FolderRecord) -> None:
        """Who was seen since the last whole look joins a roll that has room: an unmount may come before the next."""
        roll = require_value(case.roll)
        if case.seen and len(roll.samples) < WITNESSES:
            there = await asyncio.to_thread(_present, case.seen, case.folder)
            await self._store(case, replace(roll, samples=sample((*roll.samples, *there))))

    async def _store(self, case: _FolderRecord, roll: FolderSnapshot) -> None:
        if roll != case.roll:
            await self._ledger.remember(_key(case.folder), roll.as_json())
            case.roll = roll


def _present(witnesses: Iterable[SampleFile], folder: FolderSettings) -> list[SampleFile]:
    return [witness for witness in witnesses if witness.is_in(folder.input)]


def _key(folder: FolderSettings) -> str:
    return f"roll of {folder.name}"
