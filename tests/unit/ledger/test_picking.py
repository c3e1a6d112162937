"""Which photos a stage takes next, and which of those further on take a place."""

from pathlib import Path

from cutoutd.core.photo import State, Wait, WaitKind
from cutoutd.ledger import Ledger, read_ledger
from cutoutd.ledger.queries import picking
from cutoutd.ledger.queries.picking import PickQuery, RoomQuery
from support.ledgers import identity, in_database, photo_at, plan_of, with_ledger

NOW_S = 1000.0


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
