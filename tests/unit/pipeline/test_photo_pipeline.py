"""The journey where it touches money: what is stored before, after and instead of the paid call."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path

import pytest
from PIL import Image

from cutoutd.config.settings import FolderSettings
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import ReprocessCommand, RetryCommand
from cutoutd.core.errors import (
    CutoutdError,
    FailedError,
    KeysRefusedError,
    NeverSentError,
    NotReadyError,
    ResponseLostError,
    ThrottledError,
    UnreachableError,
    UploadGoneError,
)
from cutoutd.core.photo import (
    Fact,
    LaunchOutcomeUnknown,
    LaunchResponseLost,
    Photo,
    RemovalIntended,
    State,
    UploadAbandoned,
    Uploaded,
    Wait,
    WaitKind,
    require_value,
)
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from cutoutd.ledger.writes import remote_files
from cutoutd.ledger.writes.webhook_results import Receipt
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.photo_pipeline import PhotoPipeline
from cutoutd.pipeline.steps import reuse
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folder_in, folders_of
from support.images.drawn_photos import jpeg
from support.images.photographs import encoded, png
from support.ledgers import identity_of, in_database, versions_of, with_ledger
from support.pipelines import pipeline_of


@dataclass
class Trip:
    """One photo on its way, against a stand-in for Uploadcare."""

    ledger: Ledger
    folder: FolderSettings
    uploadcare: FakeUploadcare
    journey: PhotoPipeline
    budget: Budget

    async def photo_at(self, state: State, name: str = "a.jpg", content: bytes | None = None) -> Photo:
        (self.folder.input / name).write_bytes(content or jpeg())
        photo = await self.ledger.discover(identity_of(self.folder.input, name))
        while photo is not None and photo.state is not state:
            photo = await self.journey.advance(photo)
        assert photo is not None
        return photo

    async def way(self) -> list[str]:
        return [event.to_state.value for event in await self.ledger.query(photos.history, None, 100)]


@asynccontextmanager
async def trip_in(place: Path, **options: object) -> AsyncIterator[Trip]:
    folder, uploadcare = folder_in(place, **options), FakeUploadcare()
    async with open_ledger(place, retry_after_s=0.01) as ledger:
        spending, pace = unlimited_budget(ledger, place), PollSchedule([0.0] * 5)
        journey = pipeline_of(ledger, uploadcare, folders_of(folder), spending, pace)
        yield Trip(ledger, folder, uploadcare, journey, spending)


def played(place: Path, scene: Callable[[Trip], Coroutine[object, object, None]], **options: object) -> None:
    async def play() -> None:
        async with trip_in(place, **options) as trip:
            await scene(trip)

    asyncio.run(play())


def test_the_intent_is_stored_before_the_call(tmp_path: Path) -> None:
    """While the paid call is under way the ledger says so: a crash now would be visible."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        gate = trip.uploadcare.hold("start_removal")
        launching = asyncio.create_task(trip.journey.advance(photo))
        await trip.uploadcare.called("start_removal")
        assert await trip.ledger.query(photos.count, {State.REMOVAL_INTENDED}) == 1
        gate.set()
        assert (await launching).launch.request_id == "a.jpg"

    played(tmp_path, scene)


@pytest.mark.parametrize("error", [NeverSentError("no connection"), ThrottledError("429"), NotReadyError("not yet")])
def test_a_definite_no_may_be_tried_again(tmp_path: Path, error: CutoutdError) -> None:
    """A launch that was certainly not accepted leads back to uploaded, with a wait; attempts are counted."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("start_removal", error, error)
        photo = await trip.journey.advance(photo)
        assert (photo.state, photo.wait.attempts, photo.wait.reason) == (State.UPLOADED, 1, error.sentence)
        photo = await trip.journey.advance(photo)
        assert photo.wait.attempts == 2
        assert (await trip.journey.advance(photo)).state is State.REMOVAL_STARTED

    played(tmp_path, scene)


@pytest.mark.parametrize(
    ("errors", "questions"),
    [
        ([ThrottledError("429")], 1),
        ([ThrottledError("429")] * 3, 1),
        ([NeverSentError("no connection")], 2),
        ([ThrottledError("429"), NeverSentError("no connection")], 2),
    ],
    ids=["refused once", "refused thrice", "never sent", "refused, then never sent"],
)
def test_an_upload_is_not_asked_for_again_after_too_many_launches(
    tmp_path: Path, errors: list[CutoutdError], questions: int
) -> None:
    """It was ready a moment ago, and a refusal of the launch alone changes nothing about it."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("start_removal", *errors)
        while photo.state is State.UPLOADED:
            photo = await trip.journey.advance(photo)
        assert photo.state is State.REMOVAL_STARTED
        assert trip.uploadcare.count("require_ready") == questions

    played(tmp_path, scene)


def test_an_upload_is_asked_for_again_before_it_is_launched_after_a_lost_answer(tmp_path: Path) -> None:
    """A refusal before the lost launch says nothing about what that one has done."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("start_removal", ThrottledError("429"), ResponseLostError("cut off"))
        photo = await trip.journey.advance(await trip.journey.advance(photo))
        assert photo.state is State.REMOVAL_INTENDED
        photo = await trip.ledger.record(photo, LaunchOutcomeUnknown(time.time()))
        await trip.journey.advance(photo)
        assert trip.uploadcare.count("require_ready") == 2

    played(tmp_path, scene)


def test_a_lost_answer_is_never_followed_by_a_second_call(tmp_path: Path) -> None:
    """Whether it was accepted is not known, so the photo stays at the intent, and says why."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("start_removal", ResponseLostError("no answer"))
        photo = await trip.journey.advance(photo)
        assert (photo.state, photo.wait.reason) == (State.REMOVAL_INTENDED, "no answer")
        assert trip.uploadcare.count("start_removal") == 1

    played(tmp_path, scene)


def test_a_possible_double_charge_is_told_with_all_that_a_dispute_needs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the new request, and of each earlier one when, on which upload, and what came instead."""
    monkeypatch.setattr("cutoutd.pipeline.steps.launching.recover_launch.LOOK_FOR_S", 0.0)

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("start_removal", ResponseLostError("it answered 502 (HTTP 502)"))
        for expected in (State.REMOVAL_INTENDED, State.ACCEPTED, State.UPLOADED, State.REMOVAL_STARTED):
            photo = await trip.journey.advance(photo)
            assert photo.state is expected

    played(tmp_path, scene)
    (said,) = (record.getMessage() for record in caplog.records if record.action == "possible_double_charge")
    assert "launched again as request a.jpg on upload a.jpg" in said
    assert "UTC on upload a.jpg: it answered 502 (HTTP 502)" in said


def test_a_process_that_died_in_the_paid_call_says_so(tmp_path: Path) -> None:
    """An intent without any outcome was interrupted; that becomes a fact before its outcome is looked for."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        intended = await trip.ledger.record(photo, RemovalIntended())
        photo = await trip.journey.advance(intended)
        assert (photo.state, photo.launch.unclear_since_s) == (State.REMOVAL_INTENDED, intended.state_at_s)
        assert "cutoutd ended" in photo.story

    played(tmp_path, scene)


def test_a_halt_blames_no_photo(tmp_path: Path) -> None:
    """Refused keys at the launch leave the photo uploaded, without a wait, and are for the whole service to handle."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("start_removal", KeysRefusedError("401"))
        with pytest.raises(KeysRefusedError):
            await trip.journey.advance(photo)
        (now,) = await trip.ledger.query(versions_of, "a.jpg")
        assert (now.state, now.wait.reason) == (State.UPLOADED, "")

    played(tmp_path, scene)


def test_a_definite_no_outlives_a_ledger_that_is_away(tmp_path: Path) -> None:
    """A refusal that the ledger does not take at once is offered again, or it would look like a lost answer."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("start_removal", ThrottledError("429"))
        async with ledger_away_during_launch(trip, photo, tmp_path) as launching:
            assert not launching.done()
        assert (await launching).state is State.UPLOADED

    played(tmp_path, scene)


def test_a_received_answer_outlives_a_ledger_that_is_away(tmp_path: Path) -> None:
    """Also that of a photo which may have been paid for before, although more is read from the ledger for it."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        photo = await trip.ledger.record(photo, RemovalIntended())
        photo = await trip.ledger.record(photo, LaunchOutcomeUnknown(1.0))
        async with ledger_away_during_launch(trip, photo, tmp_path) as launching:
            assert not launching.done()
        assert (await launching).launch.request_id == "a.jpg"
        assert trip.uploadcare.count("start_removal") == 1

    played(tmp_path, scene)


@asynccontextmanager
async def ledger_away_during_launch(trip: Trip, photo: Photo, place: Path) -> AsyncIterator[asyncio.Task[Photo]]:
    """The paid call is made, and its answer comes while the ledger's file is away."""
    gate = trip.uploadcare.hold("start_removal")
    launching = asyncio.create_task(trip.journey.advance(photo))
    await trip.uploadcare.called("start_removal")
    aside = (place / LEDGER_NAME).rename(place / "aside")
    gate.set()
    await asyncio.sleep(0.1)
    yield launching
    aside.rename(place / LEDGER_NAME)


def test_an_expired_upload_is_sent_anew_unpaid(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An upload that is gone before the launch leads back to accepted: no intent, no call; one gone early is told."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("require_ready", UploadGoneError("expired"))
        photo = await trip.journey.advance(photo)
        assert (photo.state, photo.upload.source_uuid) == (State.ACCEPTED, None)
        assert trip.uploadcare.count("start_removal") == 0

    played(tmp_path, scene)
    assert [record.action for record in caplog.records if record.levelname == "WARNING"] == ["upload_vanished"]


def test_a_photo_that_changed_is_not_paid_for(tmp_path: Path) -> None:
    """Until the last moment before the paid call a changed or vanished file is superseded, not launched."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        (trip.folder.input / "a.jpg").write_bytes(jpeg())
        assert (await trip.journey.advance(photo)).state is State.SUPERSEDED
        assert trip.uploadcare.count("start_removal") == 0

    played(tmp_path, scene)


def test_a_paid_photo_is_published_although_its_source_is_gone(tmp_path: Path) -> None:
    """Once paid for, the cutout is fetched and placed whatever became of the file."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.REMOVAL_STARTED)
        (trip.folder.input / "a.jpg").unlink()
        while not photo.state.is_terminal:
            photo = await trip.journey.advance(photo)
        assert photo.state is State.PUBLISHED
        assert (trip.folder.output / "a.png").exists()

    played(tmp_path, scene)


def test_another_photos_cutout_is_never_replaced(tmp_path: Path) -> None:
    """A cutout that had to go to a spare place keeps it, although another photo had reserved that place."""

    async def scene(trip: Trip) -> None:
        late = await trip.photo_at(State.REMOVAL_FINISHED, "a.jpg.jpg")
        assert late.bound.target == "a.jpg.png"
        photo = await trip.photo_at(State.REMOVAL_FINISHED)
        (trip.folder.output / "a.png").write_text("a person's own")
        first = await trip.journey.advance(photo)
        assert first.bound.target == "a.jpg.png"
        before = (trip.folder.output / "a.jpg.png").stat().st_ino
        trip.uploadcare.cutout = png((61, 40), mode="RGBA")
        second = await trip.journey.advance(late)
        assert second.bound.target != first.bound.target
        assert (trip.folder.output / "a.jpg.png").stat().st_ino == before

    played(tmp_path, scene)


def test_the_end_of_a_photo_is_told_beside_its_place(tmp_path: Path) -> None:
    """A refusal by the service fails the photo and leaves a note; a new version that is accepted takes it away."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("start_removal", FailedError("unknown_foreground", "no foreground was found"))
        assert (await trip.journey.advance(photo)).ending.code == "unknown_foreground"
        note = trip.folder.output / "a.jpg.failed.txt"
        assert "no foreground was found" in note.read_text()
        await trip.photo_at(State.ACCEPTED)
        assert not note.exists()
        assert (await trip.way())[-4:] == ["uploaded", "failed", "discovered", "accepted"]

    played(tmp_path, scene)


def test_an_older_version_never_replaces_the_cutout_of_a_newer_one(tmp_path: Path) -> None:
    """Neither one that was paid for and finishes late, nor one that is not paid for yet."""

    async def scene(trip: Trip) -> None:
        paid = await trip.photo_at(State.REMOVAL_FINISHED)
        older = await trip.photo_at(State.ACCEPTED)
        newer = await trip.photo_at(State.PUBLISHED)
        cutout = (trip.folder.output / "a.png").read_bytes()
        for late in (paid, older):
            assert (await trip.journey.advance(late)).state is State.SUPERSEDED
        assert (trip.folder.output / "a.png").read_bytes() == cutout
        assert newer.id > older.id > paid.id

    played(tmp_path, scene)


def test_a_copy_gets_the_paid_cutout_of_a_superseded_photo(tmp_path: Path) -> None:
    """A newer version took the payer's place while its removal ran: its copies are not paid for a second time."""

    async def scene(trip: Trip) -> None:
        content = jpeg()
        payer = await trip.photo_at(State.REMOVAL_FINISHED, content=content)
        copy = await trip.photo_at(State.ACCEPTED, "b.jpg", content)
        copy = await trip.journey.advance(copy)
        assert copy.wait.for_photo == payer.id
        await trip.photo_at(State.PUBLISHED)
        assert (await trip.journey.advance(payer)).state is State.SUPERSEDED
        kept = require_value(payer.launch.result_uuid)
        assert kept not in await trip.ledger.query(remote_files.to_clean, time.time(), 9)
        (copy,) = await trip.ledger.query(versions_of, "b.jpg")
        assert copy.wait.until_s == 0.0
        copy = await trip.journey.advance(copy)
        assert (copy.state, copy.cutout.reused_from) == (State.PUBLISHED, payer.id)
        assert trip.uploadcare.count("start_removal") == 2  # of the first picture, and of the newer one
        assert kept in await trip.ledger.query(remote_files.to_clean, time.time(), 9)

    played(tmp_path, scene)


def test_the_result_of_a_superseded_photo_is_kept_for_a_day(tmp_path: Path) -> None:
    """Its copy may be held for longer: then Uploadcare keeps nothing, and the copy pays."""

    async def scene(trip: Trip) -> None:
        content = jpeg()
        payer = await trip.photo_at(State.REMOVAL_FINISHED, content=content)
        copy = await trip.photo_at(State.ACCEPTED, "b.jpg", content)
        await trip.photo_at(State.PUBLISHED)
        await trip.journey.advance(payer)
        cleaned = await trip.ledger.query(remote_files.to_clean, time.time() + 86_500, 9)
        assert payer.launch.result_uuid in cleaned
        await trip.ledger.files.mark_cleaned(cleaned)
        assert (await trip.journey.advance(copy)).state is State.UPLOADED

    played(tmp_path, scene)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UPLOADED])
def test_a_twin_that_is_published_during_the_question_is_not_overlooked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    """Published after the copy was told to wait for it, but before it waits: neither is it sent, nor does it wait."""

    async def scene(trip: Trip) -> None:
        content = jpeg()
        payer = await trip.photo_at(State.REMOVAL_FINISHED, content=content)
        copy = await trip.photo_at(State.ACCEPTED, "b.jpg", content)
        copy = copy if state is State.ACCEPTED else await trip.ledger.record(copy, Uploaded("b.jpg"))
        postpone = Ledger.postpone

        async def publish_meanwhile(ledger: Ledger, photo: Photo, wait: Wait) -> Photo:
            monkeypatch.undo()
            assert (await trip.journey.advance(payer)).state is State.PUBLISHED
            return await postpone(ledger, photo, wait)

        monkeypatch.setattr(Ledger, "postpone", publish_meanwhile)
        copy = await trip.journey.advance(copy)
        assert (copy.state, copy.wait.until_s) == (state, 0.0)
        assert (await trip.journey.advance(copy)).cutout.reused_from == payer.id
        assert (trip.uploadcare.count("upload_source"), trip.uploadcare.count("start_removal")) == (1, 1)

    played(tmp_path, scene)


def test_a_duplicate_published_during_the_last_check_is_not_paid_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uploadcare is slow to say that an upload is ready; meanwhile another photo of the same picture is published."""

    async def scene(trip: Trip) -> None:
        content = jpeg()
        first = await trip.photo_at(State.ACCEPTED, "first.jpg", content)
        slow = await trip.photo_at(State.ACCEPTED, "slow.jpg", content)
        slow = await trip.ledger.record(slow, Uploaded("slow.jpg"))  # both were sent at once
        require_ready, is_ready = trip.uploadcare.require_ready, asyncio.Event()

        async def wait_until_ready(source_uuid: str) -> None:
            await require_ready(source_uuid)
            if source_uuid == "slow.jpg":
                await is_ready.wait()

        monkeypatch.setattr(trip.uploadcare, "require_ready", wait_until_ready)
        launching = asyncio.create_task(trip.journey.advance(slow))
        await trip.uploadcare.called("require_ready")
        first = await trip.ledger.record(first, Uploaded("first.jpg"))
        while first.state is not State.PUBLISHED:
            first = await trip.journey.advance(first)
        is_ready.set()
        assert (await launching).cutout.reused_from == first.id
        assert trip.uploadcare.count("start_removal") == 1

    played(tmp_path, scene)


def test_a_webhook_result_is_used_although_its_receipt_was_cut_off(tmp_path: Path) -> None:
    """A message of Uploadcare that could not be answered in time may be stored all the same: it is never ignored."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        trip.uploadcare.fail("start_removal", ResponseLostError("no answer"))
        photo = await trip.journey.advance(photo)
        assert photo.state is State.REMOVAL_INTENDED
        storing = asyncio.create_task(trip.ledger.waits.store_webhook_result(WebhookResult("result", "a.jpg", "a.jpg")))
        await asyncio.sleep(0)
        storing.cancel()
        await trip.ledger.remember("later", "null")  # the message is stored before it
        photo = await trip.journey.advance(photo)
        assert (photo.state, photo.launch.result_uuid) == (State.REMOVAL_FINISHED, "result")

    played(tmp_path, scene)


async def advanced(trip: Trip, photo: Photo, times: int = 20) -> Photo:
    """The photo after so many steps, or at its end; waits are not waited for."""
    for _ in range(times):
        if photo.state.is_terminal:
            break
        photo = await trip.journey.advance(photo)
    return photo


def test_a_result_that_is_no_png_is_fetched_a_few_times_and_kept(tmp_path: Path) -> None:
    """Four fetches with growing waits; then the photo has failed with a code, and its result stays at Uploadcare."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.REMOVAL_FINISHED)
        trip.uploadcare.cutout = png(mode="RGBA")[:-30]
        waits_s = []
        while not photo.state.is_terminal:
            before_s = time.time()
            photo = await trip.journey.advance(photo)
            if not photo.state.is_terminal:
                assert photo.wait.kind is WaitKind.DAMAGED
                waits_s.append(photo.wait.until_s - before_s)
        assert (photo.state, photo.ending.code) == (State.FAILED, "result_damaged")
        assert "is fetched again" not in (photo.ending.sentence or "")
        assert "fetches it again for nothing" in (photo.ending.advice or "")
        assert trip.uploadcare.count("fetch_cutout") == 4
        assert sum(waits_s) > 100
        assert waits_s == sorted(waits_s)
        assert await trip.ledger.query(photos.to_keep, time.time() + 1, 10) == ["a.jpg"]

    played(tmp_path, scene)


def test_damaged_fetches_count_whatever_comes_between(tmp_path: Path) -> None:
    """An outage between them begins no new count, neither does a restart: a result is not fetched for ever."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.REMOVAL_FINISHED)
        trip.uploadcare.cutout = b"no PNG"
        for _ in range(3):
            photo = await trip.journey.advance(photo)
            assert photo.wait.kind is WaitKind.DAMAGED
            trip.uploadcare.fail("fetch_cutout", UnreachableError("503"))
            photo = await trip.journey.advance(photo)
            assert photo.wait.kind is WaitKind.RETRY
        photo = await trip.journey.advance(photo)
        assert (photo.state, photo.ending.code) == (State.FAILED, "result_damaged")

    played(tmp_path, scene)


def test_retry_fetches_a_damaged_result_again_for_nothing(tmp_path: Path) -> None:
    """What is whole by then is published; nothing was paid a second time."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.REMOVAL_FINISHED)
        whole, trip.uploadcare.cutout = trip.uploadcare.cutout, b"no PNG"
        assert (await advanced(trip, photo)).state is State.FAILED
        trip.uploadcare.cutout = whole
        await ordered(trip, RetryCommand())
        again = (await trip.ledger.query(photos.at_state, {State.REMOVAL_FINISHED}, 9))[0]
        assert (await advanced(trip, again)).state is State.PUBLISHED
        assert trip.uploadcare.count("start_removal") == 1

    played(tmp_path, scene)


def test_a_duplicate_of_a_damaged_result_pays_for_nothing(tmp_path: Path) -> None:
    """The picture was paid for: the duplicate tries the same result, and only a person has it paid for again."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.REMOVAL_FINISHED)
        whole, trip.uploadcare.cutout = trip.uploadcare.cutout, b"no PNG"
        await advanced(trip, photo)
        (trip.folder.input / "b.jpg").write_bytes((trip.folder.input / "a.jpg").read_bytes())
        twin = await trip.ledger.discover(identity_of(trip.folder.input, "b.jpg"))
        assert twin is not None
        assert (await advanced(trip, twin)).ending.code == "result_damaged"
        assert trip.uploadcare.count("start_removal") == 1
        trip.uploadcare.cutout = whole
        await ordered(trip, ReprocessCommand(paths=("a.jpg",)))
        again = (await trip.ledger.query(photos.at_state, {State.ACCEPTED}, 9))[0]
        assert (await advanced(trip, again)).state is State.PUBLISHED
        assert trip.uploadcare.count("start_removal") == 2

    played(tmp_path, scene)


async def ordered(trip: Trip, command: RetryCommand | ReprocessCommand) -> None:
    """Carry out a person's command."""
    result = await CommandExecutor(trip.ledger, [trip.folder], lambda _: None).execute(command)
    assert not result.refused


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UPLOADED, State.REMOVAL_INTENDED])
def test_the_result_of_an_upload_that_was_given_up_is_adopted(tmp_path: Path, state: State) -> None:
    """It is announced when the photo waits to be sent again, is sent again, or is looked for a second time."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.UPLOADED)
        lost: tuple[Fact, ...] = (RemovalIntended(), LaunchResponseLost(time.time(), "cut off"))
        for fact in (*lost, UploadAbandoned()):
            photo = await trip.ledger.record(photo, fact)
        for fact in (Uploaded("again"), *lost):
            photo = photo if photo.state is state else await trip.ledger.record(photo, fact)
        photo = await trip.ledger.postpone(photo, Wait(WaitKind.RETRY, 4e9, reason="trouble"))
        announced = WebhookResult("result", "a.jpg", "request")
        assert await trip.ledger.waits.store_webhook_result(announced) is Receipt.STORED
        (photo,) = await trip.ledger.query(versions_of, "a.jpg")
        assert photo.wait.until_s == 0.0
        photo = await trip.journey.advance(photo)
        assert (photo.state, photo.launch.result_uuid) == (State.REMOVAL_FINISHED, "result")
        assert (await trip.journey.advance(photo)).state is State.PUBLISHED
        assert trip.uploadcare.count("start_removal") == 0

    played(tmp_path, scene)


def test_an_upload_of_a_file_that_changed_meanwhile_is_deleted(tmp_path: Path) -> None:
    """It was sent, and is of no use: the photo ends, and the cleanup knows the upload."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.ACCEPTED)
        gate = trip.uploadcare.hold("upload_source")
        sending = asyncio.create_task(trip.journey.advance(photo))
        await trip.uploadcare.called("upload_source")
        (trip.folder.input / "a.new").write_bytes(jpeg())
        (trip.folder.input / "a.new").rename(trip.folder.input / "a.jpg")
        gate.set()
        assert (await sending).state is State.SUPERSEDED
        assert await trip.ledger.query(remote_files.to_clean, time.time(), 9) == ["a.jpg"]

    played(tmp_path, scene)


def test_a_cutout_edited_while_it_is_copied_is_no_twins_cutout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edit comes between the look at the file and its copy: the copy is dropped, and the edited one is kept."""
    has_content = reuse._is_content

    def edited_late(file: BufferedReader, sha256: str) -> bool:
        is_content = has_content(file, sha256)
        cutout.write_bytes(png(mode="RGBA", compress_level=0))
        return is_content

    async def scene(trip: Trip) -> None:
        await trip.photo_at(State.PUBLISHED)
        monkeypatch.setattr(reuse, "_is_content", edited_late)
        (trip.folder.input / "b.jpg").write_bytes((trip.folder.input / "a.jpg").read_bytes())
        twin = await trip.ledger.discover(identity_of(trip.folder.input, "b.jpg"))
        assert twin is not None
        assert (await advanced(trip, twin)).state is State.PUBLISHED
        assert (trip.folder.output / "b.png").read_bytes() == trip.uploadcare.cutout
        assert cutout.read_bytes() != trip.uploadcare.cutout

    cutout = tmp_path / "out" / "a.png"
    played(tmp_path, scene)


@pytest.mark.parametrize("kind", ["link", "link on the way", "pipe"])
def test_no_cutout_is_read_through_a_link_or_a_pipe(tmp_path: Path, kind: str) -> None:
    """A link may lead anywhere, and a pipe has no end: the picture is paid for again, and nothing waits."""

    async def scene(trip: Trip) -> None:
        trip.uploadcare.cutout = png((37, 29), mode="RGBA")
        content, cutout = jpeg(), trip.folder.output / "of" / "a.png"
        (trip.folder.input / "of").mkdir()
        await trip.photo_at(State.PUBLISHED, "of/a.jpg", content)
        if kind == "link on the way":
            cutout.parent.symlink_to(cutout.parent.rename(trip.folder.output / "moved"))
        else:
            cutout.rename(tmp_path / "elsewhere.png")
            os.mkfifo(cutout) if kind == "pipe" else cutout.symlink_to(tmp_path / "elsewhere.png")
        async with asyncio.timeout(20):
            twin = await trip.photo_at(State.REMOVAL_STARTED, "b.jpg", content)
        assert twin.cutout.reused_from is None

    played(tmp_path, scene)


def noisy_png(size: tuple[int, int] = (200, 150)) -> bytes:
    """A PNG that does not get smaller by itself."""
    return encoded(Image.frombytes("RGB", size, random.Random(1).randbytes(3 * size[0] * size[1])), "PNG")  # noqa: S311


@pytest.mark.parametrize("first", ["whole", "smaller"])
def test_a_whole_photo_never_gets_the_cutout_of_a_smaller_copy(tmp_path: Path, first: str) -> None:
    """The same file in a folder that sends it whole and in two that shrink it alike: two removals, not one or three."""
    content = noisy_png()
    rules = {"whole": {}, "smaller": {"oversize": "shrink", "max_upload_bytes": len(content) // 2}}
    rules["again"] = rules["smaller"]
    places = {name: tmp_path / name for name in rules}
    for place in places.values():
        place.mkdir()
    folders = {name: folder_in(places[name], name=name, **rule) for name, rule in rules.items()}
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        budget, schedule = unlimited_budget(ledger, tmp_path), PollSchedule([0.0] * 5)
        journey = pipeline_of(ledger, uploadcare, folders_of(*folders.values()), budget, schedule)
        widths = {}
        for name in sorted(folders, key=lambda name: name != first):
            (folders[name].input / f"{name}.png").write_bytes(content)
            photo = await ledger.discover(replace(identity_of(folders[name].input, f"{name}.png"), folder=name))
            while photo is not None and not photo.state.is_terminal:
                photo = await journey.advance(photo)
            assert photo is not None
            assert photo.state is State.PUBLISHED, photo.story
            widths[name] = photo.cutout.reused_from is None
        assert sum(widths.values()) == 2
        assert widths["whole"]
        assert uploadcare.count("start_removal") == 2
        assert {name: len(sent) == len(content) for name, sent in uploadcare.sent.items()} == {
            name: name == "whole.png" for name in uploadcare.sent
        }

    with_ledger(tmp_path, scene)


def test_the_place_of_a_cutout_is_made_before_it_is_paid_for(tmp_path: Path) -> None:
    """A folder that cannot be made is found out by then, and not sooner than it is needed."""

    async def scene(trip: Trip) -> None:
        (trip.folder.input / "of").mkdir()
        photo = await trip.photo_at(State.UPLOADED, "of/a.jpg")
        assert not (trip.folder.output / "of").exists()
        trip.uploadcare.fail("start_removal", NeverSentError("no connection"))
        await trip.journey.advance(photo)
        assert (trip.folder.output / "of").is_dir()

    played(tmp_path, scene)


def test_an_announced_result_is_taken_without_a_question(tmp_path: Path) -> None:
    """Uploadcare signed the message, so nothing is asked: each poll is billed."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.REMOVAL_STARTED)
        assert await trip.ledger.waits.store_webhook_result(WebhookResult("told", "a.jpg", "a.jpg")) is Receipt.STORED
        photo = await trip.journey.advance(photo)
        assert (photo.state, photo.launch.result_uuid) == (State.REMOVAL_FINISHED, "told")
        assert trip.uploadcare.count("get_removal_status") == 0

    played(tmp_path, scene)


def test_a_photo_that_is_being_written_is_not_sent(tmp_path: Path) -> None:
    """A program has it open for writing; it is sent when that is over, although no other photo has its picture."""

    async def scene(trip: Trip) -> None:
        photo = await trip.photo_at(State.ACCEPTED)
        with (trip.folder.input / "a.jpg").open("r+b"):
            photo = await trip.journey.advance(photo)
            assert (photo.state, trip.uploadcare.count("upload_source")) == (State.ACCEPTED, 0)
        assert (await trip.journey.advance(photo)).state is State.UPLOADED

    played(tmp_path, scene)


@pytest.mark.parametrize("closed", [(), ("elsewhere",)], ids=["open", "closed"])
def test_only_a_payer_that_can_go_on_is_waited_for(tmp_path: Path, closed: tuple[str, ...]) -> None:
    """A photo of the same picture was sent from a folder that is away by now: this one is sent itself."""

    async def scene(trip: Trip) -> None:
        content = jpeg()
        payer = await trip.photo_at(State.ACCEPTED, "payer.jpg", content)
        in_database(tmp_path, "UPDATE photos SET folder = 'elsewhere'")
        (trip.folder.input / "b.jpg").write_bytes(content)
        trip.budget.leave_out(lambda: closed)
        twin = await trip.photo_at(State.ACCEPTED, "b.jpg", content)
        twin = await trip.journey.advance(twin)
        assert (twin.state, twin.wait.for_photo) == ((State.UPLOADED, None) if closed else (State.ACCEPTED, payer.id))

    played(tmp_path, scene)
