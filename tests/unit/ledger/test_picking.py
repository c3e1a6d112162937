"""Which photos a stage takes next, and which of those further on take a place."""

from pathlib import Path

import pytest
from sqlalchemy import insert

from cutoutd.core.photo import State, Wait, WaitKind
from cutoutd.ledger import Ledger, read_ledger
from cutoutd.ledger.queries import picking
from cutoutd.ledger.queries.picking import PickQuery, RoomQuery
from cutoutd.ledger.schema.tables import events
from cutoutd.ledger.writes import marks
from support.ledgers import identity, in_database, photo_at, plan_of, with_ledger

NOW_S = 1000.0


@pytest.fixture(autouse=True)
def _build_anew() -> None:
    """Build the statement in each test, else a mutation run would take it for reached by the first one alone."""
    picking._pick.cache_clear()


async def found(ledger: Ledger, folder: str, *names: str, until_s: float = 0.0) -> None:
    """Photos of one folder are found, and wait until then."""
    for name in names:
        photo = await ledger.discover(identity(name, folder=folder))
        assert photo is not None
        if until_s:
            await ledger.postpone(photo, Wait(WaitKind.RETRY, until_s, 1, "503"))


async def picked(ledger: Ledger, limit: int, **wish: object) -> list[str]:
    result = await ledger.query(picking.pick, PickQuery(State.DISCOVERED, NOW_S, limit, **wish))  # type: ignore[arg-type]
    return [f"{photo.identity.folder}/{photo.identity.path}" for photo in result.photos]


def test_folders_take_turns(tmp_path: Path) -> None:
    """One photo of a small folder is among the first, however many came before it in a large one."""

    async def scene(ledger: Ledger) -> None:
        await found(ledger, "large", *(f"{number}.jpg" for number in range(200)))
        await found(ledger, "small", "a.jpg")
        await found(ledger, "tiny", "b.jpg")
        assert await picked(ledger, 4) == ["large/0.jpg", "small/a.jpg", "tiny/b.jpg", "large/1.jpg"]
        assert await picked(ledger, 2, after_folder="large") == ["small/a.jpg", "tiny/b.jpg"]
        assert await picked(ledger, 2, after_folder="small") == ["tiny/b.jpg", "large/0.jpg"]
        assert await picked(ledger, 2, excluded_folders=["large"]) == ["small/a.jpg", "tiny/b.jpg"]

    with_ledger(tmp_path, scene)


def test_a_retried_photo_does_not_go_behind_all_fresh_ones(tmp_path: Path) -> None:
    """Of one folder, fresh photos and those whose wait has ended come in turn; what still waits does not come."""

    async def scene(ledger: Ledger) -> None:
        await found(ledger, "shop", "later.jpg", until_s=NOW_S + 1)
        await found(ledger, "shop", "second.jpg", until_s=NOW_S)
        await found(ledger, "shop", "first.jpg", until_s=NOW_S - 1)
        await found(ledger, "shop", *(f"{number}.jpg" for number in range(200)))
        assert await picked(ledger, 4) == ["shop/0.jpg", "shop/first.jpg", "shop/1.jpg", "shop/second.jpg"]
        result = await ledger.query(picking.pick, PickQuery(State.DISCOVERED, NOW_S, 4))
        assert (result.next_due_s, result.has_more) == (NOW_S + 1, True)

    with_ledger(tmp_path, scene)


def test_photos_with_an_ended_wait_come_by_its_end(tmp_path: Path) -> None:
    """The longest ended first, whatever their numbers; the fresh ones by their numbers; none that still waits."""

    async def scene(ledger: Ledger) -> None:
        for name, until_s in (("later.jpg", NOW_S + 0.5), ("now.jpg", NOW_S), ("old.jpg", 0.5), ("older.jpg", 0.25)):
            await found(ledger, "shop", name, until_s=until_s)
        assert await picked(ledger, 9) == ["shop/older.jpg", "shop/old.jpg", "shop/now.jpg"]
        await found(ledger, "shop", "2.jpg", "1.jpg")
        assert await picked(ledger, 9) == ["shop/2.jpg", "shop/older.jpg", "shop/1.jpg", "shop/old.jpg", "shop/now.jpg"]
        await found(ledger, "shop", "soon.jpg", until_s=NOW_S + 0.25)
        result = await ledger.query(picking.pick, PickQuery(State.DISCOVERED, NOW_S, 9))
        assert result.next_due_s == NOW_S + 0.25

    with_ledger(tmp_path, scene)


def test_a_pick_tells_when_to_look_again(tmp_path: Path) -> None:
    """Without a due photo the next wait counts, but for excluded folders, whose photos cannot go on anyway."""

    async def scene(ledger: Ledger) -> None:
        empty = await ledger.query(picking.pick, PickQuery(State.DISCOVERED, NOW_S, 4))
        assert (empty.photos, empty.next_due_s, empty.has_more) == ([], None, False)
        await found(ledger, "away", "a.jpg", until_s=NOW_S + 1)
        await found(ledger, "shop", "b.jpg", until_s=NOW_S + 2)
        wish = PickQuery(State.DISCOVERED, NOW_S, 4, excluded_folders=["away"])
        assert (await ledger.query(picking.pick, wish)).next_due_s == NOW_S + 2

    with_ledger(tmp_path, scene)


def test_photos_with_a_step_under_way_are_left_out(tmp_path: Path) -> None:
    """However many of them there are, the others of their folder come."""

    async def scene(ledger: Ledger) -> None:
        await found(ledger, "shop", *(f"{number}.jpg" for number in range(50)))
        assert await picked(ledger, 2, skipped_ids=frozenset(range(1, 41))) == ["shop/40.jpg", "shop/41.jpg"]

    with_ledger(tmp_path, scene)


def test_a_stage_takes_photos_of_its_own_state(tmp_path: Path) -> None:
    """Neither others of the folder nor other folders' come with them, and their waits are none of its."""

    async def scene(ledger: Ledger) -> None:
        for state in State:
            photo = await photo_at(ledger, state, identity(f"{state}.jpg", folder="shop"))
            await photo_at(ledger, state, identity(f"{state}.jpg", folder=f"all {state}"))
            if state is not State.DISCOVERED:
                await ledger.postpone(photo, Wait(WaitKind.RETRY, NOW_S + 1, 1, "503"))
        for state in (State.DISCOVERED, State.UPLOADED):
            result = await ledger.query(picking.pick, PickQuery(state, NOW_S, 99))
            found = {(photo.identity.folder, photo.state) for photo in result.photos}
            mine = {(f"all {state}", state)} | ({("shop", state)} if state is State.DISCOVERED else set())
            assert found == mine
            assert result.next_due_s == (None if state is State.DISCOVERED else NOW_S + 1)

    with_ledger(tmp_path, scene)


def test_a_pick_says_if_more_may_be_due(tmp_path: Path) -> None:
    """If it is full, or if it took as many of a folder as it reads of one; never if it has all."""

    async def scene(ledger: Ledger) -> None:
        await found(ledger, "shop", *(f"{number}.jpg" for number in range(3)))
        await found(ledger, "other", "a.jpg")

        async def is_more(limit: int, folders: int = 1, **wish: object) -> tuple[int, bool]:
            query = PickQuery(State.DISCOVERED, NOW_S, limit, folders=folders, **wish)  # type: ignore[arg-type]
            result = await ledger.query(picking.pick, query)
            return len(result.photos), result.has_more

        assert [await is_more(limit) for limit in (3, 4, 5)] == [(3, True), (4, True), (4, False)]
        # With so many folders it reads two of each.
        assert await is_more(9, folders=600) == (3, True)
        assert await is_more(9, folders=300) == (4, True)
        assert await is_more(9, folders=200) == (4, False)
        assert await is_more(9, folders=0) == (4, False)
        assert await is_more(9, folders=600, skipped_ids={1, 2}) == (2, False)
        assert await is_more(1, skipped_ids={1, 4}) == (1, True)

    with_ledger(tmp_path, scene)


def test_a_pick_reads_a_few_entries_of_one_index(tmp_path: Path) -> None:
    """No pick goes through all photos of a state, and none sorts them: each range is read in the order of the index."""
    with_ledger(tmp_path, lambda ledger: found(ledger, "shop", "a.jpg"))
    with read_ledger(tmp_path) as view:
        plan = plan_of(view, lambda view: picking.pick(view, PickQuery(State.DISCOVERED, NOW_S, 4)))
    assert "COVERING INDEX due (state=? AND folder=? AND wait_until_s=?)" in plan
    assert "COVERING INDEX due (state=? AND folder=? AND wait_until_s>? AND wait_until_s<?)" in plan
    assert "COVERING INDEX due (state=? AND folder>?)" in plan
    assert "SCAN photos" not in plan


def test_what_stands_still_takes_no_place(tmp_path: Path) -> None:
    """A result without a place, an upload without its folder, and what waits for a person or a payer hold up nobody."""

    async def scene(ledger: Ledger) -> None:
        kinds = (WaitKind.PLACE, WaitKind.UNAVAILABLE, WaitKind.UNAPPROVED, WaitKind.HELD, WaitKind.DUPLICATE)
        for kind in kinds:
            for state in (State.UPLOADED, State.REMOVAL_FINISHED):
                photo = await photo_at(ledger, state, identity(f"{kind}-{state}.jpg"))
                await ledger.postpone(photo, Wait(kind, NOW_S, 1, "it waits"))
        await photo_at(ledger, State.REMOVAL_FINISHED, identity("moves.jpg"))
        query = RoomQuery({State.UPLOADED, State.REMOVAL_FINISHED}, now_s=1e12)
        assert (await ledger.query(picking.downstream, query)).placed == 1

    with_ledger(tmp_path, scene)


def test_the_photos_downstream_are_told_with_their_age(tmp_path: Path) -> None:
    """Their number, the late ones among them, and the newest; none of another state or of an uncounted folder."""

    async def scene(ledger: Ledger) -> None:
        for number, state in enumerate([*[State.REMOVAL_STARTED] * 3, State.UPLOADED, State.REMOVAL_STARTED]):
            await photo_at(ledger, state, identity(f"{number}.jpg", folder="away" if number == 4 else "products"))
        in_database(tmp_path, "UPDATE photos SET state_at_s = 100 * id")

        async def look(**others: object) -> tuple[int, int, float | None]:
            query = RoomQuery({State.REMOVAL_STARTED}, ["away"], **others)  # type: ignore[arg-type]
            room = await ledger.query(picking.downstream, query)
            return room.placed, room.late, room.newest_s

        assert await look(now_s=1000.0, late_after_s=850.0) == (3, 1, 300.0)
        assert await look(now_s=1000.0, late_after_s=800.0) == (3, 1, 300.0)
        assert await look(now_s=1000.0, late_after_s=799.0) == (3, 2, 300.0)
        assert await look(now_s=200.0) == (3, 1, 200.0)  # what a wrong clock put into the future is no newest one
        assert await look(now_s=50.0) == (3, 0, None)

    with_ledger(tmp_path, scene)


def test_a_removal_that_others_passed_by_takes_no_place(tmp_path: Path) -> None:
    """One that runs for long takes a place until a later one is finished: then it is stuck, and not the service."""

    async def scene(ledger: Ledger) -> None:
        for number in range(3):
            await photo_at(ledger, State.REMOVAL_STARTED, identity(f"{number}.jpg"))
        in_database(tmp_path, "UPDATE photos SET state_at_s = 100 * id")
        states = {State.REMOVAL_STARTED}

        async def placed(moved_at_s: float, late_after_s: float) -> int:
            moved_s = {State.REMOVAL_STARTED: moved_at_s}
            query = RoomQuery(states, now_s=NOW_S, late_after_s=late_after_s, moved_s=moved_s)
            return (await ledger.query(picking.downstream, query)).placed

        assert await placed(0.0, 60.0) == 3
        assert await placed(250.0, 60.0) == 1
        assert await placed(250.0, 850.0) == 2  # the second one is not late yet

    with_ledger(tmp_path, scene)


def test_what_happens_at_a_state_is_no_coming_to_it(tmp_path: Path) -> None:
    """A damaged fetch tells nothing about when the photo came; else photos that came before it would count as stuck."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_FINISHED)
        damaged_at_s = photo.state_at_s + 500.0
        await ledger._write(lambda tx: marks.note_damage(tx, photo, "cut off", damaged_at_s))
        went_on = {State.REMOVAL_STARTED: frozenset({State.REMOVAL_FINISHED})}
        went_on[State.REMOVAL_FINISHED] = frozenset({State.PUBLISHED})
        published = {"photo_id": photo.id, "at_s": damaged_at_s, "from_state": photo.state.value, "detail": "{}"}
        row = insert(events).values(published | {"to_state": State.PUBLISHED.value})
        await ledger._write(lambda tx: tx.execute(row))
        assert (await ledger.query(picking.newest_moved, went_on))[State.REMOVAL_FINISHED] == photo.state_at_s

    with_ledger(tmp_path, scene)
