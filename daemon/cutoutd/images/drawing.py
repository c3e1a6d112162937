"""A small picture of a large one: upright, with its transparency and its colours, as WebP.

Blocking and hungry for memory (four bytes a pixel, twice), so call it in a thread, and few at a time.
"""

from io import BytesIO

from PIL import Image
from PIL.ImageFile import ImageFile

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.header import open_picture, orientation_of
from cutoutd.images.modes import has_alpha, in_plain_mode
from cutoutd.images.orientation import turned_upright
from cutoutd.images.originals import Original

MIME_TYPE = "image/webp"

#: Decoded; a JPEG is decoded at a fraction of its size. Cutouts have at most 25 (UPLOADCARE.md section 1).
_MOST_MEGAPIXELS = 60

#: Pillow's scale; at 80 a product photo of 480 pixels has about 15 kB.
_QUALITY = 80

#: Twice the wanted size is decoded before it is made small smoothly: nobody sees the difference to more.
_GAP = 2


def draw(original: Original, side_px: int) -> bytes:
    """The picture no longer than this on either side, never enlarged.

    Raises:
        RejectedError: it cannot be decoded, or is too large for it.
    """
    with open_picture(original.content, original.format) as image:
        # A JPEG decoder skips most of the work when it is told early what is wanted.
        image.draft(None, (side_px * _GAP, side_px * _GAP))
        _require_bearable(image)
        orientation = orientation_of(image)
        icc_profile = image.info.get("icc_profile") if image.mode != "CMYK" else None
        small = in_plain_mode(image)
        small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=_GAP)
        upright = turned_upright(small.convert("RGBA" if has_alpha(small) else "RGB"), orientation)
        out = BytesIO()
        upright.save(out, "WEBP", quality=_QUALITY, icc_profile=icc_profile or b"", exif=b"", xmp=b"")
        return out.getvalue()


def _require_bearable(image: ImageFile) -> None:
    if image.width * image.height > _MOST_MEGAPIXELS * 1_000_000:
        sentence = f"it has more than {_MOST_MEGAPIXELS} megapixels"
        raise RejectedError(RejectionCode.TOO_MANY_PIXELS, sentence)
