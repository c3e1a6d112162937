"""The hash of a picture: the same for every edit of its metadata, another one for every other look."""

import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from cutoutd.images.validation import validate
from support.images.drawn_photos import with_segment
from support.images.photographs import chunk, drawn, encoded, exif, jpeg, png

PNG_HEADER_END = 33
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def hash_of(content: bytes) -> str:
    return validate(content, "a").sha256


def with_chunk(content: bytes, name: bytes, data: bytes) -> bytes:
    return content[:PNG_HEADER_END] + chunk(name, data) + content[PNG_HEADER_END:]


JPEG_EDITS: dict[str, Callable[[bytes], bytes]] = {
    "comment": lambda content: with_segment(content, b"a caption", 0xFE),
    "Exif": lambda content: with_segment(content, b"Exif\0\0" + exif(1, thumbnail=jpeg((16, 16))), 0xE1),
    "XMP": lambda content: with_segment(content, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>", 0xE1),
    "more XMP": lambda content: with_segment(content, b"http://ns.adobe.com/xmp/extension/\0" + bytes(60), 0xE1),
    "IPTC": lambda content: with_segment(content, b"Photoshop 3.0\x008BIM", 0xED),
    "density": lambda content: content.replace(b"JFIF\0\x01\x01\0\0\x01\0\x01", b"JFIF\0\x01\x01\x01\x01\x2c\x01\x2c"),
    "trailer": lambda content: content + b"SEFT a video",
    "no JFIF": lambda content: content[:2] + content[20:],
    "offsets of other pictures": lambda content: with_segment(content, b"MPF\0II*\0", 0xE2),
}

JPEG_CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "unknown segment": lambda content: with_segment(content, b"private data"),
    "unknown segment of a known kind": lambda content: with_segment(content, b"urn:gain map", 0xE2),
    "colour transform": lambda content: with_segment(content, b"Adobe\0\x64\0\0\0\0\0", 0xEE),
    "profile": lambda content: with_segment(content, b"ICC_PROFILE\0\x01\x01" + SRGB, 0xE2),
    "orientation": lambda content: with_segment(content, b"Exif\0\0" + exif(6)[6:], 0xE1),
    "data of the scan": lambda content: content[:-10] + bytes([content[-10] ^ 1]) + content[-9:],
}

PNG_EDITS: dict[str, Callable[[bytes], bytes]] = {
    "text": lambda content: with_chunk(content, b"tEXt", b"Comment\0a caption"),
    "packed text": lambda content: with_chunk(content, b"zTXt", b"Comment\0\0" + zlib.compress(b"a caption")),
    "international text": lambda content: with_chunk(content, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta/>"),
    "time": lambda content: with_chunk(content, b"tIME", bytes((7, 234, 11, 29, 12, 0, 0))),
    "density": lambda content: with_chunk(content, b"pHYs", bytes((0, 0, 11, 19, 0, 0, 11, 19, 1))),
    "Exif": lambda content: with_chunk(content, b"eXIf", exif(1)[6:]),
}

PNG_CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "gamma": lambda content: with_chunk(content, b"gAMA", (45455).to_bytes(4, "big")),
    "chromaticities": lambda content: with_chunk(content, b"cHRM", bytes(32)),
    "sRGB": lambda content: with_chunk(content, b"sRGB", b"\0"),
    "significant bits": lambda content: with_chunk(content, b"sBIT", b"\5\6\5"),
    "coding-independent code points": lambda content: with_chunk(content, b"cICP", b"\x09\x10\0\x01"),
    "transparency": lambda content: with_chunk(content, b"tRNS", bytes((0, 255, 0, 0, 0, 0))),
    "unknown chunk": lambda content: with_chunk(content, b"prVt", b"data"),
    "orientation": lambda content: with_chunk(content, b"eXIf", exif(6)[6:]),
}


@pytest.mark.parametrize("edit", JPEG_EDITS.values(), ids=JPEG_EDITS)
def test_metadata_of_a_jpeg_is_no_other_picture(edit: Callable[[bytes], bytes]) -> None:
    """Captions, ratings, previews, density and trailers are not what a viewer decodes."""
    content = jpeg()
    assert edit(content) != content
    assert hash_of(edit(content)) == hash_of(content)


@pytest.mark.parametrize("change", JPEG_CHANGES.values(), ids=JPEG_CHANGES)
def test_another_look_of_a_jpeg_is_another_picture(change: Callable[[bytes], bytes]) -> None:
    """What changes the look counts, and so does everything unknown."""
    content = jpeg()
    assert change(content) != content
    assert hash_of(change(content)) != hash_of(content)


@pytest.mark.parametrize("edit", PNG_EDITS.values(), ids=PNG_EDITS)
def test_metadata_of_a_png_is_no_other_picture(edit: Callable[[bytes], bytes]) -> None:
    """Texts, time, density and Exif without an orientation do not count."""
    assert hash_of(edit(png())) == hash_of(png())


@pytest.mark.parametrize("change", PNG_CHANGES.values(), ids=PNG_CHANGES)
def test_another_look_of_a_png_is_another_picture(change: Callable[[bytes], bytes]) -> None:
    """Everything that changes how the pixels are shown counts, and so does everything unknown."""
    assert hash_of(change(png())) != hash_of(png())


def test_pixels_count() -> None:
    """Another quality or another size is another picture, in both formats."""
    pictures = [jpeg(), jpeg((61, 40)), encoded(drawn(), "JPEG", quality=60), png(), png((61, 40)), png(mode="L")]
    assert len({hash_of(content) for content in pictures}) == len(pictures)


def test_the_division_into_pieces_does_not_count() -> None:
    """A PNG's pixels in other chunks, and a JPEG's profile in other segments, are the same data."""
    content = png()
    at = content.index(b"IDAT") - 4
    length = int.from_bytes(content[at : at + 4], "big")
    pixels = content[at + 8 : at + 8 + length]
    halves = chunk(b"IDAT", pixels[:20]) + chunk(b"IDAT", b"") + chunk(b"IDAT", pixels[20:])
    assert hash_of(content[:at] + halves + content[at + length + 12 :]) == hash_of(content)
    # Put in front, so the second piece is written first.
    second = with_segment(jpeg(), b"ICC_PROFILE\0\x02\x02" + SRGB[100:], 0xE2)
    pieces = with_segment(second, b"ICC_PROFILE\0\x01\x02" + SRGB[:100], 0xE2)
    assert hash_of(pieces) == hash_of(with_segment(jpeg(), b"ICC_PROFILE\0\x01\x01" + SRGB, 0xE2))


def test_the_name_of_a_profile_does_not_count() -> None:
    """The profile itself does."""

    def with_profile(name: bytes, profile: bytes) -> bytes:
        return with_chunk(png(), b"iCCP", name + b"\0\0" + zlib.compress(profile))

    assert hash_of(with_profile(b"sRGB", SRGB)) == hash_of(with_profile(b"icc", SRGB))
    assert hash_of(with_profile(b"sRGB", SRGB)) != hash_of(with_profile(b"sRGB", LAB))


def test_a_colour_space_in_exif_counts() -> None:
    """Some viewers show a picture by it if it has no profile. Editors add sRGB or "uncalibrated" to any picture."""

    def with_values(color_space: int, **more: float) -> str:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0xA001] = color_space
        if "gamma" in more:
            exif.get_ifd(0x8769)[0xA500] = more["gamma"]
        return hash_of(jpeg(exif=exif.tobytes()))

    assert {hash_of(jpeg()), with_values(1), with_values(0xFFFF)} == {hash_of(jpeg())}
    others = {with_values(2), with_values(1, gamma=1.0), with_values(1, gamma=2.2)}
    assert len(others - {hash_of(jpeg())}) == len(others) == 3


def test_jfif_counts_where_it_decides_the_colours() -> None:
    """Without it decoders go by Adobe's segment, and by the names of the colours."""
    rgb = with_segment(jpeg(), b"Adobe\0\x64\0\0\0\0\0", 0xEE)
    jfif = jpeg()[2:20]
    without = rgb.replace(jfif, b"", 1)
    assert hash_of(without) != hash_of(rgb)


def test_colours_behind_the_pixels_are_not_those_before_them() -> None:
    """Decoders ignore them there, so a picture with them there is another one."""
    gamma = chunk(b"gAMA", (100_000).to_bytes(4, "big"))
    content = png()
    assert hash_of(content[:33] + gamma + content[33:]) != hash_of(content[:-12] + gamma + content[-12:])
    profile = b"\xff\xe2" + (len(LAB) + 16).to_bytes(2, "big") + b"ICC_PROFILE\0\x01\x01" + LAB
    content = jpeg(progressive=True)
    assert hash_of(content[:2] + profile + content[2:]) != hash_of(content[:-2] + profile + content[-2:])


def test_a_profile_that_lacks_a_piece_is_another_one() -> None:
    """Decoders drop it, whatever its bytes."""
    whole, half = (with_segment(jpeg(), b"ICC_PROFILE\0\x01" + count + SRGB, 0xE2) for count in (b"\x01", b"\x02"))
    assert hash_of(whole) != hash_of(half)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_no_two_divisions_of_unknown_data_are_one_picture(first: bytes, second: bytes) -> None:
    """Bytes do not pass from one part to the next unseen."""
    both = with_segment(with_segment(jpeg(), second), first)
    assert hash_of(both) != hash_of(with_segment(with_segment(jpeg(), second + b"x"), first))
    assert hash_of(both) != hash_of(with_segment(jpeg(), first + second))


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("options", [{"exif": exif(1), "icc_profile": SRGB, "dpi": (72, 72)}, {}])
def test_edits_by_exiftool_are_no_other_picture(tmp_path: Path, suffix: str, options: dict[str, object]) -> None:
    """A rating, a keyword, a caption, an artist, a date, all at once and removed again, and then everything else."""
    made = encoded(drawn((600, 400)), "JPEG" if suffix == "jpg" else "PNG", **options)
    photo = tmp_path / f"a.{suffix}"
    photo.write_bytes(made)
    edits = ["-Rating=5", "-Keywords=cup", "-Subject=cup", "-Description=A cup", "-Artist=me", "-DateTimeOriginal=now"]
    removals = (["-XMP:all=", "-IPTC:all=", "-Comment=x"], ["-EXIF:all="], ["-Lens=x"], ["-all=", "--icc_profile:all"])
    for arguments in (edits, *removals):
        before = photo.read_bytes()
        subprocess.run(["exiftool", "-q", "-overwrite_original", *arguments, photo], check=True)
        assert photo.read_bytes() != before
        assert hash_of(photo.read_bytes()) == hash_of(made)
