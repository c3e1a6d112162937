"""Pillow's many pixel modes made few: grey or colour, with alpha or without, eight bits a channel.

Those can be resized smoothly and written as JPEG (without alpha) or PNG. CMYK stays what it is.
"""

from PIL import Image

_LEVELS_16_PER_8 = 257
_OPAQUE = (255, 255)
_WITH_ALPHA = frozenset({"RGBA", "LA"})


def in_plain_mode(image: Image.Image) -> Image.Image:
    """The picture as L, LA, RGB, RGBA or CMYK; the same object if it is one already."""
    image.load()
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda level: level / _LEVELS_16_PER_8).convert("L")
    if image.mode in _WITH_ALPHA:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGB") if image.mode == "P" else image


def without_idle_alpha(image: Image.Image) -> Image.Image:
    """Many programs write an alpha channel in which nothing is transparent: it is left out."""
    if has_alpha(image) and image.getchannel("A").getextrema() == _OPAQUE:
        return image.convert("RGB" if image.mode == "RGBA" else "L")
    return image


def has_alpha(image: Image.Image) -> bool:
    """Whether a picture in a plain mode has an alpha channel."""
    return image.mode in _WITH_ALPHA
