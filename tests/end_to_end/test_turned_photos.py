"""Photos that are stored lying, with colours of their own: from the input to the cutout, through the real daemon."""

from PIL import Image

from support.images.coloured_photos import RED_IN_SRGB, chunks_of, is_near, p3_png
from support.images.drawn_photos import put
from support.images.photographs import encoded, exif, photograph
from support.images.turned_photos import TURNED_PHOTOS
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


def test_every_turned_photo_gets_an_upright_cutout(place: Place, sandbox: SandboxProcess) -> None:
    """Each cutout stands like its photo in the ledger, which is what people see; none is paid for twice."""
    for number, photo in enumerate(TURNED_PHOTOS):
        # A byte behind the end makes each of them another file.
        put(place.input / f"{photo.name}.jpg", photo.content + bytes([number]))
    ended = place.run_once()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for photo in TURNED_PHOTOS:
        [stored] = place.versions(f"{photo.name}.jpg")
        assert (stored.picture.width, stored.picture.height) == photo.size, photo.name
        # Some are the same picture, because they differ only in what does not turn it.
        assert stored.note is None or stored.note.startswith("nothing paid: the same picture"), photo.name
        with Image.open(place.output / f"{photo.name}.png") as cutout:
            assert cutout.size == photo.size, photo.name
    published = [place.versions(f"{photo.name}.jpg")[0] for photo in TURNED_PHOTOS]
    paid = sum(photo.cutout.reused_from is None for photo in published)
    assert sum(sandbox.counters()["executes_by_sha256"].values()) == paid


def test_colours_reach_the_cutout(place: Place) -> None:
    """A red that sRGB cannot tell apart from others arrives with the chunk that tells it."""
    put(place.input / "p3.png", p3_png())
    ended = place.run_once()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [stored] = place.versions("p3.png")
    assert (stored.picture.colours, stored.note) == ("Display P3", None)
    cutout = (place.output / "p3.png").read_bytes()
    assert b"cICP" in chunks_of(cutout)
    with Image.open(place.output / "p3.png") as picture:
        assert not is_near(picture.getpixel((80, 48)), RED_IN_SRGB)


def test_a_turned_photo_just_within_the_limit_is_taken(place: Place) -> None:
    """The copy that cutoutd makes is not the user's file, so it never makes a good photo fail."""
    content = photograph("coffee", quality=80, exif=exif(6))
    grown = len(encoded(Image.open(put(place.input / "coffee.jpg", content)), "JPEG", quality=95, subsampling=0))
    assert grown > len(content)
    place.configure(folder={"max_size": len(content), "oversize": "reject"})
    ended = place.run_once()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    with Image.open(place.output / "coffee.png") as cutout:
        assert cutout.size == (400, 600)
