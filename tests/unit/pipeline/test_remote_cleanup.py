"""Deleting at Uploadcare what is no longer needed, many files at a time, again after a crash, never too early."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.config.types.choices import RemoteCleanup
from cutoutd.control import retry
from cutoutd.core.errors import UnreachableError
from cutoutd.core.photo import (
    Dismissed,
    Doubt,
    Fact,
    Failed,
    LaunchResponseLost,
    Published,
    RemovalFinished,
    RemovalIntended,
    RemovalStarted,
    Reprocessed,
    RetryDelivery,
    RetryUpload,
    State,
    Superseded,
    UploadAbandoned,
    Uploaded,
)
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import remote_files, webhook_results
from cutoutd.pipeline.maintenance.remote_cleanup import CleanupTiming, RemoteCleaner
from support.fakes.fake_uploadcare import FakeUploadcare
from support.ledgers import ACCEPTED, identity, photo_at, versions_of, with_ledger


def round_of(name: str) -> tuple[Fact, ...]:
    """The facts of one round from accepted to published."""
    return (
        Uploaded(f"{name}-source"),
        RemovalIntended(),
        RemovalStarted(f"{name}-request"),
        RemovalFinished(f"{name}-result"),
        Published("c" * 64, 5, "a.png", None),
    )


async def changed_after_upload(ledger: Ledger, number: int) -> None:
    """A photo at rest that left one file at Uploadcare."""
    photo = await ledger.discover(identity(f"{number}.jpg"))
    assert photo is not None
    photo = await ledger.accept(photo, replace(ACCEPTED), [f"{number}.png"])
    photo = await ledger.record(photo, Uploaded(f"source-{number}"))
    await ledger.record(photo, Superseded("changed", "it was changed", ""))


def test_files_are_deleted_in_batches(tmp_path: Path) -> None:
    """A hundred files share a request, all are done at last, and a second look finds nothing to do."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        for number in range(220):
            await changed_after_upload(ledger, number)
        cleanup = RemoteCleaner(ledger, uploadcare, RemoteCleanup.DELETE)
        assert await cleanup.clean() == 220
        assert await cleanup.clean() == 0

    with_ledger(tmp_path, scene)
    batches = [uuids.split() for _, uuids in uploadcare.calls]
    assert [len(batch) for batch in batches] == [100, 100, 20]
    assert {uuid for batch in batches for uuid in batch} == {f"source-{number}" for number in range(220)}


def test_source_and_result_go_together(tmp_path: Path) -> None:
    """Both files of a published photo are deleted; those of photos under way are not."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REMOVAL_FINISHED, identity("under-way.jpg"))
        done = await photo_at(ledger, State.ACCEPTED, identity("done.jpg"))
        for fact in round_of("done"):
            done = await ledger.record(done, fact)
        await RemoteCleaner(ledger, uploadcare, RemoteCleanup.DELETE).clean()

    with_ledger(tmp_path, scene)
    assert [sorted(uuids.split()) for _, uuids in uploadcare.calls] == [["done-result", "done-source"]]


def test_what_was_deleted_but_not_recorded_is_deleted_again(tmp_path: Path) -> None:
    """A refusal or crash between deletion and record repeats it; what was recorded until then is not repeated."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        for number in range(110):
            await changed_after_upload(ledger, number)
        cleanup = RemoteCleaner(ledger, uploadcare, RemoteCleanup.DELETE)
        go_on = uploadcare.hold("delete_files")
        cleaning = asyncio.create_task(cleanup.clean())
        await uploadcare.called("delete_files")
        cleaning.cancel()
        go_on.set()
        await asyncio.wait([cleaning])
        uploadcare.fail("delete_files", *[UnreachableError("away")])
        with pytest.raises(UnreachableError):
            await cleanup.clean()
        assert len(await ledger.query(remote_files.to_clean, time.time(), 200)) == 110
        assert await cleanup.clean() == 110

    with_ledger(tmp_path, scene)
    assert [len(uuids.split()) for _, uuids in uploadcare.calls] == [100, 100, 100, 10]


def test_trouble_is_told_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the daemon runs, a refusal is a warning, and the next round does it."""
    uploadcare = FakeUploadcare()
    uploadcare.fail("delete_files", UnreachableError("away"))

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED)
        cleaner = RemoteCleaner(ledger, uploadcare, RemoteCleanup.DELETE, CleanupTiming(linger_s=0.01))
        running = asyncio.create_task(cleaner.run())
        await asyncio.wait_for(uploadcare.called("delete_files", times=2), 60)
        while await ledger.query(remote_files.to_clean, time.time(), 1):  # noqa: ASYNC110  the ledger raises no events
            await asyncio.sleep(0)
        running.cancel()

    with_ledger(tmp_path, scene)
    assert "cleanup_postponed" in [record.action for record in caplog.records]


def test_an_answer_that_takes_long_counts(tmp_path: Path) -> None:
    """A deletion that the service is slow about is recorded, also when cutoutd stops, and not repeated for ever."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED)
        cleaner = RemoteCleaner(ledger, uploadcare, RemoteCleanup.DELETE, CleanupTiming(last_round_s=0.05))
        answer = uploadcare.hold("delete_files")
        finishing = asyncio.create_task(cleaner.finish())
        await uploadcare.called("delete_files")
        await asyncio.sleep(0.1)
        assert not finishing.done()
        answer.set()
        await finishing
        assert await ledger.query(remote_files.to_clean, time.time(), 9) == []

    with_ledger(tmp_path, scene)
    assert uploadcare.count("delete_files") == 1


def test_a_stop_begins_no_request_after_its_time(tmp_path: Path) -> None:
    """What is left is deleted by the next start."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED)
        await RemoteCleaner(ledger, uploadcare, RemoteCleanup.DELETE, CleanupTiming(last_round_s=0.0)).finish()

    with_ledger(tmp_path, scene)
    assert uploadcare.count("delete_files") == 0


async def deleted(ledger: Ledger, *, days_later: float = 0.0) -> set[str]:
    """The files that a cleaner would delete at that time."""
    return set(await ledger.query(remote_files.to_clean, time.time() + days_later * 86_400.0, 99))


def test_a_photo_made_again_leaves_nothing_of_its_first_round(tmp_path: Path) -> None:
    """Also if the command came before the cleanup, and while the second round has to wait for days."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.ACCEPTED)
        for fact in round_of("first"):
            photo = await ledger.record(photo, fact)
        photo = await ledger.resume(
            photo, Reprocessed(parameters="{}", previous_parameters="{}", reprocess_started_s=1.0), 1
        )
        assert await deleted(ledger) == {"first-source", "first-result"}
        late = WebhookResult("late", "first-source", "another-request")
        await ledger.waits.store_webhook_result(late)
        assert await deleted(ledger) == {"first-source", "first-result", "late"}
        assert await ledger.query(webhook_results.result_for, photo) is None
        photo = await ledger.record(photo, Uploaded("second-source"))
        assert "second-source" not in await deleted(ledger)

    with_ledger(tmp_path, scene)


def test_both_results_of_a_double_charge_are_deleted(tmp_path: Path) -> None:
    """The result of the lost launch is announced when the photo is published already."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        for fact in (LaunchResponseLost(1.0, "cut off"), UploadAbandoned(), *round_of("second")):
            photo = await ledger.record(photo, fact)
        assert await deleted(ledger) == {"source-uuid", "second-source", "second-result"}
        await ledger.waits.store_webhook_result(WebhookResult("first-result", "source-uuid", "first-request"))
        assert await deleted(ledger) == {"source-uuid", "second-source", "second-result", "first-result"}

    with_ledger(tmp_path, scene)


def test_an_upload_that_was_given_up_goes_after_a_day(tmp_path: Path) -> None:
    """Not before, because its removal may still run; and not the one that took its place."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        for fact in (LaunchResponseLost(1.0, "cut off"), UploadAbandoned(), Uploaded("second-source")):
            photo = await ledger.record(photo, fact)
        assert await deleted(ledger) == set()
        assert await deleted(ledger, days_later=1.1) == {"source-uuid"}
        await ledger.files.note_unwanted_upload(photo, "changed-while-sent")
        assert await deleted(ledger) == {"changed-while-sent"}

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(("is_dismissed", "days"), [(False, 30), (True, 7)])
def test_a_paid_result_is_kept_for_a_retry_and_then_deleted(tmp_path: Path, is_dismissed: bool, days: int) -> None:  # noqa: FBT001  a case of the table
    """After that the photo no longer counts on it: a retry says what it costs, and pays."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_FINISHED)
        photo = await ledger.record(photo, Failed("refused", "s", "a"))
        photo = await ledger.record(photo, Dismissed()) if is_dismissed else photo
        assert "result-uuid" not in await deleted(ledger, days_later=days - 0.1)
        assert isinstance(retry.fact_after(photo, "{}"), RetryDelivery)
        assert await deleted(ledger, days_later=days + 0.1) == {"source-uuid", "result-uuid"}
        await ledger.files.mark_cleaned(["source-uuid", "result-uuid"])
        (photo,) = await ledger.query(versions_of, "a.jpg")
        assert isinstance(retry.fact_after(photo, "{}"), RetryUpload)
        assert await deleted(ledger, days_later=99) == set()

    with_ledger(tmp_path, scene)


def test_the_files_of_a_doubtful_cutout_stay_for_a_day(tmp_path: Path) -> None:
    """A person may want the result once more; after a day nothing is kept, as for every other photo."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_FINISHED, identity("doubtful.jpg"))
        await ledger.record(photo, Published("c" * 64, 9, "doubtful.png", None, doubt=Doubt.OTHER_SIZE))
        assert await deleted(ledger, days_later=0.9) == set()
        assert await deleted(ledger, days_later=1.1) == {"source-uuid", "result-uuid"}
        assert await RemoteCleaner(ledger, FakeUploadcare(), RemoteCleanup.DELETE).clean() == 0

    with_ledger(tmp_path, scene)
