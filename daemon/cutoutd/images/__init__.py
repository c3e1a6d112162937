"""Image files from strangers: their format, header, completeness, and pixels for a copy or a small picture.

The ledger, the watcher, and Uploadcare are unknown here.
"""

from cutoutd.images.comparison import ReferenceImage, is_cutout_of, reference_image
from cutoutd.images.completeness import is_whole
from cutoutd.images.formats import Format
from cutoutd.images.orientation import make_upright
from cutoutd.images.png_check import PngCheck, PngHeader
from cutoutd.images.shrink import LARGEST_SOURCE_BYTES, SmallerCopy, make_smaller
from cutoutd.images.validation import ImageInfo, format_size, require_size, validate

__all__ = [
    "LARGEST_SOURCE_BYTES",
    "Format",
    "ImageInfo",
    "PngCheck",
    "PngHeader",
    "ReferenceImage",
    "SmallerCopy",
    "format_size",
    "is_cutout_of",
    "is_whole",
    "make_smaller",
    "make_upright",
    "reference_image",
    "require_size",
    "validate",
]
