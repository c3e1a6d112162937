"""What is known of the files that a scan finds."""

from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.photo import State, Version
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import known_files
from support.ledgers import identity, photo_at, with_ledger


@pytest.mark.parametrize("state", [State.REJECTED, State.REMOVAL_STARTED, State.PUBLISHED, State.FAILED])
def test_a_file_of_the_known_size_may_be_the_known_photo(tmp_path: Path, state: State) -> None:
    """Its photo is marked once, takes the new version, and is known by it then."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, state, identity())
        known = await ledger.query(known_files.known_files, "products", ["a.jpg"])
        assert known.touched("a.jpg", 999) is None
        assert known.touched("b.jpg", 1000) is None
        assert known.touched("a.jpg", 1000) == known_files.TouchedPhoto(photo.id, is_marked=False)
        await ledger.files.mark_touched([photo.id])
        assert await ledger.query(known_files.number_touched) == 1
        assert [each.id for each in await ledger.query(known_files.touched_photos, 0, 9)] == [photo.id]
        await ledger.files.refresh_version(photo, replace(photo.identity, mtime_ns=5, inode=8))
        known = await ledger.query(known_files.known_files, "products", ["a.jpg"])
        assert known.versions == {Version("a.jpg", 1000, 5, 8)}
        assert await ledger.query(known_files.number_touched) == 0

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("state", [State.DISCOVERED, State.ACCEPTED, State.UPLOADED])
def test_a_photo_before_payment_is_not_compared(tmp_path: Path, state: State) -> None:
    """Its own check ends it when its file changes, and the file comes as a new photo."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, state, identity())
        known = await ledger.query(known_files.known_files, "products", ["a.jpg"])
        assert known.touched("a.jpg", 1000) is None

    with_ledger(tmp_path, scene)


def test_a_version_that_another_photo_has_is_not_taken(tmp_path: Path) -> None:
    """No two photos are one version of a file; the mark goes all the same."""

    async def scene(ledger: Ledger) -> None:
        first = await photo_at(ledger, State.PUBLISHED, identity())
        second = await photo_at(ledger, State.REJECTED, identity(mtime_ns=2))
        await ledger.files.mark_touched([first.id])
        await ledger.files.refresh_version(first, second.identity)
        known = await ledger.query(known_files.known_files, "products", ["a.jpg"])
        assert known.versions == {tuple(first.identity.version), tuple(second.identity.version)}
        assert await ledger.query(known_files.number_touched) == 0

    with_ledger(tmp_path, scene)
