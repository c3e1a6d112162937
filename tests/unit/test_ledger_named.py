"""Photos as people name them, and what an order writes into the ledger."""

from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.errors import LedgerError, TwinPaysError
from cutoutd.core.photo import (
    INTERNAL_FAULT,
    Failed,
    Photo,
    Published,
    Reprocessed,
    RetriedDelivery,
    RetriedUpload,
    State,
    Uploaded,
)
from cutoutd.core.photo_selector import Address
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import duplicates as twins
from cutoutd.ledger.queries import photos as questions
from cutoutd.ledger.queries import selection as named
from cutoutd.ledger.writes import approvals as batches
from ledgers import ACCEPTED, identity, photo_at, with_ledger

#: What several photos show.
PICTURE = replace(ACCEPTED, sha256="7" * 64)
ANEW = Reprocessed(parameters="{}", earlier_parameters="{}", anew_since_s=None)
CUTOUT = Published(cutout_sha256="d" * 64, cutout_bytes=5, target="a.png", note=None)


def test_of_a_path_the_newest_version_counts(tmp_path: Path) -> None:
    """In each folder; one that was superseded counts only when there is no other."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.FAILED)
        published = await photo_at(ledger, State.PUBLISHED, identity(mtime_ns=2))
        await photo_at(ledger, State.SUPERSEDED, identity(mtime_ns=3))
        other = await photo_at(ledger, State.ACCEPTED, identity(folder="people"))
        gone = await photo_at(ledger, State.SUPERSEDED, identity("gone.jpg"))
        assert await ledger.ask(named.named, [Address("a.jpg", ""), Address(None, "a.jpg")]) == [published, other]
        assert await ledger.ask(named.named, [Address("people", "a.jpg"), Address(None, "x")]) == [other]
        assert await ledger.ask(named.named, [Address(None, "gone.jpg")]) == [gone]
        assert await ledger.ask(named.newest_at, {State.FAILED, State.PUBLISHED}) == [published.id]

    with_ledger(tmp_path, scene)


def test_below_a_folder_or_fitting_a_pattern(tmp_path: Path) -> None:
    """All photos of the wanted states, in one folder or in all."""

    async def scene(ledger: Ledger) -> None:
        first = await photo_at(ledger, State.FAILED, identity("sub/a.jpg"))
        second = await photo_at(ledger, State.FAILED, identity("sub/b.jpg", folder="people"))
        await photo_at(ledger, State.PUBLISHED, identity("sub/c.jpg"))
        wanted = {State.FAILED}
        assert await ledger.ask(named.beneath, [Address("products", "")], wanted) == [first.id]
        assert await ledger.ask(named.beneath, [Address("sub", ""), Address(None, "sub")], wanted) == [
            first.id,
            second.id,
        ]
        assert await ledger.ask(named.beneath, [Address(None, "*/b.*")], wanted) == [second.id]
        assert await ledger.ask(named.beneath, [Address(None, "elsewhere")], wanted) == []

    with_ledger(tmp_path, scene)


def test_taking_up_is_a_fact_with_the_files_present_ctime(tmp_path: Path) -> None:
    """Row and event tell of it; who has an old look at the photo takes up nothing."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.FAILED)
        moved = await ledger.take_up(photo, RetriedUpload(parameters="{}"), 99)
        assert (moved.state, moved.identity.ctime_ns) == (State.ACCEPTED, 99)
        assert await ledger.ask(questions.versions_of, "a.jpg") == [moved]
        assert [event.order for event in await ledger.ask(questions.history, None, 9)] == [None, None, None, "retried"]
        with pytest.raises(LedgerError, match="no longer failed"):
            await ledger.take_up(photo, RetriedUpload(parameters="{}"), 5)
        assert await ledger.ask(questions.versions_of, "a.jpg") == [moved]

    with_ledger(tmp_path, scene)


def test_who_has_a_cutout_made_anew_has_approved_it(tmp_path: Path) -> None:
    """It was said what may be paid for; a large batch waits for nobody's word again. A retry is no such word."""

    async def scene(ledger: Ledger) -> None:
        await ledger.take_up(await photo_at(ledger, State.PUBLISHED), ANEW, 1)
        assert await ledger.ask(batches.batches) == []
        failed = await photo_at(ledger, State.FAILED, identity("b.jpg"))
        await ledger.take_up(failed, RetriedUpload(parameters="{}"), 1)
        assert [batch.photos for batch in await ledger.ask(batches.batches)] == [1]

    with_ledger(tmp_path, scene)


def test_a_paid_result_is_not_taken_up_beside_its_twin(tmp_path: Path) -> None:
    """While the same picture is being paid for elsewhere, the photo stays as it is, ctime included."""

    async def scene(ledger: Ledger) -> None:
        finished = await photo_at(ledger, State.REMOVAL_FINISHED, accepted=PICTURE)
        failed = await ledger.record(finished, Failed(INTERNAL_FAULT, "s", "a"))
        await photo_at(ledger, State.REMOVAL_STARTED, identity("twin.jpg"), PICTURE)
        with pytest.raises(TwinPaysError):
            await ledger.take_up(failed, RetriedDelivery(), 99)
        assert await ledger.ask(questions.versions_of, "a.jpg") == [failed]

    with_ledger(tmp_path, scene)


def test_the_earlier_cutout_is_known_while_another_is_made(tmp_path: Path) -> None:
    """Twins reuse it, it may be replaced, nothing older goes over it, and later neither of the two is forgotten."""

    async def scene(ledger: Ledger) -> None:
        older = await photo_at(ledger, State.REMOVAL_FINISHED, identity(mtime_ns=9))
        photo = await ledger.take_up(await photo_at(ledger, State.PUBLISHED, accepted=PICTURE), ANEW, 1)
        twin = await photo_at(ledger, State.ACCEPTED, identity("twin.jpg"), PICTURE)
        assert (photo.state, photo.cutout_sha256, photo.source_uuid) == (State.ACCEPTED, "c" * 64, None)
        assert await ledger.ask(twins.published_twins, twin, 9) == [photo]
        assert await ledger.ask(questions.cutouts_of, photo) == {"c" * 64}
        assert await ledger.ask(questions.has_newer_publication, older)
        again = await ledger.record(photo, CUTOUT)
        assert again.earlier_parameters is None
        assert await ledger.ask(questions.cutouts_of, again) == {"c" * 64, "d" * 64}

    with_ledger(tmp_path, scene)


def test_who_is_to_be_paid_for_again_takes_only_what_was_paid_since(tmp_path: Path) -> None:
    """An earlier twin's cutout is no answer to a person who wants another; one that was paid for since is."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED, identity("old.jpg"), PICTURE)
        photo = await photo_at(ledger, State.PUBLISHED, accepted=PICTURE)
        since_s = photo.state_at_s
        anew = Reprocessed(parameters="{}", earlier_parameters="{}", anew_since_s=since_s)
        photo = await ledger.take_up(photo, anew, 1)
        assert await ledger.ask(twins.published_twins, photo, 9) == []
        copied = await photo_at(ledger, State.ACCEPTED, identity("copy.jpg"), PICTURE)
        await ledger.record(copied, Published("c" * 64, 5, "copy.png", None, reused_from=1))
        assert await ledger.ask(twins.published_twins, photo, 9) == []
        paid = await photo_at(ledger, State.PUBLISHED, identity("new.jpg"), PICTURE)
        assert await ledger.ask(twins.published_twins, photo, 9) == [paid]

    with_ledger(tmp_path, scene)


def test_nothing_in_use_is_deleted_at_uploadcare(tmp_path: Path) -> None:
    """A removal that may run keeps its source; files of a photo taken up meanwhile are not those that were deleted."""

    async def to_clean(ledger: Ledger) -> list[Photo]:
        return list(await ledger.ask(questions.to_clean, 9))

    async def scene(ledger: Ledger) -> None:
        running = await photo_at(ledger, State.REMOVAL_STARTED, identity("running.jpg"))
        await ledger.record(running, Failed(INTERNAL_FAULT, "s", "a"))
        assert await to_clean(ledger) == []
        refused = await ledger.record(await photo_at(ledger, State.UPLOADED), Failed("refused", "s", "a"))
        assert await to_clean(ledger) == [refused]
        again = await ledger.take_up(refused, RetriedUpload(parameters="{}"), 1)
        again = await ledger.record(again, Uploaded("another"))
        await ledger.mark_cleaned([refused])
        again = await ledger.record(again, Failed("refused", "s", "a"))
        assert await to_clean(ledger) == [again]
        await ledger.mark_cleaned([again])
        assert await to_clean(ledger) == []
        again = await ledger.take_up(again, RetriedUpload(parameters="{}"), 1)
        again = await ledger.record(again, Uploaded("third"))
        assert await to_clean(ledger) == []
        again = await ledger.record(again, Failed("refused", "s", "a"))
        assert await to_clean(ledger) == [again]

    with_ledger(tmp_path, scene)
