"""Photos as people name them, and what an order writes into the ledger."""

from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.errors import DuplicateInProgressError, LedgerError
from cutoutd.core.photo import (
    INTERNAL_FAULT,
    Failed,
    Published,
    Reprocessed,
    RetryDelivery,
    RetryUpload,
    State,
    Uploaded,
)
from cutoutd.core.photo.photo_selector import PhotoSelector
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import duplicates, photos, selection
from cutoutd.ledger.writes import approvals, remote_files
from support.ledgers import ACCEPTED, identity, photo_at, versions_of, with_ledger

#: What several photos show.
PICTURE = replace(ACCEPTED, sha256="7" * 64)
ANEW = Reprocessed(parameters="{}", previous_parameters="{}", reprocess_started_s=None)
CUTOUT = Published(cutout_sha256="d" * 64, cutout_bytes=5, target="a.png", note=None)


def test_of_a_path_the_newest_version_counts(tmp_path: Path) -> None:
    """In each folder; one that was superseded counts only when there is no other."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.FAILED)
        published = await photo_at(ledger, State.PUBLISHED, identity(mtime_ns=2))
        await photo_at(ledger, State.SUPERSEDED, identity(mtime_ns=3))
        other = await photo_at(ledger, State.ACCEPTED, identity(folder="people"))
        gone = await photo_at(ledger, State.SUPERSEDED, identity("gone.jpg"))
        assert await ledger.query(
            selection.photos_named, [PhotoSelector("a.jpg", ""), PhotoSelector(None, "a.jpg")]
        ) == [
            published,
            other,
        ]
        assert await ledger.query(
            selection.photos_named, [PhotoSelector("people", "a.jpg"), PhotoSelector(None, "x")]
        ) == [other]
        assert await ledger.query(selection.photos_named, [PhotoSelector(None, "gone.jpg")]) == [gone]
        assert await ledger.query(selection.newest_photo_ids, {State.FAILED, State.PUBLISHED}) == [published.id]

    with_ledger(tmp_path, scene)


def test_below_a_folder_or_fitting_a_pattern(tmp_path: Path) -> None:
    """All photos of the wanted states, in one folder or in all."""

    async def scene(ledger: Ledger) -> None:
        first = await photo_at(ledger, State.FAILED, identity("sub/a.jpg"))
        second = await photo_at(ledger, State.FAILED, identity("sub/b.jpg", folder="people"))
        await photo_at(ledger, State.PUBLISHED, identity("sub/c.jpg"))
        wanted = {State.FAILED}
        assert await ledger.query(selection.photo_ids_beneath, [PhotoSelector("products", "")], wanted) == [first.id]
        assert await ledger.query(
            selection.photo_ids_beneath, [PhotoSelector("sub", ""), PhotoSelector(None, "sub")], wanted
        ) == [
            first.id,
            second.id,
        ]
        assert await ledger.query(selection.photo_ids_beneath, [PhotoSelector(None, "*/b.*")], wanted) == [second.id]
        assert await ledger.query(selection.photo_ids_beneath, [PhotoSelector(None, "elsewhere")], wanted) == []

    with_ledger(tmp_path, scene)


def test_taking_up_is_a_fact_with_the_files_present_ctime(tmp_path: Path) -> None:
    """Row and event tell of it; who has an old look at the photo takes up nothing."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.FAILED)
        moved = await ledger.resume(photo, RetryUpload(parameters="{}"), 99)
        assert (moved.state, moved.identity.ctime_ns) == (State.ACCEPTED, 99)
        assert await ledger.query(versions_of, "a.jpg") == [moved]
        assert [event.order for event in await ledger.query(photos.history, None, 9)] == [
            None,
            None,
            None,
            "retried",
        ]
        with pytest.raises(LedgerError, match="no longer failed"):
            await ledger.resume(photo, RetryUpload(parameters="{}"), 5)
        assert await ledger.query(versions_of, "a.jpg") == [moved]

    with_ledger(tmp_path, scene)


def test_who_has_a_cutout_made_anew_has_approved_it(tmp_path: Path) -> None:
    """It was said what may be paid for; a large batch waits for nobody's word again. A retry is no such word."""

    async def scene(ledger: Ledger) -> None:
        await ledger.resume(await photo_at(ledger, State.PUBLISHED), ANEW, 1)
        assert await ledger.query(approvals.batches) == []
        failed = await photo_at(ledger, State.FAILED, identity("b.jpg"))
        await ledger.resume(failed, RetryUpload(parameters="{}"), 1)
        assert [batch.photos for batch in await ledger.query(approvals.batches)] == [1]

    with_ledger(tmp_path, scene)


def test_a_paid_result_is_not_taken_up_beside_its_twin(tmp_path: Path) -> None:
    """While the same picture is being paid for elsewhere, the photo stays as it is, ctime included."""

    async def scene(ledger: Ledger) -> None:
        finished = await photo_at(ledger, State.REMOVAL_FINISHED, accepted=PICTURE)
        failed = await ledger.record(finished, Failed(INTERNAL_FAULT, "s", "a"))
        await photo_at(ledger, State.REMOVAL_STARTED, identity("twin.jpg"), PICTURE)
        with pytest.raises(DuplicateInProgressError):
            await ledger.resume(failed, RetryDelivery(), 99)
        assert await ledger.query(versions_of, "a.jpg") == [failed]

    with_ledger(tmp_path, scene)


def test_the_earlier_cutout_is_known_while_another_is_made(tmp_path: Path) -> None:
    """Twins reuse it, it may be replaced, nothing older goes over it, and later neither of the two is forgotten."""

    async def scene(ledger: Ledger) -> None:
        older = await photo_at(ledger, State.REMOVAL_FINISHED, identity(mtime_ns=9))
        photo = await ledger.resume(await photo_at(ledger, State.PUBLISHED, accepted=PICTURE), ANEW, 1)
        twin = await photo_at(ledger, State.ACCEPTED, identity("twin.jpg"), PICTURE)
        assert (photo.state, photo.cutout.sha256, photo.upload.source_uuid) == (State.ACCEPTED, "c" * 64, None)
        assert await ledger.query(duplicates.published_duplicates, twin, 9) == [photo]
        assert await ledger.query(photos.cutouts_of, photo) == {"c" * 64}
        assert await ledger.query(photos.has_newer_publication, older)
        again = await ledger.record(photo, CUTOUT)
        assert again.cutout.previous_parameters is None
        assert await ledger.query(photos.cutouts_of, again) == {"c" * 64, "d" * 64}

    with_ledger(tmp_path, scene)


def test_who_is_to_be_paid_for_again_takes_only_what_was_paid_since(tmp_path: Path) -> None:
    """An earlier twin's cutout is no answer to a person who wants another; one that was paid for since is."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED, identity("old.jpg"), PICTURE)
        photo = await photo_at(ledger, State.PUBLISHED, accepted=PICTURE)
        since_s = photo.state_at_s
        anew = Reprocessed(parameters="{}", previous_parameters="{}", reprocess_started_s=since_s)
        photo = await ledger.resume(photo, anew, 1)
        assert await ledger.query(duplicates.published_duplicates, photo, 9) == []
        copied = await photo_at(ledger, State.ACCEPTED, identity("copy.jpg"), PICTURE)
        await ledger.record(copied, Published("c" * 64, 5, "copy.png", None, reused_from=1))
        assert await ledger.query(duplicates.published_duplicates, photo, 9) == []
        paid = await photo_at(ledger, State.PUBLISHED, identity("new.jpg"), PICTURE)
        assert await ledger.query(duplicates.published_duplicates, photo, 9) == [paid]

    with_ledger(tmp_path, scene)


def test_nothing_in_use_is_deleted_at_uploadcare(tmp_path: Path) -> None:
    """A removal that may run keeps its source; files of a photo taken up meanwhile are not those that were deleted."""

    async def to_clean(ledger: Ledger) -> list[str]:
        return await ledger.query(remote_files.to_clean, 1.0, 9)

    async def scene(ledger: Ledger) -> None:
        running = await photo_at(ledger, State.REMOVAL_STARTED, identity("running.jpg"))
        await ledger.record(running, Failed(INTERNAL_FAULT, "s", "a"))
        assert await to_clean(ledger) == []
        refused = await ledger.record(await photo_at(ledger, State.UPLOADED), Failed("refused", "s", "a"))
        assert await to_clean(ledger) == ["source-uuid"]
        again = await ledger.resume(refused, RetryUpload(parameters="{}"), 1)
        again = await ledger.record(again, Uploaded("another"))
        await ledger.files.mark_cleaned(["source-uuid"])
        assert await to_clean(ledger) == []
        await ledger.record(again, Failed("refused", "s", "a"))
        assert await to_clean(ledger) == ["another"]
        await ledger.files.mark_cleaned(["another"])
        assert await to_clean(ledger) == []

    with_ledger(tmp_path, scene)
