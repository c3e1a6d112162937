"""Pictures as files: which format, whole or cut off, what the header says, and the upright copy.

Everything in here reads what strangers made, so nothing in here decodes a picture unless a person's photo must be
turned. It knows nothing of folders, ledgers or Uploadcare.
"""

from cutoutd.pictures.agreement import is_cutout_of
from cutoutd.pictures.formats import Format
from cutoutd.pictures.inspection import Picture, format_size, inspect, require_size
from cutoutd.pictures.png import PngCheck, PngHeader
from cutoutd.pictures.structure import is_whole
from cutoutd.pictures.upright import make_upright

__all__ = [
    "Format",
    "Picture",
    "PngCheck",
    "PngHeader",
    "format_size",
    "inspect",
    "is_cutout_of",
    "is_whole",
    "make_upright",
    "require_size",
]
