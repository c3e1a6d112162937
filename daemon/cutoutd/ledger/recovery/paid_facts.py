"""The storing of facts that money or operations were spent on: again and again, whatever the trouble.

Giving up would lose the only trace of what was paid for. A fact is kept in memory until it is stored. From the first
trouble on it is also in a file for the next start: see ``unstored_facts``.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from cutoutd.core.blocking import local_calls
from cutoutd.core.errors import CutoutdError, DiskError, DuplicateInProgressError, LedgerError, PhotoMovedOnError
from cutoutd.core.logs import log_event, printable
from cutoutd.core.photo import NO_WAIT, Fact, Photo, Wait
from cutoutd.ledger.queries import selection
from cutoutd.ledger.recovery.unstored_facts import UnstoredFact, UnstoredFacts
from cutoutd.ledger.sqlite.transactions import ReadTransaction

#: Stores a fact that became true at a Unix time.
RecordCall = Callable[[Photo, Fact, float, Wait], Awaitable[Photo]]


class QueryPhotos(Protocol):
    """Reads photos from the ledger."""

    async def __call__(
        self, question: Callable[[ReadTransaction, Sequence[int]], list[Photo]], photo_ids: Sequence[int], /
    ) -> list[Photo]:
        """Return the photos with these ids."""


class PaidFacts:
    """Stores facts of one ledger that must not be lost.

    Args:
        state_dir: the folder of the ledger.
        record: stores a fact.
        query: reads photos.
        retry_after_s: the pause between two tries.
    """

    def __init__(self, state_dir: Path, record: RecordCall, query: QueryPhotos, *, retry_after_s: float) -> None:
        self._unstored = UnstoredFacts(state_dir)
        self._record = record
        self._query = query
        self._retry_after_s = retry_after_s

    async def store(self, photo: Photo, fact: Fact, wait: Wait) -> Photo:
        """Store a fact, as ``Ledger.record_until_stored`` says."""
        unstored = UnstoredFact.of(photo, fact, time.time())
        try:
            stored = await self._insist(photo, unstored, wait)
        except (PhotoMovedOnError, DuplicateInProgressError):
            self._unstored.drop(photo.id)
            raise
        except BaseException:
            # Not in a thread, because the process is about to end. The writer may store it all the same.
            self._unstored.keep(unstored)
            raise
        self._unstored.drop(photo.id)
        return stored

    async def store_left(self) -> None:
        """Store the facts that an earlier run could not store before it ended.

        Raises:
            LedgerError, DiskError: they cannot be stored now, so no photo may go on.
        """
        for unstored in await local_calls.run(self._unstored.open):
            row = await self._row(unstored)
            if row is not None and unstored.is_about(row):
                photo = await self._record(row, unstored.fact, unstored.at_s, NO_WAIT)
                log_event("answer_stored", f"{photo.state.phrase}: known since the last run", about=photo)
            elif row is None or not unstored.is_stored_in(row):
                sentence = f"the last run could not store {unstored.fact}, and the ledger does not know its photo"
                log_event("answer_unclaimed", f"{sentence}: {printable(unstored.path)}", level=logging.ERROR)
        await local_calls.run(self._unstored.clear)

    def close(self) -> None:
        """Let go of the file."""
        self._unstored.close()

    async def _insist(self, photo: Photo, unstored: UnstoredFact, wait: Wait) -> Photo:
        told = ""
        while True:
            try:
                return await self._record(photo, unstored.fact, unstored.at_s, wait)
            except PhotoMovedOnError:
                row = await self._row(unstored)
                if row is None or not unstored.is_stored_in(row):
                    raise
                return row  # because a write that was reported as failed may have reached the disk
            except (DiskError, LedgerError) as error:
                has_room = await local_calls.run(self._unstored.keep, unstored)
                if error.sentence != told:
                    _tell(error, unstored, has_room=has_room)
                told = error.sentence
            await asyncio.sleep(self._retry_after_s)

    async def _row(self, unstored: UnstoredFact) -> Photo | None:
        rows = await self._query(selection.photos_with_ids, [unstored.photo_id])
        return rows[0] if rows else None


def _tell(error: CutoutdError, unstored: UnstoredFact, *, has_room: bool) -> None:
    kept = "kept, also for the next start," if has_room else "kept in memory"
    sentence = f"{error.sentence}; {unstored.fact} is {kept} and stored as soon as the ledger can be written"
    log_event("ledger_trouble", sentence, level=logging.ERROR)
