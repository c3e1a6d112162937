"""The worker that sees to the sources of published photos, one after the other, beside the lanes.

It only ever sees photos whose cutout is published, that is verified and in place; which, the ledger says. Trouble with
a source is a warning and no failure of its photo: it is told once and tried again.
"""

import asyncio
import errno
import logging
from pathlib import Path

from cutoutd.config.choices import OnSuccess
from cutoutd.config.settings import Folder
from cutoutd.core.errors import CutoutdError, DelayError
from cutoutd.core.logs import printable, say, say_error
from cutoutd.core.photo import Photo
from cutoutd.ledger import Ledger, News
from cutoutd.ledger.queries import photos as questions
from cutoutd.ledger.queries import sources
from cutoutd.pipeline.on_success.action import Fate, missed, stay, take_leave
from cutoutd.watch.availability import Standby

_PHOTOS_AT_ONCE = 50

#: How often photos are looked for that were published meanwhile, and how long trouble is left alone.
_LOOK_EVERY_S = 2.0
_TRY_AGAIN_AFTER_S = 30.0

#: A stop waits no longer than this; the rest is done by the next run.
_PATIENCE_S = 10.0

#: A full archive: the folder's other sources are not renamed, read and put back in vain then.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Aftercare:
    """Does to sources what ``on_success`` says. A crash anywhere repeats the last step, which does no harm."""

    def __init__(self, ledger: Ledger, standby: Standby) -> None:
        self._ledger = ledger
        self._standby = standby
        self._news = News(ledger)
        self._troubles: dict[str, str] = {}
        self._full: set[str] = set()  #: folders whose archive takes nothing more in this round

    def troubles(self) -> dict[str, str]:
        """By folder, why sources are still where they were."""
        return dict(self._troubles)

    async def open(self) -> None:
        """Make the archives that are missing, before their first use only: later it must be a disk that is away."""
        for archive in {folder.archive for folder in self._standby.folders.values() if folder.archive}:
            if await self._ledger.ask(questions.remembered, f"archive {printable(str(archive))}") is None:
                try:
                    await asyncio.to_thread(archive.mkdir, exist_ok=True)
                except OSError as error:
                    say("source_trouble", f"{archive} cannot be made: {error.strerror}", level=logging.WARNING)
                else:
                    await self._ledger.remember(f"archive {printable(str(archive))}", "true")

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            if self._troubles or self._news.take():
                await self.work_off()
            await asyncio.sleep(_TRY_AGAIN_AFTER_S if self._troubles else _LOOK_EVERY_S)

    async def finish(self) -> None:
        """Work off what is due now, within a few seconds."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.work_off()
        except TimeoutError:
            say("sources_postponed", "not all sources could be moved in time; the next run does it")

    async def work_off(self) -> None:
        """See to every source that is due, once."""
        before, self._troubles, self._full = self._troubles, {}, set()
        last_id = 0
        try:
            while photos := await self._ledger.ask(sources.sources_due, last_id, _PHOTOS_AT_ONCE):
                for photo in (photo for photo in photos if photo.identity.folder not in self._full):
                    await self._see_to(photo, is_news=photo.identity.folder not in before)
                last_id = photos[-1].id
        except CutoutdError as error:
            self._news.give_back()
            say_error("ledger_trouble", error)

    async def _see_to(self, photo: Photo, *, is_news: bool) -> None:
        folder = self._standby.folders.get(photo.identity.folder)
        try:
            if folder is None or folder.on_success is OnSuccess.KEEP or photo.identity.input != str(folder.input):
                await asyncio.to_thread(stay, photo, Path(photo.identity.input))
                await self._ledger.settle_source(photo, None)
            elif not self._standby.is_standing_by(folder.name):
                await self._say_farewell(photo, folder)
        except DelayError:
            return  # the folder stands by: its sources wait as its photos do
        except OSError as error:
            sentence = f"{printable(photo.identity.path)} stays where it is: {error.strerror}"
            if is_news and photo.identity.folder not in self._troubles:
                say("source_trouble", sentence, about=photo.identity, level=logging.WARNING)
            self._troubles.setdefault(photo.identity.folder, sentence)
            if error.errno in _FULL:
                self._full.add(photo.identity.folder)

    async def _say_farewell(self, photo: Photo, folder: Folder) -> None:
        fate: Fate | None = await asyncio.to_thread(take_leave, photo, folder)
        if fate is None:
            await self._standby.require_believable(photo)
            fate = await asyncio.to_thread(missed, photo, folder)
        await self._ledger.settle_source(photo, fate.sentence, is_taken=fate.is_taken)
        say("source", printable(fate.sentence), about=photo.identity)
