"""Pixels in sRGB, as people look at them, and the ICC profile of a picture.

Browsers convert what they show, but a contact sheet has pictures of many profiles, and WebP has no cICP.
"""

from io import BytesIO

from PIL import Image, ImageCms

from cutoutd.images.copies.made_profile import make_profile
from cutoutd.images.structure.colours import Colours

_P3 = (31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000)
_BT2020 = (31_270, 32_900, 70_800, 29_200, 17_000, 79_700, 13_100, 4_600)
_BT709 = (31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)
_PRIMARIES = {1: _BT709, 9: _BT2020, 12: _P3}  #: H.273, table 2
_CURVES = {1: 2.4, 4: 2.2, 5: 2.8, 6: 2.4, 8: 1.0, 13: None, 14: 2.4, 15: 2.4}  #: None: the curve of sRGB

_WITH_ALPHA = frozenset({"RGBA", "LA"})


def in_srgb(image: Image.Image, colours: Colours) -> Image.Image:
    """Return a picture in a plain mode as RGB or RGBA with the colours of sRGB.

    Colours that make no sense, or have no conversion (PQ and HLG), stay as they are.
    """
    alpha = image.getchannel("A") if image.mode in _WITH_ALPHA else None
    flat = image if alpha is None else image.convert("RGB" if image.mode == "RGBA" else "L")
    flat = _converted(flat, colours) or flat.convert("RGB")
    if alpha is not None:
        flat.putalpha(alpha)
    return flat


def _converted(flat: Image.Image, colours: Colours) -> Image.Image | None:
    icc_profile = profile_of(colours, is_grey=flat.mode == "L")
    if icc_profile is None or (flat.mode != "CMYK" and colours.name is None):
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
        if source.profile.xcolor_space.strip() == "RGB":
            flat = flat.convert("RGB")
        return ImageCms.profileToProfile(flat, source, _SRGB, ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


_SRGB = ImageCms.createProfile("sRGB")


def profile_of(colours: Colours, *, is_grey: bool) -> bytes | None:
    """Return an ICC profile for these colours: that of the picture, or one made of the chunks of a PNG.

    None means sRGB, or colours that no simple profile can tell.
    """
    if colours.cicp is not None:
        primaries, transfer = colours.cicp
        if primaries in _PRIMARIES and transfer in _CURVES:
            return make_profile(colours.name or "sRGB", _PRIMARIES[primaries], _CURVES[transfer], is_grey=is_grey)
        return colours.icc_profile
    if colours.icc_profile is not None or colours.name is None:
        return colours.icc_profile
    gamma = None if colours.gamma is None else 100_000 / colours.gamma
    try:
        return make_profile(colours.name, colours.chromaticities or _BT709, gamma, is_grey=is_grey)
    except ValueError:  # because a chunk may hold any numbers
        return None
