"""Cutouts that meet other files at their place: nobody's work is overwritten."""

import threading
from hashlib import sha256
from pathlib import Path
from typing import Self

from support.images.drawn_photos import is_cutout, jpeg, png, put
from support.processes.daemon_process import Place


def test_two_sources_of_one_target_both_get_a_place_for_ever(place: Place) -> None:
    """a.jpg and a.png would both become a.png: the later one is renamed, and stays there over restart and rewrite."""
    with place.start() as daemon:
        for path, content in (("a.jpg", jpeg()), ("a.png", png())):
            put(place.input / path, content)
            daemon.wait_for("published", path)
    assert place.outputs() == ["a.png", "a.png.png"]
    before = {name: (place.output / name).read_bytes() for name in place.outputs()}
    put(place.input / "a.png", png())
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png", "a.png.png"]
    assert (place.output / "a.png").read_bytes() == before["a.png"]
    assert (place.output / "a.png.png").read_bytes() != before["a.png.png"]


def test_the_later_of_two_sources_is_skipped_if_so_configured(place: Place) -> None:
    """With on_conflict: skip the later one is rejected in words, and stays so over a restart."""
    place.configure(folder={"on_conflict": "skip"})
    with place.start() as daemon:
        put(place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        put(place.input / "a.png", png())
        daemon.wait_for("rejected", "a.png")
        daemon.stop()
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png", "a.png.failed.txt"]
    assert "target_taken" in place.note("a.png")


def test_a_persons_own_picture_is_never_overwritten(place: Place) -> None:
    """A file that stood at the target before stays as it is; the cutout goes beside it."""
    own = put(place.output / "a.png", b"somebody's own work")
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    assert own.read_bytes() == b"somebody's own work"
    assert place.outputs() == ["a.jpg.png", "a.png"]
    assert is_cutout(place.output / "a.jpg.png")


def test_a_rewritten_photo_replaces_its_own_cutout_in_one_moment(place: Place) -> None:
    """After a rewrite the new cutout takes the old one's place, and whoever reads meanwhile sees a whole one."""
    put(place.input / "a.jpg")
    with place.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        old = (place.output / "a.png").read_bytes()
        with _Reader(place.output / "a.png") as reader:
            put(place.input / "a.jpg", jpeg())
            daemon.wait_until(lambda lines: sum(line.action == "published" for line in lines) == 2)
    new = (place.output / "a.png").read_bytes()
    assert new != old
    assert place.outputs() == ["a.png"]
    assert reader.seen <= {sha256(content).hexdigest() for content in (old, new)}


def test_a_retouched_cutout_stays(place: Place) -> None:
    """A cutout that somebody retouched stays when its photo is rewritten; the new one goes beside it."""
    put(place.input / "a.jpg")
    with place.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        (place.output / "a.png").write_bytes(b"retouched by hand")
        put(place.input / "a.jpg", jpeg())
        daemon.wait_until(lambda lines: sum(line.action == "published" for line in lines) == 2)
        daemon.stop()
    assert (place.output / "a.png").read_bytes() == b"retouched by hand"
    assert is_cutout(place.output / "a.jpg.png")
    assert "another file stood at a.png" in (place.versions("a.jpg")[-1].note or "")


class _Reader:
    """Reads a file over and over while its block runs, and keeps the hashes of what it saw."""

    def __init__(self, file: Path) -> None:
        self.seen: set[str] = set()
        self._file = file
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_done.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._is_done.wait(0.001):
            self.seen.add(sha256(self._file.read_bytes()).hexdigest())
