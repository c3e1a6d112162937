"""Announcements in the ledger: kept once, matched by the upload, and no photo waits past its own."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cutoutd.core.photo import (
    LaunchResponseLost,
    RemovalIntended,
    ResultFromWebhook,
    State,
    Wait,
    WaitKind,
)
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.queries import lost_launches
from cutoutd.ledger.schema.tables import announcements as table
from cutoutd.ledger.writes import webhook_results
from cutoutd.ledger.writes.webhook_results import Receipt
from support.ledgers import in_database, now, photo_at, with_columns, with_ledger

NEWS = WebhookResult("result", "source-uuid", "request-id")
LONG = Wait(WaitKind.POLL, 4e9)


def number(connection: ReadTransaction) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_repetition_changes_nothing(tmp_path: Path) -> None:
    """One row for one result, and no wait is ended a second time."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_STARTED)
        await ledger.waits.store_webhook_result(NEWS)
        finished = await ledger.record(photo, ResultFromWebhook("result", "request-id"))
        waiting = await ledger.postpone(finished, LONG)
        assert await ledger.waits.store_webhook_result(NEWS) is Receipt.KNOWN
        assert await ledger.waits.store_webhook_result(replace(NEWS, request_id="other")) is Receipt.KNOWN
        assert await now(ledger, photo) == waiting
        assert await ledger.query(number) == 1

    with_ledger(tmp_path, scene)


def test_others_removals_are_not_kept(tmp_path: Path) -> None:
    """Only what was made of an upload that was launched from here."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.UPLOADED)  # its upload, but nothing was launched on it
        assert await ledger.waits.store_webhook_result(NEWS) is Receipt.NOT_OURS
        assert await ledger.query(number) == 0

    with_ledger(tmp_path, scene)


def test_of_several_results_a_launch_takes_its_own(tmp_path: Path) -> None:
    """A launch that was repeated made two results; without a launch's name the first will do."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_STARTED)
        await ledger.waits.store_webhook_result(WebhookResult("earlier", "source-uuid", "lost-request"))
        await ledger.waits.store_webhook_result(NEWS)
        own = await ledger.query(webhook_results.result_for, photo)
        first = await ledger.query(webhook_results.result_for, with_columns(photo, request_id=None))
        assert own is not None
        assert first is not None
        assert (own[0].result_uuid, first[0].result_uuid) == ("result", "earlier")

    with_ledger(tmp_path, scene)


def test_an_earlier_uploads_result_is_not_taken(tmp_path: Path) -> None:
    """A cutout that is made anew, with other parameters, has another upload."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_STARTED)
        await ledger.waits.store_webhook_result(NEWS)
        assert await ledger.query(webhook_results.result_for, with_columns(photo, source_uuid="later")) is None
        assert await ledger.query(webhook_results.result_for, with_columns(photo, source_uuid=None)) is None

    with_ledger(tmp_path, scene)


def test_old_ones_are_let_go_of(tmp_path: Path) -> None:
    """After a week, when the next one comes."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REMOVAL_STARTED)
        await ledger.waits.store_webhook_result(NEWS)
        in_database(tmp_path, "UPDATE announcements SET at_s = at_s - 8 * 86400")
        await ledger.waits.store_webhook_result(replace(NEWS, result_uuid="next"))
        assert await ledger.query(number) == 1

    with_ledger(tmp_path, scene)


def test_a_found_outcome_is_no_loss(tmp_path: Path) -> None:
    """A launch whose answer was lost counts as found once its result was announced."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        photo = await ledger.record(photo, LaunchResponseLost(1.0, "cut off"))
        found = await ledger.record(photo, ResultFromWebhook("result", "request-id"))
        assert (found.state, found.launch.request_id, found.launch.unclear_since_s) == (
            State.REMOVAL_FINISHED,
            "request-id",
            None,
        )
        assert await ledger.query(lost_launches.lost_launches) == 0

    with_ledger(tmp_path, scene)


def test_when_nothing_is_announced_any_more_everybody_is_asked_about(tmp_path: Path) -> None:
    """As soon after its launch as usual: at once what has run for longer, and no sooner what has not."""

    async def scene(ledger: Ledger) -> None:
        photo = await ledger.postpone(await photo_at(ledger, State.REMOVAL_STARTED), LONG)
        await ledger.waits.poll_without_webhooks(5.0)
        changed = await now(ledger, photo)
        assert changed.wait.until_s == pytest.approx(changed.state_at_s + 5.0)
        asked = await ledger.postpone(photo, replace(LONG, attempts=1))
        await ledger.waits.poll_without_webhooks(5.0)
        assert (await now(ledger, photo)).wait == asked.wait

    with_ledger(tmp_path, scene)


def test_nobody_waits_at_other_states(tmp_path: Path) -> None:
    """An announcement ends waits for removals alone: an intent's is one, an upload's is not."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.UPLOADED)
        intended = await ledger.record(photo, RemovalIntended())
        await ledger.waits.store_webhook_result(NEWS)
        finished = await ledger.record(intended, ResultFromWebhook("result", "request-id"))
        waiting = await ledger.postpone(finished, LONG)
        assert waiting.wait == LONG

    with_ledger(tmp_path, scene)
