"""Answers that were paid for: no trouble of the ledger, and no end of the process, loses one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cutoutd.core.errors import LedgerRemovedError, PhotoMovedOnError
from cutoutd.core.photo import Fact, LaunchRefused, Photo, RemovalStarted, ResultFound, State, Uploaded
from cutoutd.ledger import Ledger
from cutoutd.ledger.recovery.unstored_facts import UNSTORED_NAME
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from support.ledgers import in_database, photo_at, versions_of, with_ledger

STARTED = RemovalStarted("request")


@contextmanager
def taken_away(state_dir: Path) -> Iterator[None]:
    """Somebody moves the ledger for a while."""
    file = state_dir / LEDGER_NAME
    aside = file.rename(state_dir / "aside")
    yield
    aside.rename(file)


async def refused_once(ledger: Ledger) -> None:
    """Return when the writer has refused something for sure."""
    with pytest.raises(LedgerRemovedError):
        await ledger.remember("something", "null")
    await asyncio.sleep(0.05)  # the file is written in a thread


async def left(ledger: Ledger) -> Photo:
    (photo,) = await ledger.query(versions_of, "a.jpg")
    return photo


async def cut_off(ledger: Ledger, photo: Photo, fact: Fact) -> None:
    """The process is told to end at once while the fact cannot be stored."""
    storing = asyncio.create_task(ledger.record_until_stored(photo, fact))
    await refused_once(ledger)
    storing.cancel()
    await asyncio.wait([storing])
    with pytest.raises(LedgerRemovedError):  # behind any other try, which may still wait for the writer
        await ledger.remember("key", "value")


def test_an_answer_waits_for_a_ledger_that_was_taken_away(tmp_path: Path) -> None:
    """It is stored when the file is back, with the time at which it came."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        with taken_away(tmp_path):
            storing = asyncio.create_task(ledger.record_until_stored(photo, STARTED))
            await refused_once(ledger)
            assert not storing.done()
        assert (await storing).launch.request_id == "request"
        assert await left(ledger) == await storing

    with_ledger(tmp_path, scene)
    assert not (tmp_path / UNSTORED_NAME).read_bytes().strip(b"\0")


@pytest.mark.parametrize(
    ("state", "fact"),
    [
        (State.REMOVAL_INTENDED, STARTED),
        (State.REMOVAL_INTENDED, ResultFound("result")),
        (State.REMOVAL_INTENDED, LaunchRefused()),
        (State.ACCEPTED, Uploaded("source")),
    ],
    ids=["request", "result", "refusal", "upload"],
)
def test_the_next_start_stores_what_the_last_run_could_not(tmp_path: Path, state: State, fact: Fact) -> None:
    """The process had to end while the ledger was away; only the fact is left of what was paid for."""
    times = []

    async def first(ledger: Ledger) -> None:
        photo = await photo_at(ledger, state)
        times.append(photo.state_at_s)
        with taken_away(tmp_path):
            await cut_off(ledger, photo, fact)

    async def second(ledger: Ledger) -> None:
        photo = await left(ledger)
        assert photo.state is fact.state
        assert photo.launch.request_id == getattr(fact, "request_id", None)
        assert photo.launch.result_uuid == getattr(fact, "result_uuid", None)
        assert photo.upload.source_uuid == getattr(fact, "source_uuid", "source-uuid")
        assert times[0] <= photo.state_at_s

    with_ledger(tmp_path, first)
    with_ledger(tmp_path, second)
    with_ledger(tmp_path, second)


def test_an_answer_outlives_a_kill_from_the_first_trouble_on(tmp_path: Path) -> None:
    """A kill gives no time to write anything, so the file has the answer before."""

    async def first(ledger: Ledger) -> bytes:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        with taken_away(tmp_path):
            storing = asyncio.create_task(ledger.record_until_stored(photo, STARTED))
            await refused_once(ledger)
            kept = (tmp_path / UNSTORED_NAME).read_bytes()
        await storing
        return kept

    assert b'"request"' in with_ledger(tmp_path, first)


def test_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    """A power cut in the middle of a line leaves those before it."""

    async def first(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        with taken_away(tmp_path):
            await cut_off(ledger, photo, STARTED)

    with_ledger(tmp_path, first)
    file = tmp_path / UNSTORED_NAME
    whole = file.read_bytes().rstrip(b"\0")
    file.write_bytes(whole + whole[: len(whole) // 2] + bytes(100))
    with_ledger(tmp_path, left)
    assert with_ledger(tmp_path, left).launch.request_id == "request"


def test_an_answer_for_another_ledger_is_told_and_not_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A backup was put back meanwhile, in which the photo stands elsewhere."""

    async def first(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        with taken_away(tmp_path):
            await cut_off(ledger, photo, STARTED)
        await ledger.record(photo, LaunchRefused())

    with_ledger(tmp_path, first)
    assert with_ledger(tmp_path, left).state is State.UPLOADED
    (told,) = [record.getMessage() for record in caplog.records if record.action == "answer_unclaimed"]
    assert "request_id='request'" in told


def test_a_fact_that_came_too_late_is_told_to_its_caller(tmp_path: Path) -> None:
    """Insisting ends where another fact was stored first, else the step would hang for ever."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        await ledger.record(photo, LaunchRefused())
        with pytest.raises(PhotoMovedOnError):
            await ledger.record_until_stored(photo, STARTED)

    with_ledger(tmp_path, scene)


def test_a_fact_that_is_stored_already_is_no_trouble(tmp_path: Path) -> None:
    """A disk may report a write as failed that reached it; the repeated one finds it there."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        stored = await ledger.record_until_stored(photo, STARTED)
        assert await ledger.record_until_stored(photo, STARTED) == stored

    with_ledger(tmp_path, scene)


def test_an_answer_for_a_photo_that_the_ledger_lacks_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The ledger was made anew meanwhile; the next start goes on without the fact, and says it once."""

    async def first(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        with taken_away(tmp_path):
            await cut_off(ledger, photo, STARTED)

    async def nothing(_: Ledger) -> None:
        return

    with_ledger(tmp_path, first)
    for table in ("events", "launches", "remote_files", "photos"):
        in_database(tmp_path, f"DELETE FROM {table}")  # noqa: S608  these very names
    with_ledger(tmp_path, nothing)
    with_ledger(tmp_path, nothing)
    told = [record for record in caplog.records if record.action == "answer_unclaimed"]
    assert [record.levelname for record in told] == ["ERROR"]
    assert "a.jpg" in told[0].getMessage()


def test_trouble_is_told_once_with_where_the_answer_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """However often it is tried again."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        with taken_away(tmp_path):
            storing = asyncio.create_task(ledger.record_until_stored(photo, STARTED))
            for _ in range(3):
                await refused_once(ledger)
        await storing

    with_ledger(tmp_path, scene)
    (told,) = [record for record in caplog.records if record.action == "ledger_trouble"]
    assert told.levelname == "ERROR"
    assert "is kept, also for the next start, and stored as soon as" in told.getMessage()
