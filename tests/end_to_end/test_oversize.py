"""``oversize: shrink``: photos too large for Uploadcare, taken by the real daemon through the real route."""

import hashlib

from PIL import Image

from support.images.drawn_photos import noisy_jpeg, put
from support.images.photographs import encoded, exif, photograph
from support.nightly import nightly_only
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


def test_a_photo_over_the_limit_gets_its_cutout(place: Place, sandbox: SandboxProcess) -> None:
    """A lying photo over max_size is sent smaller and upright, paid for once, and what was done is told everywhere."""
    content = photograph("coffee", quality=99, exif=exif(6))
    place.configure(folder={"max_size": len(content) // 3, "oversize": "shrink"})
    source = put(place.input / "coffee.jpg", content)
    ended = place.run_once()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [photo] = place.versions("coffee.jpg")
    assert photo.picture.sha256 == hashlib.sha256(content).hexdigest()
    assert photo.note is not None
    assert photo.note.startswith("sent as a copy of 400 x 600 pixels, JPEG quality ")
    assert photo.note in ended.stdout
    assert "sent as a copy" in place.command("history", "coffee.jpg").stdout
    with Image.open(place.output / "coffee.png") as cutout:
        assert cutout.size == (400, 600)
    assert source.read_bytes() == content
    assert list(sandbox.counters()["executes_by_sha256"].values()) == [1]


@nightly_only  # 49 megapixels; unit/pipeline/test_launch.py shows how a region is scaled
def test_a_region_in_pixels_means_the_photos_own(place: Place) -> None:
    """A photo of 49 megapixels is sent with 25; of its two subjects only the one in its left half is cut out."""
    picture = Image.new("RGB", (7000, 7000), (240, 240, 236))
    for left in (1000, 4500):
        picture.paste((200, 30, 30), (left, 2500, left + 2000, 4500))
    region = {"roi": "0px 0px 3500px 7000px"}
    place.configure(folder={"max_size": "500 kB", "oversize": "shrink", "remove_bg": region})
    put(place.input / "wide.jpg", encoded(picture, "JPEG", quality=95))
    ended = place.run_once()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [photo] = place.versions("wide.jpg")
    assert (photo.picture.width, photo.picture.height, photo.sent_size) == (7000, 7000, (5000, 5000))
    with Image.open(place.output / "wide.png") as cutout:
        assert cutout.size == (5000, 5000)
        bounds = cutout.getchannel("A").getbbox()
    assert bounds is not None
    assert bounds[2] <= 2500


def test_what_no_quality_makes_small_enough_is_told(place: Place) -> None:
    """Noise does not compress: nothing is sent, and the note beside the missing cutout says what was tried."""
    place.configure(folder={"max_size": "20 kB", "oversize": "shrink"})
    put(place.input / "noise.jpg", noisy_jpeg(200_000))
    assert place.run_once().returncode == 1
    assert "even a copy of" in place.note("noise.jpg")
    assert "too_large" in place.note("noise.jpg")
    assert place.outputs() == ["noise.jpg.failed.txt"]
