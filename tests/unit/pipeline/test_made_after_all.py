"""A launch that counted as not made, because nothing showed it, and a message that proves that it was made."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cutoutd.core.photo import (
    Fact,
    LaunchPrevented,
    LaunchRefused,
    LaunchResponseLost,
    Photo,
    RemovalIntended,
    State,
    Uploaded,
    UploadWithdrawn,
    Wait,
    WaitKind,
)
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.ledger.queries import lost_launches, monitoring
from cutoutd.ledger.writes import launches, remote_files
from cutoutd.ledger.writes.webhook_results import Receipt
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.photo_pipeline import PhotoPipeline
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folder_in, folders_of
from support.images.drawn_photos import jpeg
from support.ledgers import identity_of, versions_of
from support.pipelines import pipeline_of

DAY_S = 86_400.0
NEWS = WebhookResult("result", "a.jpg", "request")

Scene = Callable[[Ledger, FakeUploadcare, PhotoPipeline, Photo], Awaitable[None]]


def withdrawn() -> tuple[Fact, ...]:
    lost = LaunchResponseLost(time.time(), "cut off")
    return RemovalIntended(), lost, UploadWithdrawn(time.time()), LaunchPrevented()


def played(place: Path, scene: Scene) -> None:
    """The scene of a photo whose upload was withdrawn, and that is to be sent anew."""

    async def play() -> None:
        folder, uploadcare = folder_in(place), FakeUploadcare()
        (folder.input / "a.jpg").write_bytes(jpeg())
        async with open_ledger(place, retry_after_s=0.01) as ledger:
            budget = unlimited_budget(ledger, place)
            pipeline = pipeline_of(ledger, uploadcare, folders_of(folder), budget, PollSchedule([0.0] * 5))
            photo = await ledger.discover(identity_of(folder.input, "a.jpg"))
            assert photo is not None
            while photo.state is not State.UPLOADED:
                photo = await pipeline.advance(photo)
            for fact in withdrawn():
                photo = await ledger.record(photo, fact)
            await scene(ledger, uploadcare, pipeline, photo)

    asyncio.run(play())


async def today(ledger: Ledger) -> int:
    return (await ledger.query(launches.launch_counts, time.time())).today


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UPLOADED])
@pytest.mark.parametrize("is_read_before", [False, True])
def test_a_photo_takes_the_result_before_it_is_paid_for_again(
    tmp_path: Path, state: State, *, is_read_before: bool
) -> None:
    """Also a photo that was read before the message came; the launch counts after all, once."""

    async def scene(ledger: Ledger, uploadcare: FakeUploadcare, pipeline: PhotoPipeline, photo: Photo) -> None:
        assert await today(ledger) == 0
        if state is State.UPLOADED:
            photo = await ledger.record(photo, Uploaded("again"))
        photo = await ledger.postpone(photo, Wait(WaitKind.RETRY, 4e9, reason="trouble"))
        assert await ledger.waits.store_webhook_result(NEWS) is Receipt.STORED
        assert await ledger.waits.store_webhook_result(NEWS) is Receipt.KNOWN
        (now,) = await ledger.query(versions_of, "a.jpg")
        assert now.wait.until_s == 0.0
        photo = await pipeline.advance(photo if is_read_before else now)
        assert (photo.state, photo.launch.result_uuid) == (State.REMOVAL_FINISHED, "result")
        assert (await today(ledger), uploadcare.count("start_removal")) == (1, 0)
        assert await ledger.query(lost_launches.lost_launches_of, photo.id) == ()
        assert (await pipeline.advance(photo)).state is State.PUBLISHED
        assert {"a.jpg", "result"} <= set(await ledger.query(remote_files.to_clean, time.time() + DAY_S, 9))

    played(tmp_path, scene)


def test_a_photo_that_was_paid_for_again_is_told(tmp_path: Path) -> None:
    """The message came too late: both launches count, `status` names the photo, and no result is taken twice."""

    async def scene(ledger: Ledger, _uploadcare: FakeUploadcare, pipeline: PhotoPipeline, photo: Photo) -> None:
        photo = await pipeline.advance(await ledger.record(photo, Uploaded("again")))
        assert photo.state is State.REMOVAL_STARTED
        assert await ledger.query(monitoring.possible_double_charges) == 0
        assert await ledger.waits.store_webhook_result(NEWS) is Receipt.STORED
        assert await ledger.query(monitoring.possible_double_charges) == 1
        assert await today(ledger) == 2

    played(tmp_path, scene)


def test_a_launch_that_counts_stays_the_only_one(tmp_path: Path) -> None:
    """A refused launch on the same upload is no launch, and one that counts takes its own message."""

    async def scene(ledger: Ledger, _uploadcare: FakeUploadcare, _pipeline: PhotoPipeline, photo: Photo) -> None:
        for fact in (Uploaded("refused"), RemovalIntended(), LaunchRefused()):
            photo = await ledger.record(photo, fact)
        assert await ledger.waits.store_webhook_result(WebhookResult("odd", "refused", "odd")) is Receipt.STORED
        assert await today(ledger) == 0
        (now,) = await ledger.query(versions_of, "a.jpg")
        assert not now.launch.has_lost_outcome

    played(tmp_path, scene)
