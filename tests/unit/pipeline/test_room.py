"""The room for cutouts: tried on small real disks, remembered for a moment, distrusted after trouble."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.errors import FolderBlockedError, PlaceError
from cutoutd.core.photo import Photo, State
from cutoutd.pipeline.budget.room import Room, cutout_bytes
from support.ledgers import ACCEPTED, identity
from support.small_disks import quota_disk, small_disk


class Clock:
    """Monotonic time that a test moves."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def photo_for(output: Path, target: str = "sub/a.png", side: int = 600) -> Photo:
    fact = replace(ACCEPTED, output=str(output), target=target, width=side, height=side)
    return Photo(1, identity("sub/a.jpg"), State.DISCOVERED, 0.0).with_fact(fact, 1.0)


def test_a_trial_leaves_nothing_behind(tmp_path: Path) -> None:
    """Before an upload not even the folder is made, because the batch may be held; before a launch it is."""
    room = Room()
    room.require(photo_for(tmp_path))
    assert list(tmp_path.rglob("*")) == []
    room.require(photo_for(tmp_path), is_making=True)
    assert list(tmp_path.rglob("*")) == [tmp_path / "sub"]


def test_free_space_without_inodes_is_no_room(tmp_path: Path) -> None:
    """The disk reports free bytes and takes no file: the sentence says why, and what shows it."""
    with small_disk(tmp_path / "disk") as disk:
        disk.use_up_inodes()
        with pytest.raises(PlaceError, match="No space left on device; it has no inodes left"):
            Room().require(photo_for(disk.root))
        disk.give_inodes_back()
        Room().require(photo_for(disk.root))


def test_a_quota_counts_though_the_disk_has_room(tmp_path: Path) -> None:
    """A cutout that is larger than what the quota leaves is found out by the trial."""
    with quota_disk(tmp_path / "home", tmp_path / "out") as disk:
        disk.limit("1M")
        with pytest.raises(PlaceError, match="quota"):
            Room().require(photo_for(disk.root, side=2000))
        disk.limit("none")
        Room().require(photo_for(disk.root, side=2000))


def test_outcomes_count_for_a_moment(tmp_path: Path) -> None:
    """A burst costs one trial for a folder; after a second, or after trouble, the disk is asked again."""
    clock = Clock()
    with small_disk(tmp_path / "disk") as disk:
        room, photo = Room(clock), photo_for(disk.root)
        room.require(photo)
        disk.fill()
        room.require(photo)
        clock.now_s += 1.1
        with pytest.raises(PlaceError):
            room.require(photo)
        disk.relieve()
        with pytest.raises(PlaceError):
            room.require(photo)
        clock.now_s += 2.1
        room.require(photo)
        disk.fill()
        room.distrust(photo)
        with pytest.raises(PlaceError):
            room.require(photo)


def test_after_trouble_only_a_whole_cutout_written_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a disk only promised is not enough any more: every byte is written, once; then promises count again."""
    written = [0]
    write = os.write

    def counted(descriptor: int, data: memoryview) -> int:
        written[0] += len(data)
        return write(descriptor, data)

    monkeypatch.setattr("cutoutd.files.place_trial.os.write", counted)
    clock = Clock()
    room, photo = Room(clock), photo_for(tmp_path)
    room.require(photo)
    before = written[0]
    room.distrust(photo)
    room.require(photo)
    assert written[0] - before == cutout_bytes(photo)
    clock.now_s += 1.1
    room.require(photo)
    assert written[0] - before < 2 * cutout_bytes(photo)


def test_a_blocked_folder_is_no_room_before_a_launch(tmp_path: Path) -> None:
    """A file where the folder belongs is found before it is paid for; a cutout there is stepped aside from."""
    (tmp_path / "sub").write_text("mine")
    with pytest.raises(FolderBlockedError):
        Room().require(photo_for(tmp_path), is_making=True)
    (tmp_path / "x.png").write_text("a cutout")
    Room().require(photo_for(tmp_path, "x.png/a.png"), is_making=True)


def test_a_trial_counts_for_its_own_folder_alone(tmp_path: Path) -> None:
    """Beside a folder that takes files another one may be blocked."""
    room = Room()
    (tmp_path / "other").write_text("mine")
    room.require(photo_for(tmp_path), is_making=True)
    with pytest.raises(FolderBlockedError):
        room.require(photo_for(tmp_path, "other/a.png"), is_making=True)
