"""Small pictures kept on disk, within a bound."""

import os
from pathlib import Path

import pytest

from cutoutd.images.thumbnail_cache import CACHE_NAME, ThumbnailCache, ThumbnailSize

PICTURE = b"x" * 1000


def kept(state_dir: Path) -> set[str]:
    return {file.name.partition("-")[0] for file in (state_dir / CACHE_NAME).iterdir()}


def looked_at(state_dir: Path, sha256: str, at_s: float) -> None:
    os.utime(state_dir / CACHE_NAME / f"{sha256}-480.webp", (at_s, at_s))


def test_what_is_put_can_be_taken(tmp_path: Path) -> None:
    """Each size by itself; by another cache too, as after a restart."""
    ThumbnailCache(tmp_path).put("a", ThumbnailSize.SMALL, PICTURE)
    assert ThumbnailCache(tmp_path).get("a", ThumbnailSize.SMALL) == PICTURE
    assert ThumbnailCache(tmp_path).get("a", ThumbnailSize.LARGE) is None
    assert ThumbnailCache(tmp_path).get("b", ThumbnailSize.SMALL) is None


def test_the_longest_unseen_goes_first(tmp_path: Path) -> None:
    """The bound holds, across restarts, and what was looked at lately stays."""
    cache = ThumbnailCache(tmp_path, most_bytes=4_500)
    for number, name in enumerate("abcd"):
        cache.put(name, ThumbnailSize.SMALL, PICTURE)
        looked_at(tmp_path, name, 1_000 + number)
    assert cache.get("a", ThumbnailSize.SMALL) == PICTURE  # marks it
    ThumbnailCache(tmp_path, most_bytes=4_500).put("e", ThumbnailSize.SMALL, PICTURE)
    assert kept(tmp_path) == {"a", "c", "d", "e"}
    assert sum(file.stat().st_size for file in (tmp_path / CACHE_NAME).iterdir()) <= 4_500


def test_a_short_disk_keeps_nothing(tmp_path: Path) -> None:
    """The ledger may need the room."""
    ThumbnailCache(tmp_path, left_free_bytes=1 << 62).put("a", ThumbnailSize.SMALL, PICTURE)
    assert kept(tmp_path) == set()


@pytest.mark.parametrize("trouble", ["a file", "gone"])
def test_a_shelf_that_cannot_be_used_is_no_error(tmp_path: Path, trouble: str) -> None:
    """Pictures are then made each time."""
    state_dir = tmp_path / "state"
    if trouble == "a file":
        state_dir.mkdir()
        (state_dir / CACHE_NAME).write_text("not a folder")
    cache = ThumbnailCache(state_dir)
    cache.put("a", ThumbnailSize.SMALL, PICTURE)
    assert cache.get("a", ThumbnailSize.SMALL) is None


def test_an_empty_picture_is_made_anew(tmp_path: Path) -> None:
    """That is what a power cut leaves of one."""
    cache = ThumbnailCache(tmp_path)
    cache.put("a", ThumbnailSize.SMALL, b"")
    assert cache.get("a", ThumbnailSize.SMALL) is None


def test_somebody_may_empty_the_shelf(tmp_path: Path) -> None:
    """At any time; it fills again."""
    cache = ThumbnailCache(tmp_path)
    cache.put("a", ThumbnailSize.SMALL, PICTURE)
    (tmp_path / CACHE_NAME / "a-480.webp").unlink()
    (tmp_path / CACHE_NAME).rmdir()
    cache.put("b", ThumbnailSize.SMALL, PICTURE)
    assert cache.get("b", ThumbnailSize.SMALL) == PICTURE
