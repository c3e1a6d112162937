"""Photos that are renamed, swapped, rewritten or removed, at whatever moment."""

import shutil

from cutoutd.core.photo import State
from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

#: Nothing is sent while it is in force.
_NO_UPLOADS = {"kind": "status", "status": 503, "on": "upload", "times": 1_000_000}


def test_the_cutout_follows_its_photo(place: Place, sandbox: SandboxProcess) -> None:
    """Renamed, it is reused under the new name before the old one goes; removed, it goes; changed by hand, it stays."""
    place.configure(folder={"on_success": "keep", "on_source_removed": "delete"})
    for name in ("a.jpg", "b.jpg", "c.jpg", "still.jpg"):
        put(place.input / name)
    with place.start() as daemon:
        daemon.wait_for("published", "a.jpg", "b.jpg", "c.jpg", "still.jpg")
        cutout = (place.output / "a.png").read_bytes()
        (place.output / "c.png").write_bytes(b"retouched")
        (place.input / "c.jpg").unlink()
        (place.input / "b.jpg").unlink()
        (place.input / "sub").mkdir()
        (place.input / "a.jpg").rename(place.input / "sub/z.jpg")
        daemon.wait_for("withdrawn", "a.jpg", "b.jpg")
        said = [(line.action, line.path) for line in daemon.lines]
        assert said.index(("published", "sub/z.jpg")) < said.index(("withdrawn", "a.jpg"))
    assert place.outputs() == ["c.png", "still.png", "sub/z.png"]
    assert (place.output / "sub/z.png").read_bytes() == cutout
    assert sandbox.counters()["requests"]["execute"] == 4


def test_photos_renamed_swapped_and_rewritten_before_payment_are_paid_once_each(
    place: Place, sandbox: SandboxProcess
) -> None:
    """What is cut out in the end is what lies there in the end."""
    sandbox.set_faults(_NO_UPLOADS)
    renamed, rewritten = put(place.input / "old.jpg"), put(place.input / "rewritten.jpg")
    one, other = put(place.input / "one.jpg", jpeg_of("red")), put(place.input / "other.jpg", jpeg_of("blue"))
    with place.start() as daemon:
        daemon.wait_for("accepted", "old.jpg", "rewritten.jpg", "one.jpg", "other.jpg")
        renamed.rename(place.input / "new.jpg")
        rewritten.write_bytes(jpeg_of("green"))
        one.rename(place.input / "held")
        other.rename(one)
        (place.input / "held").rename(other)
        daemon.wait_until(lambda lines: sum(line.action == "discovered" for line in lines) == 8)
        sandbox.clear_faults()
        daemon.wait_for("published", "new.jpg", "rewritten.jpg", "one.jpg", "other.jpg")
        daemon.wait_for("superseded", "old.jpg", "rewritten.jpg", "one.jpg", "other.jpg")
    assert place.outputs() == ["new.png", "one.png", "other.png", "rewritten.png"]
    assert sandbox.counters()["requests"]["execute"] == 4


def test_two_published_photos_that_are_swapped_get_each_others_cutout(place: Place) -> None:
    """Whatever has to be paid for that: a cutout is never another photo's."""
    one, other = put(place.input / "one.jpg", jpeg_of("red")), put(place.input / "other.jpg", jpeg_of("blue"))
    assert place.run_once().returncode == 0
    before = {name: (place.output / name).read_bytes() for name in ("one.png", "other.png")}
    one.rename(place.input / "held")
    other.rename(one)
    (place.input / "held").rename(other)
    assert place.run_once().returncode == 0
    assert (place.output / "one.png").read_bytes() == before["other.png"]
    assert (place.output / "other.png").read_bytes() == before["one.png"]


def test_another_input_of_the_same_name_replaces_nothing(place: Place, sandbox: SandboxProcess) -> None:
    """A folder is pointed at another tree: a photo there that merely has the same path gets a place beside."""
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    cutout = (place.output / "a.png").read_bytes()
    other = place.home / "other"
    fresh = put(other / "a.jpg")
    place.configure(folder={"input": str(other)})
    assert place.run_once().returncode == 0
    assert (place.output / "a.png").read_bytes() == cutout
    assert place.outputs() == ["a.jpg.png", "a.png"]
    fresh.write_bytes(jpeg_of("red"))  # and its next version replaces its own cutout
    beside = (place.output / "a.jpg.png").read_bytes()
    assert place.run_once().returncode == 0
    assert (place.output / "a.png").read_bytes() == cutout
    assert (place.output / "a.jpg.png").read_bytes() != beside
    assert place.outputs() == ["a.jpg.png", "a.png"]
    assert sandbox.counters()["requests"]["execute"] == 3


def test_a_moved_input_tree_goes_on_where_it_was(place: Place, sandbox: SandboxProcess) -> None:
    """The same photos at another place are the same photos: a rewritten one replaces its own cutout."""
    put(place.input / "a.jpg")
    put(place.input / "b.jpg")
    assert place.run_once().returncode == 0
    assert place.run_once().returncode == 0
    moved = place.home / "moved"
    shutil.move(place.input, moved)
    place.configure(folder={"input": str(moved)})
    (moved / "a.jpg").write_bytes(jpeg_of("red"))
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png", "b.png"]
    assert [photo.state for photo in place.versions("a.jpg")] == [State.PUBLISHED, State.PUBLISHED]
    assert sandbox.counters()["requests"]["execute"] == 3
