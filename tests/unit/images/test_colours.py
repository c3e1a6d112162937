"""Colours survive: in what is sent, in what people see, and in the sandbox's cutouts."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from cutoutd.cli.demo.contact_sheet import photo_tile
from cutoutd.images.copies.orientation import make_upright
from cutoutd.images.copies.shrink import make_smaller
from cutoutd.images.copies.srgb import profile_of
from cutoutd.images.structure.colours import Colours
from cutoutd.images.structure.formats import Format, open_picture
from cutoutd.images.thumbnails import shrunk
from cutoutd.images.validation import validate
from cutoutd.sandbox.engine import Engine, Parameters, cut_out
from support.images.coloured_photos import (
    CHRM_P3,
    CICP_P3,
    GAMMA_1,
    RED_IN_P3,
    RED_IN_SRGB,
    chunks_of,
    grey_profile,
    is_near,
    middle,
    p3_png,
    picture,
    srgb_profile,
    with_chunks,
)
from support.images.photographs import encoded, exif

PLENTY = 10_000_000

P3_PROFILE = profile_of(Colours(chunks=((b"cICP", CICP_P3),)), is_grey=False)

#: Files of the same red, with the name of their colours.
RED_FILES = {
    "cicp.png": (p3_png(), "Display P3"),
    "chrm.png": (
        with_chunks(
            encoded(picture(RED_IN_P3), "PNG", exif=exif(6)), (b"gAMA", (45_455).to_bytes(4, "big")), (b"cHRM", CHRM_P3)
        ),
        "primaries of its own",
    ),
    "icc.png": (encoded(picture(RED_IN_P3), "PNG", exif=exif(6), icc_profile=P3_PROFILE), "Display P3"),
    "icc.jpg": (
        encoded(picture(RED_IN_P3), "JPEG", quality=95, exif=exif(6), icc_profile=P3_PROFILE),
        "Display P3",
    ),
    "plain.png": (encoded(picture(RED_IN_SRGB), "PNG", exif=exif(6)), None),
    "srgb.jpg": (encoded(picture(RED_IN_SRGB), "JPEG", quality=95, exif=exif(6), icc_profile=srgb_profile()), None),
}
GREY_FILES = {
    "gama.png": (with_chunks(encoded(picture(128, "L"), "PNG", exif=exif(6)), (b"gAMA", GAMMA_1)), "gamma 1.0"),
    "icc.jpg": (
        encoded(picture(128, "L"), "JPEG", quality=95, exif=exif(6), icc_profile=grey_profile()),
        "linear grey",
    ),
    "icc.png": (encoded(picture(128, "L"), "PNG", exif=exif(6), icc_profile=grey_profile()), "linear grey"),
}
FILES = {f"red-{name}": file for name, file in RED_FILES.items()} | {
    f"grey-{name}": file for name, file in GREY_FILES.items()
}
TRUE = {name: RED_IN_SRGB if name.startswith("red") else (188, 188, 188) for name in FILES}

each = pytest.mark.parametrize("name", FILES)


def seen(content: bytes) -> tuple[int, ...]:
    """The middle as a viewer with colour management shows it."""
    picture_format = Format.PNG if content.startswith(b"\x89PNG") else Format.JPEG
    with open_picture(content, picture_format) as image:
        small = shrunk(image, 64)
        return tuple(small.getpixel((small.width // 2, small.height // 2)))


@each
def test_other_colours_than_those_of_srgb_have_a_name(name: str) -> None:
    """It is stored with the photo, to be compared with what the cutout says."""
    content, colours = FILES[name]
    assert validate(content, name).colours == colours


@each
def test_every_copy_shows_the_same_colours(name: str) -> None:
    """Upright or smaller, as PNG or as JPEG: a viewer sees in the copy what it sees in the photo."""
    content, _ = FILES[name]
    info = validate(content, name)
    copies = [make_upright(content, info, PLENTY), make_smaller(content, info, PLENTY, 64 * 64)]
    for copy in copies:
        assert is_near(seen(copy.content), TRUE[name]), copy.kind
        assert validate(copy.content, name).colours == FILES[name][1]


def test_a_png_that_has_to_become_a_jpeg_takes_its_colours_along() -> None:
    """A JPEG has no chunks for them, so a profile tells them."""
    noise = Image.effect_noise((200, 200), 80).convert("L")
    image = Image.merge("RGB", [noise.point(lambda level, most=most: level * most // 255) for most in RED_IN_P3])
    content = with_chunks(encoded(image, "PNG"), (b"cICP", CICP_P3))
    copy = make_smaller(content, validate(content, "a.png"), len(content) // 2)
    assert copy.quality is not None
    assert Image.open(io.BytesIO(copy.content)).info["icc_profile"] == P3_PROFILE


def test_pngs_keep_their_chunks_to_the_byte() -> None:
    """Also those that Pillow does not know."""
    hdr = (b"cICP", b"\x09\x10\x00\x01"), (b"cLLI", bytes(8)), (b"mDCV", bytes(24))
    content = with_chunks(encoded(picture(RED_IN_P3), "PNG", exif=exif(6)), *hdr)
    info = validate(content, "a.png")
    for copy in (make_upright(content, info, PLENTY), make_smaller(content, info, PLENTY)):
        found = chunks_of(copy.content)
        assert {kind: found[kind] for kind, _ in hdr} == dict(hdr)
        assert "eXIf" not in found


def test_grey_stays_grey_with_its_profile() -> None:
    """A grey profile in a coloured copy would be no profile at all."""
    content, _ = FILES["grey-icc.jpg"]
    info = validate(content, "a.jpg")
    for copy in (make_upright(content, info, PLENTY), make_smaller(content, info, PLENTY)):
        image = Image.open(io.BytesIO(copy.content))
        assert (image.mode, image.info["icc_profile"]) == ("L", grey_profile())


@each
def test_people_see_true_colours(name: str, tmp_path: Path) -> None:
    """Previews, reports and the contact sheet are in sRGB, which every viewer shows alike."""
    (tmp_path / name).write_bytes(FILES[name][0])
    assert is_near(seen(FILES[name][0]), TRUE[name])
    tile = photo_tile(tmp_path / name)
    assert is_near(tuple(tile.getpixel((tile.width // 2, tile.height // 2))), TRUE[name])


@each
def test_the_sandboxs_cutout_keeps_them(name: str, tmp_path: Path) -> None:
    """As the service does: with the profile of the source, or converted where a cutout cannot have it."""
    (tmp_path / name).write_bytes(FILES[name][0])
    cut_out(tmp_path / name, tmp_path / "cutout.png", Parameters(), engine=Engine.BORDER)
    assert is_near(seen((tmp_path / "cutout.png").read_bytes()), TRUE[name])


def test_16_bit_grey_loses_nothing_when_it_is_turned() -> None:
    """Level by level the same."""
    levels = Image.linear_gradient("L").convert("I").point(lambda level: level * 257 + 3).convert("I;16")
    content = encoded(levels, "PNG", exif=exif(6))
    turned = Image.open(io.BytesIO(make_upright(content, validate(content, "a.png"), PLENTY).content))
    assert turned.mode == "I;16"
    assert turned.tobytes() == levels.transpose(Image.Transpose.ROTATE_270).tobytes()


@pytest.mark.parametrize("profile", [b"garbage", b"\0" * 200, srgb_profile()[:300]])
def test_a_profile_that_makes_no_sense_is_harmless(profile: bytes, tmp_path: Path) -> None:
    """The picture is taken, copied and shown as if it had none."""
    content = encoded(picture(RED_IN_SRGB), "JPEG", quality=95, exif=exif(6), icc_profile=profile)
    info = validate(content, "a.jpg")
    assert info.colours in {None, "an unnamed profile"}
    assert make_upright(content, info, PLENTY).content
    (tmp_path / "a.jpg").write_bytes(content)
    assert is_near(middle(content), seen(content))
    cut_out(tmp_path / "a.jpg", tmp_path / "cutout.png", Parameters(), engine=Engine.BORDER)


@pytest.mark.parametrize("numbers", [bytes(32), b"\xff" * 32])
def test_chunks_of_nonsense_are_harmless(numbers: bytes) -> None:
    """Primaries that no light can have change no pixel."""
    content = with_chunks(encoded(picture(RED_IN_SRGB), "PNG"), (b"cHRM", numbers), (b"gAMA", numbers[:4]))
    validate(content, "a.png")
    assert is_near(seen(content), RED_IN_SRGB)


def test_the_made_profile_is_one_that_others_read() -> None:
    """Its primaries are those of Display P3, as littleCMS sees them."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(P3_PROFILE)).profile
    x, y, _ = profile.red_primary[1]
    assert (round(x, 2), round(y, 2)) == (0.68, 0.32)
