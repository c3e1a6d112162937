"""The worker that sees to the sources of published photos, one after the other, beside the lanes.

It only ever sees photos whose cutout is published, that is verified and in place; which, the ledger says. Trouble with
a source is a warning and no failure of its photo: it is told once and tried again.
"""

import asyncio
import errno
import logging
from pathlib import Path

from cutoutd.config.choices import OnSuccess
from cutoutd.config.settings import Folders, FolderSettings
from cutoutd.core.errors import CutoutdError, DelayError
from cutoutd.core.logs import log_error, log_event, printable
from cutoutd.core.periodic import every
from cutoutd.core.photo import Photo, SourceOutcome
from cutoutd.ledger import ChangeFlag, Ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.queries import sources
from cutoutd.pipeline.on_success.action import apply_on_success, restore, source_missing
from cutoutd.watch.availability import FolderAvailability

_PHOTOS_AT_ONCE = 50

#: How often photos are looked for that were published meanwhile, and how long trouble is left alone.
_LOOK_EVERY_S = 2.0
_TRY_AGAIN_AFTER_S = 30.0

#: A stop waits no longer than this; the rest is done by the next run.
_PATIENCE_S = 10.0

#: A full archive: the folder's other sources are not renamed, read and put back in vain then.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class OnSuccessWorker:
    """Does to sources what ``on_success`` says. A crash anywhere repeats the last step, which does no harm."""

    def __init__(self, ledger: Ledger, folders: Folders, standby: FolderAvailability) -> None:
        self._ledger = ledger
        self._folders = folders
        self._standby = standby
        self._news = ChangeFlag(ledger)
        self._troubles: dict[str, str] = {}
        self._full: set[str] = set()  #: folders whose archive takes nothing more in this round

    def troubles(self) -> dict[str, str]:
        """By folder, why sources are still where they were."""
        return dict(self._troubles)

    async def open(self) -> None:
        """Make the archives that are missing, before their first use only: later it must be a disk that is away."""
        for archive in {folder.archive for folder in self._folders.values() if folder.archive}:
            if await self._ledger.query(photo_queries.remembered, f"archive {printable(str(archive))}") is None:
                try:
                    await asyncio.to_thread(archive.mkdir, exist_ok=True)
                except OSError as error:
                    log_event("source_trouble", f"{archive} cannot be made: {error.strerror}", level=logging.WARNING)
                else:
                    await self._ledger.remember(f"archive {printable(str(archive))}", "true")

    async def run(self) -> None:
        """Work until cancelled."""
        await every(lambda: _TRY_AGAIN_AFTER_S if self._troubles else _LOOK_EVERY_S, self._look)

    async def finish(self) -> None:
        """Work off what is due now, within a few seconds."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.work_off()
        except TimeoutError:
            log_event("sources_postponed", "not all sources could be moved in time; the next run does it")

    async def _look(self) -> None:
        if self._troubles or self._news.take():
            await self.work_off()

    async def work_off(self) -> None:
        """See to every source that is due, once."""
        before, self._troubles, self._full = self._troubles, {}, set()
        last_id = 0
        try:
            while photos := await self._ledger.query(sources.sources_due, last_id, _PHOTOS_AT_ONCE):
                for photo in (photo for photo in photos if photo.identity.folder not in self._full):
                    await self._process(photo, is_news=photo.identity.folder not in before)
                last_id = photos[-1].id
        except CutoutdError as error:
            self._news.give_back()
            log_error("ledger_trouble", error)

    async def _process(self, photo: Photo, *, is_news: bool) -> None:
        folder = self._folders.get(photo.identity.folder)
        try:
            if folder is None or folder.on_success is OnSuccess.KEEP or photo.identity.input != str(folder.input):
                await asyncio.to_thread(restore, photo, Path(photo.identity.input))
                await self._ledger.mark_source_done(photo, None)
            elif not self._standby.is_unavailable(folder.name):
                await self._apply(photo, folder)
        except DelayError:
            return  # the folder stands by: its sources wait as its photos do
        except OSError as error:
            sentence = f"{printable(photo.identity.path)} stays where it is: {error.strerror}"
            if is_news and photo.identity.folder not in self._troubles:
                log_event("source_trouble", sentence, about=photo.identity, level=logging.WARNING)
            self._troubles.setdefault(photo.identity.folder, sentence)
            if error.errno in _FULL:
                self._full.add(photo.identity.folder)

    async def _apply(self, photo: Photo, folder: FolderSettings) -> None:
        outcome: SourceOutcome | None = await asyncio.to_thread(apply_on_success, photo, folder)
        if outcome is None:
            await self._standby.confirm_missing(photo)
            outcome = await asyncio.to_thread(source_missing, photo, folder)
        await self._ledger.mark_source_done(photo, outcome)
        log_event("source", printable(outcome.sentence), about=photo.identity)
