"""The photos' own files, as the ledger knows them: needed, taken from their place, to be seen to, or in place."""

from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.photo import Doubt, Photo, Published, Reprocessed, SourceOutcome, SourceResult, State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import sources
from support.ledgers import ACCEPTED, identity, photo_at, with_ledger

MOVED = SourceOutcome(SourceResult.MOVED, "it was moved")
PICTURE = replace(ACCEPTED, sha256="7" * 64, picture_sha256="a" * 64)


async def published(ledger: Ledger, path: str, *, is_due: bool, doubt: str | None = None, folder: str = "") -> Photo:
    photo = await photo_at(ledger, State.REMOVAL_FINISHED, identity(path, folder=folder or "products"))
    return await ledger.record(photo, Published("c" * 64, 9, path, None, is_source_due=is_due, doubt=doubt))


def test_a_version_that_cutoutd_took_away_is_known_by_its_path(tmp_path: Path) -> None:
    """So a file that comes back there is told from one that was left; others' versions are not asked for."""

    async def scene(ledger: Ledger) -> None:
        moved = await published(ledger, "moved.jpg", is_due=True)
        other = await published(ledger, "other.jpg", is_due=True)
        await published(ledger, "left.jpg", is_due=False)
        elsewhere = await published(ledger, "moved.jpg", is_due=True, folder="people")
        for photo in (moved, other, elsewhere):
            await ledger.files.mark_source_done(photo, MOVED)
        taken = await ledger.query(sources.taken_of, "products", ["moved.jpg", "left.jpg"])
        assert taken == {moved.identity.version}
        assert taken == {(moved.identity.path, 1000, 1, 7)}
        assert await ledger.query(sources.taken_of, "products", []) == set()

    with_ledger(tmp_path, scene)


def test_unpaid_photos_need_the_source_that_was_found_in_this_input(tmp_path: Path) -> None:
    """Those of no known input too; a photo that is paid for needs its source no more."""

    async def scene(ledger: Ledger) -> None:
        states = (State.DISCOVERED, State.ACCEPTED, State.UPLOADED, State.REMOVAL_INTENDED, State.REJECTED)
        for state in states:
            await photo_at(ledger, state, identity(f"{state}.jpg", input="/in"))
        for name, others in (
            ("unknown.jpg", {}),
            ("elsewhere.jpg", {"input": "/other"}),
            ("people.jpg", {"input": "/in", "folder": "people"}),
        ):
            await photo_at(ledger, State.DISCOVERED, identity(name, **others))
        found = await ledger.query(sources.unpaid_of, "products", "/in", 99)
        needed = {"discovered.jpg", "accepted.jpg", "uploaded.jpg", "unknown.jpg"}
        assert {photo.identity.path for photo in found} == needed
        assert len(await ledger.query(sources.unpaid_of, "products", "/in", 3)) == 3

    with_ledger(tmp_path, scene)


def paths(photos: list[Photo]) -> list[str]:
    return [photo.identity.path for photo in photos]


def test_sources_are_due_of_published_photos_without_a_doubt(tmp_path: Path) -> None:
    """A page in the order of discovery; the doubtful ones wait for a person, in another list."""

    async def scene(ledger: Ledger) -> None:
        for name in ("1.jpg", "2.jpg", "3.jpg"):
            await published(ledger, name, is_due=True)
            await published(ledger, f"doubtful {name}", is_due=True, doubt=Doubt.EMPTY.value)
        await published(ledger, "done.jpg", is_due=False)
        await published(ledger, "doubtful and done.jpg", is_due=False, doubt=Doubt.EMPTY.value)
        anew = Reprocessed(parameters="{}", previous_parameters="{}", reprocess_started_s=1.0)
        for name, doubt in (("anew.jpg", None), ("doubtful and anew.jpg", Doubt.EMPTY.value)):
            photo = await ledger.resume(await published(ledger, name, is_due=True, doubt=doubt), anew, 1)
            assert (photo.source.is_due, photo.cutout.doubt) == (True, doubt)
        assert paths(await ledger.query(sources.sources_due, 0, 2)) == ["1.jpg", "2.jpg"]
        assert paths(await ledger.query(sources.sources_due, 1, 9)) == ["2.jpg", "3.jpg"]
        assert paths(await ledger.query(sources.doubtful, 2)) == ["doubtful 1.jpg", "doubtful 2.jpg"]
        assert len(await ledger.query(sources.doubtful, 9)) == 3

    with_ledger(tmp_path, scene)


def test_published_photos_that_should_have_their_source_are_walked_over(tmp_path: Path) -> None:
    """Of the named folders, page by page; neither those that left their place, nor those that are to leave it."""

    async def scene(ledger: Ledger) -> None:
        for name in ("1.jpg", "2.jpg", "3.jpg"):
            await published(ledger, name, is_due=False)
        await published(ledger, "due.jpg", is_due=True)
        await ledger.files.mark_source_done(await published(ledger, "moved.jpg", is_due=True), MOVED)
        await published(ledger, "people.jpg", is_due=False, folder="people")
        await photo_at(ledger, State.REMOVAL_FINISHED, identity("under way.jpg"))
        assert paths(await ledger.query(sources.published_in, ["products"], 0, 2)) == ["1.jpg", "2.jpg"]
        assert paths(await ledger.query(sources.published_in, ["products"], 2, 9)) == ["3.jpg"]
        everywhere = await ledger.query(sources.published_in, ["products", "people"], 2, 9)
        assert paths(everywhere) == ["3.jpg", "people.jpg"]

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "others", "picture", "is_wanted"),
    [
        (State.DISCOVERED, {"path": "b.jpg", "folder": "people"}, PICTURE, True),
        (State.ACCEPTED, {"path": "b.jpg"}, PICTURE, True),
        (State.UPLOADED, {"path": "b.jpg", "folder": "people"}, PICTURE, True),
        (State.ACCEPTED, {"path": "b.jpg"}, replace(PICTURE, sha256="8" * 64), True),
        (State.ACCEPTED, {"path": "b.jpg"}, replace(PICTURE, picture_sha256=None), True),
        (State.ACCEPTED, {"path": "b.jpg"}, replace(PICTURE, sha256="8" * 64, picture_sha256="b" * 64), False),
        (State.ACCEPTED, {"path": "b.jpg"}, replace(PICTURE, parameters='{"crop":true}'), False),
        (State.REMOVAL_INTENDED, {"path": "b.jpg"}, PICTURE, False),
        (State.PUBLISHED, {"path": "b.jpg"}, PICTURE, False),
        (State.REMOVAL_STARTED, {"path": "a.jpg", "mtime_ns": 5}, replace(PICTURE, sha256="8" * 64), True),
        (State.SUPERSEDED, {"path": "a.jpg", "mtime_ns": 5}, PICTURE, False),
        (State.PUBLISHED, {"path": "a.jpg", "folder": "people"}, PICTURE, False),
    ],
)
def test_a_cutout_is_wanted_by_a_possible_copy_or_a_next_version(
    tmp_path: Path, state: State, others: dict[str, object], picture: object, *, is_wanted: bool
) -> None:
    """Any photo that was not checked yet may be one; an earlier version of the path is none."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED, identity(mtime_ns=0), replace(ACCEPTED, sha256="0" * 64))
        photo = await photo_at(ledger, State.PUBLISHED, identity(), PICTURE)
        assert await ledger.query(sources.is_cutout_wanted, photo) is False
        await photo_at(ledger, state, identity(**others), picture)
        assert await ledger.query(sources.is_cutout_wanted, photo) is is_wanted

    with_ledger(tmp_path, scene)
