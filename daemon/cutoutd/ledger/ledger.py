"""The doors to the ledger: ``open_ledger`` for the one who writes, ``view_ledger`` for those who only look."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine

from cutoutd.core.errors import CutoutdError, DiskError, LedgerDamagedError, LedgerRemovedError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import NO_WAIT, Accepted, Fact, Identity, Photo, SourceOutcome, Wait
from cutoutd.core.usage_counter import UsageCounter
from cutoutd.core.webhook_result import WebhookResult
from cutoutd.ledger.group_commit import GroupCommitter
from cutoutd.ledger.schema.migrations import bring_up_to_date
from cutoutd.ledger.sqlite.clean_shutdown import CleanShutdownMarker, check_and_open
from cutoutd.ledger.sqlite.create import create_ledger_file
from cutoutd.ledger.sqlite.database import has_ledger, open_database, require_ledger, translated_errors
from cutoutd.ledger.sqlite.file_identity import FileIdentity
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction
from cutoutd.ledger.writes import (
    approvals,
    clock_changes,
    launches,
    marks,
    transitions,
    webhook_results,
)

#: How often a fact that must not be lost is offered to a full disk.
_INSIST_EVERY_S = 1.0

#: Hears of every fact once it is on the disk, in the writer's thread: the photo before it (None: it is new), and after.
Listener = Callable[[Photo | None, Photo], None]

T = TypeVar("T")
P = ParamSpec("P")


class Ledger:
    """All facts of all photos, for asyncio. Every write returns after it reached the disk.

    Raises, from every method: ``DiskError`` (full or read-only; passes), ``LedgerError`` (see ``database``).
    """

    def __init__(self, engine: Engine, state_dir: Path, writer: GroupCommitter) -> None:
        self._engine = engine
        self._state_dir = state_dir
        self._writer = writer
        self._witnesses: tuple[Listener, ...] = ()
        self.trouble: CutoutdError | None = None  #: why the last write failed; None once one went well

    def add_listener(self, witness: Listener) -> None:
        """Have somebody told of every fact from now on."""
        self._witnesses = (*self._witnesses, witness)  # a new one, as the writer's thread may be going through the old

    def remove_listener(self, witness: Listener) -> None:
        """Tell them no more."""
        self._witnesses = tuple(each for each in self._witnesses if each != witness)

    @property
    def revision(self) -> int:
        """Another number whenever something was stored in this run; for those who ask only when there is news."""
        return self._writer.revision

    async def query(
        self, question: Callable[Concatenate[ReadTransaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The answer to one of ``questions``, read in a thread."""
        return await asyncio.to_thread(self._query, lambda connection: question(connection, *args, **kwargs))

    async def discover(self, identity: Identity) -> Photo | None:
        """Store a finished file as a photo; None when this version of it is known."""
        return await self._write(
            lambda connection: transitions.discover(connection, identity, time.time()),
            partial(self._notify_listeners, None),
        )

    async def accept(self, photo: Photo, fact: Accepted, free_targets: Sequence[str]) -> Photo:
        """Accept a photo and reserve the first target that is free, or the one its path always had.

        Raises:
            RejectedError: there is none.
        """
        return await self._write(
            lambda connection: transitions.accept(connection, photo, fact, free_targets, time.time()),
            partial(self._notify_listeners, photo),
        )

    async def record(self, photo: Photo, fact: Fact, wait: Wait = NO_WAIT) -> Photo:
        """Store a fact; ``wait`` delays the step after it."""
        return await self._write(
            lambda connection: transitions.record(connection, photo, fact, time.time(), wait),
            partial(self._notify_listeners, photo),
        )

    async def record_launch_intent(
        self, photo: Photo, require: Callable[[launches.LaunchCounts], None] | None, *, most: int | None = None
    ) -> Photo:
        """Store that the paid call is about to be made; what ``require`` raises about the money spent prevents it.

        So does a batch of more than ``most`` photos that nobody approved. All happens in one transaction, so that
        however many come at once, none of them overruns a limit.

        Raises:
            UnapprovedError: the photo has to wait for a person.
        """
        return await self._write(
            lambda connection: transitions.record_launch_intent(
                connection, photo, require, most=most, at_s=time.time()
            ),
            partial(self._notify_listeners, photo),
        )

    async def record_until_stored(self, photo: Photo, fact: Fact, wait: Wait = NO_WAIT) -> Photo:
        """Store a fact that money was spent on: while the disk is full, try until it takes it.

        Letting go would lose the only trace of what was paid for. Only a kill can, and ``removal_intended`` tells then.
        """
        while True:
            try:
                return await self.record(photo, fact, wait)
            except DiskError as error:
                log_event("ledger_trouble", f"{error.sentence}; {fact} is kept in memory", level=logging.ERROR)
                await asyncio.sleep(_INSIST_EVERY_S)

    async def postpone(self, photo: Photo, wait: Wait) -> Photo:
        """Store why and how long a photo waits."""
        return await self._write(lambda connection: transitions.postpone(connection, photo, wait, time.time()))

    async def resume(self, photo: Photo, fact: Fact, ctime_ns: int) -> Photo:
        """Store that a photo at rest goes on because a person asked for it, with its file's present ctime."""
        return await self._write(
            lambda connection: transitions.resume(connection, photo, fact, ctime_ns, time.time()),
            partial(self._notify_listeners, photo),
        )

    async def release_held(self, most: int) -> None:
        """Let so many photos go on that a limit of day or month held, the first ones first."""
        await self._write(lambda connection: marks.release_held(connection, most))

    async def release_batch(self, folder: str) -> None:
        """Let a folder's photos go on that waited for approval: they are few enough now."""
        await self._write(lambda connection: approvals.release(connection, folder))

    async def approve(self, folder: str, most: int | None) -> list[Photo]:
        """Store that a person agreed to pay for a folder's batch, or its first ``most``; the first at each state."""
        return await self._write(lambda connection: approvals.approve(connection, folder, most, time.time()))

    async def release_unavailable(self, folder: str | None = None) -> None:
        """Let every photo of a folder, or of all, go on whose source could not be had."""
        await self._write(lambda connection: marks.release_unavailable(connection, folder))

    async def shift_times(self, set_by_s: float) -> int:
        """Correct what was set by a clock that has been set by so many seconds since; how many waits ended."""
        return await self._write(lambda connection: clock_changes.shift_times(connection, set_by_s, time.time()))

    async def move_input(self, folder: str, before: str, now: str) -> None:
        """Store that a folder's input tree has moved, with all that is in it."""
        await self._write(lambda connection: marks.move_input(connection, folder, before, now))

    async def remember(self, key: str, value: str) -> None:
        """Keep a value across restarts."""
        await self._write(lambda connection: marks.remember(connection, key, value, time.time()))

    async def store_webhook_result(self, announcement: WebhookResult) -> webhook_results.Receipt:
        """Store what Uploadcare announced, and let its photo go on; doing it twice changes nothing."""
        return await self._write(lambda connection: webhook_results.store(connection, announcement, time.time()))

    async def poll_without_webhooks(self, usual_wait_s: float) -> None:
        """Let removals be asked about as soon after their launch as if nothing had been going to be announced."""
        await self._write(lambda connection: webhook_results.poll_without_webhooks(connection, usual_wait_s))

    async def mark_source_done(self, photo: Photo, outcome: SourceOutcome | None) -> None:
        """Store that nothing is left to be done to the source of a published photo, and the outcome if there is one."""
        await self._write(lambda connection: marks.mark_source_done(connection, photo, outcome, time.time()))

    async def mark_source_missing(self, photo_ids: Collection[int], at_s: float | None) -> None:
        """Store since when the sources of these photos are missed; None: they are there after all."""
        await self._write(lambda connection: marks.mark_source_missing(connection, photo_ids, at_s))

    async def mark_cleaned(self, photos: Sequence[Photo]) -> None:
        """Store that the photos' files at Uploadcare are deleted."""
        await self._write(lambda connection: marks.mark_cleaned(connection, photos, time.time()))

    async def mark_kept(self, result_uuids: Collection[str]) -> None:
        """Store that Uploadcare was told to store these results."""
        await self._write(lambda connection: marks.mark_kept(connection, result_uuids))

    async def _write(self, work: Callable[[WriteTransaction], T], then: Callable[[T], None] = lambda _: None) -> T:
        try:
            with translated_errors(self._state_dir):
                written = await self._writer.write(work, then)
        except (DiskError, LedgerDamagedError, LedgerRemovedError) as error:
            self.trouble = error
            raise
        self.trouble = None
        return written

    def _notify_listeners(self, before: Photo | None, after: Photo | None) -> None:
        if after is None:
            return
        for witness in self._witnesses:
            witness(before, after)

    def _query(self, question: Callable[[ReadTransaction], T]) -> T:
        with translated_errors(self._state_dir), self._engine.connect() as connection:
            return question(ReadTransaction(connection))


@asynccontextmanager
async def open_ledger(state_dir: Path, operations: UsageCounter | None = None) -> AsyncIterator[Ledger]:
    """The ledger in ``state_dir``, created or brought up to date; the caller holds the instance lock.

    Its commits take what is counted in ``operations`` along.

    Raises:
        LedgerNewerError, LedgerDamagedError, LedgerError, DiskError: it cannot be used.
    """
    await asyncio.to_thread(check_and_open if has_ledger(state_dir) else create_ledger_file, state_dir)
    engine = open_database(state_dir)
    sealing = CleanShutdownMarker(engine, state_dir)
    with translated_errors(state_dir):
        await asyncio.to_thread(bring_up_to_date, engine)
    anchor = FileIdentity(state_dir)
    writer = GroupCommitter(engine, operations or UsageCounter(), anchor.require_in_place)
    try:
        yield Ledger(engine, state_dir, writer)
    finally:
        # All in one: a cancellation in between would have it sealed after somebody else may hold it.
        await asyncio.to_thread(_close, writer, engine, sealing, anchor)


def _close(writer: GroupCommitter, engine: Engine, sealing: CleanShutdownMarker, anchor: FileIdentity) -> None:
    writer.close()
    engine.dispose()
    if anchor.is_in_place and not writer.has_had_trouble:
        sealing.seal()
    anchor.close()


@contextmanager
def read_ledger(state_dir: Path) -> Iterator[ReadTransaction]:
    """One consistent look at the ledger, to put ``questions`` to; works beside a running daemon.

    Raises:
        LedgerError: there is none yet, or it cannot be read.
    """
    require_ledger(state_dir)
    engine = open_database(state_dir)
    try:
        with translated_errors(state_dir), engine.connect() as connection:
            yield ReadTransaction(connection)
    finally:
        engine.dispose()
