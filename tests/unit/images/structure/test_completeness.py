from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.images.structure.completeness import is_whole, picture_end
from support.images.photographs import drawn, encoded, exif, jpeg, photograph, png


def end_of(content: bytes, **options: int) -> int | None:
    return picture_end(BytesIO(content), **options)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True}])
def test_a_whole_jpeg_ends_at_its_last_byte(options: dict[str, object]) -> None:
    """Baseline, progressive with its many scans, restart markers: the walk reaches the end marker."""
    content = photograph(**options)
    assert end_of(content) == len(content)


def test_a_whole_png_ends_at_its_last_byte() -> None:
    """The chunks lead to IEND."""
    content = png()
    assert end_of(content) == len(content)


@pytest.mark.parametrize("content", [jpeg(exif=exif(6)), jpeg(progressive=True), png()])
def test_no_beginning_of_a_picture_is_whole(content: bytes) -> None:
    """Wherever a copy has got to, it is not taken for finished, and never for damaged."""
    assert not any(end_of(content[:length]) for length in range(len(content)))


def test_a_thumbnails_end_is_not_the_pictures_end() -> None:
    """EXIF carries a whole JPEG with an end marker of its own; a copy that has just got past it is not finished."""
    thumbnail = jpeg((16, 16))
    content = jpeg((400, 300), exif=exif(1, thumbnail=thumbnail))
    behind_thumbnail = content.index(thumbnail) + len(thumbnail)
    assert end_of(content[: behind_thumbnail + 100]) is None
    assert end_of(content) == len(content)


@pytest.mark.parametrize("content", [jpeg(), png()])
def test_a_trailer_behind_the_picture_is_allowed(content: bytes) -> None:
    """Phones append videos and depth maps."""
    assert end_of(content + b"SEFT trailer \xff\xd8") == len(content)


def test_a_picture_of_several_frames_is_whole() -> None:
    """MPO, as phones write it, is a JPEG with others behind it."""
    content = encoded(drawn(), "MPO", save_all=True, append_images=[drawn()])
    assert is_whole(BytesIO(content))


@pytest.mark.parametrize("padding", [1, 2, 5])
def test_markers_split_between_blocks_are_found(padding: int) -> None:
    """The file is read in blocks, and a marker may stand across two of them."""
    content = jpeg()
    assert end_of(content, block_bytes=padding + 1) == len(content)


def test_fill_bytes_and_stray_bytes_between_segments_do_no_harm() -> None:
    """Decoders pass over them, so the walk does."""
    content = jpeg()
    assert is_whole(BytesIO(content[:2] + b"\xff\xff\xff\0junk" + content[2:]))


def test_preallocated_zeros_are_not_an_end() -> None:
    """A program that reserves the file's whole size before it writes has not finished when the size is right."""
    content = photograph()
    half = len(content) // 2
    assert end_of(content[:half] + bytes(half)) is None


@pytest.mark.parametrize(
    "content",
    [b"\xff\xd8\xff\xe0\x00\x01rest", b"\xff\xd8" + b"\xff\xe0\x00\x02" * 100_001, png()[:8] + b"\xff" * 20],
)
def test_impossible_structure_is_damage(content: bytes) -> None:
    """More bytes could not mend it, so it is not called cut off; a forgery's millions of segments end early."""
    with pytest.raises(ValueError, match=r"segment|chunk"):
        end_of(content)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_any_bytes_get_an_answer(content: bytes, start: bytes) -> None:
    """Whatever is in a file, the question whether it is whole is answered."""
    assert is_whole(BytesIO(start + content)) in {True, False}
