"""What a fact changes besides its own values: the place of a failure, approvals, waits, and those that wait for it."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from cutoutd.core.errors import PhotoMovedOnError
from cutoutd.core.photo import (
    NO_WAIT,
    Failed,
    Photo,
    RemovalStarted,
    Reprocessed,
    RetryPoll,
    RetryUpload,
    State,
    Superseded,
    Uploaded,
    Wait,
    WaitKind,
)
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos, selection
from cutoutd.ledger.schema import tables
from cutoutd.ledger.writes import launches, transitions
from support.ledgers import identity, photo_at, versions_of, with_ledger

LONG = Wait(WaitKind.POLL, 4e9)
FAILED = Failed("unknown_foreground", "no foreground was found", "Take another photo.")


async def column_of(ledger: Ledger, photo: Photo, name: str) -> object:
    return await ledger.query(lambda tx: tx.scalar(select(tables.photos.c[name]).where(tables.photos.c.id == photo.id)))


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED])
def test_a_failure_is_stored_with_its_place(tmp_path: Path, state: State) -> None:
    """A retry goes on there, also after a restart; the history names it as users know it."""

    async def fail(ledger: Ledger) -> Photo:
        photo = await ledger.record(await photo_at(ledger, state), FAILED)
        assert photo.ending.failed_state is state
        return photo

    photo = with_ledger(tmp_path, fail)
    assert with_ledger(tmp_path, lambda ledger: ledger.query(versions_of, "a.jpg")) == [photo]


def test_a_renamed_value_has_its_old_name_in_the_history(tmp_path: Path) -> None:
    """Users read these names in the JSON form."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.PUBLISHED)
        anew = Reprocessed(parameters="{}", previous_parameters='{"crop":true}', reprocess_started_s=5.0)
        await ledger.resume(photo, anew, 9)
        last = (await ledger.query(photos.history, "a.jpg", 99))[-1]
        renamed = {name: last.detail[name] for name in ("earlier_parameters", "anew_since_s")}
        assert renamed == {"earlier_parameters": '{"crop":true}', "anew_since_s": 5.0}
        assert not {"previous_parameters", "reprocess_started_s"} & last.detail.keys()

    with_ledger(tmp_path, scene)


def test_an_approval_ends_with_its_photo(tmp_path: Path) -> None:
    """It holds from state to state; to have a photo made anew is to approve it, and to retry it is not."""

    async def scene(ledger: Ledger) -> None:
        kept = await photo_at(ledger, State.ACCEPTED)
        await ledger.waits.approve("products", None)
        approved_at_s = await column_of(ledger, kept, "approved_at_s")
        assert approved_at_s is not None
        kept = await ledger.record(kept, Uploaded("source"))
        assert await column_of(ledger, kept, "approved_at_s") == approved_at_s
        failed = await ledger.record(kept, FAILED)
        await ledger.resume(failed, RetryUpload(parameters="{}"), 1)
        assert await column_of(ledger, kept, "approved_at_s") is None
        done = await photo_at(ledger, State.PUBLISHED, identity("b.jpg"))
        anew = Reprocessed(parameters="{}", previous_parameters="{}", reprocess_started_s=1.0)
        row = replace(done, identity=replace(done.identity, ctime_ns=9))
        resumed = await ledger._write(lambda tx: transitions.resume(tx, done, anew, 9, 70.0))
        assert resumed.identity == row.identity
        assert await column_of(ledger, done, "approved_at_s") == 70.0
        (now,) = await ledger.query(versions_of, "b.jpg")
        assert (now.identity, now.state, now.state_at_s) == (row.identity, State.ACCEPTED, 70.0)

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(("has_arrived", "expected"), [(True, NO_WAIT), (False, LONG)])
def test_a_photo_does_not_wait_for_a_result_that_has_come(tmp_path: Path, *, has_arrived: bool, expected: Wait) -> None:
    """It came before the response to its launch was stored; without one, the wait is stored with its time."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        if has_arrived:
            await ledger.waits.store_webhook_result(WebhookResult("result", "source-uuid", "request"))
        started = await ledger._write(lambda tx: transitions.record(tx, photo, RemovalStarted("request"), 80.0, LONG))
        assert started.wait == expected
        assert await ledger.query(versions_of, "a.jpg") == [started]
        assert await column_of(ledger, photo, "wait_set_at_s") == 80.0

    with_ledger(tmp_path, scene)


async def copy_waiting_for(ledger: Ledger, payer: Photo, name: str = "copy.jpg") -> Photo:
    copy = await photo_at(ledger, State.ACCEPTED, identity(name))
    return await ledger.postpone(copy, Wait(WaitKind.DUPLICATE, 4e9, 0, "it is under way", payer.id))


async def wait_of(ledger: Ledger, photo: Photo) -> Wait:
    (found,) = await ledger.query(selection.photos_with_ids, [photo.id])
    return found.wait


@pytest.mark.parametrize("is_restarted", [False, True])
def test_whoever_waits_for_a_photo_goes_on_at_its_end(tmp_path: Path, *, is_restarted: bool) -> None:
    """Not before, and nobody else does; also if the daemon was started anew meanwhile."""

    async def before(ledger: Ledger) -> tuple[Photo, Photo, Photo]:
        payer = await photo_at(ledger, State.ACCEPTED)
        other = await photo_at(ledger, State.ACCEPTED, identity("other.jpg"))
        return payer, await copy_waiting_for(ledger, payer), await copy_waiting_for(ledger, other, "other copy.jpg")

    async def after(ledger: Ledger, payer: Photo, copy: Photo, other: Photo) -> None:
        payer = await ledger.record(payer, Uploaded("source"))
        assert await wait_of(ledger, copy) == copy.wait
        await ledger.record(payer, Superseded("changed", "it was changed", ""))
        assert await wait_of(ledger, copy) == NO_WAIT
        assert await wait_of(ledger, other) == other.wait
        assert await ledger.query(transitions.payers) == {other.wait.for_photo}

    async def both(ledger: Ledger) -> None:
        await after(ledger, *await before(ledger))

    if is_restarted:
        scene = with_ledger(tmp_path, before)
        with_ledger(tmp_path, lambda ledger: after(ledger, *scene))
    else:
        with_ledger(tmp_path, both)


@pytest.mark.parametrize(
    ("state", "wait", "is_ended"),
    [
        (State.UPLOADED, Wait(WaitKind.UNAVAILABLE, 4e9), True),
        (State.UPLOADED, Wait(WaitKind.RETRY, 4e9, 3), True),
        (State.UPLOADED, Wait(WaitKind.RETRY, 4e9, 1), False),
        (State.REMOVAL_INTENDED, Wait(WaitKind.UNAVAILABLE, 4e9), False),
        (State.REMOVAL_STARTED, Wait(WaitKind.UNAVAILABLE, 4e9), False),
        (State.REMOVAL_FINISHED, Wait(WaitKind.PLACE, 4e9), True),
    ],
)
def test_nobody_waits_for_a_wait_that_may_last(tmp_path: Path, state: State, wait: Wait, *, is_ended: bool) -> None:
    """But for a removal that runs, or may run: its result serves all."""

    async def scene(ledger: Ledger) -> None:
        payer = await photo_at(ledger, state)
        copy = await copy_waiting_for(ledger, payer)
        payer = await ledger.postpone(payer, wait)
        assert await wait_of(ledger, copy) == (NO_WAIT if is_ended else copy.wait)
        assert await wait_of(ledger, payer) == wait

    with_ledger(tmp_path, scene)


def test_nobody_waits_for_a_photo_that_has_ended(tmp_path: Path) -> None:
    """It would wait for an hour in vain."""

    async def scene(ledger: Ledger) -> None:
        ended = await photo_at(ledger, State.PUBLISHED)
        assert (await copy_waiting_for(ledger, ended)).wait == NO_WAIT
        assert await ledger.query(transitions.payers) == set()

    with_ledger(tmp_path, scene)


def test_a_fact_with_a_wait_for_a_photo_ends_with_that_photo(tmp_path: Path) -> None:
    """As a wait that is set later."""

    async def scene(ledger: Ledger) -> None:
        payer = await photo_at(ledger, State.UPLOADED)
        copy = await photo_at(ledger, State.ACCEPTED, identity("copy.jpg"))
        wait = Wait(WaitKind.DUPLICATE, 4e9, 0, "it is under way", payer.id)
        copy = await ledger.record(copy, Uploaded("other"), wait)
        assert await wait_of(ledger, copy) == wait
        await ledger.record(payer, FAILED)
        assert await wait_of(ledger, copy) == NO_WAIT

    with_ledger(tmp_path, scene)


def test_a_photo_that_moved_on_takes_no_fact_of_its_earlier_state(tmp_path: Path) -> None:
    """Nor a wait, nor a person's retry; the message names it."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.ACCEPTED)
        now = await ledger.record(photo, Uploaded("source"))
        words = f"photo {photo.id} is no longer accepted; another program wrote to the ledger"
        with pytest.raises(PhotoMovedOnError, match=words):
            await ledger.record(photo, Uploaded("later"))
        with pytest.raises(PhotoMovedOnError, match=words):
            await ledger.postpone(photo, LONG)
        failed = await photo_at(ledger, State.FAILED, identity("b.jpg"))
        await ledger.resume(failed, RetryUpload(parameters="{}"), 1)
        with pytest.raises(PhotoMovedOnError):
            await ledger.resume(failed, RetryPoll(), 1)
        assert await ledger.query(versions_of, "a.jpg") == [now]
        assert len(await ledger.query(lambda tx: launches.since(tx, 0.0))) == 0

    with_ledger(tmp_path, scene)
