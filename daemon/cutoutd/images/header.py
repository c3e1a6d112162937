"""The header of a picture, read by Pillow's parsers without decoding the pixels.

``Image.open`` is not used: it would try other formats, and refuse by a process-wide pixel limit. The first bytes tell
the format, so its parser is called by name. The pixel limit is the validation's own.
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


class _SuppressWarnings:
    """A switch for the warnings of Pillow about odd metadata: standard error says nothing about which photo.

    Warning filters belong to the whole process, and pictures are read in several threads. If each thread saved and
    restored them, a warning would get out, or all would stay off. So the threads share one switch. It is off while any
    thread is inside; the last one to leave restores the filters.
    """

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


suppress_warnings = _SuppressWarnings()

_ORIENTATION_TAG = 0x0112
FIRST_SIDEWAYS = 5  #: EXIF orientations from here to 8 swap width and height
UPRIGHT = 1  #: the EXIF orientation of a picture that is stored as it is shown


def damaged(reason: str) -> RejectedError:
    """Return the rejection of a picture with a structure or pixels that make no sense."""
    return RejectedError(
        RejectionCode.DAMAGED,
        f"it is damaged and cannot be opened ({reason})",
        advice="Open it in a picture program; if that works, save it anew and drop it again.",
    )


class _Jpeg(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Skip it, because garbage in EXIF would refuse a good picture."""


@contextmanager
def open_picture(content: bytes | BinaryIO, picture_format: Format) -> Iterator[ImageFile]:
    """Open a picture with its header parsed. Pixels are decoded only if the caller loads them; files stay open.

    Raises:
        RejectedError: ``damaged``, in place of every error of Pillow, also of those while the caller loads pixels.
    """
    parser = _Jpeg if picture_format is Format.JPEG else PngImageFile
    with (
        named_damage(),
        suppress_warnings,
        parser(BytesIO(content) if isinstance(content, bytes) else content) as image,
    ):
        yield image


@contextmanager
def named_damage() -> Iterator[None]:
    """Work on the pixels of a picture.

    Raises:
        RejectedError: ``damaged``, in place of every error of Pillow.
    """
    try:
        yield
    # Every error, because parsers of foreign bytes raise nearly anything: SyntaxError, struct.error, zlib.error,
    # ValueError, OSError, MemoryError. The bytes are in memory, so it is no fault of the disk.
    except Exception as error:
        raise damaged(str(error) or type(error).__name__) from error


def orientation_of(image: ImageFile) -> int:
    """Return the EXIF orientation, 1 to 8; upright for everything that is no such number.

    Only EXIF counts, as in viewers. Pillow's own ``getexif`` would also believe XMP, which viewers ignore.
    """
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        orientation = exif.get(_ORIENTATION_TAG, UPRIGHT)
    # Every error, because garbage in EXIF is common and harmless, and its parser raises as freely as those above.
    except Exception:  # noqa: BLE001 - see above
        return UPRIGHT
    is_known = isinstance(orientation, int) and UPRIGHT <= orientation <= 8  # noqa: PLR2004 - EXIF 2.3, 4.6.4
    return orientation if is_known else UPRIGHT
