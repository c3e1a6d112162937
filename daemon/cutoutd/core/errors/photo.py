"""Errors that end one photo, and no other."""

from enum import StrEnum

from cutoutd.core.errors.root import CutoutdError


class PhotoError(CutoutdError):
    """One photo ends here; ``code`` is stable and shown for support."""

    def __init__(self, code: str, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence, advice=advice)
        self.code = code


class RejectionCode(StrEnum):
    """The reasons of a rejection; stable, and documented in ``docs/operations.md``."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    NOT_A_PICTURE = "not_a_picture"
    OTHER_FORMAT = "other_format"
    TOO_MANY_PIXELS = "too_many_pixels"
    BAD_DIMENSIONS = "bad_dimensions"
    TARGET_TAKEN = "target_taken"
    NAME_TOO_LONG = "name_too_long"
    OWN_CUTOUT = "own_cutout"


#: The rejections that only another file ends: the same bytes get the same answer, whatever the configuration says.
CONTENT_REJECTIONS = frozenset(
    {
        RejectionCode.EMPTY,
        RejectionCode.TRUNCATED,
        RejectionCode.DAMAGED,
        RejectionCode.NOT_A_PICTURE,
        RejectionCode.OTHER_FORMAT,
        RejectionCode.TOO_MANY_PIXELS,
        RejectionCode.BAD_DIMENSIONS,
        RejectionCode.OWN_CUTOUT,
    }
)

#: The rejections of files with a whole picture in them.
PICTURE_REJECTIONS = frozenset(
    {
        RejectionCode.TOO_LARGE,
        RejectionCode.TOO_MANY_PIXELS,
        RejectionCode.BAD_DIMENSIONS,
        RejectionCode.TARGET_TAKEN,
        RejectionCode.NAME_TOO_LONG,
    }
)


class RejectedError(PhotoError):
    """Local validation refused the photo before anything left this machine."""

    title = "Not accepted"


class FailedError(PhotoError):
    """The service or the disk refused this photo for good."""

    title = "Failed"


class SupersededError(PhotoError):
    """The file changed or disappeared before payment, or a newer version was published first.

    The newer version is a photo of its own.
    """

    title = "Superseded"
