"""Which photo a webhook result is for: whose wait it ends, and which of several results a photo takes."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from cutoutd.core.photo import (
    NO_WAIT,
    Photo,
    RemovalIntended,
    RemovalStarted,
    Reprocessed,
    ResultFromWebhook,
    ResultLost,
    State,
    Uploaded,
    Wait,
    WaitKind,
)
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger import Ledger
from cutoutd.ledger.schema.tables import announcements as table
from cutoutd.ledger.schema.tables import photos
from cutoutd.ledger.schema.tables import remote_files as remote
from cutoutd.ledger.writes import launches, remote_files, webhook_results
from cutoutd.ledger.writes.webhook_results import Receipt
from support.ledgers import identity, now, photo_at, with_ledger

NEWS = WebhookResult("result", "source-uuid", "request-id")
LONG = Wait(WaitKind.POLL, 4e9)


@pytest.mark.parametrize(
    ("state", "is_lost", "upload", "is_ended"),
    [
        (State.REMOVAL_STARTED, False, "source-uuid", True),
        (State.REMOVAL_INTENDED, False, "source-uuid", True),
        (State.REMOVAL_STARTED, False, "later-upload", False),
        (State.REMOVAL_STARTED, True, "later-upload", False),  # a removal that runs takes results of its own upload
        (State.REMOVAL_INTENDED, True, "later-upload", True),
        (State.UPLOADED, True, "later-upload", True),
        (State.ACCEPTED, True, None, True),
        (State.UPLOADED, False, "source-uuid", False),
        (State.REMOVAL_FINISHED, True, "source-uuid", False),
    ],
)
def test_an_announcement_ends_the_wait_of_a_photo_that_can_take_it(
    tmp_path: Path, state: State, upload: str | None, *, is_lost: bool, is_ended: bool
) -> None:
    """A removal that runs on that upload, or a photo whose launch on it counts as lost; no other photo's."""

    async def scene(ledger: Ledger) -> None:
        photo = await ledger.postpone(await photo_at(ledger, state), LONG)
        other = await ledger.postpone(await photo_at(ledger, State.REMOVAL_STARTED, identity("b.jpg")), LONG)
        await ledger._write(lambda tx: launches.reserve(tx, photo.id, 5.0, source_uuid="source-uuid"))
        columns = {"has_lost_outcome": is_lost, "source_uuid": upload}
        row = update(photos).where(photos.c.id == photo.id).values(columns)
        await ledger._write(lambda tx: tx.execute(row))
        assert await ledger.waits.store_webhook_result(NEWS) is Receipt.STORED
        assert (await now(ledger, photo)).wait == (NO_WAIT if is_ended else LONG)
        assert (await now(ledger, other)).wait == LONG

    with_ledger(tmp_path, scene)


def test_a_result_of_an_earlier_round_is_only_cleaned_up(tmp_path: Path) -> None:
    """The photo was made anew since: it goes on waiting for its own, and the file is deleted at Uploadcare."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.PUBLISHED)
        anew = Reprocessed(parameters="{}", previous_parameters="{}", reprocess_started_s=1.0)
        photo = await ledger.resume(photo, anew, 1)
        for fact in (Uploaded("later"), RemovalIntended(), RemovalStarted("later-request")):
            photo = await ledger.record(photo, fact)
        photo = await ledger.postpone(photo, LONG)
        early = WebhookResult("early-result", "source-uuid", "request-id")
        assert await ledger.waits.store_webhook_result(early) is Receipt.STORED
        assert await now(ledger, photo) == photo
        assert await ledger.query(webhook_results.result_for, photo) is None
        assert "early-result" in await ledger.query(remote_files.to_clean, photo.state_at_s, 9)

    with_ledger(tmp_path, scene)


def test_a_result_is_stored_as_it_came(tmp_path: Path) -> None:
    """With its launch and its time, beside its file at Uploadcare; those of the last week are kept with it."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_STARTED)
        other = await photo_at(ledger, State.REMOVAL_STARTED, identity("b.jpg"))
        await ledger._write(lambda tx: launches.reserve(tx, other.id, 5.0, source_uuid="other-upload"))
        week_s = 7 * 86_400.0
        for name, at_s in (("old", 9.0), ("kept", 10.0)):
            news = WebhookResult(name, "other-upload", f"{name}-request")
            await ledger._write(lambda tx, news=news, at_s=at_s: webhook_results.store(tx, news, at_s))
        mine = WebhookResult("mine", "other-upload", "request")
        await ledger._write(lambda tx: webhook_results.store(tx, mine, 10.0 + week_s))
        rows = await ledger.query(lambda tx: tx.execute(select(table).order_by(table.c.at_s)).all())
        assert [tuple(row) for row in rows] == [
            ("kept", "other-upload", "kept-request", 10.0),
            ("mine", "other-upload", "request", 10.0 + week_s),
        ]
        noted = await ledger.query(lambda tx: tx.execute(select(remote).where(remote.c.uuid == "mine")).all())
        assert [tuple(row) for row in noted] == [("mine", other.id, "result", 10.0 + week_s, False)]
        assert await ledger.query(webhook_results.result_for, photo) is None

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "is_lost", "expected"),
    [
        (State.REMOVAL_STARTED, True, "of-present"),  # a removal that runs takes results of its upload alone
        (State.REMOVAL_INTENDED, True, "of-present"),
        (State.UPLOADED, True, "of-present"),
        (State.UPLOADED, False, "of-present"),
    ],
)
def test_a_result_of_the_present_upload_comes_first(
    tmp_path: Path, state: State, expected: str, *, is_lost: bool
) -> None:
    """Before that of an upload that was given up, also if that came earlier."""

    async def scene(ledger: Ledger) -> None:
        photo = await with_results(ledger, state, is_lost=is_lost, uploads=("given-up", "present"))
        found = await ledger.query(webhook_results.result_for, photo)
        assert found is not None
        assert (found[0].result_uuid, found[1]) == (expected, 11.0)

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "is_lost", "is_taken"),
    [
        (State.ACCEPTED, True, True),
        (State.UPLOADED, True, True),
        (State.REMOVAL_INTENDED, True, True),
        (State.REMOVAL_STARTED, True, False),
        (State.REMOVAL_FINISHED, True, False),
        (State.UPLOADED, False, False),
    ],
)
def test_a_result_of_an_upload_that_was_given_up_is_taken_after_a_loss(
    tmp_path: Path, state: State, *, is_lost: bool, is_taken: bool
) -> None:
    """By a photo whose launch may have been paid for, before it is launched again; its wait does not begin then."""

    async def scene(ledger: Ledger) -> None:
        photo = await with_results(ledger, state, is_lost=is_lost, uploads=("given-up",))
        found = await ledger.query(webhook_results.result_for, photo)
        assert (found and found[0]) == (WebhookResult("of-given-up", "given-up", "its-request") if is_taken else None)
        assert (await ledger.postpone(photo, LONG)).wait == (NO_WAIT if is_taken else LONG)

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "is_awaited"),
    [(State.REMOVAL_STARTED, True), (State.REMOVAL_INTENDED, True), (State.UPLOADED, False), (State.ACCEPTED, False)],
)
def test_a_photo_that_was_never_launched_waits_as_it_was_told(
    tmp_path: Path, state: State, *, is_awaited: bool
) -> None:
    """A result of its upload is none of its launches; one that runs, or may run, waits no longer."""

    async def scene(ledger: Ledger) -> None:
        photo = await with_results(ledger, state, is_lost=False, uploads=("present",))
        assert (await ledger.postpone(photo, LONG)).wait == (NO_WAIT if is_awaited else LONG)

    with_ledger(tmp_path, scene)


async def with_results(ledger: Ledger, state: State, uploads: tuple[str, ...], *, is_lost: bool) -> Photo:
    """A photo with the upload ``present``, and one result of each of these uploads."""
    photo = await photo_at(ledger, state)
    for number, upload in enumerate(uploads):
        await ledger._write(lambda tx, upload=upload: launches.reserve(tx, photo.id, 5.0, source_uuid=upload))
        news = WebhookResult(f"of-{upload}", upload, "its-request")
        await ledger._write(lambda tx, news=news, at_s=10.0 + number: webhook_results.store(tx, news, at_s))
    row = update(photos).where(photos.c.id == photo.id)
    await ledger._write(lambda tx: tx.execute(row.values(source_uuid="present", has_lost_outcome=is_lost)))
    return await now(ledger, photo)


def test_a_result_that_is_gone_is_not_taken_once_more(tmp_path: Path) -> None:
    """It was told, and lost after a day: else the photo would fetch it in vain for a week before it is paid for."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_STARTED)
        assert await ledger.waits.store_webhook_result(NEWS) is Receipt.STORED
        photo = await ledger.record(photo, ResultFromWebhook(NEWS.result_uuid, NEWS.request_id))
        photo = await ledger.record(photo, ResultLost())
        assert photo.launch.has_lost_outcome
        assert await ledger.query(webhook_results.result_for, photo) is None

    with_ledger(tmp_path, scene)


def test_a_start_knows_if_a_result_is_stored(tmp_path: Path) -> None:
    """So that no look-up is needed while there is none."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REMOVAL_STARTED)
        assert await ledger.query(webhook_results.is_any_stored) is False
        await ledger.waits.store_webhook_result(NEWS)
        assert await ledger.query(webhook_results.is_any_stored) is True

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "attempts", "until_s", "expected_s"),
    [
        (State.REMOVAL_STARTED, 0, 300.0, 105.0),
        (State.REMOVAL_STARTED, 0, 104.0, 104.0),
        (State.REMOVAL_STARTED, 1, 300.0, 300.0),
        (State.REMOVAL_INTENDED, 0, 300.0, 300.0),
    ],
)
def test_only_a_removal_that_was_not_asked_about_is_asked_about_sooner(
    tmp_path: Path, state: State, attempts: int, until_s: float, expected_s: float
) -> None:
    """As long after its launch as usual; one that is asked about sooner anyway is not made to wait."""

    async def scene(ledger: Ledger) -> None:
        photo = await ledger.postpone(await photo_at(ledger, state), Wait(WaitKind.POLL, until_s, attempts))
        await ledger._write(lambda tx: tx.execute(update(photos).values(state_at_s=100.0)))
        await ledger.waits.poll_without_webhooks(5.0)
        assert (await now(ledger, photo)).wait.until_s == expected_s

    with_ledger(tmp_path, scene)
