"""Cutouts that were just replaced: still readable for a while, and never too many."""

import time
from pathlib import Path

import pytest

from cutoutd.pipeline.steps.delivery import replaced_cutouts
from cutoutd.pipeline.steps.delivery.replaced_cutouts import ReplacedCutouts


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def replace(kept: ReplacedCutouts, folder: Path, name: str, content: bytes | None = None) -> None:
    """A cutout of this hash is kept, and then it is gone."""
    file = folder / f"{name}.png"
    file.write_bytes(content or name.encode())
    with file.open("rb") as opened:
        kept.keep(name, opened)
    file.unlink()


def content_of(kept: ReplacedCutouts, name: str) -> bytes | None:
    if (file := kept.open(name)) is None:
        return None
    with file:
        return file.read()


def test_a_replaced_cutout_is_still_readable(tmp_path: Path) -> None:
    """Under its hash, as often as it is wanted, and from its beginning; another hash is not kept."""
    kept = ReplacedCutouts()
    replace(kept, tmp_path, "one")
    replace(kept, tmp_path, "two")
    assert [content_of(kept, name) for name in ("one", "one", "two", "three")] == [b"one", b"one", b"two", None]


def test_a_cutout_that_is_replaced_twice_is_kept_once(tmp_path: Path) -> None:
    """The later one, and no descriptor of the earlier one."""
    kept = ReplacedCutouts()
    replace(kept, tmp_path, "one")
    before = descriptors()
    replace(kept, tmp_path, "one", b"later")
    assert (content_of(kept, "one"), descriptors()) == (b"later", before)


def test_the_latest_cutouts_are_kept_and_no_more(tmp_path: Path) -> None:
    """A process may have only so many open files; the one that was replaced first goes first."""
    kept, most = ReplacedCutouts(), replaced_cutouts._MOST_FILES
    before = descriptors()
    for number in range(most):
        replace(kept, tmp_path, str(number))
    assert content_of(kept, "0") == b"0"
    replace(kept, tmp_path, "last")
    assert [content_of(kept, name) for name in ("0", "1", "last")] == [None, b"1", b"last"]
    assert descriptors() == before + most


def test_a_cutout_is_kept_for_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then its file is closed, else its disk could not be unmounted; a later one stays."""
    now_s = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    kept = ReplacedCutouts(kept_for_s=60.0)
    before = descriptors()
    replace(kept, tmp_path, "first")
    now_s += 20
    replace(kept, tmp_path, "second")
    now_s += 39
    kept.drop_old()
    assert descriptors() == before + 2
    now_s += 1
    kept.drop_old()
    assert [content_of(kept, name) for name in ("first", "second")] == [None, b"second"]
    assert descriptors() == before + 1
    now_s += 60
    kept.drop_old()
    kept.drop_old()
    assert (content_of(kept, "second"), descriptors()) == (None, before)
