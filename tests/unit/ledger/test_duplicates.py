"""Who pays for photos of the same picture, and who waits for whom."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.errors import DuplicateInProgressError
from cutoutd.core.photo import (
    UNTIL_SOMEBODY_ACTS_S,
    LaunchNotMade,
    LaunchResponseLost,
    Published,
    RemovalFinished,
    RemovalIntended,
    RemovalLocked,
    RemovalStarted,
    State,
    Uploaded,
    Wait,
    WaitKind,
)
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import duplicates, known_files, photos
from support.ledgers import ACCEPTED, identity, in_database, photo_at, with_ledger

PICTURE = replace(ACCEPTED, sha256="7" * 64)
NOT_FOR_LONG = Wait(WaitKind.RETRY, 0.0, 1, "Uploadcare could not be reached")
AWAY = Wait(WaitKind.UNAVAILABLE, 0.0, 1, "its folder is no longer in the configuration")
FULL = Wait(WaitKind.PLACE, 0.0, 1, "its output is full")
OVER = Wait(WaitKind.HELD, time.time() + 86_400, reason="per_day is reached")
TRIED = Wait(WaitKind.RETRY, 0.0, 3, "Uploadcare still processes the upload")
HELD = Wait(WaitKind.UNAPPROVED, UNTIL_SOMEBODY_ACTS_S, 1, "its folder has more new photos than that")


@pytest.mark.parametrize("wait", [AWAY, HELD, FULL, OVER, TRIED], ids=["away", "held", "full", "over", "tried"])
@pytest.mark.parametrize("state", [State.ACCEPTED, State.UPLOADED])
def test_nobody_waits_for_an_unpaid_photo_that_may_never_go_on(tmp_path: Path, state: State, wait: Wait) -> None:
    """A folder that got another name in the configuration has its photos twice; the old ones are never paid for."""

    async def scene(ledger: Ledger) -> None:
        payer = await photo_at(ledger, state, identity(folder="before"), PICTURE)
        copy = await photo_at(ledger, State.ACCEPTED, identity(), PICTURE)
        assert await ledger.query(duplicates.elected_payer, copy) == payer
        await ledger.postpone(
            copy, Wait(WaitKind.DUPLICATE, time.time() + 3600, 0, "the same picture is under way", for_photo=payer.id)
        )
        payer = await ledger.postpone(payer, wait)
        assert await ledger.query(duplicates.elected_payer, copy) is None
        assert await ledger.query(
            photos.due, {State.ACCEPTED}, time.time(), 9, skipped=photos.SkippedPhotos(folders={"before"})
        ) == [copy]

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "wait"), [(State.UPLOADED, NOT_FOR_LONG), (State.REMOVAL_INTENDED, AWAY), (State.REMOVAL_STARTED, AWAY)]
)
def test_who_goes_on_by_itself_is_waited_for(tmp_path: Path, state: State, wait: Wait) -> None:
    """An upload that is tried again soon, and whatever may be paid for, wherever it is from."""

    async def scene(ledger: Ledger) -> None:
        payer = await photo_at(ledger, state, identity(folder="before"), PICTURE)
        copy = await photo_at(ledger, State.ACCEPTED, identity(), PICTURE)
        payer = await ledger.postpone(payer, wait)
        assert await ledger.query(duplicates.elected_payer, copy) == payer

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("state", [State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED])
def test_a_metadata_edit_waits_for_the_payer_of_its_picture(tmp_path: Path, state: State) -> None:
    """Another file with the same picture is a duplicate, and only one of the two can be paid for."""

    async def scene(ledger: Ledger) -> None:
        seen = replace(PICTURE, picture_sha256="a" * 64)
        payer = await photo_at(ledger, state, identity("b.jpg"), seen)
        edited = await photo_at(ledger, State.UPLOADED, identity(), replace(seen, sha256="8" * 64))
        assert edited not in ledger.known_unique
        assert payer not in ledger.known_unique
        if state is State.UPLOADED:
            payer = await ledger.record(payer, RemovalIntended())
        assert await ledger.query(duplicates.elected_payer, edited) == payer
        with pytest.raises(DuplicateInProgressError):
            await ledger.record_launch_intent(edited, None)

    with_ledger(tmp_path, scene)


def test_a_photo_of_an_earlier_version_is_found_by_its_file(tmp_path: Path) -> None:
    """Its row has no hash of the picture: a copy finds it by the file, and gives it the hash for all later edits."""

    async def scene(ledger: Ledger) -> None:
        old = await photo_at(ledger, State.PUBLISHED, identity("b.jpg"), PICTURE)
        copy = await photo_at(ledger, State.ACCEPTED, identity(), replace(PICTURE, picture_sha256="a" * 64))
        assert [each.id for each in await ledger.query(duplicates.published_duplicates, copy, 9)] == [old.id]
        edited = replace(PICTURE, sha256="8" * 64, picture_sha256="a" * 64)
        edit = await photo_at(ledger, State.ACCEPTED, identity("c.jpg"), edited)
        assert [each.id for each in await ledger.query(duplicates.published_duplicates, edit, 9)] == [old.id]

    with_ledger(tmp_path, scene)


def test_rows_without_a_hash_are_no_duplicates_of_each_other(tmp_path: Path) -> None:
    """Two unknown pictures are not the same one."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED, identity("b.jpg"), PICTURE)
        other = await photo_at(ledger, State.ACCEPTED, identity(), replace(PICTURE, sha256="9" * 64))
        assert not await ledger.query(duplicates.published_duplicates, other, 9)
        assert await ledger.query(duplicates.elected_payer, other) is None
        assert not await ledger.query(known_files.has_duplicate_at_uploadcare, other)

    with_ledger(tmp_path, scene)


def test_a_picture_with_an_unknown_outcome_is_not_launched_with_other_parameters(tmp_path: Path) -> None:
    """Their results could not be told apart, so one waits for the other; a launch with an answer holds up none."""

    async def scene(ledger: Ledger) -> None:
        lost = await photo_at(ledger, State.REMOVAL_INTENDED, identity("lost.jpg"), PICTURE)
        other = replace(PICTURE, parameters='{"type":"car"}')
        photo = await photo_at(ledger, State.UPLOADED, identity(), other)
        assert await ledger.query(duplicates.elected_payer, photo) is None
        lost = await ledger.record(lost, RemovalLocked(1.0))
        assert await ledger.query(duplicates.elected_payer, photo) == lost
        lost = await ledger.record(lost, LaunchResponseLost(1.0, "no answer"))
        assert await ledger.query(duplicates.elected_payer, photo) == lost
        await ledger.record(lost, LaunchNotMade())
        assert await ledger.query(duplicates.elected_payer, photo) is None

    with_ledger(tmp_path, scene)


def test_two_launches_of_a_picture_with_other_parameters_are_never_on_their_way_at_once(tmp_path: Path) -> None:
    """Both answers may be lost, and then neither result could be told from the other."""

    async def scene(ledger: Ledger) -> None:
        first = await photo_at(ledger, State.UPLOADED, identity("first.jpg"), PICTURE)
        other = replace(PICTURE, parameters='{"type":"car"}')
        second = await photo_at(ledger, State.UPLOADED, identity("second.jpg"), other)
        first = await ledger.record_launch_intent(first, None)
        with pytest.raises(DuplicateInProgressError, match="other parameters"):
            await ledger.record_launch_intent(second, None)
        await ledger.record(first, RemovalStarted("request"))
        assert (await ledger.record_launch_intent(second, None)).state is State.REMOVAL_INTENDED

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(("parameters", "is_same"), [('{"type":"car"}', False), (PICTURE.parameters, True)])
def test_the_same_picture_with_other_parameters_is_paid_for_on_its_own(
    tmp_path: Path, parameters: str, *, is_same: bool
) -> None:
    """Its cutout is another one: it neither waits for the first one's, nor is a copy of it."""

    async def scene(ledger: Ledger) -> None:
        second = await photo_at(ledger, State.UPLOADED, identity("b.jpg"), replace(PICTURE, parameters=parameters))
        first = await photo_at(ledger, State.REMOVAL_STARTED, identity("a.jpg"), replace(PICTURE))
        assert (await ledger.query(duplicates.elected_payer, second) == first) is is_same
        for fact in (RemovalFinished("result"), Published("c" * 64, 9, "a.png", None)):
            first = await ledger.record(first, fact)
        assert (await ledger.query(duplicates.published_duplicates, second, 9) == [first]) is is_same
        info = await ledger.query(duplicates.duplicate_info, second, frozenset())
        assert info.has_cutout is is_same

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(("one", "other", "is_same"), [(0, 0, True), (5, 5, True), (0, 5, False), (5, 6, False)])
def test_photos_that_are_sent_by_other_rules_are_no_duplicates(
    tmp_path: Path, one: int, other: int, *, is_same: bool
) -> None:
    """A smaller copy has another cutout: neither waits for the other nor takes its cutout, and both may be paid for."""

    async def scene(ledger: Ledger) -> None:
        first = await photo_at(ledger, State.ACCEPTED, identity("a.jpg"), replace(PICTURE, sent_within=one))
        first = await ledger.record(first, Uploaded("a", sent_within=one))
        second = await photo_at(ledger, State.ACCEPTED, identity("b.jpg"), replace(PICTURE, sent_within=other))
        second = await ledger.record(second, Uploaded("b", sent_within=other))
        first = await ledger.record(first, RemovalIntended())
        assert (await ledger.query(duplicates.elected_payer, second) is not None) is is_same
        if is_same:
            with pytest.raises(DuplicateInProgressError):
                await ledger.record(second, RemovalIntended())
        for fact in (RemovalStarted("request"), RemovalFinished("result"), Published("c" * 64, 9, "a.png", None)):
            first = await ledger.record(first, fact)
        assert bool(await ledger.query(duplicates.published_duplicates, second, 9)) is is_same
        if not is_same:
            await ledger.record(second, RemovalIntended())

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UPLOADED])
def test_nobody_waits_for_an_unpaid_photo_of_a_closed_folder(tmp_path: Path, state: State) -> None:
    """One that is away, not scanned or not configured pays for nothing now; what is paid for is waited for anyway."""

    async def scene(ledger: Ledger) -> None:
        payer = await photo_at(ledger, state, identity(folder="away"), PICTURE)
        copy = await photo_at(ledger, State.ACCEPTED, identity(), PICTURE)
        assert await ledger.query(duplicates.elected_payer, copy) == payer
        assert await ledger.query(duplicates.elected_payer, copy, ["away"]) is None
        if state is State.UPLOADED:
            payer = await ledger.record(payer, RemovalIntended())
            assert await ledger.query(duplicates.elected_payer, copy, ["away"]) == payer

    with_ledger(tmp_path, scene)


def test_a_smaller_copy_of_an_earlier_version_is_reused_for_smaller_copies_only(tmp_path: Path) -> None:
    """It stored no limit: it may be that of any other smaller copy, and it is never the whole photo."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED, identity("a.jpg"), replace(PICTURE, sent_within=0))
        in_database(tmp_path, "UPDATE photos SET sent_within = -1")  # SENT_SMALLER
        smaller = await photo_at(ledger, State.ACCEPTED, identity("b.jpg"), replace(PICTURE, sent_within=5))
        whole = await photo_at(ledger, State.ACCEPTED, identity("c.jpg"), PICTURE)
        assert await ledger.query(duplicates.published_duplicates, smaller, 9)
        assert not await ledger.query(duplicates.published_duplicates, whole, 9)

    with_ledger(tmp_path, scene)


def test_a_start_lets_photos_look_for_another_payer(tmp_path: Path) -> None:
    """The folder of the payer may be gone with the new configuration; one that is paid for is still waited for."""

    async def scene(ledger: Ledger) -> None:
        for name, state in (("unpaid", State.ACCEPTED), ("paid", State.REMOVAL_STARTED)):
            picture = replace(PICTURE, sha256=name[0] * 64)
            payer = await photo_at(ledger, state, identity(f"{name}.jpg"), picture)
            copy = await photo_at(ledger, State.ACCEPTED, identity(f"{name} copy.jpg"), picture)
            wait = Wait(WaitKind.DUPLICATE, time.time() + 3600, 0, "it is under way", for_photo=payer.id)
            await ledger.postpone(copy, wait)
        await ledger.waits.release_duplicates()
        due = await ledger.query(photos.due, {State.ACCEPTED}, time.time(), 9)
        assert [photo.identity.path for photo in due] == ["unpaid.jpg", "unpaid copy.jpg"]

    with_ledger(tmp_path, scene)
