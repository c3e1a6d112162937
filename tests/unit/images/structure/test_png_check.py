import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.images.structure.png_check import PngCheck, PngHeader
from support.images.photographs import chunk, png, png_of

WHOLE = png(mode="RGBA")


def checked(content: bytes, step: int = 1 << 16) -> PngHeader:
    check = PngCheck()
    for at in range(0, len(content), step):
        check.feed(content[at : at + step])
    return check.finish()


@given(step=st.integers(min_value=1, max_value=len(WHOLE)))
def test_the_pieces_a_png_comes_in_do_not_matter(step: int) -> None:
    """A download arrives in pieces of any size."""
    assert checked(WHOLE, step) == PngHeader(width=60, height=40, bit_depth=8, color_type=6, has_alpha=True)


@given(at=st.integers(min_value=0, max_value=len(WHOLE) - 1), flip=st.integers(min_value=1, max_value=255))
def test_one_changed_byte_is_noticed(at: int, flip: int) -> None:
    """Every byte is under a checksum, part of one, or part of the structure."""
    damaged = bytearray(WHOLE)
    damaged[at] ^= flip
    with pytest.raises(ValueError, match=r"^(it|its|the|colour type) "):
        checked(bytes(damaged))


@given(length=st.integers(min_value=0, max_value=len(WHOLE) - 1))
def test_a_cut_off_png_is_noticed(length: int) -> None:
    """A download that ended early never passes."""
    with pytest.raises(ValueError, match="ends before its end marker"):
        checked(WHOLE[:length])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"<html>502 Bad Gateway</html>", "it is no PNG"),
        (WHOLE + b"x", "has bytes behind its end"),
        (WHOLE[:8] + chunk(b"IEND", b""), "its header is not where it belongs"),
        (WHOLE[:33] + chunk(b"IEND", b""), "holds no picture"),
        (WHOLE[:33] + WHOLE[8:], "its header is not where it belongs"),
        (png_of(0, 10), "its size is given as 0 x 10"),
        (png_of(10, 10, bit_depth=3), "colour type 0 with 3 bits does not exist"),
        (WHOLE[:33] + b"\xff\xff\xff\xffIDAT", "a chunk that PNG does not allow"),
        (WHOLE[:33] + chunk(b"tEXt", b"hi", crc=1), "the checksum of its tEXt chunk is wrong"),
    ],
)
def test_what_is_wrong_is_said(content: bytes, complaint: str) -> None:
    """Each complaint is the end of a sentence about the file."""
    with pytest.raises(ValueError, match=complaint):
        checked(content)


@pytest.mark.parametrize(("mode", "has_alpha"), [("RGBA", True), ("LA", True), ("RGB", False), ("L", False)])
def test_alpha_is_told_by_the_colour_type(mode: str, has_alpha: object) -> None:
    """A cutout without alpha is worth a warning."""
    assert checked(png(mode=mode)).has_alpha is has_alpha


def test_a_transparent_palette_has_alpha() -> None:
    """A tRNS chunk makes a palette transparent."""
    assert checked(png(mode="P", transparency=0)).has_alpha
    assert not checked(png(mode="P")).has_alpha
