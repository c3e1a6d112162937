"""Hard links in an input: those that give away another user's file, and those that people make of their own photos."""

import os
from pathlib import Path

import pytest

from cutoutd.config.settings import FolderSettings
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.scanner import Scan
from support.images.hostile_images import SMALL_JPEG

ALICE, BOB, GROUP, OTHER_GROUP = 65_501, 65_502, 65_503, 65_504

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to other users")


def link(folder: FolderSettings, owner: int, group: int, mode: int) -> Path:
    """Hard-link a file of this owner into the input, which belongs to Alice and a group."""
    source = folder.input.parent / "elsewhere.jpg"
    source.write_bytes(SMALL_JPEG)
    source.chmod(mode)
    os.chown(source, owner, group)
    (folder.input / "sub").mkdir()
    for place in (folder.input, folder.input / "sub"):
        os.chown(place, ALICE, GROUP)
        (place / "a.jpg").hardlink_to(source)
    return source


def looks_at(folder: FolderSettings) -> tuple[set[str], set[tuple[str, str]]]:
    """The photos that a scan takes, and what it passes over; a single look at each says the same."""
    scan, look = Scan(folder.input, Exclusions(())), Scan(folder.input, Exclusions(()))
    taken = {sighting.path for sighting in scan.sightings()}
    assert {path for path in ("a.jpg", "sub/a.jpg") if look.look_at(path)} == taken
    assert set(look.passed_over) == set(scan.passed_over)
    return taken, {(reason.value, path) for reason, path, _ in scan.passed_over}


@needs_root
@pytest.mark.parametrize(("owner", "group", "mode"), [(BOB, OTHER_GROUP, 0o640), (BOB, GROUP, 0o600), (0, 0, 0o600)])
def test_a_hard_link_to_a_private_file_of_another_user_is_passed_over(
    folder: FolderSettings, owner: int, group: int, mode: int
) -> None:
    """At any depth, also root's; once the other name is gone, the file is the folder's own."""
    source = link(folder, owner, group, mode)
    told = {("foreign_link", "a.jpg"), ("foreign_link", "sub/a.jpg")}
    assert looks_at(folder) == (set(), told)
    source.unlink()
    (folder.input / "sub" / "a.jpg").unlink()
    assert looks_at(folder) == ({"a.jpg"}, set())


@needs_root
@pytest.mark.parametrize(
    ("owner", "group", "mode"), [(ALICE, OTHER_GROUP, 0o600), (BOB, GROUP, 0o640), (BOB, 0, 0o644)]
)
def test_links_that_give_nothing_away_are_taken(folder: FolderSettings, owner: int, group: int, mode: int) -> None:
    """Of the folder's owner, as backups make them; of a file that the folder's group or everyone reads."""
    link(folder, owner, group, mode)
    assert looks_at(folder) == ({"a.jpg", "sub/a.jpg"}, set())


def test_links_between_own_photos_are_taken(folder: FolderSettings) -> None:
    """Private ones too."""
    (folder.input / "b.jpg").write_bytes(SMALL_JPEG)
    (folder.input / "b.jpg").chmod(0o600)
    (folder.input / "c.jpg").hardlink_to(folder.input / "b.jpg")
    scan = Scan(folder.input, Exclusions(()))
    assert {"b.jpg", "c.jpg"} <= {sighting.path for sighting in scan.sightings()}
    assert scan.passed_over.is_empty
