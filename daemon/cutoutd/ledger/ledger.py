"""The ledger's face: ``open_ledger`` for the daemon, which writes; ``read_ledger`` for commands, which only read."""

import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine

from cutoutd.core.blocking import ledger_calls
from cutoutd.core.errors import (
    CutoutdError,
    DiskError,
    DuplicateInProgressError,
    LedgerDamagedError,
    LedgerRemovedError,
)
from cutoutd.core.photo import NO_WAIT, Accepted, Fact, Identity, Photo, Wait
from cutoutd.core.usage_counter import UsageCounter
from cutoutd.ledger.changes import PhotoCounts, UniquePhotos
from cutoutd.ledger.group_commit import GroupCommitter
from cutoutd.ledger.photo_files import PhotoFiles
from cutoutd.ledger.photo_waits import PhotoWaits
from cutoutd.ledger.queries import duplicates, photos
from cutoutd.ledger.recovery.paid_facts import PaidFacts
from cutoutd.ledger.schema.migrations import bring_up_to_date, require_up_to_date
from cutoutd.ledger.sqlite.clean_shutdown import CleanShutdownMarker, check_and_open
from cutoutd.ledger.sqlite.create import create_ledger_file
from cutoutd.ledger.sqlite.database import FileIdentity, has_ledger, open_database, require_ledger, translated_errors
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction
from cutoutd.ledger.writes import launches, marks, transitions, webhook_results

#: A function that gets every stored fact, in the writer's thread: the photo before it (None: it is new) and after it.
Listener = Callable[[Photo | None, Photo], None]

T = TypeVar("T")
P = ParamSpec("P")


class Ledger:
    """All facts of all photos, for asyncio. Every write returns after it reached the disk.

    Args:
        engine: the database.
        state_dir: the folder of the database, for messages.
        writer: the thread that writes.
        retry_after_s: the pause between two tries to store a fact that must not be lost.

    Raises, from every method:
        DiskError: the disk is full or read-only, which passes.
        LedgerError: see ``translated_errors``.
    """

    def __init__(self, engine: Engine, state_dir: Path, writer: GroupCommitter, *, retry_after_s: float) -> None:
        self._engine = engine
        self._state_dir = state_dir
        self._writer = writer
        self.known_unique = UniquePhotos()  #: the photos that certainly share their picture and path with no other
        self._listeners: tuple[Listener, ...] = (self.known_unique.note,)
        self.counts = PhotoCounts()  #: not open before `count_photos`
        self.trouble: CutoutdError | None = None  #: the error of the last write; None once a write went well
        self.waits = PhotoWaits(self._write)
        self.files = PhotoFiles(self._write)
        self.paid_facts = PaidFacts(state_dir, self._record, self.query, retry_after_s=retry_after_s)

    def add_listener(self, listener: Listener) -> None:
        """Call this function for every fact from now on."""
        self._listeners = (*self._listeners, listener)  # a new tuple, because the writer's thread may iterate the old

    def remove_listener(self, listener: Listener) -> None:
        """Call this function no more."""
        self._listeners = tuple(each for each in self._listeners if each != listener)

    async def count_photos(self) -> None:
        """Count the photos once; every fact keeps the counts current from now on. Call it before any photo moves."""
        self.counts.open(await self.query(photos.totals))
        self.add_listener(self.counts.note)

    @property
    def revision(self) -> int:
        """A number that differs after every commit of this run; ``ChangeFlag`` compares it."""
        return self._writer.revision

    async def query(
        self, question: Callable[Concatenate[ReadTransaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return the result of a function of ``queries``, read in a thread."""
        return await ledger_calls.run(self._query, lambda transaction: question(transaction, *args, **kwargs))

    async def discover(self, identity: Identity) -> Photo | None:
        """Store a finished file as a new photo; return None if this version of the file is stored already."""
        return await self._write(
            lambda transaction: transitions.discover(transaction, identity, time.time()),
            partial(self._notify_listeners, None),
        )

    async def accept(
        self, photo: Photo, fact: Accepted, free_targets: Sequence[str], *, is_placed: bool = False
    ) -> Photo:
        """Accept a photo and reserve the target that its path always had, or else the first free one.

        A photo with its cutout in place is never known as unique, so that a later step looks at it.

        Raises:
            RejectedError: every target is taken.
        """

        def accept(transaction: WriteTransaction) -> tuple[Photo, bool]:
            accepted = transitions.accept(transaction, photo, fact, free_targets, time.time())
            is_unique = duplicates.is_unique(transaction, accepted)
            if not is_unique:  # else no row of an earlier version has this file
                marks.store_picture_hash(transaction, accepted.picture)
            return accepted, is_unique

        def notify(stored: tuple[Photo, bool]) -> None:
            accepted, is_unique = stored
            self._notify_listeners(photo, accepted)
            if is_unique and not is_placed:
                self.known_unique.add(accepted)

        return (await self._write(accept, notify))[0]

    async def record(self, photo: Photo, fact: Fact, wait: Wait = NO_WAIT) -> Photo:
        """Store a fact, and the wait before the step after it."""
        return await self._record(photo, fact, time.time(), wait)

    async def _record(self, photo: Photo, fact: Fact, at_s: float, wait: Wait) -> Photo:
        return await self._write(
            lambda transaction: transitions.record(transaction, photo, fact, at_s, wait),
            partial(self._notify_listeners, photo),
        )

    async def record_launch_intent(
        self, photo: Photo, require: Callable[[launches.LaunchCounts], None] | None, *, most: int | None = None
    ) -> Photo:
        """Store that the paid call is about to be made, unless ``require`` raises an error about the launches so far.

        All happens in one transaction. Therefore any number of photos at once overruns no limit.

        Raises:
            UnapprovedError: the photo is not approved, and its folder's batch is larger than ``most``.
            DuplicateInProgressError: the same picture is being paid for, or launched with other parameters.
        """
        is_unique = photo in self.known_unique

        def intend(transaction: WriteTransaction) -> Photo:
            if not is_unique and duplicates.is_called_for_otherwise(transaction, photo):
                raise DuplicateInProgressError("the same picture is being launched with other parameters")
            return transitions.record_launch_intent(transaction, photo, require, most=most, at_s=time.time())

        return await self._write(intend, partial(self._notify_listeners, photo))

    async def record_until_stored(self, photo: Photo, fact: Fact, wait: Wait = NO_WAIT) -> Photo:
        """Store a fact that money or operations were spent on: try again until it is stored, whatever the trouble.

        Giving up would lose the only trace of what was paid for. If the process ends before, the next start stores it.

        Raises:
            PhotoMovedOnError: another fact was stored first.
            DuplicateInProgressError: another photo with the same content and parameters is being paid for.
        """
        return await self.paid_facts.store(photo, fact, wait)

    async def postpone(self, photo: Photo, wait: Wait) -> Photo:
        """Store the wait of a photo."""
        return await self._write(lambda transaction: transitions.postpone(transaction, photo, wait, time.time()))

    async def resume(self, photo: Photo, fact: Fact, ctime_ns: int) -> Photo:
        """Store that an ended photo goes on because a person asked for it, with its file's present ctime."""
        return await self._write(
            lambda transaction: transitions.resume(transaction, photo, fact, ctime_ns, time.time()),
            partial(self._notify_listeners, photo),
        )

    async def remember(self, key: str, value: str) -> None:
        """Store a value that outlives a restart."""
        await self._write(lambda transaction: marks.remember(transaction, key, value, time.time()))

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
        for listener in self._listeners:
            listener(before, after)

    def _query(self, question: Callable[[ReadTransaction], T]) -> T:
        with translated_errors(self._state_dir), self._engine.connect() as connection:
            return question(ReadTransaction(connection))


@asynccontextmanager
async def open_ledger(
    state_dir: Path, usage: UsageCounter | None = None, *, retry_after_s: float = 1.0
) -> AsyncIterator[Ledger]:
    """Open the ledger in ``state_dir``, after making it or bringing it up to date; the caller holds the instance lock.

    Its commits also store what is counted in ``usage``. A fact that must not be lost is offered again every
    ``retry_after_s`` while it cannot be stored. What an earlier run could not store is stored first.

    Raises:
        LedgerNewerError, LedgerDamagedError, LedgerError, DiskError: it cannot be used.
    """
    await ledger_calls.run(check_and_open if has_ledger(state_dir) else create_ledger_file, state_dir)
    engine = open_database(state_dir)
    marker = CleanShutdownMarker(engine, state_dir)
    with translated_errors(state_dir):
        await ledger_calls.run(bring_up_to_date, engine)
    file_identity = FileIdentity(state_dir)
    writer = GroupCommitter(engine, usage or UsageCounter(), file_identity.require_in_place)
    ledger = Ledger(engine, state_dir, writer, retry_after_s=retry_after_s)
    try:
        ledger.waits.may_have_webhook_results = await ledger.query(webhook_results.is_any_stored)
        await ledger.paid_facts.store_left()
        yield ledger
    finally:
        # In one thread call, because a cancellation in between could mark a file that another process has opened.
        await ledger_calls.run(_close, writer, engine, marker, file_identity)
        ledger.paid_facts.close()


def _close(writer: GroupCommitter, engine: Engine, marker: CleanShutdownMarker, file_identity: FileIdentity) -> None:
    writer.close()
    engine.dispose()
    if file_identity.is_in_place and not writer.has_had_trouble:
        marker.write()
    file_identity.close()


@contextmanager
def read_ledger(state_dir: Path) -> Iterator[ReadTransaction]:
    """Open one consistent view of the ledger, to pass to ``queries``; it works beside a running daemon.

    Raises:
        LedgerError: there is none yet, it cannot be read, or it is of another version.
    """
    require_ledger(state_dir)
    engine = open_database(state_dir, is_reading=True)
    try:
        with translated_errors(state_dir), engine.connect() as connection:
            require_up_to_date(connection)
            yield ReadTransaction(connection)
    finally:
        engine.dispose()
