"""Pictures as files: which format, whole or cut off, what the header says, and the upright or smaller copy to send.

Everything in here reads what strangers made, so nothing in here decodes a picture unless a person's photo must be
turned or shrunk. It knows nothing of folders, ledgers or Uploadcare.
"""

from cutoutd.images.comparison import Likeness, is_cutout_of, likeness_of
from cutoutd.images.completeness import is_whole
from cutoutd.images.formats import Format
from cutoutd.images.orientation import make_upright
from cutoutd.images.png_check import PngCheck, PngHeader
from cutoutd.images.shrink import LARGEST_SOURCE_BYTES, SmallerCopy, make_smaller
from cutoutd.images.validation import Picture, format_size, inspect, require_size

__all__ = [
    "LARGEST_SOURCE_BYTES",
    "Format",
    "Likeness",
    "Picture",
    "PngCheck",
    "PngHeader",
    "SmallerCopy",
    "format_size",
    "inspect",
    "is_cutout_of",
    "is_whole",
    "likeness_of",
    "make_smaller",
    "make_upright",
    "require_size",
]
