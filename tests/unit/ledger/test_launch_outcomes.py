"""What the ledger keeps of each launch: its upload, its answer, and whether it counts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cutoutd.core.photo import (
    UNTIL_SOMEBODY_ACTS_S,
    EarlierRunNoticed,
    Fact,
    LaunchNotMade,
    LaunchOutcomeUnknown,
    LaunchRefused,
    LaunchResponseLost,
    RemovalFinished,
    RemovalIntended,
    RemovalLocked,
    RemovalStarted,
    ResultFound,
    ResultFromWebhook,
    ResultLost,
    State,
    Wait,
    WaitKind,
)
from cutoutd.core.photo.longest_lead import local_day
from cutoutd.ledger import Ledger
from cutoutd.ledger.schema import tables
from cutoutd.ledger.writes import launches
from support.ledgers import identity, photo_at, with_ledger

LOST = LaunchResponseLost(1.0, "no answer")
NOTICED = EarlierRunNoticed(1.0, 2.0, "its upload says so")
LOCKED = "Uploadcare said that a removal of this upload is running already (409)"
GONE = "answered as request request, and what it made was gone after a day"


@pytest.mark.parametrize(
    ("facts", "columns"),
    [
        ([LaunchRefused()], {"is_returned": True}),
        ([LOST, LaunchNotMade()], {"is_returned": True, "lost_because": "no answer"}),
        ([RemovalLocked(2.0)], {"lost_because": LOCKED}),
        ([LOST, RemovalLocked(2.0)], {"is_returned": True, "lost_because": "no answer"}),
        ([LOST, NOTICED], {"is_returned": True, "lost_because": "no answer"}),
        ([NOTICED], {"lost_because": "its upload says so"}),
        ([LOST, ResultFound("found")], {"lost_because": "no answer", "found_uuid": "found"}),
        ([ResultFromWebhook("found", "request")], {"found_uuid": "found"}),
        ([RemovalStarted("request")], {"request_id": "request"}),
        ([RemovalStarted("request"), RemovalFinished("result")], {"request_id": "request"}),
        (
            [RemovalStarted("request"), RemovalFinished("result"), ResultLost()],
            {"request_id": "request", "lost_because": GONE},
        ),
    ],
    ids=lambda value: "-".join(type(fact).__name__ for fact in value) if isinstance(value, list) else "",
)
def test_each_outcome_is_kept_with_its_launch(
    tmp_path: Path, facts: Sequence[Fact], columns: dict[str, object]
) -> None:
    """A definite no is given back, and everything that a dispute over the bill needs stays; no other launch changes."""

    async def scene(ledger: Ledger) -> None:
        other = await photo_at(ledger, State.REMOVAL_INTENDED, identity("other.jpg"))
        photo = await photo_at(ledger, State.UPLOADED)
        photo = await ledger.record(photo, RemovalIntended())
        intended_at_s = photo.state_at_s
        for fact in facts:
            photo = await ledger.record(photo, fact)
        rows = await ledger.query(lambda tx: tx.execute(select(tables.launches).order_by(tables.launches.c.id)).all())
        none = {"is_returned": False, "request_id": None, "lost_because": None, "found_uuid": None, "is_past": False}
        (first, last) = [{name: value for name, value in row._mapping.items() if name in none} for row in rows]
        assert (first, last) == (none, none | columns)
        assert [(row.photo_id, row.source_uuid) for row in rows] == [
            (other.id, "source-uuid"),
            (photo.id, "source-uuid"),
        ]
        assert rows[1].at_s == intended_at_s

    with_ledger(tmp_path, scene)


def test_an_outcome_is_that_of_the_last_launch_that_counts(tmp_path: Path) -> None:
    """Those before it keep theirs, and one that was given back gets no other."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        for fact in (LOST, LaunchOutcomeUnknown(1.0), RemovalIntended(), RemovalStarted("request")):
            photo = await ledger.record(photo, fact)
        c = tables.launches.c
        rows = await ledger.query(lambda tx: tx.execute(select(c.lost_because, c.request_id).order_by(c.id)).all())
        assert [tuple(row) for row in rows] == [("no answer", None), (None, "request")]

    with_ledger(tmp_path, scene)


def test_the_times_of_launches_that_count_are_those_since_a_moment(tmp_path: Path) -> None:
    """The newest first; one at that very moment counts, one that was given back does not."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.ACCEPTED)
        for at_s in (10.0, 20.0, 30.0, 40.0):
            await ledger._write(lambda tx, at_s=at_s: launches.reserve(tx, photo.id, at_s))
        row = update(tables.launches).where(tables.launches.c.at_s == 30.0).values(is_returned=True)
        await ledger._write(lambda tx: tx.execute(row))
        assert await ledger.query(launches.since, 20.0) == [40.0, 20.0]

    with_ledger(tmp_path, scene)


def test_launches_of_tomorrow_count_for_the_day_of_the_next_one(tmp_path: Path) -> None:
    """A clock that was set back by a day opens no second allowance."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.UPLOADED)
        now_s = photo.state_at_s
        assert (await ledger.query(launches.launch_counts, now_s)).day == local_day(now_s)
        await ledger._write(lambda tx: launches.reserve(tx, photo.id, now_s + 86_400))
        counts = await ledger.query(launches.launch_counts, now_s)
        assert (counts.day, counts.today) == (local_day(now_s + 86_400), 1)

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("kind", "ahead", "held"),
    [
        (WaitKind.NONE, 1, 0),
        (WaitKind.RETRY, 1, 0),
        (WaitKind.HELD, 1, 1),
        (WaitKind.UNAPPROVED, 0, 0),
        (WaitKind.UNAVAILABLE, 0, 0),
        (WaitKind.PLACE, 0, 0),
        (WaitKind.DUPLICATE, 0, 0),
    ],
)
def test_what_may_wait_for_ever_claims_no_launch(tmp_path: Path, kind: WaitKind, ahead: int, held: int) -> None:
    """An uploaded photo that goes on by itself does, one that a limit holds too; none of a closed folder does."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.UPLOADED)
        await ledger.postpone(photo, replace(Wait(kind), until_s=UNTIL_SOMEBODY_ACTS_S))
        counts = await ledger.query(launches.launch_counts, photo.state_at_s)
        assert (counts.ahead, counts.held) == (ahead, held)
        closed = await ledger.query(launches.launch_counts, photo.state_at_s, (), ["products"])
        assert (closed.ahead, closed.held) == (0, 0)

    with_ledger(tmp_path, scene)
