"""A picture's header through Pillow's own parsers, without decoding and without anything else escaping.

``Image.open`` is not used: it would try formats nobody asked for, and warn or refuse by a process-wide pixel limit.
The format is known from the first bytes, so its parser is called by name, and the limit is inspection's own.

Pillow's warnings of odd metadata, kept off standard error, where nobody connects them with a photo.

Python's warning filters belong to the whole process. Pictures are read in several threads, and threads that each save
and restore the filters undo one another: a warning gets out, or all are off for ever. So they share one switch.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.formats import Format


class suppress_warnings:  # noqa: N801  used like a function, as contextlib does
    """Warnings are off while anybody is inside; the last to leave restores the filters that the first one found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = warnings.catch_warnings(action="ignore")

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings(action="ignore")
                self._filters.__enter__()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


HUSH = suppress_warnings()


_ORIENTATION_TAG = 0x0112
FIRST_LYING = 5  #: EXIF orientations from here to 8 swap width and height
UPRIGHT = 1  #: the EXIF orientation of a picture that is shown as it is stored


def damaged(reason: str) -> RejectedError:
    """The rejection of a picture whose structure or pixels make no sense."""
    return RejectedError(
        RejectionCode.DAMAGED,
        f"it is damaged and cannot be opened ({reason})",
        advice="Open it in a picture program; if that still can, save it anew and drop it again.",
    )


class _Jpeg(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Not wanted here, and it lets garbage in EXIF refuse a picture that is all right."""


@contextmanager
def open_picture(content: bytes | BinaryIO, picture_format: Format) -> Iterator[ImageFile]:
    """The picture with its header parsed; pixels are decoded only if the caller loads them. Open files stay open.

    Raises:
        RejectedError: ``damaged``, in place of whatever Pillow raises, then or while the caller loads pixels.
    """
    parser = _Jpeg if picture_format is Format.JPEG else PngImageFile
    with damage_named(), HUSH, parser(BytesIO(content) if isinstance(content, bytes) else content) as image:
        yield image


@contextmanager
def damage_named() -> Iterator[None]:
    """Work on the pixels of a picture.

    Raises:
        RejectedError: ``damaged``, in place of whatever Pillow raises.
    """
    try:
        yield
    # Parsers fed by strangers raise nearly anything (SyntaxError, struct.error, zlib.error, ValueError, OSError,
    # MemoryError); the bytes are in memory, so none of it can be a fault of the disk or of ours to carry on with.
    except Exception as error:
        raise damaged(str(error) or type(error).__name__) from error


def orientation_of(image: ImageFile) -> int:
    """The EXIF orientation, 1 to 8; whatever is no such number counts as upright.

    Only EXIF is asked, as viewers do; Pillow's own ``getexif`` would also take XMP's word, which viewers ignore.
    """
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        orientation = exif.get(_ORIENTATION_TAG, UPRIGHT)
    # Garbage in EXIF is common and makes no photo worse; the parser raises as freely as those above.
    except Exception:  # noqa: BLE001 - the reason stands above
        return UPRIGHT
    is_known = isinstance(orientation, int) and UPRIGHT <= orientation <= 8  # noqa: PLR2004 - EXIF 2.3, 4.6.4
    return orientation if is_known else UPRIGHT
