"""Where the sandbox puts the subject: sizes only, no pixels."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cutoutd.sandbox.engine import Parameters
from cutoutd.sandbox.engine.geometry import CENTRE, Box, Length, Position, Unit
from cutoutd.sandbox.engine.layout import MAX_PIXELS, Layout, lay_out

PICTURE, SUBJECT = Box(0, 0, 1000, 800), Box(100, 200, 500, 400)
SHARES = st.floats(0, 1)
PARAMETERS = st.builds(
    Parameters,
    crop=st.booleans(),
    crop_margin=st.builds(Length, st.integers(0, 999_999), st.sampled_from(Unit)),
    scale=st.none() | st.floats(0.1, 1),
    position=st.none() | st.builds(Position, SHARES, SHARES),
)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Box, Box]:
    """A picture of any size, and a subject somewhere inside."""
    width, height = draw(st.integers(1, 20_000)), draw(st.integers(1, 20_000))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
    return Box(0, 0, width, height), Box(left, top, right, bottom)


@given(pictures(), PARAMETERS)
def test_results_have_at_most_25_megapixels_and_hold_the_whole_subject(
    picture: tuple[Box, Box], parameters: Parameters
) -> None:
    """Whatever is asked for, the result stays within the cap and the subject within the result."""
    layout = lay_out(*picture, parameters)
    assert 0 < layout.width * layout.height <= MAX_PIXELS
    assert layout.subject_width > 0
    assert layout.subject_height > 0
    assert 0 <= layout.left <= layout.width - layout.subject_width
    assert 0 <= layout.top <= layout.height - layout.subject_height


@given(pictures())
def test_without_parameters_a_picture_within_the_cap_keeps_every_pixel_in_place(picture: tuple[Box, Box]) -> None:
    """The default is the source's size with the subject where it was."""
    whole, subject = picture
    assume(whole.width * whole.height <= MAX_PIXELS)
    expected = (whole.width, whole.height, subject.left, subject.top, subject.width, subject.height)
    assert lay_out(whole, subject, Parameters()) == Layout(*map(int, expected))


@given(st.integers(0, 400), st.integers(1, 400), st.sampled_from(Unit))
def test_a_larger_crop_margin_makes_a_larger_result(margin: int, more: int, unit: Unit) -> None:
    """Each side grows with the margin, and the subject keeps its size."""
    small, large = (
        lay_out(PICTURE, SUBJECT, Parameters(crop=True, crop_margin=Length(amount, unit)))
        for amount in (margin, margin + more)
    )
    assert small.width < large.width
    assert small.height < large.height
    assert (small.subject_width, small.subject_height) == (large.subject_width, large.subject_height) == (400, 200)


def test_crop_alone_cuts_off_everything_around_the_subject() -> None:
    """Without a margin the result is just the subject."""
    assert lay_out(PICTURE, SUBJECT, Parameters(crop=True)) == Layout(400, 200, 0, 0, 400, 200)


def test_a_percentage_margin_is_of_the_subjects_own_sides() -> None:
    """Ten percent of a subject of 400 by 200 are 40 pixels at the sides, 20 above and below."""
    margin = Parameters(crop=True, crop_margin=Length(10, Unit.PERCENT))
    assert lay_out(PICTURE, SUBJECT, margin) == Layout(480, 240, 40, 20, 400, 200)


@given(pictures(), st.floats(0.1, 1))
def test_scale_is_the_subjects_share_of_the_picture(picture: tuple[Box, Box], scale: float) -> None:
    """The subject fills that share of the picture's width or height, whichever it meets first, and keeps its shape."""
    layout = lay_out(*picture, Parameters(scale=scale, position=CENTRE))
    shares = (layout.subject_width / layout.width, layout.subject_height / layout.height)
    rounding = 1.5 / min(layout.width, layout.height)
    assert max(shares) == pytest.approx(scale, abs=rounding)


@given(pictures(), st.builds(Position, SHARES, SHARES))
def test_a_position_divides_the_free_room(picture: tuple[Box, Box], position: Position) -> None:
    """0 % is flush left or top, 100 % flush right or bottom, and between in proportion."""
    layout = lay_out(*picture, Parameters(position=position))
    assert layout.left == pytest.approx((layout.width - layout.subject_width) * position.horizontal, abs=1.5)
    assert layout.top == pytest.approx((layout.height - layout.subject_height) * position.vertical, abs=1.5)


def test_a_scaled_subject_may_keep_its_centre() -> None:
    """With ``position: original`` it grows around its own centre, pushed inward where it would be cut off."""
    kept = lay_out(PICTURE, SUBJECT, Parameters(scale=0.2))
    assert (kept.left + kept.subject_width / 2, kept.top + kept.subject_height / 2) == (300, 300)
    pushed = lay_out(PICTURE, SUBJECT, replace(Parameters(), scale=0.9))
    assert (pushed.left, pushed.subject_width) == (0, 900)
