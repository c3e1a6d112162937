"""The finished result, made of a picture and its mask: subject, shadow, background colour, or the mask alone.

`layout` decides sizes and places. Pillow only.
"""

from PIL import Image, ImageFilter

from cutoutd.sandbox.engine.geometry import Box
from cutoutd.sandbox.engine.layout import Layout, lay_out
from cutoutd.sandbox.engine.parameters import Channels, Parameters

_TRANSPARENT = (0, 0, 0, 0)
_HALF_OPAQUE = 128
_SHADOW_OPACITY = 0.38
_SHADOW_DROP = 0.025
"""A share of the subject's height, for the distance and the softness of the shadow."""
_SHADOW_REDUCTION = 8
"""The shadow is drawn this many times smaller, because a blur hides detail anyway."""


class UnknownForegroundError(Exception):
    """Nothing in the picture stands out from its background: the service's ``unknown_foreground``."""


def compose(picture: Image.Image, mask: Image.Image, parameters: Parameters) -> Image.Image:
    """Return the result for an RGB ``picture``; ``mask`` is grey and of the same size.

    Raises:
        UnknownForegroundError: The mask is empty.
    """
    bounds = mask.getbbox()
    if bounds is None:
        raise UnknownForegroundError("Nothing in the picture stands out from its background.")
    layout = lay_out(Box(0, 0, *picture.size), Box(*bounds), parameters)
    subject = _scaled_subject(picture.crop(bounds), mask.crop(bounds), layout)
    if not parameters.semitransparency:
        subject.putalpha(subject.getchannel("A").point(lambda opacity: 255 if opacity >= _HALF_OPAQUE else 0))
    cutout = _place(subject, layout)
    return cutout.getchannel("A") if parameters.channels is Channels.ALPHA else _decorate(cutout, layout, parameters)


def _scaled_subject(picture: Image.Image, mask: Image.Image, layout: Layout) -> Image.Image:
    picture.putalpha(mask)
    size = (layout.subject_width, layout.subject_height)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)


def _place(subject: Image.Image, layout: Layout) -> Image.Image:
    """Put the subject on a transparent canvas; fully transparent pixels lose the colour of the old background."""
    canvas = Image.new("RGBA", (layout.width, layout.height), _TRANSPARENT)
    visible = subject.getchannel("A").point(lambda opacity: 255 if opacity else 0)
    canvas.paste(subject, (layout.left, layout.top), visible)
    return canvas


def _decorate(cutout: Image.Image, layout: Layout, parameters: Parameters) -> Image.Image:
    if parameters.add_shadow:
        cutout = Image.alpha_composite(_shadow(cutout.getchannel("A"), layout), cutout)
    if parameters.bg_color is not None:
        background = Image.new("RGBA", cutout.size, parameters.bg_color.as_rgba())
        cutout = Image.alpha_composite(background, cutout)
    return cutout


def _shadow(mask: Image.Image, layout: Layout) -> Image.Image:
    drop = layout.subject_height * _SHADOW_DROP / _SHADOW_REDUCTION
    small = mask.reduce(_SHADOW_REDUCTION)
    fallen = Image.new("L", small.size)
    fallen.paste(small, (0, round(drop)))
    faint = fallen.filter(ImageFilter.GaussianBlur(drop)).point(lambda opacity: round(opacity * _SHADOW_OPACITY))
    shadow = Image.new("RGBA", mask.size, _TRANSPARENT)
    shadow.putalpha(faint.resize(mask.size, Image.Resampling.BICUBIC))
    return shadow
