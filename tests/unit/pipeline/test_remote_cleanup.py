"""Deleting at Uploadcare what is no longer needed, many files at a time, again after a crash, never too early."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.config.types.choices import RemoteCleanup
from cutoutd.core.errors import UnreachableError
from cutoutd.core.photo import Doubt, Published, State, Superseded, Uploaded
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.pipeline.maintenance.remote_cleanup import CleanupTiming, RemoteCleaner
from support.fakes.fake_uploadcare import FakeUploadcare
from support.ledgers import ACCEPTED, identity, photo_at, with_ledger


async def changed_after_upload(ledger: Ledger, number: int) -> None:
    """A photo at rest that left one file at Uploadcare."""
    photo = await ledger.discover(identity(f"{number}.jpg"))
    assert photo is not None
    photo = await ledger.accept(photo, replace(ACCEPTED), [f"{number}.png"])
    photo = await ledger.record(photo, Uploaded(f"source-{number}"))
    await ledger.record(photo, Superseded("changed", "it was changed", ""))


def test_files_are_deleted_in_batches(tmp_path: Path) -> None:
    """Fifty photos share a request, all are done at last, and a second look finds nothing to do."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        for number in range(120):
            await changed_after_upload(ledger, number)
        cleanup = RemoteCleaner(ledger, uploadcare, RemoteCleanup.DELETE)
        assert await cleanup.clean() == 120
        assert await cleanup.clean() == 0

    with_ledger(tmp_path, scene)
    batches = [uuids.split() for _, uuids in uploadcare.calls]
    assert [len(batch) for batch in batches] == [50, 50, 20]
    assert {uuid for batch in batches for uuid in batch} == {f"source-{number}" for number in range(120)}


def test_source_and_result_go_together(tmp_path: Path) -> None:
    """Both files of a published photo are deleted; those of photos under way are not."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REMOVAL_FINISHED, identity("under-way.jpg"))
        await photo_at(ledger, State.PUBLISHED, identity("done.jpg"))
        await RemoteCleaner(ledger, uploadcare, RemoteCleanup.DELETE).clean()

    with_ledger(tmp_path, scene)
    assert uploadcare.calls == [("delete_files", "source-uuid result-uuid")]


def test_what_was_deleted_but_not_recorded_is_deleted_again(tmp_path: Path) -> None:
    """A refusal or crash between deletion and record repeats it; what was recorded until then is not repeated."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        for number in range(60):
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
        assert len(await ledger.query(photos.to_clean, 100)) == 60
        assert await cleanup.clean() == 60

    with_ledger(tmp_path, scene)
    assert [len(uuids.split()) for _, uuids in uploadcare.calls] == [50, 50, 50, 10]


def test_trouble_is_told_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the daemon runs, a refusal is a warning, and the next round does it."""
    uploadcare = FakeUploadcare()
    uploadcare.fail("delete_files", UnreachableError("away"))

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED)
        cleaner = RemoteCleaner(ledger, uploadcare, RemoteCleanup.DELETE, CleanupTiming(linger_s=0.01))
        running = asyncio.create_task(cleaner.run())
        await asyncio.wait_for(uploadcare.called("delete_files", times=2), 60)
        while await ledger.query(photos.to_clean, 1):  # noqa: ASYNC110  the ledger raises no events
            await asyncio.sleep(0)
        running.cancel()

    with_ledger(tmp_path, scene)
    assert "cleanup_postponed" in [record.action for record in caplog.records]


def test_the_files_of_a_doubtful_cutout_stay_for_a_day(tmp_path: Path) -> None:
    """A person may want the result once more; after a day nothing is kept, as for every other photo."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_FINISHED, identity("doubtful.jpg"))
        await ledger.record(photo, Published("c" * 64, 9, "doubtful.png", None, doubt=Doubt.OTHER_SIZE))
        now_s = time.time()
        assert await ledger.query(photos.to_clean, 9, now_s - 86_400) == []
        assert len(await ledger.query(photos.to_clean, 9, now_s + 1)) == 1
        assert await RemoteCleaner(ledger, FakeUploadcare(), RemoteCleanup.DELETE).clean() == 0

    with_ledger(tmp_path, scene)
