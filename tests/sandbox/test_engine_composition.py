"""How the sandbox's results look, pixel by pixel, from a picture and a known mask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cutoutd.sandbox.engine import Parameters, UnknownForegroundError
from cutoutd.sandbox.engine.composition import compose
from cutoutd.sandbox.engine.geometry import CENTRE, Colour, Length, Unit
from cutoutd.sandbox.engine.parameters import Channels

RED, BLUE = (200, 30, 30), (20, 40, 220)
SUBJECT = (60, 40, 140, 100)
"""A red rectangle on blue, 200 by 150; its left edge is half transparent in the mask, and it has a hole."""


def photo() -> Image.Image:
    picture = Image.new("RGB", (200, 150), BLUE)
    picture.paste(RED, SUBJECT)
    return picture


def mask() -> Image.Image:
    grey = Image.new("L", (200, 150))
    grey.paste(255, SUBJECT)
    grey.paste(90, (60, 40, 62, 100))
    grey.paste(0, (110, 60, 120, 70))
    return grey


def test_the_background_is_gone_colour_and_all() -> None:
    """Outside of the mask nothing is left of the old background; inside it is the photo."""
    cutout = compose(photo(), mask(), Parameters())
    assert (cutout.mode, cutout.size) == ("RGBA", (200, 150))
    assert cutout.getpixel((5, 5)) == cutout.getpixel((115, 65)) == (0, 0, 0, 0)
    assert cutout.getpixel((100, 70)) == (*RED, 255)
    assert cutout.getpixel((60, 70)) == (*RED, 90)


def test_semitransparency_off_leaves_nothing_half_transparent() -> None:
    """Every pixel is either opaque or fully transparent, also after scaling."""
    cutout = compose(photo(), mask(), Parameters(semitransparency=False, scale=0.9, position=CENTRE))
    opacities = {opacity for _, opacity in cutout.getchannel("A").getcolors() or []}
    assert opacities == {0, 255}


def test_channels_alpha_is_the_mask_as_a_grey_picture() -> None:
    """Only the mask comes out, untouched by background colour and shadow."""
    parameters = Parameters(channels=Channels.ALPHA, bg_color=Colour(1, 2, 3), add_shadow=True)
    assert compose(photo(), mask(), parameters) == mask()


def test_a_background_colour_lies_behind_the_subject() -> None:
    """The colour fills what was cut away with its own opacity, and shines through what is half transparent."""
    cutout = compose(photo(), mask(), Parameters(bg_color=Colour(0, 255, 0, 128)))
    assert cutout.getpixel((5, 5)) == (0, 255, 0, 128)
    assert cutout.getpixel((100, 70)) == (*RED, 255)
    solid = compose(photo(), mask(), Parameters(bg_color=Colour(0, 255, 0)))
    assert solid.getchannel("A").getextrema() == (255, 255)


def test_a_shadow_falls_below_the_subject_and_leaves_it_alone() -> None:
    """Something dark and faint appears under the subject's lower edge, nothing far above it."""
    plain, shaded = (compose(photo(), mask(), Parameters(add_shadow=is_shaded)) for is_shaded in (False, True))
    red, green, blue, opacity = shaded.getpixel((100, 101))
    assert (red, green, blue) == (0, 0, 0)
    assert 0 < opacity < 128
    assert shaded.crop((62, 40, 110, 100)) == plain.crop((62, 40, 110, 100))
    assert shaded.getpixel((100, 5)) == (0, 0, 0, 0)


def test_crop_with_a_margin_frames_the_subject() -> None:
    """The result is the subject and the margin, which is empty."""
    cutout = compose(photo(), mask(), Parameters(crop=True, crop_margin=Length(10)))
    assert cutout.size == (100, 80)
    assert cutout.getbbox() == (10, 10, 90, 70)


@given(st.integers(0, 60), st.sampled_from(Unit), st.none() | st.floats(0.1, 1))
def test_the_subject_is_always_wholly_inside(margin: int, unit: Unit, scale: float | None) -> None:
    """Crop, margin and scale in any combination give a result that shows some of the subject."""
    cutout = compose(photo(), mask(), Parameters(crop=True, crop_margin=Length(margin, unit), scale=scale))
    assert cutout.getbbox() is not None


def test_an_empty_mask_is_an_unknown_foreground() -> None:
    """Where nothing was found there is nothing to show."""
    with pytest.raises(UnknownForegroundError):
        compose(photo(), Image.new("L", (200, 150)), Parameters())
