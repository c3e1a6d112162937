"""The worker for the sources of published photos: one after the other, beside the stages.

It gets only photos with a cutout that is verified and in place. Trouble with a source is a warning, not a failure of
its photo: it is logged once and tried again.
"""

import asyncio
import errno
import logging
from functools import partial
from pathlib import Path

from cutoutd.config.settings import Folders, FolderSettings
from cutoutd.config.types.choices import OnSuccess
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import CutoutdError, DelayError, SourceInUseError, TreeUnavailableError
from cutoutd.core.logs import log_error, log_event, printable
from cutoutd.core.periodic import every
from cutoutd.core.photo import Photo, require_value
from cutoutd.ledger import ChangeFlag, Ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.queries import sources
from cutoutd.pipeline.on_success.action import apply_on_success, restore, source_missing
from cutoutd.pipeline.on_success.at_rest import SourceFreshError
from cutoutd.watch.availability.monitor import FolderAvailability

_PHOTOS_AT_ONCE = 50

#: The pause between looks for newly published photos, and after trouble.
_LOOK_EVERY_S = 2.0
_TRY_AGAIN_AFTER_S = 30.0

#: The time limit for one source: a large file may be copied to another disk or share.
_ONE_SOURCE_S = 600.0

#: The longest wait of a stop; the next run does the rest.
_PATIENCE_S = 10.0

#: The errors of a full archive: other sources of the folder would be renamed and put back in vain.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class OnSuccessWorker:
    """The worker. After a crash it repeats the last step, which does no harm.

    Args:
        ledger: knows the sources that are due.
        folders: the configured folders.
        availability: tells if a folder can be trusted to show a removed source.
    """

    def __init__(self, ledger: Ledger, folders: Folders, availability: FolderAvailability) -> None:
        self._ledger = ledger
        self._folders = folders
        self._availability = availability
        self._changes = ChangeFlag(ledger)
        self._troubles: dict[str, str] = {}
        self._checked: set[Path] = set()  #: archives that were looked at in this round
        self._full: set[str] = set()  #: folders with a full or unavailable archive in this round
        self._has_fresh = False  #: True if a source has to stand still for longer

    def troubles(self) -> dict[str, str]:
        """Return, by folder, why sources are still in place."""
        return dict(self._troubles)

    async def open(self) -> None:
        """Make missing archives, before their first use only: later a missing one is an unmounted disk."""
        for archive in {folder.archive for folder in self._folders.values() if folder.archive}:
            if await self._ledger.query(photo_queries.remembered, f"archive {printable(str(archive))}") is None:
                try:
                    await calls_to(archive).look(archive.mkdir, exist_ok=True)
                except (OSError, TreeUnavailableError) as error:
                    reason = error.sentence if isinstance(error, TreeUnavailableError) else error.strerror
                    sentence = f"{archive} cannot be made, so photos stay in place: {reason}"
                    log_event("source_trouble", sentence, level=logging.WARNING)
                else:
                    await self._ledger.remember(f"archive {printable(str(archive))}", "true")

    async def run(self) -> None:
        """Work until cancelled."""
        await every(self._pause_s, self._apply_if_changed)

    def _pause_s(self) -> float:
        return _TRY_AGAIN_AFTER_S if self._troubles or self._has_fresh else _LOOK_EVERY_S

    async def finish(self) -> None:
        """Work on the sources that are due now, for a few seconds at most."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.apply_due()
        except TimeoutError:
            log_event("sources_postponed", "not all sources could be moved in time; the next run does it")
        else:
            if self._has_fresh:
                log_event(
                    "sources_postponed", "some sources have not stood still for long enough; the next run does it"
                )

    async def _apply_if_changed(self) -> None:
        if self._troubles or self._has_fresh or self._changes.take():
            await self.apply_due()

    async def apply_due(self) -> None:
        """Work on every source that is due, once."""
        before, self._troubles, self._full, self._has_fresh = self._troubles, {}, set(), False
        self._checked = set()
        last_id = 0
        try:
            while photos := await self._ledger.query(sources.sources_due, last_id, _PHOTOS_AT_ONCE):
                for photo in (photo for photo in photos if photo.identity.folder not in self._full):
                    await self._process(photo, is_new=photo.identity.folder not in before)
                last_id = photos[-1].id
        except CutoutdError as error:
            self._changes.give_back()
            log_error("ledger_trouble", error)

    async def _process(self, photo: Photo, *, is_new: bool) -> None:
        folder = self._folders.get(photo.identity.folder)
        try:
            if folder is None or folder.on_success is OnSuccess.KEEP or photo.identity.input != str(folder.input):
                await calls_to(Path(photo.identity.input)).run(restore, photo, Path(photo.identity.input))
                await self._ledger.files.mark_source_done(photo, None)
            elif not self._availability.is_unavailable(folder.name):
                await self._apply(photo, folder)
        except SourceFreshError:
            self._has_fresh = True
        except (SourceInUseError, TreeUnavailableError) as error:
            self._note_delay(photo, error, is_new=is_new)
        except DelayError:
            return  # the folder is unavailable: its sources wait as its photos do
        except OSError as error:
            sentence = f"{printable(photo.identity.path)} stays in place: {error.strerror or error}"
            self._note_trouble(photo, sentence, is_new=is_new)
            if error.errno in _FULL:
                self._full.add(photo.identity.folder)

    def _note_delay(self, photo: Photo, error: SourceInUseError | TreeUnavailableError, *, is_new: bool) -> None:
        sentence = error.sentence
        if isinstance(error, TreeUnavailableError):
            sentence = f"{printable(photo.identity.path)} stays in place: {sentence}"
            self._full.add(photo.identity.folder)
        self._note_trouble(photo, sentence, is_new=is_new)

    def _note_trouble(self, photo: Photo, sentence: str, *, is_new: bool) -> None:
        if is_new and photo.identity.folder not in self._troubles:
            log_event("source_trouble", sentence, about=photo.identity, level=logging.WARNING)
        self._troubles.setdefault(photo.identity.folder, sentence)

    async def _apply(self, photo: Photo, folder: FolderSettings) -> None:
        destinations = self._availability.destinations
        if folder.on_success is OnSuccess.MOVE:
            archive = require_value(folder.archive)
            if archive not in self._checked:
                self._checked.add(archive)
                await destinations.check(archive)
            await destinations.require_available(archive)
        calls = calls_to(folder.input)
        outcome = await calls.within(
            _ONE_SOURCE_S,
            partial(apply_on_success, photo, folder, destinations.require_mounted),
            also=None if folder.archive is None else calls_to(folder.archive),
        )
        if outcome is None:
            await self._availability.confirm_missing(photo)
            outcome = await calls.run(source_missing, photo, folder)
        await self._ledger.files.mark_source_done(photo, outcome)
        log_event("source", printable(outcome.sentence), about=photo.identity)
