"""Writing the ledger from many tasks: commits are grouped, and every answer comes after the disk has the fact."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from cutoutd.core.errors import DiskError
from cutoutd.core.photo import RemovalStarted, State
from cutoutd.core.usage_counter import Purpose, UsageCounter, local_day
from cutoutd.ledger import Ledger, read_ledger
from cutoutd.ledger.group_commit import GroupCommitter
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.sqlite.create import create_ledger_file
from cutoutd.ledger.sqlite.database import open_database
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction
from cutoutd.ledger.writes import usage
from support.ledgers import identity, photo_at, state_of, with_ledger
from support.processes.sandbox_process import SOURCE_ROOT
from support.small_disks import small_disk


class Counting:
    """An open database with a writer, and how many commits it saw."""

    def __init__(self, state_dir: Path) -> None:
        create_ledger_file(state_dir)
        self.engine: Engine = open_database(state_dir)
        self.commits = 0
        event.listen(self.engine, "commit", self._count)
        self.operations = UsageCounter()
        self.writer = GroupCommitter(self.engine, self.operations)

    def _count(self, _connection: object) -> None:
        self.commits += 1

    def add(self, name: str) -> Callable[[WriteTransaction], str]:
        """Work that adds a line to a table of its own."""

        def work(connection: WriteTransaction) -> str:
            connection.execute(text("INSERT INTO lines VALUES (:name)"), {"name": name})
            return name

        return work

    def lines(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.scalars(text("SELECT name FROM lines")))

    def close(self) -> None:
        self.writer.close()
        self.engine.dispose()


@pytest.fixture
def database(tmp_path: Path) -> Any:  # noqa: ANN401  pytest's generators
    opened = Counting(tmp_path)
    asyncio.run(opened.writer.write(lambda connection: connection.execute(text("CREATE TABLE lines (name TEXT)"))))
    opened.commits = 0
    yield opened
    opened.close()


async def while_busy(database: Counting, *works: Callable[[WriteTransaction], Any]) -> list[Any]:
    """What the writes answer that were handed in while an earlier one held the writer up."""
    is_busy, go_on = threading.Event(), threading.Event()

    def hold_up(_connection: WriteTransaction) -> None:
        is_busy.set()
        go_on.wait(10)

    first = asyncio.create_task(database.writer.write(hold_up))
    await asyncio.to_thread(is_busy.wait, 10)
    others = [asyncio.create_task(database.writer.write(work)) for work in works]
    await asyncio.sleep(0)
    go_on.set()
    await first
    return await asyncio.gather(*others, return_exceptions=True)


def test_writes_that_wait_together_are_committed_together(database: Counting) -> None:
    """A hundred facts that arrive while the disk is busy take one commit, not a hundred."""
    names = [f"{number:03}" for number in range(100)]
    answers = asyncio.run(while_busy(database, *map(database.add, names)))
    assert answers == names
    assert database.lines() == names
    assert database.commits == 2


def test_a_failing_write_takes_no_other_with_it(database: Counting) -> None:
    """One write of a group that fails, even half done, hears of it; those before and behind it are stored."""

    def half(connection: WriteTransaction) -> None:
        database.add("half")(connection)
        raise ValueError("no")

    first, second, third = asyncio.run(while_busy(database, database.add("1"), half, database.add("3")))
    assert (first, third) == ("1", "3")
    assert isinstance(second, ValueError)
    assert database.lines() == ["1", "3"]


def test_nobody_is_answered_before_the_commit(database: Counting) -> None:
    """A commit that fails is an error for everybody in the group, although each of their writes went well."""

    def refuse(_connection: object) -> None:
        if database.commits == 2:
            raise OSError("the disk is away")

    event.listen(database.engine, "commit", refuse)
    answers = asyncio.run(while_busy(database, database.add("1"), database.add("2")))
    assert [type(answer) for answer in answers] == [OSError, OSError]
    assert database.lines() == []
    asyncio.run(database.writer.write(database.add("3")))
    assert database.lines() == ["3"]


def test_a_waiter_may_leave(database: Counting) -> None:
    """A task that is cancelled while it waits harms neither the writer nor its neighbours."""

    async def scene() -> str:
        is_busy, go_on = threading.Event(), threading.Event()

        def hold_up(_connection: WriteTransaction) -> None:
            is_busy.set()
            go_on.wait(10)

        waiters = [asyncio.create_task(database.writer.write(work)) for work in (hold_up, database.add("left"))]
        await asyncio.to_thread(is_busy.wait, 10)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.wait(waiters)
        assert all(waiter.cancelled() for waiter in waiters)
        go_on.set()
        return await database.writer.write(database.add("next"))

    assert asyncio.run(scene()) == "next"
    # The ledger is the truth: what was handed in before its waiter left is stored.
    assert database.lines() == ["left", "next"]


def test_closing_finishes_what_was_handed_in(database: Counting) -> None:
    """Whatever was handed in before the end is stored, however long the queue is."""
    names = [f"{number:03}" for number in range(300)]

    async def scene() -> None:
        tasks = [asyncio.create_task(database.writer.write(database.add(name))) for name in names]
        await asyncio.sleep(0)
        await asyncio.to_thread(database.writer.close)
        assert all(task.done() for task in tasks) or await asyncio.gather(*tasks) == names

    asyncio.run(scene())
    assert database.lines() == names


_ACKNOWLEDGE = """
import asyncio, sys
from pathlib import Path
from cutoutd.ledger import open_ledger
from support.ledgers import identity

async def main():
    async with open_ledger(Path(sys.argv[1])) as ledger:
        for number in range(1_000_000):
            await ledger.discover(identity(f"{number}.jpg"))
            print(number, flush=True)

asyncio.run(main())
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """A process killed right after an answer has stored what it answered for."""
    path = os.pathsep.join((str(SOURCE_ROOT), str(SOURCE_ROOT.parent / "tests")))
    with subprocess.Popen(
        [sys.executable, "-c", _ACKNOWLEDGE, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.read().split()
    assert acknowledged[0] == "0"
    with read_ledger(tmp_path) as connection:
        for number in acknowledged:
            assert state_of(connection, f"{number}.jpg") == [State.DISCOVERED]


def test_many_tasks_write_at_once(tmp_path: Path) -> None:
    """Two hundred photos are brought along side by side; each arrives, with all of its events."""

    async def scene(ledger: Ledger) -> int:
        photos = await asyncio.gather(
            *(photo_at(ledger, State.REMOVAL_INTENDED, identity(f"{n}.jpg")) for n in range(200))
        )
        await asyncio.gather(*(ledger.record(photo, RemovalStarted(f"r{photo.id}")) for photo in photos))
        return len(await ledger.query(photo_queries.history, None, 10_000))

    assert with_ledger(tmp_path, scene) == 200 * 5


def operations_in(database: Counting) -> dict[Purpose, int]:
    with database.engine.connect() as connection:
        return dict(usage.usage_of(ReadTransaction(connection), local_day()).today)


def test_operations_ride_along_with_the_next_commit(database: Counting) -> None:
    """What was counted costs no commit of its own, adds up over commits, and is written at the end at the latest."""
    database.operations.count(Purpose.UPLOAD, 3)
    asyncio.run(database.writer.write(database.add("first")))
    database.operations.count(Purpose.UPLOAD, 3)
    database.operations.count(Purpose.POLL, 1)
    asyncio.run(database.writer.write(database.add("second")))
    assert database.commits == 2
    database.operations.count(Purpose.POLL, 1)
    database.writer.close()
    assert database.commits == 3
    assert operations_in(database) == {Purpose.UPLOAD: 6, Purpose.POLL: 2, Purpose.LAUNCH: 0, Purpose.OTHER: 0}


def test_operations_outlive_a_commit_that_fails(database: Counting) -> None:
    """While the ledger takes nothing they are kept, and none is counted twice."""

    def refuse(_connection: object) -> None:
        raise OSError("no space left")

    database.operations.count(Purpose.OTHER, 1)
    event.listen(database.engine, "commit", refuse)
    with pytest.raises(OSError, match="no space"):
        asyncio.run(database.writer.write(database.add("first")))
    event.remove(database.engine, "commit", refuse)
    database.operations.count(Purpose.OTHER, 1)
    asyncio.run(database.writer.write(database.add("second")))
    assert operations_in(database)[Purpose.OTHER] == 2


def test_a_log_that_took_the_last_room_gives_it_back(tmp_path: Path) -> None:
    """A reader held the log up until the disk was full; once it is gone, the ledger can be written again."""
    state_dir = tmp_path / "state"

    async def fill(ledger: Ledger) -> None:
        while True:
            await ledger.remember("key", os.urandom(100_000).hex())

    async def scene(ledger: Ledger) -> None:
        with read_ledger(state_dir) as reader:
            photo_queries.totals(reader)  # from here on its view of the ledger is kept
            with pytest.raises(DiskError):
                await fill(ledger)
        with suppress(DiskError):
            await ledger.remember("key", "short")
        await ledger.remember("key", "short")
        assert await ledger.query(photo_queries.remembered, "key") == "short"

    with small_disk(state_dir, "size=3m,nr_inodes=100"):
        with_ledger(state_dir, lambda ledger: ledger.remember("key", "long" * 50_000))
        with_ledger(state_dir, scene)
