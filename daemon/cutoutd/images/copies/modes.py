"""Pixels in one of few modes, as the rest of cutoutd needs them."""

from PIL import Image

_LEVELS_16_PER_8 = 257
_OPAQUE = (255, 255)
_WITH_ALPHA = frozenset({"RGBA", "LA"})
_SIXTEEN_BITS = "I;16"


def in_plain_mode(image: Image.Image) -> Image.Image:
    """Return the picture as L, LA, RGB, RGBA, YCbCr or CMYK, eight bits a channel; the same object if it is so already.

    All but the last two can be scaled smoothly and written as PNG, or without alpha as JPEG.
    """
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
    """Return the picture without an alpha channel that makes nothing transparent. Many programs write one."""
    if has_alpha(image) and image.getchannel("A").getextrema() == _OPAQUE:
        return image.convert("RGB" if image.mode == "RGBA" else "L")
    return image


def has_alpha(image: Image.Image) -> bool:
    """Return True if a picture in a plain mode has an alpha channel."""
    return image.mode in _WITH_ALPHA


def is_grey_of_16_bits(image: Image.Image) -> bool:
    """Return True if the picture can stay grey with 16 bits: Pillow turns, scales and writes it, but for its alpha."""
    return image.mode == _SIXTEEN_BITS and not image.has_transparency_data
