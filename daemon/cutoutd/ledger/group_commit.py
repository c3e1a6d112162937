"""The thread that writes the ledger and groups commits.

A commit with synchronous=FULL waits for the disk. Writes that arrive meanwhile share the next commit. Each is
acknowledged only after the disk has all of them. If one write fails, its group is undone and written again. Then each
write has its own savepoint, so that it takes no other with it. Operations that were counted meanwhile go in with the
group, and so cost no commit of their own.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from cutoutd.core.logs import log_fault
from cutoutd.core.usage_counter import UsageCounter, UsageCounts
from cutoutd.ledger.sqlite.database import empty_log, is_disk_full
from cutoutd.ledger.sqlite.transactions import Known, WriteTransaction
from cutoutd.ledger.writes import transitions, usage, webhook_results

T = TypeVar("T")

#: A larger group would delay its first write for no gain: many writes share the wait for the disk already.
_MAX_GROUP = 128


class WriteCall(Protocol):
    """A call that runs ``work`` in a write transaction and returns its result after the commit reached the disk."""

    async def __call__(self, work: Callable[[WriteTransaction], T], then: Callable[[T], None] = ...) -> T:
        """Return the result of ``work``; ``then`` gets it too, in the writer's thread."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[WriteTransaction], Any]
    then: Callable[[Any], None]
    result: Future[Any]


class GroupCommitter:
    """Carries out write transactions one group at a time; ``close`` finishes the jobs that were queued before it.

    Args:
        engine: the ledger's.
        operations: the operations counted elsewhere, to be stored.
        require_in_place: a function that raises the error to return when nothing may be stored any more.
    """

    def __init__(
        self, engine: Engine, operations: UsageCounter, require_in_place: Callable[[], None] = lambda: None
    ) -> None:
        self._engine = engine
        self._operations = operations
        self._require_in_place = require_in_place
        self._connection: Connection | None = None
        self._known: Known | None = None
        self.has_had_trouble = False  #: True if the database refused a write for a reason of its own
        self.revision = 0  #: another number after every commit
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        # Not a daemon thread, because queued jobs have to be written before the process ends.
        self._thread = threading.Thread(target=self._write_until_closed, name="ledger-writer")
        self._thread.start()

    async def write(self, work: Callable[[WriteTransaction], T], then: Callable[[T], None] = lambda _: None) -> T:
        """Run ``work`` in a transaction; return after the commit reached the disk.

        If the task is cancelled here, the fact may be stored all the same: the ledger is the truth, not memory.
        ``then`` gets the result in the writer's thread, even if the task was cancelled; it must be quick.
        """
        job = _Job(work, then, Future())
        self._jobs.put(job)
        return await asyncio.wrap_future(job.result)

    def close(self) -> None:
        """Finish the queued jobs and store the counted operations, then stop."""
        self._jobs.put(None)
        self._thread.join()

    def _write_until_closed(self) -> None:
        is_closing = False
        while not is_closing and (job := self._jobs.get()) is not None:
            group = [job]
            is_closing = self._gather(group)
            self._commit(group)
        if self._operations.has_unstored:
            self._commit([])
        self._disconnect()

    def _gather(self, group: list[_Job]) -> bool:
        while len(group) < _MAX_GROUP:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return False
            if job is None:
                return True
            group.append(job)
        return False

    def _commit(self, group: list[_Job]) -> None:
        counted = self._operations.take_unstored()
        try:
            try:
                outcomes = self._write(group, _carry_out, counted)
            except _OneFailedError as failure:
                self._note_trouble(failure.__cause__)
                outcomes = self._write(group, _carry_out_alone, counted)
        except Exception as error:  # noqa: BLE001  because every caller has to get the error, else it would wait forever
            self._note_trouble(error)
            self._operations.give_back(counted)
            outcomes = [_Outcome(error=error) for _ in group]
        for job, outcome in zip(group, outcomes, strict=True):
            if outcome.error is None:
                _call_listener(job, outcome.value)
            outcome.resolve(job.result)

    def _write(self, group: list[_Job], carry_out: "_CarryOut", counted: UsageCounts) -> "list[_Outcome]":
        self._require_in_place()
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(is_writing=True)
        try:
            with self._connection.begin():
                transaction = WriteTransaction(self._connection, self._known)
                if self._known is None:
                    self._known = transaction.known = _read_known(transaction)
                outcomes = [carry_out(job, transaction) for job in group]
                if counted:
                    usage.add(transaction, counted)
        except BaseException:
            self._disconnect()  # because the connection's state is uncertain after trouble with the disk
            raise
        self.revision += 1
        return outcomes

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError, sqlite3.Error):
                connection.close()

    def _note_trouble(self, error: BaseException | None) -> None:
        # An IntegrityError is a result of the schema's constraints, and no trouble.
        is_trouble = isinstance(error, (DBAPIError, sqlite3.Error)) and not isinstance(error, IntegrityError)
        self.has_had_trouble = self.has_had_trouble or is_trouble
        if is_disk_full(error):
            empty_log(self._engine)  # so that the caller's next try may find room


def _read_known(transaction: WriteTransaction) -> Known:
    return Known(webhook_results.is_any_stored(transaction), transitions.payers(transaction))


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: Exception | None = None

    def resolve(self, result: Future[Any]) -> None:
        if not result.set_running_or_notify_cancel():
            return
        if self.error is not None:
            result.set_exception(self.error)
        else:
            result.set_result(self.value)


def _call_listener(job: _Job, value: object) -> None:
    try:
        job.then(value)
    except Exception as fault:  # noqa: BLE001  because a fault in a counter must not stop the ledger
        log_fault("internal_fault", "a fault in cutoutd itself: a stored fact was not counted; photos go on", fault)


_CarryOut = Callable[[_Job, WriteTransaction], _Outcome]


class _OneFailedError(Exception):
    """One job of a group failed."""


def _carry_out(job: _Job, transaction: WriteTransaction) -> _Outcome:
    try:
        return _Outcome(value=job.work(transaction))
    except Exception as error:
        raise _OneFailedError from error


def _carry_out_alone(job: _Job, transaction: WriteTransaction) -> _Outcome:
    try:
        with transaction.savepoint():
            return _Outcome(value=job.work(transaction))
    except Exception as error:  # noqa: BLE001  because the caller of the job gets it
        return _Outcome(error=error)
