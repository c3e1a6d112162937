"""The trial of names, on a real exFAT disk, which refuses what Windows refuses."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutoutd.config.types.choices import TargetNames
from cutoutd.files import name_trial
from cutoutd.files.name_trial import form_taken, takes_names
from support.small_disks import exfat_disk, small_disk

REFUSED = ["12:30.png", "what?.png", "12:30/a.png", "sub/a<b/c.png", "a\\b.png", "\udcff.png", "bell\x07.png"]
TAKEN = ["a.png", "sub/deeper/a.png", "ä ö.png", "🦊/日本.png"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with exfat_disk(tmp_path / "disk"):
        yield tmp_path / "disk"


def test_a_disk_is_asked_for_each_unusual_name(disk: Path, tmp_path: Path) -> None:
    """What exFAT refuses gets a portable form; an ordinary disk keeps the name. Nothing is left on either."""
    for target in (*REFUSED, *TAKEN):
        assert takes_names(disk, target) is (target in TAKEN), target
        assert takes_names(tmp_path, target)
        form = form_taken(disk, target, TargetNames.KEEP)
        assert takes_names(disk, form(target))
        assert form(target) == target or target in REFUSED
    assert list(disk.iterdir()) == []


def test_a_name_that_is_filed_under_another_counts_as_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows servers drop a dot at the end; the listing tells it. No such server runs here, so the listing is made."""
    real = os.listdir
    monkeypatch.setattr(name_trial.os, "listdir", lambda folder: [name.rstrip(". ") for name in real(folder)])
    assert not takes_names(tmp_path, "sub./a.png")
    assert form_taken(tmp_path, "sub./a.png", TargetNames.KEEP)("sub./a.png") == "sub_/a.png"


def test_a_disk_in_trouble_refuses_no_name(tmp_path: Path) -> None:
    """A full disk, or one that is not there, says nothing about names: they are kept."""
    with small_disk(tmp_path / "small") as disk:
        disk.use_up_inodes()
        assert takes_names(disk.root, "12:30.png")
    assert takes_names(tmp_path / "nowhere", "12:30.png")


def test_a_plain_name_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual photo costs the disk nothing."""
    monkeypatch.setattr(os, "mkdir", None)
    assert takes_names(tmp_path, "IMG_2041 (2)/a-b_c.final.png")
