"""Changes of rows that are no facts: each touches the photos that are meant, and no other."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from cutoutd.core.photo import (
    NO_WAIT,
    Doubt,
    Photo,
    Published,
    RemovalIntended,
    RemovalStarted,
    SourceOutcome,
    SourceResult,
    State,
    Uploaded,
    Wait,
    WaitKind,
)
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos, selection
from cutoutd.ledger.schema import tables
from cutoutd.ledger.writes import marks
from support.ledgers import ACCEPTED, identity, in_database, photo_at, versions_of, with_ledger

LATER_S = 4e9
PICTURE = replace(ACCEPTED, sha256="7" * 64)
SEEN = replace(PICTURE, picture_sha256="a" * 64)


async def waiting(ledger: Ledger, path: str, kind: WaitKind, folder: str = "products") -> Photo:
    photo = await photo_at(ledger, State.ACCEPTED, identity(path, folder=folder))
    return await ledger.postpone(photo, Wait(kind, LATER_S, 1, "it waits"))


async def free(ledger: Ledger) -> list[str]:
    """The photos that wait for nothing, by their paths."""
    found = await ledger.query(photos.at_state, {State.ACCEPTED}, 99)
    return sorted(photo.identity.path for photo in found if photo.wait == NO_WAIT)


async def now(ledger: Ledger, photo: Photo) -> Photo:
    (found,) = await ledger.query(selection.photos_with_ids, [photo.id])
    return found


def test_a_new_allowance_lets_the_first_held_photos_go_on(tmp_path: Path) -> None:
    """As many as it has room for; those of closed folders could not use it, and other waits are none of its."""

    async def scene(ledger: Ledger) -> None:
        await waiting(ledger, "closed.jpg", WaitKind.HELD, "away")
        await waiting(ledger, "retried.jpg", WaitKind.RETRY)
        for number in range(3):
            await waiting(ledger, f"{number}.jpg", WaitKind.HELD)
        await ledger.waits.release_held(2, ["away"])
        assert await free(ledger) == ["0.jpg", "1.jpg"]
        await ledger.waits.release_held(9)
        assert await free(ledger) == ["0.jpg", "1.jpg", "2.jpg", "closed.jpg"]

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("kind", "folder", "expected"),
    [
        (WaitKind.UNAVAILABLE, "products", ["here.jpg"]),
        (WaitKind.UNAVAILABLE, None, ["here.jpg", "there.jpg"]),
        (WaitKind.PLACE, "products", ["here.jpg"]),
    ],
)
def test_a_folder_that_is_back_ends_its_own_waits(
    tmp_path: Path, kind: WaitKind, folder: str | None, expected: list[str]
) -> None:
    """Those of that cause and of that folder alone."""

    async def scene(ledger: Ledger) -> None:
        await waiting(ledger, "here.jpg", kind)
        await waiting(ledger, "there.jpg", kind, "people")
        await waiting(ledger, "held.jpg", WaitKind.HELD)
        if folder is not None and kind is WaitKind.PLACE:
            await ledger.waits.release_placeless(folder)
        else:
            await ledger.waits.release_unavailable(folder)
        assert await free(ledger) == expected

    with_ledger(tmp_path, scene)


async def uploaded_and_started(ledger: Ledger, photo: Photo, request: str) -> Photo:
    for fact in (Uploaded(f"{request}-upload"), RemovalIntended(), RemovalStarted(request)):
        photo = await ledger.record(photo, fact)
    return photo


async def of_an_earlier_version(ledger: Ledger, name: str = "old.jpg", parameters: str = "{}") -> Photo:
    """A photo that is being paid for, whose row knows its file and not its picture."""
    photo = await photo_at(ledger, State.ACCEPTED, identity(name), replace(PICTURE, parameters=parameters))
    return await uploaded_and_started(ledger, photo, name)


@pytest.mark.parametrize(
    ("parameters", "is_given"), [("{}", False), ('{"type":"car"}', True)], ids=["in the way", "made otherwise"]
)
def test_a_row_that_is_paid_for_gets_no_hash_of_a_picture_that_is_paid_for(
    tmp_path: Path, parameters: str, *, is_given: bool
) -> None:
    """Both were paid for already, so neither is taken back; a later copy of the file is stored all the same."""

    async def scene(ledger: Ledger) -> None:
        done = await photo_at(ledger, State.PUBLISHED, identity("done.jpg"), PICTURE)
        old = await of_an_earlier_version(ledger)
        edited = replace(SEEN, sha256="8" * 64, parameters=parameters)
        await uploaded_and_started(ledger, await photo_at(ledger, State.ACCEPTED, identity(), edited), "edited")
        await photo_at(ledger, State.ACCEPTED, identity("copy.jpg"), SEEN)
        assert (await now(ledger, old)).picture.picture_sha256 == (SEEN.picture_sha256 if is_given else None)
        assert (await now(ledger, done)).picture.picture_sha256 == SEEN.picture_sha256

    with_ledger(tmp_path, scene)


def test_a_copy_gives_the_hash_of_its_picture_to_the_rows_of_its_file(tmp_path: Path) -> None:
    """Paid for, or published: a row of this file without one gets it; one of another file, or with one, does not."""

    async def scene(ledger: Ledger) -> None:
        done = await photo_at(ledger, State.PUBLISHED, identity("done.jpg"), PICTURE)
        old = await of_an_earlier_version(ledger)
        other = await photo_at(ledger, State.PUBLISHED, identity("other.jpg"), replace(PICTURE, sha256="9" * 64))
        await photo_at(ledger, State.ACCEPTED, identity("copy.jpg"), SEEN)
        later = replace(PICTURE, picture_sha256="b" * 64)
        await photo_at(ledger, State.ACCEPTED, identity("later.jpg"), later)
        hashes = [(await now(ledger, photo)).picture.picture_sha256 for photo in (old, done, other)]
        assert hashes == ["a" * 64, "a" * 64, None]

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    "difference",
    [{"folder": "people"}, {"path": "b.jpg"}, {"size_bytes": 5}, {"mtime_ns": 5}, {"inode": 5}, {"ctime_ns": 5}],
)
def test_a_version_is_taken_if_it_differs_from_every_other_in_anything(
    tmp_path: Path, difference: dict[str, object]
) -> None:
    """Folder, path, size, times and inode together are one version of a file."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.PUBLISHED, identity(mtime_ns=2))
        await photo_at(ledger, State.PUBLISHED, identity(**difference))
        await ledger.files.mark_touched([photo.id])
        await ledger.files.refresh_version(photo, identity())
        assert (await now(ledger, photo)).identity == identity()

    with_ledger(tmp_path, scene)


def test_a_version_that_a_present_photo_has_is_not_taken(tmp_path: Path) -> None:
    """A superseded photo is in nobody's way, and neither is the photo itself; its other rows stay."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.PUBLISHED, identity(mtime_ns=2))
        other = await photo_at(ledger, State.PUBLISHED, identity(mtime_ns=3))
        gone = await photo_at(ledger, State.SUPERSEDED, identity(mtime_ns=4))
        for wanted, stored in ((other.identity, photo.identity), (gone.identity, gone.identity)):
            await ledger.files.refresh_version(photo, wanted)
            assert (await now(ledger, photo)).identity == stored
        assert (await now(ledger, other)).identity == other.identity
        moved = replace(gone.identity, input="/now")
        await ledger.files.refresh_version(photo, moved)
        assert (await now(ledger, photo)).identity == moved

    with_ledger(tmp_path, scene)


def test_marks_are_of_the_photos_that_are_named(tmp_path: Path) -> None:
    """Touched and missing marks are set with their time, and taken away again, without another photo."""

    async def scene(ledger: Ledger) -> None:
        photo, other = [await photo_at(ledger, State.PUBLISHED, identity(name)) for name in ("a.jpg", "b.jpg")]
        for at_s in (70.0, None):
            await ledger._write(lambda tx, at_s=at_s: marks.mark_touched(tx, [photo.id], at_s))
            await ledger.files.mark_source_missing([photo.id], at_s)
            assert (await now(ledger, photo)).source.missing_since_s == at_s
            touched = await ledger.query(
                lambda tx: tx.execute(select(tables.photos.c.id, tables.photos.c.touched_at_s))
            )
            assert [tuple(row) for row in touched] == [(photo.id, at_s), (other.id, None)]
            assert await now(ledger, other) == other

    with_ledger(tmp_path, scene)


def test_a_ctime_is_learned_once(tmp_path: Path) -> None:
    """Where none is known, and by the photo's number; a known one stays, because the file is compared with it."""

    async def scene(ledger: Ledger) -> None:
        unknown, other = [await photo_at(ledger, State.PUBLISHED, identity(name, ctime_ns=0)) for name in ("a", "b")]
        known = await photo_at(ledger, State.PUBLISHED, identity("c", ctime_ns=5))
        await ledger.files.learn_ctimes({unknown.id: 7, known.id: 8})
        assert [(await now(ledger, photo)).identity.ctime_ns for photo in (unknown, other, known)] == [7, 0, 5]

    with_ledger(tmp_path, scene)


async def inputs(ledger: Ledger) -> dict[str, set[str]]:
    """The paths of new photos, by the input where they were found."""
    found: dict[str, set[str]] = {}
    for photo in await ledger.query(photos.at_state, {State.DISCOVERED}, 99):
        found.setdefault(photo.identity.input, set()).add(photo.identity.path)
    return found


def test_a_moved_input_moves_all_of_its_folders_photos(tmp_path: Path) -> None:
    """Page by page, whatever their number; those of another folder or of another input stay."""

    async def before(ledger: Ledger) -> None:
        await ledger.discover(identity("first.jpg", input="/before"))
        await ledger.discover(identity("last.jpg", input="/before"))

    async def after(ledger: Ledger) -> None:
        await ledger.discover(identity("page.jpg", input="/before"))
        await ledger.discover(identity("next.jpg", input="/before"))
        await ledger.discover(identity("other.jpg", folder="people", input="/before"))
        await ledger.discover(identity("elsewhere.jpg", input="/elsewhere"))
        others = {"/before": {"other.jpg"}, "/elsewhere": {"elsewhere.jpg"}}
        page_after = partial(marks.move_input, folder="products", before="/before", now="/now", after_id=4999)
        assert await ledger._write(page_after) is None
        left = {"first.jpg", "last.jpg", "other.jpg"}
        assert await inputs(ledger) == others | {"/now": {"page.jpg", "next.jpg"}, "/before": left}
        await ledger.files.move_input("products", "/before", "/now")
        all_paths = {"first.jpg", "last.jpg", "page.jpg", "next.jpg"}
        assert await inputs(ledger) == {"/now": all_paths} | others
        first_page = partial(marks.move_input, folder="products", before="/now", now="/later", after_id=0)
        assert await ledger._write(first_page) == 5000
        assert await inputs(ledger) == {"/later": all_paths - {"next.jpg"}, "/now": {"next.jpg"}} | others

    with_ledger(tmp_path, before)
    in_database(tmp_path, "DELETE FROM events")
    # So that the next two lie on both sides of the end of a page.
    in_database(tmp_path, "UPDATE photos SET id = 4999 WHERE id = 2")
    with_ledger(tmp_path, after)


@pytest.mark.parametrize(
    ("newest", "expected"), [("UPDATE photos SET id = 5000", None), ("UPDATE photos SET id = 5001", 5000)]
)
def test_a_page_of_a_moved_input_says_if_more_follow(tmp_path: Path, newest: str, expected: int | None) -> None:
    """The call is repeated from there, and ends after the newest photo; an empty ledger has none."""

    async def found(ledger: Ledger) -> None:
        assert await ledger._write(lambda tx: marks.move_input(tx, "products", "/a", "/b", 0)) is None
        await ledger.discover(identity())

    async def page(ledger: Ledger) -> int | None:
        return await ledger._write(lambda tx: marks.move_input(tx, "products", "/a", "/b", 0))

    with_ledger(tmp_path, found)
    in_database(tmp_path, "DELETE FROM events")
    in_database(tmp_path, newest)
    assert with_ledger(tmp_path, page) == expected


def test_a_remembered_value_has_its_own_time(tmp_path: Path) -> None:
    """A later value takes the place of the earlier one with its time; another key is another value."""

    async def scene(ledger: Ledger) -> list[tuple[object, ...]]:
        for key, value, at_s in (("one", "1", 5.0), ("other", "2", 6.0), ("one", "3", 7.0)):
            await ledger._write(lambda tx, row=(key, value, at_s): marks.remember(tx, *row))
        stored = await ledger.query(lambda tx: tx.execute(select(tables.memory).order_by(tables.memory.c.key)).all())
        return [tuple(row) for row in stored]

    assert with_ledger(tmp_path, scene) == [("one", "3", 7.0), ("other", "2", 6.0)]


MOVED = SourceOutcome(SourceResult.MOVED, "it was moved", "/archive/a.jpg")
STAYED = SourceOutcome(None, "a program writes to it")


@pytest.mark.parametrize(
    ("outcome", "source", "sentences"),
    [
        (MOVED, (False, SourceResult.MOVED, "it was moved", "/archive/a.jpg"), ["it was moved"]),
        (STAYED, (False, None, "to be seen to", None), ["a program writes to it"]),
        (None, (False, None, "to be seen to", None), []),
    ],
    ids=["moved", "stayed", "nothing"],
)
def test_a_source_is_done_once(
    tmp_path: Path, outcome: SourceOutcome | None, source: tuple[object, ...], sentences: list[str]
) -> None:
    """Nothing is due any more; what became of the file is stored if it left its place, and told if there is a word."""

    async def scene(ledger: Ledger) -> None:
        photo = await due(ledger, "a.jpg")
        other = await due(ledger, "b.jpg")
        await ledger._write(lambda tx: marks.mark_source_done(tx, photo, outcome, 90.0))
        found = (await now(ledger, photo)).source
        assert (found.is_due, found.result, found.sentence, found.archived_path) == source
        assert await now(ledger, other) == other
        events = [event for event in await ledger.query(photos.history, "a.jpg", 99) if "sentence" in event.detail]
        told = [event.detail["sentence"] for event in events]
        assert told == sentences
        assert {(event.at_s, event.from_state, event.to_state) for event in events} <= {
            (90.0, "published", "published")
        }

    with_ledger(tmp_path, scene)


async def due(ledger: Ledger, path: str) -> Photo:
    """A published photo with a doubtful cutout, whose source has still to be seen to."""
    photo = await photo_at(ledger, State.REMOVAL_FINISHED, identity(path))
    fact = Published(
        "c" * 64, 9, "a.png", None, is_source_due=True, doubt=Doubt.EMPTY.value, source_sentence="to be seen to"
    )
    return await ledger.record(photo, fact)


def test_a_person_ends_the_doubt_about_one_cutout(tmp_path: Path) -> None:
    """Its doubt and the sentence about it are gone, and its history says who did it, and when."""

    async def scene(ledger: Ledger) -> None:
        photo = await due(ledger, "a.jpg")
        other = await due(ledger, "b.jpg")
        await ledger._write(lambda tx: marks.approve_cutout(tx, photo, 90.0))
        found = await now(ledger, photo)
        assert (found.cutout.doubt, found.source.sentence, found.source.is_due) == (None, None, True)
        assert await now(ledger, other) == other
        last = (await ledger.query(photos.history, "a.jpg", 99))[-1]
        assert (last.at_s, last.from_state, last.to_state) == (90.0, "published", "published")
        assert last.detail == {"sentence": "its cutout was approved"}

    with_ledger(tmp_path, scene)


def test_only_results_that_uploadcare_was_told_to_keep_are_kept(tmp_path: Path) -> None:
    """The row names the result that is kept, so that a later one is not taken for it."""

    async def scene(ledger: Ledger) -> list[str | None]:
        for number in range(2):
            await photo_at(ledger, State.REMOVAL_FINISHED, identity(f"{number}.jpg"))
        await ledger._write(
            lambda tx: tx.execute(tables.photos.update().where(tables.photos.c.id == 2).values(result_uuid="two"))
        )
        await ledger.files.mark_kept(["two"])
        kept = await ledger.query(
            lambda tx: tx.scalars(select(tables.photos.c.kept_uuid).order_by(tables.photos.c.id)).all()
        )
        return list(kept)

    assert with_ledger(tmp_path, scene) == [None, "two"]
    assert with_ledger(tmp_path, lambda ledger: ledger.query(versions_of, "1.jpg"))[0].launch.result_uuid == "two"
