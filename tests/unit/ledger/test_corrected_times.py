"""Stored times after the clock was set: which are corrected, to what, and which stay."""

from pathlib import Path

import pytest
from sqlalchemy import Column, select, update

from cutoutd.core.photo import Photo, State, Wait, WaitKind
from cutoutd.core.photo.longest_lead import NOTABLE_S, local_day, longest_wait_s, pulled_back
from cutoutd.core.usage_counter import Purpose
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.queries import selection
from cutoutd.ledger.schema import tables
from cutoutd.ledger.writes import clock_changes, usage
from support.ledgers import identity, in_database, photo_at, with_ledger

NOW_S = 1_800_000_000.0
HOUR_S = 3600.0
DAY_S = 86_400.0
SEARCHES = ["unclear_since_s", "locked_since_s"]


async def at_times(ledger: Ledger, photo: Photo, **times: float | None) -> None:
    """Let a photo have these times."""
    row = update(tables.photos).where(tables.photos.c.id == photo.id).values(times)
    await ledger._write(lambda tx: tx.execute(row))


async def column_of(ledger: Ledger, photo: Photo, name: str) -> float | None:
    return await ledger.query(lambda tx: tx.scalar(select(tables.photos.c[name]).where(tables.photos.c.id == photo.id)))


async def shifted(ledger: Ledger, step_s: float) -> int:
    return await ledger._write(lambda tx: clock_changes.shift_times(tx, step_s, NOW_S))


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(
    ("step_s", "began_s", "expected_s"),
    [(HOUR_S, -HOUR_S - 60, -60.0), (HOUR_S, -HOUR_S, -HOUR_S), (HOUR_S, -60.0, -60.0), (1.0, -60.0, -59.0)],
    ids=["before the step", "at the step", "after it", "before a short one"],
)
def test_a_clock_that_was_set_forward_ends_no_search_early(
    tmp_path: Path, search: str, step_s: float, began_s: float, expected_s: float
) -> None:
    """A search that began before the step is as old as it was; what began after it is right already."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        other = await ledger.postpone(await photo_at(ledger, State.ACCEPTED, identity("b")), Wait(WaitKind.RETRY, 4e9))
        await at_times(ledger, photo, **{search: NOW_S + began_s})
        assert await shifted(ledger, step_s) == 0
        assert await column_of(ledger, photo, search) == NOW_S + expected_s
        assert (await ledger.query(selection.photos_with_ids, [other.id])) == [other]

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(("began_s", "expected_s"), [(60.0, 0.0), (-60.0, -60.0)], ids=["future", "past"])
def test_a_search_of_the_future_begins_now(tmp_path: Path, search: str, began_s: float, expected_s: float) -> None:
    """With the clock set back; one that began in the past has lasted as long as it says."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        await at_times(ledger, photo, **{search: NOW_S + began_s})
        assert await shifted(ledger, -HOUR_S) == 0
        assert await column_of(ledger, photo, search) == NOW_S + expected_s

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "began_s", "expected_s"),
    [
        (State.REMOVAL_STARTED, 60.0, 0.0),
        (State.REMOVAL_STARTED, -60.0, -60.0),
        (State.REMOVAL_INTENDED, 60.0, 60.0),
        (State.PUBLISHED, 60.0, 60.0),
    ],
)
def test_a_removal_of_the_future_runs_since_now(
    tmp_path: Path, state: State, began_s: float, expected_s: float
) -> None:
    """Its polls go by how long it runs; the time of any other fact is left to the correction of all times."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, state)
        await at_times(ledger, photo, state_at_s=NOW_S + began_s)
        assert await shifted(ledger, -HOUR_S) == 0
        assert await column_of(ledger, photo, "state_at_s") == NOW_S + expected_s

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "kind", "set_s", "is_over"),
    [
        (State.ACCEPTED, WaitKind.RETRY, 50.0, True),
        (State.REMOVAL_STARTED, WaitKind.POLL, 50.0, True),
        (State.ACCEPTED, WaitKind.RETRY, -50.0, False),  # set before the clock was wrong
        (State.ACCEPTED, WaitKind.HELD, 50.0, False),
        (State.ACCEPTED, WaitKind.UNAPPROVED, 50.0, False),
        (State.ACCEPTED, WaitKind.UNAVAILABLE, 50.0, False),
        (State.FAILED, WaitKind.RETRY, 50.0, False),
    ],
)
def test_a_wait_that_was_set_in_the_future_ends(
    tmp_path: Path, state: State, kind: WaitKind, set_s: float, *, is_over: bool
) -> None:
    """Only if time alone ends it, and if the photo is under way; the number of ended ones is told."""

    async def scene(ledger: Ledger) -> None:
        photo = await ledger.postpone(await photo_at(ledger, state), Wait(kind, NOW_S + 70))
        await at_times(ledger, photo, wait_set_at_s=NOW_S + set_s)
        await photo_at(ledger, State.ACCEPTED, identity("waits for nothing.jpg"))
        assert await shifted(ledger, -HOUR_S) == int(is_over)
        assert await column_of(ledger, photo, "wait_until_s") == (0.0 if is_over else NOW_S + 70)

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("kind", list(WaitKind))
def test_a_wait_is_pulled_back_if_it_ends_later_than_its_kind_allows(tmp_path: Path, kind: WaitKind) -> None:
    """To the present, and every one counts; one within the bound or without any stays, and so does that of an end."""
    lead_s = longest_wait_s(kind)

    async def scene(ledger: Ledger) -> None:
        wanted = [NOW_S + (lead_s or DAY_S) + late_s for late_s in (0.0, 1.0, 1000 * DAY_S, 1000 * DAY_S)]
        states = [State.ACCEPTED, State.ACCEPTED, State.REMOVAL_FINISHED, State.REJECTED]
        photos = [await photo_at(ledger, state, identity(f"{number}.jpg")) for number, state in enumerate(states)]
        for photo, until_s in zip(photos, wanted, strict=True):
            await ledger.postpone(photo, Wait(kind, until_s))
        pulled = await ledger._write(lambda tx: clock_changes.pull_back_waits(tx, NOW_S))
        assert pulled == (0 if lead_s is None else 2)
        ends = [await column_of(ledger, photo, "wait_until_s") for photo in photos]
        assert ends == (wanted if lead_s is None else [wanted[0], NOW_S, NOW_S, wanted[3]])

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("column", clock_changes.HAPPENED, ids=str)
def test_what_has_happened_is_not_ahead(tmp_path: Path, column: "Column[float]") -> None:
    """Every stored time that is notably ahead becomes the present; clocks of one machine differ by less."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REMOVAL_FINISHED)
        await ledger.remember("a value", "1")
        announced = {"result_uuid": "result-uuid", "source_uuid": "source-uuid", "request_id": "r", "at_s": NOW_S}
        await ledger._write(lambda tx: tx.execute(tables.announcements.insert(), announced))
        for ahead_s, expected_s in ((NOTABLE_S + 1, 0.0), (NOTABLE_S, NOTABLE_S), (-5.0, -5.0)):
            row = update(column.table).values({column: NOW_S + ahead_s})
            await ledger._write(lambda tx, row=row: tx.execute(row))
            await ledger._write(lambda tx: clock_changes.pull_back_all(tx, NOW_S))
            assert set(await ledger.query(lambda tx: tx.scalars(select(column)).all())) == {NOW_S + expected_s}

    with_ledger(tmp_path, scene)


def day(number: int) -> str:
    return local_day(NOW_S + number * DAY_S).isoformat()


def test_days_further_ahead_than_tomorrow_count_for_today(tmp_path: Path) -> None:
    """Launches and operations; those of tomorrow, of today and before keep their day, and no operation is lost."""

    async def scene(ledger: Ledger) -> None:
        for number in (-1, 1, 2, 400):
            await photo_at(ledger, State.REMOVAL_INTENDED, identity(f"{number}.jpg"))
        days = select(tables.launches.c.day).order_by(tables.launches.c.id)
        for launch, number in enumerate((-1, 1, 2, 400), 1):
            row = update(tables.launches).where(tables.launches.c.id == launch).values(day=day(number))
            await ledger._write(lambda tx, row=row: tx.execute(row))
        counted = {(-1, Purpose.POLL): 1, (1, Purpose.POLL): 2, (2, Purpose.POLL): 4, (400, Purpose.POLL): 8}
        counted |= {(400, Purpose.UPLOAD): 16, (0, Purpose.OTHER): 32, (3, Purpose.OTHER): 64}
        stored = {(local_day(NOW_S + number * DAY_S), purpose): count for (number, purpose), count in counted.items()}
        await ledger._write(lambda tx: usage.add(tx, stored))
        await ledger._write(lambda tx: clock_changes.pull_back_all(tx, NOW_S))
        launched = await ledger.query(lambda tx: tx.scalars(days).all())
        assert launched == [day(-1), day(1), day(0), day(0)]
        operations = await ledger.query(lambda tx: tx.execute(select(tables.operations)).all())
        assert {(row.day, row.purpose): row.number for row in operations} == {
            (day(-1), "poll"): 1,
            (day(1), "poll"): 2,
            (day(0), "poll"): 12,
            (day(0), "upload"): 16,
            (day(0), "other"): 96,
        }

    with_ledger(tmp_path, scene)


def test_the_correction_of_all_times_tells_the_waits_it_shortened(tmp_path: Path) -> None:
    """So that the log can say it."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.ACCEPTED)
        await ledger.postpone(photo, Wait(WaitKind.RETRY, NOW_S + 400 * DAY_S))
        assert await ledger._write(lambda tx: clock_changes.pull_back_all(tx, NOW_S)) == 1
        assert await column_of(ledger, photo, "wait_until_s") == NOW_S

    with_ledger(tmp_path, scene)


def test_times_in_remembered_values_are_pulled_back(tmp_path: Path) -> None:
    """At every start; a value without a time stays as it is."""

    async def scene(ledger: Ledger) -> None:
        values = {"pause": f'{{"since_s": {NOW_S + DAY_S}}}', "roll": f'{{"since_s": {NOW_S + DAY_S}}}', "trust": "{}"}
        for key, value in values.items():
            await ledger.remember(key, value)
        assert await ledger._write(lambda tx: clock_changes.pull_back_at_start(tx, NOW_S)) == 0
        assert await ledger.query(photo_queries.remembered, "pause") == f'{{"since_s": {NOW_S}}}'
        for key in ("roll", "trust"):
            assert await ledger.query(photo_queries.remembered, key) == values[key]

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    "text", ["", "null", "garbage", "[" * 200_000, '{"a":' * 200_000, "1" * 5000, "NaN", "[[4e9]]"]
)
def test_nonsense_in_a_remembered_value_stays_as_it_is(text: str) -> None:
    """Else no start would succeed any more."""
    assert pulled_back("pause", text, NOW_S) == text


#: So many facts that the first ones are no longer among the newest.
_NEWER = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
    "INSERT INTO events (photo_id, at_s, to_state, detail) SELECT 1, 1800000000 + i, 'discovered', '{}' FROM n"
)


def ahead(view: ReadTransaction) -> float:
    return clock_changes.ahead_s(view, NOW_S)


def test_the_newest_facts_show_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """By the latest of the last thousand; without any fact nothing is known to be ahead."""

    async def empty(ledger: Ledger) -> float:
        return await ledger.query(ahead)

    async def few(ledger: Ledger) -> None:
        for number in range(3):
            await ledger.discover(identity(f"{number}.jpg"))

    assert with_ledger(tmp_path, empty) == 0.0
    with_ledger(tmp_path, few)
    in_database(tmp_path, "UPDATE events SET at_s = 1800000000 - 10 * abs(id - 2) - 5")
    assert with_ledger(tmp_path, empty) == -5.0
    in_database(tmp_path, "UPDATE events SET at_s = at_s + 65")
    assert with_ledger(tmp_path, empty) == 60.0
    in_database(tmp_path, _NEWER)
    in_database(tmp_path, "UPDATE events SET at_s = 1800002000 WHERE id = 2")
    assert with_ledger(tmp_path, empty) == 999.0
