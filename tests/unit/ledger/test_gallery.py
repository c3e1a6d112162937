"""What the gallery and the page of failures ask the ledger."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cutoutd.core.photo import Failed, RetryUpload, State
from cutoutd.ledger import Ledger, ReadTransaction, read_ledger
from cutoutd.ledger.queries import failures, selection
from cutoutd.ledger.queries.failures import FailureReason
from cutoutd.ledger.queries.gallery import (
    GalleryFilter,
    GalleryPage,
    PagePosition,
    facts_of,
    gallery_page,
    gallery_page_after,
    other_versions_of,
)
from support.ledgers import FAILED, REJECTED, identity, in_database, photo_at, plan_of, with_ledger

EVERY = GalleryFilter()


def published(state_dir: Path, *names: str) -> None:
    """Photos published one after another, "folder/path" each."""

    async def scene(ledger: Ledger) -> None:
        for name in names:
            folder, _, path = name.partition("/")
            await photo_at(ledger, State.PUBLISHED, identity(path, folder=folder))

    with_ledger(state_dir, scene)


def names(found: GalleryPage) -> list[str]:
    return [photo.identity.path for photo in found.photos]


def test_pages_are_turned_both_ways(tmp_path: Path) -> None:
    """Newest first; every photo is on exactly one page on the way to the oldest, and on the way back."""
    published(tmp_path, *(f"products/{number}.jpg" for number in range(8)))
    with read_ledger(tmp_path) as view:
        first = gallery_page(view, EVERY, 3)
        assert (names(first), first.newer) == (["7.jpg", "6.jpg", "5.jpg"], None)
        second = gallery_page(view, EVERY, 3, first.older)
        assert names(second) == ["4.jpg", "3.jpg", "2.jpg"]
        last = gallery_page(view, EVERY, 3, second.older)
        assert (names(last), last.older) == (["1.jpg", "0.jpg"], None)
        assert last.newer is not None
        assert second.newer is not None
        assert gallery_page_after(view, EVERY, 3, last.newer).photos == second.photos
        assert gallery_page_after(view, EVERY, 3, second.newer) == first


def test_photos_of_the_very_same_moment_are_all_shown(tmp_path: Path) -> None:
    """A time alone is no place: a group of commits may share one."""
    published(tmp_path, *(f"products/{number}.jpg" for number in range(5)))
    in_database(tmp_path, "UPDATE photos SET state_at_s = 1000")
    with read_ledger(tmp_path) as view:
        first = gallery_page(view, EVERY, 2)
        second = gallery_page(view, EVERY, 2, first.older)
        third = gallery_page(view, EVERY, 2, second.older)
        assert [*names(first), *names(second), *names(third)] == ["4.jpg", "3.jpg", "2.jpg", "1.jpg", "0.jpg"]


def test_too_few_newer_photos_are_shown_as_the_newest_page(tmp_path: Path) -> None:
    """Turning back never ends on half a page."""
    published(tmp_path, *(f"products/{number}.jpg" for number in range(4)))
    with read_ledger(tmp_path) as view:
        second = gallery_page(view, EVERY, 1, gallery_page(view, EVERY, 1).older)
        assert second.newer is not None
        assert names(gallery_page_after(view, EVERY, 3, second.newer)) == ["3.jpg", "2.jpg", "1.jpg"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (GalleryFilter(folder="people"), ["Zoë.jpg"]),
        (GalleryFilter(folder="nobody"), []),
        (GalleryFilter(name="CHAIR"), ["sub/Chair 2.jpg", "chair.jpg"]),
        (GalleryFilter(name="sub/"), ["sub/Chair 2.jpg"]),
        (GalleryFilter(name="zoË"), ["Zoë.jpg"]),
        (GalleryFilter(name="gru\N{COMBINING DIAERESIS}n"), ["GRÜN.jpg"]),
        (GalleryFilter(name="ü"), ["GRÜN.jpg"]),
        (GalleryFilter(name="GRÜN.JPG"), ["GRÜN.jpg"]),
        (GalleryFilter(name="100%_[*]?"), ["100%_[*]?.jpg"]),
        (GalleryFilter(name="1%"), []),
        (GalleryFilter(name="*"), ["100%_[*]?.jpg"]),
        (GalleryFilter(name="]"), ["100%_[*]?.jpg"]),
        (GalleryFilter(name="c?air"), []),
        (GalleryFilter(folder="people", name="chair"), []),
    ],
)
def test_search_takes_a_part_of_the_name_whatever_its_case(
    tmp_path: Path, wanted: GalleryFilter, found: list[str]
) -> None:
    """Letters of every script, however they are composed; signs that mean something to the database mean themselves."""
    published(
        tmp_path, "products/chair.jpg", "people/Zoë.jpg", "products/GRÜN.jpg", "products/100%_[*]?.jpg",
        "products/sub/Chair 2.jpg",
    )  # fmt: skip
    with read_ledger(tmp_path) as view:
        assert names(gallery_page(view, wanted, 10)) == found


def test_names_that_are_no_text_are_shown_like_others(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 come back as they went in, and the rest of the name is found."""
    published(tmp_path, "products/caf\udce9.jpg")
    with read_ledger(tmp_path) as view:
        assert names(gallery_page(view, GalleryFilter(name="CAF"), 10)) == ["caf\udce9.jpg"]


def test_a_path_is_shown_once(tmp_path: Path) -> None:
    """Where a later version is published, the earlier one has lost its place; until then it is shown."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.PUBLISHED)
        await photo_at(ledger, State.PUBLISHED, identity(folder="people"))
        later = await photo_at(ledger, State.PUBLISHED, identity(mtime_ns=2))
        await photo_at(ledger, State.UPLOADED, identity(mtime_ns=3))
        found = await ledger.query(gallery_page, EVERY, 10)
        assert [photo.id for photo in found.photos] == [3, 2]
        others = await ledger.query(other_versions_of, later, 10)
        assert [photo.id for photo in others] == [4, 1]
        assert len(await ledger.query(other_versions_of, later, 1)) == 1

    with_ledger(tmp_path, scene)


def test_only_what_is_published_is_shown(tmp_path: Path) -> None:
    """Photos under way or come to nothing have no cutout to look at."""

    async def scene(ledger: Ledger) -> None:
        for number, state in enumerate(State):
            await photo_at(ledger, state, identity(f"{number}.jpg"))
        found = await ledger.query(gallery_page, EVERY, 100)
        assert {photo.state for photo in found.photos} == {State.PUBLISHED}

    with_ledger(tmp_path, scene)


def test_a_failed_photo_that_was_retried_is_shown(tmp_path: Path) -> None:
    """Nothing of its failure is left that would keep it from the gallery, or in the list of failures."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.FAILED)
        assert await ledger.query(failures.photo_ids_of, None) == (1,)
        await ledger.record(photo, RetryUpload(parameters="{}"))
        assert await ledger.query(failures.photo_ids_of, None) == ()

    with_ledger(tmp_path, scene)


def test_the_facts_of_one_photo(tmp_path: Path) -> None:
    """Of this version alone, oldest first."""
    published(tmp_path, "products/a.jpg", "products/b.jpg")
    with read_ledger(tmp_path) as view:
        told = facts_of(view, 2)
        assert [event.to_state for event in told][:2] == [State.DISCOVERED, State.ACCEPTED]
        assert {event.path for event in told} == {"b.jpg"}
        assert facts_of(view, 99) == []


def test_photos_by_their_numbers(tmp_path: Path) -> None:
    """However many are asked for; numbers of nothing are left out."""
    published(tmp_path, "products/a.jpg", "products/b.jpg")
    with read_ledger(tmp_path) as view:
        found = selection.photos_with_ids(view, [2, 99, 1, *range(1_000, 3_500)])
        assert [photo.id for photo in found] == [1, 2]


def test_failures_stand_together_by_their_reason(tmp_path: Path) -> None:
    """The most frequent first, the newest photos of each, counted by folder; a path's last word counts."""

    async def scene(ledger: Ledger) -> None:
        for number in range(3):
            await photo_at(ledger, State.REJECTED, identity(f"empty{number}.jpg", folder="people" if number else "x"))
        await photo_at(ledger, State.FAILED, identity("mended.jpg"))
        await photo_at(ledger, State.PUBLISHED, identity("mended.jpg", mtime_ns=2))
        await photo_at(ledger, State.FAILED, identity("still.jpg"))
        await photo_at(ledger, State.SUPERSEDED, identity("still.jpg", mtime_ns=2))
        other = await photo_at(ledger, State.UPLOADED, identity("other.jpg"))
        await ledger.record(other, Failed("too_busy", "s", "a"))
        empty, busy, unknown = await ledger.query(failures.failure_groups, 2)
        assert (empty.reason, empty.photos, empty.by_folder) == (
            FailureReason(State.REJECTED, REJECTED.code), 3, (("people", 2), ("x", 1)),
        )  # fmt: skip
        assert [photo.identity.path for photo in empty.first] == ["empty2.jpg", "empty1.jpg"]
        assert [photo.identity.path for photo in (*busy.first, *unknown.first)] == ["other.jpg", "still.jpg"]
        assert await ledger.query(failures.photo_ids_of, FailureReason(State.FAILED, FAILED.code)) == (6,)
        assert len(await ledger.query(failures.photo_ids_of, None)) == 5

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (lambda view: gallery_page(view, EVERY, 60), "gallery"),
        (lambda view: gallery_page(view, EVERY, 60, PagePosition(5.0, 1)), "gallery"),
        (lambda view: gallery_page_after(view, EVERY, 60, PagePosition(5.0, 1)), "gallery"),
        (lambda view: gallery_page(view, GalleryFilter(folder="products"), 60), "gallery"),
        (lambda view: gallery_page(view, GalleryFilter(name="a"), 60), "gallery"),
        (lambda view: failures.of_reason(view, FailureReason(State.FAILED, "x"), 60), "troubled"),
        (lambda view: other_versions_of(view, selection.photos_with_ids(view, [1])[0], 10), "by_path"),
        (lambda view: facts_of(view, 1), "ix_events_photo_id"),
    ],
)
def test_nobody_goes_through_every_photo(
    tmp_path: Path, question: Callable[[ReadTransaction], object], index: str
) -> None:
    """Each question finds its place in an index, and nothing has to be sorted, however many photos there are."""
    published(tmp_path, "products/a.jpg")
    with read_ledger(tmp_path) as view:
        plan = plan_of(view, question)
    assert f" INDEX {index}" in plan
    assert "TEMP B-TREE" not in plan
    assert "SEARCH later USING INDEX by_path" in plan or "later" not in plan


def test_a_photo_that_is_made_anew_comes_first(tmp_path: Path) -> None:
    """The gallery goes by the last publication, not by when the photo was found."""
    published(tmp_path, "products/a.jpg", "products/b.jpg")

    in_database(tmp_path, "UPDATE photos SET state_at_s = 4e9 WHERE id = 1")
    with read_ledger(tmp_path) as view:
        assert names(gallery_page(view, EVERY, 10)) == ["a.jpg", "b.jpg"]
