"""Availability: when a folder is unavailable, its snapshot across restarts, and the photos that fail."""

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cutoutd.config.settings import FolderSettings
from cutoutd.core.errors import SourceUnavailableError
from cutoutd.core.photo import Photo, State, Wait, WaitKind
from cutoutd.files.input_tree import stat_file
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.watch.availability.monitor import FolderAvailability
from cutoutd.watch.availability.snapshot import MountedPart, MountedParts
from support.folders import folder_in, folders_of
from support.ledgers import identity, identity_of, photo_at

NAMES = ("a.jpg", "b.jpg", "sub/c.jpg")


@dataclass
class Estate:
    """A folder with three photos, and its availability; ``parts`` are the mounts that its tree seems to have."""

    ledger: Ledger
    folder: FolderSettings
    availability: FolderAvailability
    parts: list[MountedParts]

    @property
    def reason(self) -> str:
        return "".join(folder.reason for folder in self.availability.unavailable())

    async def photo(self, name: str, state: State = State.ACCEPTED) -> Photo:
        return await photo_at(
            self.ledger, state, replace(identity_of(self.folder.input, name), input=str(self.folder.input))
        )

    def see(self, *names: str) -> None:
        """These known photos, as far as they are there, were seen."""
        seen = [found for name in names if (found := stat_file(self.folder.input, name)) is not None]
        self.availability.record_seen(self.folder.name, seen)

    async def scan(self, *names: str) -> bool:
        """A look at the whole tree that saw these known photos."""
        self.see(*names)
        return await self.availability.update(self.folder.name, after_scan=True)

    def empty(self) -> None:
        """Leave an empty folder, as an unmounted share does."""
        shutil.rmtree(self.folder.input)
        self.folder.input.mkdir()

    async def restart(self) -> None:
        """The same after a kill."""
        self.availability = FolderAvailability(self.ledger, folders_of(self.folder), lambda _: self.parts[-1])
        await self.availability.open()


@asynccontextmanager
async def estate_in(place: Path) -> AsyncIterator[Estate]:
    folder = folder_in(place)
    parts: list[MountedParts] = [(MountedPart("", "/mnt", 50),)]
    (folder.input / "sub").mkdir()
    for name in NAMES:
        (folder.input / name).write_bytes(name.encode())
    async with open_ledger(place) as ledger:
        estate = Estate(ledger, folder, FolderAvailability(ledger, folders_of(folder), lambda _: parts[-1]), parts)
        await estate.availability.open()
        yield estate


Scene = Callable[[Estate], Coroutine[None, None, None]]
Play = Callable[[Scene], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    def run(scene: Scene) -> None:
        async def act() -> None:
            async with estate_in(tmp_path) as estate:
                await scene(estate)

        asyncio.run(act())

    return run


def test_an_unmounted_share_is_waited_for_and_comes_back(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    """Told once when it begins and once when it ends, also over a kill in between; nothing is forgotten meanwhile."""
    caplog.set_level(logging.INFO)

    async def scene(estate: Estate) -> None:
        for name in NAMES:
            await estate.photo(name, State.PUBLISHED)
        await estate.scan(*NAMES)
        share = estate.folder.input.rename(estate.folder.input.with_name("share"))
        estate.folder.input.mkdir()
        estate.parts.append((MountedPart("", "/", 8),))
        await estate.scan()
        await estate.scan()
        assert estate.reason == f"nothing is mounted at {estate.folder.input} any more"
        await estate.restart()
        assert estate.reason
        estate.folder.input.rmdir()
        share.rename(estate.folder.input)
        estate.parts.append((MountedPart("", "/mnt", 51),))  # which is how it may come back
        assert await estate.availability.update(estate.folder.name)
        assert not estate.reason

    play(scene)
    actions = [record.action for record in caplog.records if hasattr(record, "action")]
    assert actions == ["standby", "standby", "standby_over"]  # the second one by the second process


def test_copies_wait_no_longer_for_photos_of_an_unavailable_folder(play: Play) -> None:
    """A copy elsewhere looks for another payer at once, when the folder of the unpaid one becomes unavailable."""

    async def scene(estate: Estate) -> None:
        payer = await estate.photo("a.jpg")
        copy = await photo_at(estate.ledger, State.ACCEPTED, identity("copy.jpg", folder="other", inode=8))
        waiting = Wait(WaitKind.DUPLICATE, time.time() + 3600, 1, "an equal photo pays", payer.id)
        await estate.ledger.postpone(copy, waiting)
        await estate.scan(*NAMES)
        assert copy.id not in await due_ids(estate.ledger)
        estate.empty()
        await estate.availability.update(estate.folder.name)
        assert estate.reason
        assert copy.id in await due_ids(estate.ledger)

    play(scene)


async def due_ids(ledger: Ledger) -> set[int]:
    return {photo.id for photo in await ledger.query(photo_queries.due, {State.ACCEPTED}, time.time(), 10)}


def test_a_photo_after_the_last_scan_is_missed_too(play: Play) -> None:
    """The first photos of a folder may be finished after its only scan, and the share be unmounted at the next."""

    async def scene(estate: Estate) -> None:
        await estate.scan()
        await estate.photo("a.jpg", State.PUBLISHED)
        estate.see("a.jpg")
        await estate.availability.update(estate.folder.name)
        estate.empty()
        estate.parts.append((MountedPart("", "/", 8),))
        await estate.restart()
        assert estate.reason == f"nothing is mounted at {estate.folder.input} any more"

    play(scene)


def test_waiting_photos_are_freed_when_it_ends(play: Play) -> None:
    """Photos that waited for the folder go on at once; photos that wait for something else do not."""

    async def scene(estate: Estate) -> None:
        photos = [await estate.photo(name) for name in NAMES]
        await estate.scan(*NAMES)
        estate.parts.append((MountedPart("", "/", 8),))
        shutil.move(estate.folder.input / "sub", estate.folder.output)
        for name in ("a.jpg", "b.jpg"):
            shutil.move(estate.folder.input / name, estate.folder.output)
        await estate.availability.update(estate.folder.name)
        with pytest.raises(SourceUnavailableError, match="nothing is mounted"):
            estate.availability.require_available(photos[0])
        await estate.ledger.postpone(photos[0], Wait(WaitKind.UNAVAILABLE, 2e9, 1, "away"))
        await estate.ledger.postpone(photos[1], Wait(WaitKind.RETRY, 2e9, 1, "too many requests"))
        for name in ("a.jpg", "b.jpg", "sub"):
            shutil.move(estate.folder.output / name, estate.folder.input)
        assert await estate.availability.update(estate.folder.name)
        waits = {photo.identity.path: photo.wait.reason for photo in await _all(estate.ledger)}
        assert waits == {"a.jpg": "", "b.jpg": "too many requests", "sub/c.jpg": ""}

    play(scene)


async def _all(ledger: Ledger) -> list[Photo]:
    return await ledger.query(photo_queries.at_state, set(State), 100)


def test_a_photo_that_was_removed_is_believed_to_be(play: Play) -> None:
    """While others are there, and if it was the only known one."""

    async def scene(estate: Estate) -> None:
        photo = await estate.photo("a.jpg")
        (estate.folder.input / "a.jpg").unlink()
        await estate.availability.confirm_missing(photo)
        estate.empty()
        await estate.availability.confirm_missing(photo)

    play(scene)


def test_all_gone_at_once_is_believed_with_the_first_new_photo(play: Play) -> None:
    """An empty share of the same number is waited for while a photo of it is unfinished."""

    async def scene(estate: Estate) -> None:
        photo = await estate.photo("a.jpg", State.UPLOADED)
        await estate.scan(*NAMES)
        estate.empty()
        with pytest.raises(SourceUnavailableError, match="is gone at once"):
            await estate.availability.confirm_missing(photo)
        await estate.restart()
        await estate.scan()
        assert "is gone at once" in estate.reason
        (estate.folder.input / "new.jpg").write_bytes(b"new")
        assert await estate.availability.update(estate.folder.name)
        await estate.availability.confirm_missing(photo)

    play(scene)


def test_an_emptied_folder_is_forgotten_when_nothing_is_at_stake(play: Play) -> None:
    """The user cleared away published photos: no warning comes, and no photo counts as missing later."""

    async def scene(estate: Estate) -> None:
        for name in NAMES:
            await estate.photo(name, State.PUBLISHED)
        await estate.scan(*NAMES)
        estate.empty()
        await estate.scan()
        assert not estate.reason

    play(scene)


def test_a_nested_mount_that_is_gone_holds_its_folder(play: Play) -> None:
    """Its photos are not blamed although all else is there, and it is enough that it comes back."""

    async def scene(estate: Estate) -> None:
        root, card = MountedPart("", "/mnt", 50), MountedPart("sub", "/mnt/in/sub", 60)
        estate.parts.append((root, card))
        photo = await estate.photo("sub/c.jpg")
        await estate.scan(*NAMES)
        estate.parts.append((root,))
        (estate.folder.input / "sub/c.jpg").rename(estate.folder.output / "c.jpg")
        with pytest.raises(SourceUnavailableError, match=r"nothing is mounted at .*/in/sub any more"):
            await estate.availability.confirm_missing(photo)
        estate.parts.append((root, replace(card, device=61)))
        (estate.folder.output / "c.jpg").rename(estate.folder.input / "sub/c.jpg")
        assert await estate.availability.update(estate.folder.name)

    play(scene)


def test_a_stale_photo_on_a_bare_mount_point_is_no_new_version(play: Play) -> None:
    """A photo was once copied there while the share was unmounted: it makes no photo fail and replaces none."""

    async def scene(estate: Estate) -> None:
        photo = await estate.photo("a.jpg")
        await estate.scan(*NAMES)
        estate.empty()
        estate.parts.append((MountedPart("", "/", 8),))
        (estate.folder.input / "a.jpg").write_bytes(b"stale")
        with pytest.raises(SourceUnavailableError):
            await estate.availability.confirm_missing(photo)

    play(scene)


def test_a_missing_root_is_named(play: Play) -> None:
    """With what the system says of it."""

    async def scene(estate: Estate) -> None:
        def refuse(_: FolderSettings) -> MountedParts:
            raise PermissionError(13, "Permission denied")

        estate.availability = FolderAvailability(estate.ledger, folders_of(estate.folder), refuse)
        await estate.scan()
        assert estate.reason == f"the input folder {estate.folder.input} cannot be read: Permission denied"

    play(scene)


def test_a_moved_input_takes_its_photos_along_and_another_one_does_not(play: Play) -> None:
    """With the same photos it is the same tree; photos of another tree wait and are not looked for here."""

    async def scene(estate: Estate) -> None:
        photo = await estate.photo("a.jpg")
        await estate.scan(*NAMES)
        moved = estate.folder.input.rename(estate.folder.input.with_name("moved"))
        estate.folder = estate.folder.model_copy(update={"input": moved})
        await estate.restart()
        (now,) = await _all(estate.ledger)
        assert now.identity.input == str(moved)
        other = moved.with_name("other")
        other.mkdir()
        shutil.copy2(moved / "a.jpg", other / "a.jpg")  # one of three
        estate.folder = estate.folder.model_copy(update={"input": other})
        await estate.restart()
        assert await _all(estate.ledger) == [now]
        with pytest.raises(SourceUnavailableError, match="no longer the input"):
            estate.availability.require_available(now)
        assert photo.id == now.id

    play(scene)
