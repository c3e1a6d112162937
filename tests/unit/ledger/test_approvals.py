"""Batches in the ledger: who is in one, who is held, and that no launch slips through beside others."""

import asyncio
from pathlib import Path

import pytest

from cutoutd.core.errors import UnapprovedError
from cutoutd.core.photo import NO_WAIT, LaunchRefused, Photo, State, Wait, WaitKind
from cutoutd.ledger import Batch, LaunchCounts, Ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.writes import approvals
from cutoutd.pipeline.backoff import backoff
from support.ledgers import identity, photo_at, versions_of, with_ledger


def anything(_: LaunchCounts) -> None:
    """No limit of day or month."""


async def several(ledger: Ledger, state: State, number: int, folder: str = "products") -> list[Photo]:
    return [await photo_at(ledger, state, identity(f"{folder}{n}.jpg", folder=folder)) for n in range(number)]


async def hold(ledger: Ledger, photo: Photo) -> None:
    await ledger.postpone(photo, backoff(UnapprovedError("too many"), 0, 0.0))


async def intended(ledger: Ledger, photos: list[Photo], most: int) -> int:
    """How many of them are let through at the same moment."""
    outcomes = await asyncio.gather(
        *(ledger.record_launch_intent(photo, anything, most=most) for photo in photos), return_exceptions=True
    )
    assert all(isinstance(outcome, Photo | UnapprovedError) for outcome in outcomes)
    return sum(isinstance(outcome, Photo) for outcome in outcomes)


def test_not_one_launch_of_a_large_batch_slips_through(tmp_path: Path) -> None:
    """However many ask at the same moment; once it is small enough, all may go."""

    async def scene(ledger: Ledger) -> None:
        photos = await several(ledger, State.UPLOADED, 40)
        assert await intended(ledger, photos, most=39) == 0
        assert await ledger.query(photo_queries.count, {State.REMOVAL_INTENDED}) == 0
        assert await intended(ledger, photos, most=40) == 40

    with_ledger(tmp_path, scene)


def test_a_batch_is_what_may_still_cost_money(tmp_path: Path) -> None:
    """Found, accepted and uploaded photos of the folder count; those paid for, and those at rest, do not."""

    async def scene(ledger: Ledger) -> None:
        for number, state in enumerate(sorted(State)):
            await photo_at(ledger, state, identity(f"{number}.jpg"))
        await several(ledger, State.ACCEPTED, 2, "people")
        assert await ledger.query(approvals.batches) == [Batch("people", 2, 0, 0), Batch("products", 3, 1, 0)]

    with_ledger(tmp_path, scene)


def test_approval_is_for_those_that_are_there(tmp_path: Path) -> None:
    """The first ones first, never more than agreed to; their waits for approval end, other waits do not."""

    async def scene(ledger: Ledger) -> None:
        done = await photo_at(ledger, State.PUBLISHED, identity("done.jpg"))
        photos = await several(ledger, State.ACCEPTED, 4)
        for photo in photos:
            await hold(ledger, photo)
        assert [photo.identity.path for photo in await ledger.waits.approve("products", 3)] == ["products0.jpg"]
        assert await ledger.query(approvals.batches) == [Batch("products", 1, 0, 1)]
        await ledger.query(approvals.require_approved, photos[0], 0)
        with pytest.raises(UnapprovedError):
            await ledger.query(approvals.require_approved, done, 0)
        with pytest.raises(UnapprovedError, match="cutoutd approve products"):
            await ledger.query(approvals.require_approved, photos[3], 0)
        waits = [(await ledger.query(versions_of, f"products{n}.jpg"))[0].wait for n in range(4)]
        assert waits[:3] == [NO_WAIT] * 3
        assert (waits[3].kind, waits[3].has_end) == (WaitKind.UNAPPROVED, False)
        assert await ledger.waits.approve("people", None) == []

    with_ledger(tmp_path, scene)


def test_a_released_batch_is_held_again_if_it_grows(tmp_path: Path) -> None:
    """Release ends waits without approving: the next step counts again. Other folders' photos go on waiting."""

    async def scene(ledger: Ledger) -> None:
        (here,), (there,) = await several(ledger, State.ACCEPTED, 1), await several(ledger, State.ACCEPTED, 1, "people")
        await hold(ledger, here)
        await hold(ledger, there)
        await ledger.waits.release_batch("products")
        assert await ledger.query(approvals.held_folders) == ["people"]
        with pytest.raises(UnapprovedError):
            await ledger.query(approvals.require_approved, here, 0)

    with_ledger(tmp_path, scene)


def test_an_approval_holds_through_a_refused_launch(tmp_path: Path) -> None:
    """What a person agreed to pay for is not asked for again when the first call was refused."""

    async def scene(ledger: Ledger) -> None:
        (photo,) = await several(ledger, State.UPLOADED, 1)
        await ledger.waits.approve("products", None)
        refused = await ledger.record(await ledger.record_launch_intent(photo, anything, most=0), LaunchRefused())
        assert (await ledger.record_launch_intent(refused, anything, most=0)).state is State.REMOVAL_INTENDED

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("most", "is_larger"), [(None, False), (-1, True), (0, True), (1, True), (2, False), (3, False)]
)
def test_a_batch_is_larger_than_fewer_photos(tmp_path: Path, most: int | None, *, is_larger: bool) -> None:
    """Two photos are more than one, and no batch is larger than no limit; an empty one is larger than none."""

    async def scene(ledger: Ledger) -> None:
        first, _ = await several(ledger, State.ACCEPTED, 2)
        await several(ledger, State.ACCEPTED, 3, "people")
        assert await ledger.query(approvals.is_larger, "products", most) is is_larger
        assert await ledger.query(approvals.is_larger, "elsewhere", 0) is False
        if is_larger:
            with pytest.raises(
                UnapprovedError, match=r'"products" has more new photos .*; type: cutoutd approve products'
            ):
                await ledger.query(approvals.require_approved, first, most)
        else:
            await ledger.query(approvals.require_approved, first, most)

    with_ledger(tmp_path, scene)


def test_a_person_sees_the_batch_that_they_agree_to(tmp_path: Path) -> None:
    """Page by page in the order of discovery; photos that came later are neither shown, nor counted, nor approved."""

    async def scene(ledger: Ledger) -> None:
        await several(ledger, State.ACCEPTED, 1, "people")
        await photo_at(ledger, State.PUBLISHED, identity("done.jpg"))
        photos = await several(ledger, State.ACCEPTED, 4)
        last_id = photos[2].id
        for after_id, limit, expected in ((0, 2, photos[:2]), (photos[1].id, 2, [photos[2]]), (0, 9, photos[:3])):
            page = await ledger.query(approvals.batch_photos, "products", last_id, after_id, limit)
            assert page == expected
        (_, batch) = await ledger.query(approvals.batches, last_id)
        assert (batch.folder, batch.photos, batch.last_id) == ("products", 3, last_id)
        await ledger.waits.approve("products", None, last_id)
        (_, left) = await ledger.query(approvals.batches)
        assert (left.photos, left.last_id) == (1, photos[3].id)
        assert await ledger.query(approvals.batch_photos, "products", photos[3].id, 0, 9) == [photos[3]]

    with_ledger(tmp_path, scene)


def test_work_begins_at_the_first_approved_photo_of_each_state(tmp_path: Path) -> None:
    """A stage takes the others by itself; the waits of a kind that approval does not end stay."""

    async def scene(ledger: Ledger) -> None:
        uploaded = await several(ledger, State.UPLOADED, 2)
        accepted = [await photo_at(ledger, State.ACCEPTED, identity(f"late{number}.jpg")) for number in range(2)]
        tried = await ledger.postpone(accepted[1], Wait(WaitKind.RETRY, 4e9, 1, "503"))
        await hold(ledger, uploaded[0])
        begun = await ledger.waits.approve("products", None)
        assert {photo.id for photo in begun} == {uploaded[0].id, accepted[0].id}
        assert (await ledger.query(versions_of, tried.identity.path)) == [tried]
        assert (await ledger.query(versions_of, uploaded[0].identity.path))[0].wait == NO_WAIT
        await ledger.query(approvals.require_approved, tried, 0)

    with_ledger(tmp_path, scene)


def test_release_ends_the_waits_for_approval_of_one_folder(tmp_path: Path) -> None:
    """Another wait of a photo in it has another cause."""

    async def scene(ledger: Ledger) -> None:
        held, tried = await several(ledger, State.ACCEPTED, 2)
        await hold(ledger, held)
        tried = await ledger.postpone(tried, Wait(WaitKind.RETRY, 4e9, 1, "503"))
        await ledger.waits.release_batch("products")
        assert (await ledger.query(versions_of, held.identity.path))[0].wait == NO_WAIT
        assert await ledger.query(versions_of, tried.identity.path) == [tried]

    with_ledger(tmp_path, scene)
