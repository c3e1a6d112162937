"""One picture is paid for once, whatever it is called and however many copies there are."""

import os
import shutil

from PIL import Image

from cutoutd.config.settings import Concurrency
from support.images.drawn_photos import is_cutout, jpeg, jpeg_of, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess


def test_fifty_copies_pay_once(place: Place, sandbox: SandboxProcess) -> None:
    """Fifty identical photos that arrive together are launched once, sent by hardly any, and all get their cutout."""
    content = jpeg()
    for number in range(50):
        put(place.input / f"album {number % 5}" / f"{number}.jpg", content)
    assert place.run_once().returncode == 0
    cutouts = sorted(place.output.rglob("*.png"))
    assert len(cutouts) == 50
    assert len({cutout.read_bytes() for cutout in cutouts}) == 1
    assert is_cutout(cutouts[0])
    assert sandbox.counters()["requests"]["execute"] == 1
    # A copy that was found earlier but checked later does not see that another is being sent; once one is sent, all do.
    assert 1 <= sandbox.counters()["requests"]["upload"] <= Concurrency().uploads


def test_a_renamed_photo_costs_nothing(place: Place, sandbox: SandboxProcess) -> None:
    """A photo that moved, and one that was only touched, get the cutout that was paid for before."""
    photo = put(place.input / "a.jpg")
    still = put(place.input / "b.jpg")
    assert place.run_once().returncode == 0
    photo.rename(place.input / "renamed.jpg")
    os.utime(still)
    assert place.run_once().returncode == 0
    assert (place.output / "renamed.png").read_bytes() == (place.output / "a.png").read_bytes()
    assert place.outputs() == ["a.png", "b.png", "renamed.png"]
    assert sandbox.counters()["requests"]["execute"] == 2


def test_a_carried_away_cutout_is_not_paid_for_again(place: Place, sandbox: SandboxProcess) -> None:
    """People take finished cutouts away; their photos are done all the same."""
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    (place.output / "a.png").unlink()
    assert place.run_once().returncode == 0
    assert place.outputs() == []
    assert sandbox.counters()["requests"]["execute"] == 1


def test_a_retouched_cutout_is_nobody_elses(place: Place, sandbox: SandboxProcess) -> None:
    """A copy of a photo whose cutout somebody retouched gets a cutout of its own, and is paid for."""
    photo = put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    with Image.open(place.output / "a.png") as cutout:
        cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(place.output / "a.png")
    retouched = (place.output / "a.png").read_bytes()
    shutil.copy(photo, place.input / "copy.jpg")
    assert place.run_once().returncode == 0
    assert (place.output / "a.png").read_bytes() == retouched
    assert (place.output / "copy.png").read_bytes() != retouched
    assert sandbox.counters()["requests"]["execute"] == 2


def test_other_parameters_are_another_cutout(place: Place, sandbox: SandboxProcess) -> None:
    """The same picture with other remove_bg parameters is another removal."""
    photo = put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    place.configure(folder={"remove_bg": {"crop": True}})
    shutil.copy(photo, place.input / "cropped.jpg")
    assert place.run_once().returncode == 0
    assert sandbox.counters()["requests"]["execute"] == 2
    with Image.open(place.output / "a.png") as whole, Image.open(place.output / "cropped.png") as cropped:
        assert cropped.width < whole.width


def test_when_the_payer_fails_the_next_takes_over(place: Place, sandbox: SandboxProcess) -> None:
    """Copies that waited for a photo whose removal failed are not left waiting: one of them pays, the rest reuse."""
    content = jpeg()
    for number in range(4):
        put(place.input / f"{number}.jpg", content)
    sandbox.set_faults({"kind": "engine_error", "times": 1})
    assert place.run_once().returncode == 1
    assert len(list(place.output.glob("*.png"))) == 3
    assert sandbox.counters()["requests"]["execute"] == 2


def test_copies_pay_once_even_when_the_first_upload_fails(place: Place, sandbox: SandboxProcess) -> None:
    """A copy that arrives while the first photo waits for a failed upload's next try does not pay beside it."""
    content = jpeg()
    place.configure(concurrency={"uploads": 4})
    sandbox.set_faults({"kind": "status", "status": 503, "on": "upload", "times": 3})
    with place.start() as daemon:
        put(place.input / "a.jpg", content)
        daemon.wait_for("waiting", "a.jpg")
        for number in range(5):
            put(place.input / f"{number}.jpg", content)
        daemon.wait_for("published", "a.jpg", *(f"{number}.jpg" for number in range(5)))
    assert sandbox.counters()["requests"]["execute"] == 1


def test_a_file_from_the_far_future_is_a_photo_like_any_other(place: Place) -> None:
    """A modification time that no database integer holds costs nobody the daemon."""
    photo = put(place.input / "a.jpg")
    os.utime(photo, ns=(1 << 63, (1 << 63) + 10**18))
    assert place.run_once().returncode == 0
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png"]


def test_photos_that_are_renumbered_cost_nothing(place: Place, sandbox: SandboxProcess) -> None:
    """Each takes the name of the next one, so each new cutout replaces the one that the next photo needs."""
    pictures = [jpeg_of(colour) for colour in ("red", "green", "blue", "black")]
    for number, picture in enumerate(pictures):
        put(place.input / f"{number}.jpg", picture)
    with place.start() as daemon:
        daemon.wait_until(lambda lines: sum(line.action == "published" for line in lines) == len(pictures))
        cutouts = [(place.output / f"{number}.png").read_bytes() for number in range(len(pictures))]
        for number, picture in enumerate(pictures):
            before = daemon.count("published")
            put(place.input / f"{number + 1}.jpg", picture)
            eventually(lambda before=before: daemon.count("published") > before)  # type: ignore[misc]
    assert [(place.output / f"{number + 1}.png").read_bytes() for number in range(len(pictures))] == cutouts
    assert sandbox.counters()["requests"]["execute"] == len(pictures)
