"""What has to be known of a photo before it is sent or paid for: newer and earlier versions, cutouts, and the payer."""

from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.photo import (
    Accepted,
    Photo,
    Published,
    RemovalFinished,
    RemovalIntended,
    RemovalStarted,
    Reprocessed,
    State,
    Wait,
    WaitKind,
)
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import duplicates
from cutoutd.ledger.queries.duplicates import DuplicateInfo
from support.ledgers import ACCEPTED, identity, photo_at, with_ledger

PICTURE = replace(ACCEPTED, sha256="7" * 64, picture_sha256="a" * 64)
OTHER = replace(ACCEPTED, sha256="8" * 64, picture_sha256="b" * 64)


async def published(ledger: Ledger, accepted: Accepted = PICTURE, **others: object) -> Photo:
    return await photo_at(ledger, State.PUBLISHED, identity(**others), accepted)


@pytest.mark.parametrize(
    ("accepted", "others", "is_found"),
    [
        (PICTURE, {}, True),
        (replace(PICTURE, parameters='{"crop":true}'), {}, True),  # its parameters do not matter
        (replace(PICTURE, sha256="9" * 64), {}, True),  # another file with the same picture
        (OTHER, {}, False),
        (PICTURE, {"path": "b.jpg"}, False),
        (PICTURE, {"folder": "people"}, False),
        (PICTURE, {"folder": "renamed", "input": "/in"}, True),  # a folder that got another name
        (PICTURE, {"folder": "people", "input": "/other"}, False),
    ],
)
def test_a_published_version_is_that_of_the_path_with_the_same_picture(
    tmp_path: Path, accepted: Accepted, others: dict[str, object], *, is_found: bool
) -> None:
    """Found by its path in its folder, or in its input."""

    async def scene(ledger: Ledger) -> None:
        earlier = await published(ledger, accepted, **others)
        photo = await photo_at(ledger, State.ACCEPTED, identity(mtime_ns=5, input="/in"), PICTURE)
        assert await ledger.query(duplicates.published_version, photo) == (earlier if is_found else None)
        assert await ledger.query(duplicates.published_version, replace(photo, id=0)) == (earlier if is_found else None)

    with_ledger(tmp_path, scene)


def test_photos_of_no_known_input_are_no_versions_of_each_other(tmp_path: Path) -> None:
    """An empty input is none, although both have it."""

    async def scene(ledger: Ledger) -> None:
        await published(ledger, folder="people")
        photo = await photo_at(ledger, State.ACCEPTED, identity(mtime_ns=5), PICTURE)
        assert await ledger.query(duplicates.published_version, photo) is None

    with_ledger(tmp_path, scene)


def test_only_the_last_publication_counts(tmp_path: Path) -> None:
    """The output shows its cutout; one that came after the photo is none before it."""

    async def scene(ledger: Ledger) -> None:
        first = await published(ledger)
        between = await photo_at(ledger, State.ACCEPTED, identity(mtime_ns=2), OTHER)
        assert await ledger.query(duplicates.published_version, between) is None
        second = await published(ledger, mtime_ns=3)
        third = await photo_at(ledger, State.ACCEPTED, identity(mtime_ns=4), PICTURE)
        assert await ledger.query(duplicates.published_version, second) == first
        assert await ledger.query(duplicates.published_version, third) == second
        await published(ledger, OTHER, mtime_ns=5)
        fourth = await photo_at(ledger, State.ACCEPTED, identity(mtime_ns=6), PICTURE)
        assert await ledger.query(duplicates.published_version, third) == second
        assert await ledger.query(duplicates.published_version, fourth) is None

    with_ledger(tmp_path, scene)


def test_a_cutout_that_a_person_wants_anew_is_that_of_no_version(tmp_path: Path) -> None:
    """Else it would be published at once with the cutout that is not wanted."""

    async def scene(ledger: Ledger) -> None:
        await published(ledger)
        photo = await published(ledger, mtime_ns=5)
        anew = Reprocessed(parameters="{}", previous_parameters="{}", reprocess_started_s=None)
        photo = await ledger.resume(photo, anew, 1)
        assert await ledger.query(duplicates.published_version, photo) is None

    with_ledger(tmp_path, scene)


def test_what_a_step_has_to_know_comes_with_one_question(tmp_path: Path) -> None:
    """A newer version in place, a cutout to reuse, the payer, and the earlier version; a closed folder pays nothing."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.ACCEPTED, identity("a.jpg", mtime_ns=2), PICTURE)
        info = await ledger.query(duplicates.duplicate_info, photo)
        assert info == DuplicateInfo(is_superseded_by_newer=False, has_cutout=False, payer=None, earlier_version=None)
        payer = await photo_at(ledger, State.UPLOADED, identity("copy.jpg", folder="people"), PICTURE)
        assert (await ledger.query(duplicates.duplicate_info, photo)).payer == payer
        assert (await ledger.query(duplicates.duplicate_info, photo, ["people"])).payer is None
        earlier = await published(ledger, OTHER, path="b.jpg")
        later = await photo_at(ledger, State.ACCEPTED, identity("b.jpg", mtime_ns=5), replace(OTHER, parameters="[]"))
        assert (await ledger.query(duplicates.duplicate_info, later)).earlier_version == earlier
        assert not (await ledger.query(duplicates.duplicate_info, later)).has_cutout
        newer = await published(ledger, OTHER, path="a.jpg", mtime_ns=9)
        info = await ledger.query(duplicates.duplicate_info, photo)
        assert (info.is_superseded_by_newer, info.has_cutout) == (True, False)
        payer = await ledger.record(payer, RemovalIntended())
        for fact in (RemovalStarted("request"), RemovalFinished("result"), Published("e" * 64, 9, "copy.png", None)):
            payer = await ledger.record(payer, fact)
        assert (await ledger.query(duplicates.duplicate_info, photo)).has_cutout
        assert newer.id > photo.id

    with_ledger(tmp_path, scene)


def test_a_cutout_is_known_by_its_hash(tmp_path: Path) -> None:
    """Of any photo that was published; another file is none."""

    async def scene(ledger: Ledger) -> None:
        assert await ledger.query(duplicates.is_cutout, "c" * 64) is False
        for number in range(2):
            await photo_at(ledger, State.PUBLISHED, identity(f"{number}.jpg"))
        assert await ledger.query(duplicates.is_cutout, "c" * 64) is True
        assert await ledger.query(duplicates.is_cutout, "d" * 64) is False

    with_ledger(tmp_path, scene)


def test_photos_that_wait_for_one_are_told_in_their_order(tmp_path: Path) -> None:
    """Those of that photo alone, as they were found."""

    async def scene(ledger: Ledger) -> None:
        payer = await photo_at(ledger, State.UPLOADED, identity("payer.jpg"))
        other = await photo_at(ledger, State.UPLOADED, identity("other.jpg"))
        copies = []
        for name, awaited in (("2.jpg", payer), ("3.jpg", other), ("1.jpg", payer)):
            copy = await photo_at(ledger, State.ACCEPTED, identity(name))
            copies.append(await ledger.postpone(copy, Wait(WaitKind.DUPLICATE, 4e9, 0, "it waits", awaited.id)))
        assert await ledger.query(duplicates.waiting_for, payer) == [copies[0], copies[2]]

    with_ledger(tmp_path, scene)


def test_photos_of_the_same_file_are_told_newest_first(tmp_path: Path) -> None:
    """A few of them, of any parameters; neither itself, nor another file with the same picture."""

    async def scene(ledger: Ledger) -> None:
        for number in range(7):
            await photo_at(ledger, State.ACCEPTED, identity(f"{number}.jpg"), PICTURE)
        await photo_at(ledger, State.ACCEPTED, identity("edited.jpg"), replace(PICTURE, sha256="9" * 64))
        otherwise = await photo_at(ledger, State.ACCEPTED, identity("otherwise.jpg"), replace(PICTURE, parameters="~"))
        photo = await photo_at(ledger, State.ACCEPTED, identity("a.jpg"), PICTURE)
        found = await ledger.query(duplicates.of_same_file, photo)
        assert [each.identity.path for each in found] == ["otherwise.jpg", "6.jpg", "5.jpg", "4.jpg", "3.jpg"]
        assert found[0] == otherwise

    with_ledger(tmp_path, scene)


def test_only_cutouts_that_were_paid_for_since_are_reused_for_a_photo_that_is_wanted_anew(tmp_path: Path) -> None:
    """Those of before are what the person does not want; without that wish any will do."""

    async def scene(ledger: Ledger) -> None:
        old = await published(ledger, path="old.jpg")
        photo = await photo_at(ledger, State.ACCEPTED, identity(), PICTURE)
        assert await ledger.query(duplicates.published_duplicates, photo, 9) == [old]
        for since_s, expected in ((old.state_at_s - 1, [old]), (old.state_at_s, [])):
            wanted = replace(photo, cutout=replace(photo.cutout, reprocess_started_s=since_s))
            assert await ledger.query(duplicates.published_duplicates, wanted, 9) == expected

    with_ledger(tmp_path, scene)
