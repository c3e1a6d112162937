"""Hostile and broken files through the whole local intake: each is accepted or rejected with a reason, in bounded time.

Everything is drawn or built here. What the run of a million inputs does at random (tests/fuzz), this does by name.
"""

import os
import struct
import threading
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cutoutd.config.settings import FolderSettings
from cutoutd.images.structure.formats import suppress_warnings
from cutoutd.images.validation import validate
from support.folders import folder_in
from support.images.hostile_images import (
    MOST_BYTES,
    SMALL_JPEG,
    SMALL_PNG,
    bounded,
    jpeg_of,
    segment,
    tiff,
    with_chunks,
    with_segments,
)
from support.images.photographs import chunk, drawn, encoded, exif, jpeg, png_of
from support.intake_check import ACCEPTED, outcome_on, outcomes_on

# -- cut off, and damaged -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "signature_bytes"),
    [(SMALL_JPEG, 3), (jpeg((8, 8), progressive=True, exif=exif(6)), 3), (SMALL_PNG, 8)],
)
def test_of_all_beginnings_of_a_picture_only_the_whole_is_accepted(
    folder: FolderSettings, content: bytes, signature_bytes: int
) -> None:
    """However far a copy got, the photo is told as cut off, unless only the end marker is missing."""
    for length in range(len(content) + 1):
        (folder.input / f"{length}.jpg").write_bytes(content[:length])
    verdicts = outcomes_on(folder)
    assert verdicts.pop("0.jpg").code == "empty"
    assert verdicts.pop(f"{len(content)}.jpg").code == ACCEPTED
    if content.startswith(b"\xff\xd8"):
        assert {verdicts.pop(f"{len(content) - missing}.jpg").code for missing in (1, 2)} == {ACCEPTED}
    told_by_signature = {verdicts.pop(f"{length}.jpg").code for length in range(1, signature_bytes)}
    assert told_by_signature == {"not_a_picture"}
    assert {verdict.code for verdict in verdicts.values()} == {"truncated"}


@pytest.mark.parametrize("content", [encoded(drawn((8, 8), "L"), "JPEG"), SMALL_PNG], ids=["jpeg", "png"])
def test_every_flipped_bit_ends_in_a_verdict(tmp_path: Path, content: bytes) -> None:
    """Any of them, anywhere in the file."""
    folder = folder_in(tmp_path, on_conflict="skip")  # no hundred places for each of thousands of cutouts
    for at in range(len(content)):
        for bit in range(8):
            flipped = content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]
            (folder.input / f"{at}.{bit}.png").write_bytes(flipped)
    codes = Counter(verdict.code for verdict in outcomes_on(folder).values())
    assert codes.total() == len(content) * 8
    assert codes.keys() <= {
        *(ACCEPTED, "truncated", "damaged", "not_a_picture", "other_format", "bad_dimensions", "too_many_pixels")
    }


# -- bombs --------------------------------------------------------------------------------------------------------

_MEGABYTES = zlib.compress(bytes(1_000_000), 9)
_GIGABYTE = zlib.compress(bytes(100_000_000), 9)


def filled_with(part: bytes) -> bytes:
    """As many of a part as a photo may be large."""
    return part * ((MOST_BYTES - len(SMALL_PNG) - len(SMALL_JPEG)) // len(part))


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: png_of(60_000, 60_000), "too_many_pixels"),
        (lambda: jpeg_of(60_000, 60_000), "too_many_pixels"),
        (lambda: with_chunks(chunk(b"zTXt", b"a\0\0" + _GIGABYTE)), ACCEPTED),
        (lambda: with_chunks(chunk(b"iTXt", b"a\0\1\0\0\0" + _GIGABYTE)), ACCEPTED),
        (lambda: with_chunks(chunk(b"iCCP", b"a\0\0" + _GIGABYTE)), ACCEPTED),
        (lambda: with_chunks(chunk(b"iCCP", b"a\0\0" + _GIGABYTE) * 100), ACCEPTED),
        (lambda: with_chunks(chunk(b"zTXt", b"a\0\0" + _MEGABYTES) * 100), ACCEPTED),
        (lambda: with_chunks(chunk(b"zTXt", b"a\0\0" + _GIGABYTE) * 100), ACCEPTED),
        (lambda: with_chunks(filled_with(chunk(b"iCCP", b"a\0\0" + _MEGABYTES))), "damaged"),
        (lambda: with_chunks(filled_with(chunk(b"abCd", b""))), "damaged"),
        (lambda: with_segments(filled_with(segment(0xE1, b"Exif\0\0" + bytes(100)))), "damaged"),
        (lambda: with_segments(filled_with(segment(0xE0, b""))), "damaged"),
        (lambda: with_segments(filled_with(b"\xff")), "damaged"),
        (lambda: with_segments(filled_with(b"\xff\xd0")), "damaged"),
        (lambda: with_segments(filled_with(b"\xff\x00")), "damaged"),
        (lambda: with_segments(filled_with(segment(0xE1, b"Exif\0\0" + bytes(60_000)))), ACCEPTED),
        (lambda: SMALL_JPEG[:-2] + filled_with(b"\xff\xd0") + SMALL_JPEG[-2:], ACCEPTED),
    ],
)
def test_no_bomb_costs_more_than_moments(folder: FolderSettings, make: Callable[[], bytes], code: str) -> None:
    """Small files that unpack to gigabytes, and large ones made of what parsers are slow at."""
    content = make()
    with bounded():
        assert outcome_on(content, folder).code == code


# -- two things at once -------------------------------------------------------------------------------------------


def zip_archive() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run me.exe", "MZ")
    return file.getvalue()


def test_what_hides_behind_a_picture_does_not_matter(folder: FolderSettings) -> None:
    """The picture in front is what is sent; phones append to it as well."""
    (folder.input / "a.jpg").write_bytes(SMALL_JPEG + zip_archive())
    (folder.input / "b.png").write_bytes(SMALL_PNG + b"<html><script>alert(1)</script></html>")
    assert zipfile.is_zipfile(folder.input / "a.jpg")
    assert {verdict.code for verdict in outcomes_on(folder).values()} == {ACCEPTED}


@pytest.mark.parametrize("front", [b"%PDF-1.7\n", b"PK\x03\x04", b"<html>", b"GIF89a", b"\0", b"\xff\xd8\0"])
@pytest.mark.parametrize("picture", [SMALL_JPEG, SMALL_PNG])
def test_what_only_hides_a_picture_is_no_picture(folder: FolderSettings, front: bytes, picture: bytes) -> None:
    """The first bytes decide, as in every program that opens the file."""
    assert outcome_on(front + picture, folder).code in {"not_a_picture", "other_format", "damaged", "truncated"}


# -- unusual, and fine --------------------------------------------------------------------------------------------

_NOISE = b"\x55" * 3_000_000  # as much as the smallest data for that many pixels


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (jpeg_of(65_535, 3_814, data=_NOISE), ACCEPTED),
        (jpeg_of(3_814, 65_535, data=_NOISE), ACCEPTED),
        (jpeg_of(65_535, 3_815), "too_many_pixels"),
        (jpeg_of(65_535, 65_535), "too_many_pixels"),
        (jpeg_of(0, 8), "damaged"),
        (jpeg_of(8, 0), "damaged"),
        (encoded(Image.new("L", (65_535, 1)), "PNG"), ACCEPTED),
        (encoded(Image.new("L", (1, 65_535)), "PNG"), ACCEPTED),
        (encoded(Image.new("L", (65_536, 1)), "PNG"), "bad_dimensions"),
        (encoded(Image.new("L", (1, 1)), "PNG"), ACCEPTED),
        (png_of((1 << 31) - 1, (1 << 31) - 1), "bad_dimensions"),
        (png_of((1 << 32) - 1, 1), "bad_dimensions"),
    ],
)
def test_the_edges_of_what_a_picture_may_measure(folder: FolderSettings, content: bytes, code: str) -> None:
    """65,535 pixels a side and 250 megapixels, and not one more."""
    assert outcome_on(content, folder).code == code


def ycck_jpeg() -> bytes:
    """As CMYK, but with the transform that Adobe's segment announces for YCCK."""
    content = encoded(drawn(mode="CMYK"), "JPEG")
    at = content.index(b"Adobe") + len(b"Adobe") + 6
    return content[:at] + b"\x02" + content[at + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        encoded(drawn(mode="CMYK"), "JPEG"),
        ycck_jpeg(),
        encoded(drawn(mode="L"), "JPEG"),
        jpeg(progressive=True),
        jpeg(restart_marker_blocks=1),
        jpeg_of(8, 8, frame=0xC9),
        jpeg_of(8, 8, frame=0xCA),
        with_segments(segment(0xCC, b"\0\x10")),
        encoded(drawn(), "MPO", save_all=True, append_images=[drawn()]),
        encoded(Image.new("I;16", (8, 8)), "PNG"),
        png_of(8, 8, bit_depth=16, color_type=2),
        png_of(8, 8, bit_depth=16, color_type=6),
        png_of(8, 8, bit_depth=1, color_type=0),
        encoded(drawn(mode="P"), "PNG", transparency=0),
        encoded(drawn(mode="P"), "PNG", transparency=bytes(4)),
        encoded(drawn(), "PNG", save_all=True, append_images=[drawn().rotate(180)]),
        with_chunks(chunk(b"acTL", struct.pack(">II", 0, 0))),
    ],
)
def test_pictures_of_every_kind_are_accepted(folder: FolderSettings, content: bytes) -> None:
    """Printers' colours, arithmetic coding, several frames, sixteen bits and one: all of them are JPEG or PNG."""
    assert outcome_on(content, folder).code == ACCEPTED


ORIENTATION = 0x0112


@pytest.mark.parametrize(
    "garbage",
    [
        tiff((ORIENTATION, 4, 1, 0x7FFFFFFF)),
        tiff((ORIENTATION, 3, 1, 0xFFFF0000)),
        tiff((ORIENTATION, 2, 4, 0x36363636)),
        tiff((ORIENTATION, 5, 1, 8)),
        tiff((ORIENTATION, 3, 0xFFFFFFFF, 8)),
        tiff((ORIENTATION, 99, 1, 6)),
        tiff((0x8769, 4, 1, 8), (0xA005, 4, 1, 8), (0x8825, 4, 1, 8)),
        tiff((0x010F, 2, 0, 0), (0x0110, 2, 1, 0)),
        tiff(*((tag, 2, 1, 0) for tag in range(5_000))),
        tiff() * 3_000,
        b"Exif\0\0" + os.urandom(60_000),
        b"Exif\0\0MM\0+\0\x08\0\0" + b"\xff" * 60,
        b"Exif\0",
    ],
)
def test_garbage_in_exif_neither_refuses_nor_turns_a_photo(folder: FolderSettings, garbage: bytes) -> None:
    """Huge orientations, directories that lead into themselves, counts that no memory holds."""
    with bounded():
        verdict = outcome_on(with_segments(segment(0xE1, garbage)), folder)
    assert verdict.fact is not None
    assert verdict.fact.orientation == 1


TAG = st.tuples(
    st.sampled_from([ORIENTATION, 0x010F, 0x0128, 0x011A, 0x8769, 0x8825, 0x927C, 0xA005]),
    st.integers(0, 14),
    st.one_of(st.integers(0, 8), st.integers(0, 0xFFFFFFFF)),
    st.one_of(st.integers(0, 100), st.integers(0, 0xFFFFFFFF)),
)


@given(st.lists(TAG, max_size=6))
def test_no_tags_of_exif_refuse_a_photo(tags: list[tuple[int, int, int, int]]) -> None:
    """Well-framed tags of any type, count and offset leave the photo what it is."""
    assert validate(with_segments(segment(0xE1, tiff(*tags))), "a.jpg").orientation in range(1, 9)
    assert validate(with_chunks(chunk(b"eXIf", tiff(*tags)[6:])), "a.png").orientation in range(1, 9)


def test_readers_in_several_threads_leave_warnings_as_they_were() -> None:
    """The first thread to leave neither lets warnings out for the others nor keeps them off for ever."""
    before = list(warnings.filters)
    is_inside, may_leave = threading.Event(), threading.Event()

    def read() -> None:
        with suppress_warnings:
            is_inside.set()
            may_leave.wait()

    other = threading.Thread(target=read)
    with suppress_warnings:
        other.start()
        is_inside.wait()
    warnings.warn("odd metadata", stacklevel=1)  # quiet: the other one is still reading
    may_leave.set()
    other.join()
    assert warnings.filters == before
