"""The doubts about a published cutout that keep its source in place."""

from enum import StrEnum


class Doubt(StrEnum):
    """One word for each doubt, as the ledger stores it."""

    EMPTY = "empty"  #: every pixel is transparent
    NO_TRANSPARENCY = "no_transparency"  #: it has no alpha at all
    OTHER_SIZE = "other_size"  #: it has other dimensions than the picture that was sent
    OTHER_COLOURS = "other_colours"  #: its colours may have been converted
    EDITED = "edited"  #: the file in its place is not as Uploadcare made it
    UNVERIFIED = "unverified"  #: the file in its place is no whole PNG
