"""Cutouts of removed photos: deleted in folders that want it, and only if no photo needs them."""

import asyncio
import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.photo import Published, State
from cutoutd.files.input_tree import stat_file
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.pipeline.maintenance.removed_sources import RemovedSourceCleaner, missing_among
from cutoutd.pipeline.on_success import OnSuccessWorker
from cutoutd.pipeline.on_success.action import apply_on_success
from cutoutd.watch.availability.monitor import FolderAvailability
from support.estates import Estate, Play, play_in
from support.folders import folder_in, folders_of
from support.ledgers import ACCEPTED, identity_of, photo_at, with_ledger


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return play_in(tmp_path)


def test_a_removal_is_believed_after_two_scans(play: Play) -> None:
    """Not before; then the cutout goes, the history says so, and a photo that comes back is a new one."""

    async def scene(estate: Estate) -> None:
        (estate.folder.input / "a.jpg").unlink()
        await estate.withdrawal.clean()
        await estate.standby.update(estate.folder.name, after_scan=True)
        await estate.withdrawal.clean()
        assert estate.cutouts() == ["a.png", "b.png", "c.png"]
        await estate.survey_twice()
        await estate.withdrawal.clean()
        assert estate.cutouts() == ["b.png", "c.png"]
        last = (await estate.ledger.query(photos.history, "a.jpg", 10))[-1]
        assert (last.to_state, last.detail["code"]) == (State.SUPERSEDED, "source_removed")
        (estate.folder.input / "a.jpg").write_bytes(b"a.jpg")
        assert await estate.ledger.discover(identity_of(estate.folder.input, "a.jpg")) is not None

    play(scene)


def test_a_scan_that_could_not_look_everywhere_proves_nothing(play: Play) -> None:
    """The photo may have been moved to where the scan saw nothing; whole scans are waited for."""

    async def scene(estate: Estate) -> None:
        (estate.folder.input / "a.jpg").unlink()
        await estate.withdrawal.clean()
        for _ in range(3):
            await estate.standby.update(estate.folder.name, after_scan=True, is_complete=False)
        await estate.withdrawal.clean()
        assert "a.png" in estate.cutouts()
        await estate.survey_twice()
        await estate.withdrawal.clean()
        assert "a.png" not in estate.cutouts()

    play(scene)


def test_a_share_that_is_away_may_hold_the_photo(tmp_path: Path) -> None:
    """A photo that another machine moved to the share of another folder keeps its cutout until that share was seen."""
    folder, other = (
        folder_in(tmp_path, on_source_removed="delete"),
        folder_in(tmp_path).model_copy(
            update={"name": "other", "input": tmp_path / "share", "output": tmp_path / "other-out"}
        ),
    )
    other.output.mkdir()

    async def scene(ledger: Ledger) -> None:
        both = folders_of(folder, other)
        standby = FolderAvailability(ledger, both)
        estate = Estate(ledger, folder, standby, RemovedSourceCleaner(ledger, both, standby, interval_s=0))
        for name in ("a.jpg", "b.jpg"):
            await estate.publish(name)
        await standby.open()
        (folder.input / "a.jpg").rename(tmp_path / "a.jpg")
        await estate.withdrawal.clean()
        for _ in range(3):
            await estate.survey_twice()
            await standby.update("other", after_scan=True)
        await estate.withdrawal.clean()
        assert "a.png" in estate.cutouts()
        other.input.mkdir()
        for _ in range(2):
            await standby.update("other", after_scan=True)
        await estate.withdrawal.clean()
        assert "a.png" not in estate.cutouts()

    with_ledger(tmp_path, scene)


def test_a_photo_that_was_away_for_a_moment_keeps_its_cutout(play: Play) -> None:
    """Some programs take a file away and put it back."""

    async def scene(estate: Estate) -> None:
        away = (estate.folder.input / "a.jpg").rename(estate.folder.output.with_name("away"))
        await estate.withdrawal.clean()
        away.rename(estate.folder.input / "a.jpg")
        await estate.survey_twice()
        await estate.withdrawal.clean()
        (estate.folder.input / "a.jpg").rename(away)
        await estate.withdrawal.clean()
        assert "a.png" in estate.cutouts()

    play(scene)


def test_a_changed_cutout_stays(play: Play) -> None:
    """It is a person's by now."""

    async def scene(estate: Estate) -> None:
        (estate.folder.input / "a.jpg").unlink()
        (estate.folder.output / "a.png").write_bytes(b"edited of a.jpg")  # as long as before
        await estate.walk()
        await estate.walk()
        assert (estate.folder.output / "a.png").read_bytes() == b"edited of a.jpg"

    play(scene)


def test_a_cutout_that_is_being_retouched_stays(play: Play) -> None:
    """It is open in a program; once that has closed it unchanged, it goes as the others do."""

    async def scene(estate: Estate) -> None:
        (estate.folder.input / "a.jpg").unlink()
        with (estate.folder.output / "a.png").open("r+b"):
            await estate.walk()
            await estate.walk()
        assert (estate.folder.output / "a.png").exists()
        await estate.walk()
        assert not (estate.folder.output / "a.png").exists()

    play(scene)


def test_nothing_is_deleted_while_the_share_is_away(play: Play) -> None:
    """An emptied tree is waited for, however often it is looked at."""

    async def scene(estate: Estate) -> None:
        seen = [found for name in ("a.jpg", "b.jpg", "c.jpg") if (found := stat_file(estate.folder.input, name))]
        estate.standby.record_seen(estate.folder.name, seen)
        await estate.survey_twice()
        estate.folder.input.rename(estate.folder.input.with_name("away"))
        await estate.walk()
        estate.folder.input.mkdir()
        await estate.walk()
        assert estate.cutouts() == ["a.png", "b.png", "c.png"]

    play(scene)


def test_a_cutout_that_may_still_be_wanted_stays(play: Play) -> None:
    """A renamed photo is not read yet, or its copy waits: its cutout is first reused."""

    async def scene(estate: Estate) -> None:
        renamed = (estate.folder.input / "a.jpg").rename(estate.folder.input / "renamed.jpg")
        photo = await photo_at(estate.ledger, State.DISCOVERED, identity_of(estate.folder.input, renamed.name))
        await estate.walk()
        assert "a.png" in estate.cutouts()
        sha256 = hashlib.sha256(b"a.jpg").hexdigest()
        photo = await estate.ledger.accept(photo, replace(ACCEPTED, sha256=sha256), ["renamed.png"])
        await estate.walk()
        assert "a.png" in estate.cutouts()
        await estate.ledger.record(photo, Published("c" * 64, 9, "renamed.png", None))
        await estate.walk()
        assert "a.png" not in estate.cutouts()

    play(scene)


def test_the_cutout_of_a_newer_version_is_not_the_older_ones(play: Play) -> None:
    """Both were published at one place; the newer one stays as long as its photo."""

    async def scene(estate: Estate) -> None:
        await asyncio.to_thread((estate.folder.input / "a.jpg").unlink)
        newer = await estate.publish("a.jpg")
        await estate.walk()
        assert "a.png" in estate.cutouts()
        (estate.folder.input / "a.jpg").unlink()
        await estate.walk()
        assert "a.png" not in estate.cutouts()
        assert newer.bound.target == "a.png"

    play(scene)


def test_a_folder_or_photo_that_became_a_link_is_not_removed(play: Play) -> None:
    """The user moved the photos and put links in their place: links are not followed, but they are there."""

    async def scene(estate: Estate) -> None:
        inside, elsewhere = estate.folder.input, estate.folder.input.with_name("elsewhere")
        elsewhere.mkdir()
        (inside / "year").mkdir()
        (estate.folder.output / "year").mkdir()
        await estate.publish("year/d.jpg")
        (inside / "a.jpg").rename(elsewhere / "a.jpg")
        (inside / "a.jpg").symlink_to(elsewhere / "a.jpg")
        (inside / "year").rename(elsewhere / "year")
        (inside / "year").symlink_to(elsewhere / "year")
        await estate.walk()
        assert estate.cutouts() == ["a.png", "b.png", "c.png", "year"]
        assert (estate.folder.output / "year/d.png").exists()

    play(scene)


def test_a_clock_that_was_set_back_makes_no_removal_older(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """The looks that seem to come later came before."""

    async def scene(estate: Estate) -> None:
        await estate.survey_twice()
        now_s = time.time
        monkeypatch.setattr(time, "time", lambda: now_s() - 3600)
        (estate.folder.input / "a.jpg").unlink()
        await estate.withdrawal.clean()
        await estate.withdrawal.clean()
        await estate.standby.update(estate.folder.name, after_scan=True)
        await estate.withdrawal.clean()
        assert "a.png" in estate.cutouts()
        await estate.standby.update(estate.folder.name, after_scan=True)
        await estate.withdrawal.clean()
        assert "a.png" not in estate.cutouts()

    play(scene)


def test_what_was_taken_before_a_crash_was_not_removed_by_anybody(play: Play) -> None:
    """``on_success`` took the source and the ledger was not told: the cutout is all that is left of the photo."""

    async def scene(estate: Estate) -> None:
        folder = estate.folder.model_copy(update={"on_success": "delete"})
        standby = FolderAvailability(estate.ledger, folders_of(folder))
        photo = await estate.publish("d.jpg", is_source_due=True)
        assert apply_on_success(photo, folder) is not None
        await standby.open()
        await OnSuccessWorker(estate.ledger, folders_of(folder), standby).apply_due()
        await estate.walk()
        await estate.walk()
        assert "d.png" in estate.cutouts()

    play(scene)


def test_a_walk_knows_how_long_it_worked(play: Play) -> None:
    """It rests for a multiple of that; only photos of the given folders are looked for."""

    async def scene(estate: Estate) -> None:
        (estate.folder.input / "a.jpg").unlink()
        found = await estate.ledger.query(photos.at_state, {State.PUBLISHED}, 99)
        missing, cpu_s = await missing_among(found, folders_of(estate.folder))
        assert [photo.identity.path for photo in missing] == ["a.jpg"]
        assert cpu_s > 0
        assert await missing_among(found, {}) == ([], 0.0)

    play(scene)
