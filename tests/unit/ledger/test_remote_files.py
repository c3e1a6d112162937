"""The files at Uploadcare that the ledger knows: whose they are, and until when each is needed."""

import time
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cutoutd.core.photo import (
    INTERNAL_FAULT,
    Doubt,
    Fact,
    Photo,
    RemovalFinished,
    Reprocessed,
    ResultFound,
    ResultFromWebhook,
    RetryUpload,
    State,
    Uploaded,
)
from cutoutd.ledger import Ledger
from cutoutd.ledger.schema import tables
from cutoutd.ledger.writes import remote_files
from cutoutd.ledger.writes.remote_files import FileKind, NotedFile
from support.ledgers import identity, photo_at, versions_of, with_ledger

NOW_S = 1_800_000_000.0
DAY_S = 86_400.0
REMOTE = tables.remote_files


async def noted(ledger: Ledger) -> list[tuple[object, ...]]:
    """All files, in the order in which they were noted."""
    return [
        tuple(row) for row in await ledger.query(lambda tx: tx.execute(select(REMOTE).order_by(REMOTE.c.since_s)).all())
    ]


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (Uploaded("new"), ("new", "source")),
        (RemovalFinished("new"), ("new", "result")),
        (ResultFound("new"), ("new", "result")),
        (ResultFromWebhook("new", "request"), ("new", "result")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fact_notes_the_file_that_it_tells_of(tmp_path: Path, fact: Fact, expected: tuple[str, str]) -> None:
    """With its photo, its kind and its time; a second word of the same file changes nothing."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.ACCEPTED)
        for at_s in (5.0, 6.0):
            await ledger._write(lambda tx, at_s=at_s: remote_files.note_fact(tx, photo, fact, at_s))
        assert await noted(ledger) == [(expected[0], photo.id, expected[1], 5.0, False)]

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("fact", "is_spent"),
    [
        (Reprocessed(parameters="{}", previous_parameters="{}", reprocess_started_s=1.0), True),
        (RetryUpload(parameters='{"crop":true}'), True),
        (RetryUpload(parameters="{}"), False),
    ],
)
def test_files_of_an_earlier_round_are_not_wanted_any_more(tmp_path: Path, fact: Fact, *, is_spent: bool) -> None:
    """Made anew, or sent again with other parameters; with the same ones a late result is still the photo's."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        other = await photo_at(ledger, State.REMOVAL_INTENDED, identity("b.jpg"))
        await ledger._write(lambda tx: remote_files.note_fact(tx, photo, fact, 5.0))
        spent = await ledger.query(lambda tx: tx.execute(select(REMOTE.c.photo_id, REMOTE.c.is_spent)).all())
        assert {tuple(row) for row in spent} == {(photo.id, is_spent), (other.id, False)}
        past = select(tables.launches.c.photo_id, tables.launches.c.is_past)
        rows = await ledger.query(lambda tx: tx.execute(past).all())
        assert {tuple(row) for row in rows} == {(photo.id, is_spent), (other.id, False)}

    with_ledger(tmp_path, scene)


def test_uploads_of_one_photo_are_counted(tmp_path: Path) -> None:
    """Not its results, nor another photo's; one that was deleted counts no more, nor one of long ago that stays."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_FINISHED)
        since_s = photo.state_at_s - 60
        await photo_at(ledger, State.UPLOADED, identity("b.jpg"))
        await ledger.files.note_unwanted_upload(photo, "second")
        assert await ledger.query(remote_files.uploads_of, photo.id, since_s) == 2
        assert await ledger.query(remote_files.uploads_of, photo.id, time.time() + 60) == 0
        assert await ledger.query(remote_files.uploads_of, 99, since_s) == 0
        await ledger.files.mark_cleaned(["second"])
        assert await ledger.query(remote_files.uploads_of, photo.id, since_s) == 1
        assert await ledger.query(remote_files.claimed, ["second", "source-uuid", "result-uuid", "other"]) == {
            "source-uuid",
            "result-uuid",
        }

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "deleted", "is_kept"),
    [
        (State.FAILED, "result", False),
        (State.DISMISSED, "result", False),
        (State.FAILED, "other", True),
        (State.PUBLISHED, "result", True),
    ],
)
def test_a_photo_that_failed_does_not_count_on_a_deleted_result(
    tmp_path: Path, state: State, deleted: str, *, is_kept: bool
) -> None:
    """A retry would fetch it in vain; a published photo keeps its number for its history."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, state)
        other = await photo_at(ledger, State.FAILED, identity("b.jpg"))
        for number, each in enumerate((photo, other)):
            names = {"result_uuid": "result" if number == 0 else "other result", "kept_uuid": f"kept {number}"}
            row = update(tables.photos).where(tables.photos.c.id == each.id).values(names)
            await ledger._write(lambda tx, row=row: tx.execute(row))
            for uuid in (names["result_uuid"], "other"):
                file = NotedFile(uuid, FileKind.RESULT)
                await ledger._write(lambda tx, each=each, file=file: remote_files.note(tx, each.id, file, 5.0))
        await ledger.files.mark_cleaned([deleted])
        columns = select(tables.photos.c.result_uuid, tables.photos.c.kept_uuid).order_by(tables.photos.c.id)
        rows = await ledger.query(lambda tx: tx.execute(columns).all())
        mine = ("result", "kept 0") if is_kept else (None, None)
        assert [tuple(row) for row in rows] == [mine, ("other result", "kept 1")]

    with_ledger(tmp_path, scene)


async def at_rest(ledger: Ledger, state: State, age_s: float, **columns: object) -> Photo:
    """A photo with an upload and a result, at this state for so long."""
    photo = await photo_at(ledger, state)
    await ledger._write(lambda tx: tx.execute(REMOTE.delete()))
    for uuid, kind in (("source", FileKind.SOURCE), ("result", FileKind.RESULT)):
        file = NotedFile(uuid, kind)
        await ledger._write(lambda tx, file=file: remote_files.note(tx, photo.id, file, NOW_S - age_s))
    values = {"state_at_s": NOW_S - age_s, "source_uuid": "source", "result_uuid": "result", **columns}
    await ledger._write(lambda tx: tx.execute(update(tables.photos).values(values)))
    (found,) = await ledger.query(versions_of, photo.identity.path)
    return found


BOTH = {"source", "result"}


@pytest.mark.parametrize(
    ("state", "age_s", "columns", "expected"),
    [
        (State.PUBLISHED, 0, {}, BOTH),
        (State.PUBLISHED, DAY_S, {"doubt": Doubt.EMPTY.value}, set()),
        (State.PUBLISHED, DAY_S + 1, {"doubt": Doubt.EMPTY.value}, BOTH),
        (State.FAILED, 0, {}, {"source"}),
        (State.FAILED, 30 * DAY_S, {}, {"source"}),
        (State.FAILED, 30 * DAY_S + 1, {}, BOTH),
        (State.FAILED, 0, {"code": INTERNAL_FAULT, "failed_state": State.REMOVAL_STARTED}, set()),
        (State.FAILED, 0, {"code": INTERNAL_FAULT, "failed_state": State.UPLOADED}, {"source"}),
        (State.DISMISSED, 7 * DAY_S, {}, set()),
        (State.DISMISSED, 7 * DAY_S + 1, {}, BOTH),
        (State.UPLOADED, 30 * DAY_S, {}, set()),
        (State.UPLOADED, DAY_S, {"source_uuid": "later"}, set()),
        (State.UPLOADED, DAY_S + 1, {"source_uuid": "later"}, {"source"}),
        (State.UPLOADED, 7 * DAY_S, {"source_uuid": None, "result_uuid": None}, {"source"}),
        (State.UPLOADED, 7 * DAY_S + 1, {"source_uuid": None, "result_uuid": None}, BOTH),
    ],
)
def test_files_are_kept_for_as_long_as_their_photo_may_need_them(
    tmp_path: Path, state: State, age_s: float, columns: dict[str, object], expected: set[str]
) -> None:
    """A doubt, a failure and a dismissal keep them for some time; a photo under way keeps its present ones."""

    async def scene(ledger: Ledger) -> None:
        await at_rest(ledger, state, age_s, **columns)
        assert set(await ledger.query(remote_files.to_clean, NOW_S, 9)) == expected
        assert len(await ledger.query(remote_files.to_clean, NOW_S, 1)) == min(1, len(expected))

    with_ledger(tmp_path, scene)
