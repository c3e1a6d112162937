"""The bytes of the project's files, one file on disk per UUID, and how to look into them.

Owns the folder layout; it must not know rows, dates or requests. Bytes arrive here complete or not at all: everything
is written under a temporary name first, so a kill leaves only temporary files, which the next start clears away.
"""

import hashlib
import json
import mimetypes
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

_UNKNOWN_TYPE = "application/octet-stream"
_ORIENTATION_TAG = 0x0112  # EXIF
_MULTI_PICTURE = "MPO"  # a phone's JPEG with a second picture behind it: the service calls it a JPEG, Pillow does not


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """What the bytes themselves say.

    Attributes:
        size: Bytes.
        sha256: Hex digest.
        mime_type: From the content when it is a picture, else guessed from the name.
        image: JSON of ``content_info.image``, null when it is no picture.
    """

    size: int
    sha256: str
    mime_type: str
    image: str | None


class BlobStore:
    """The folders below the sandbox's state folder."""

    def __init__(self, state_dir: Path) -> None:
        self._files = state_dir / "files"
        self._incoming = state_dir / "incoming"
        self.renderings = state_dir / "renderings"
        shutil.rmtree(self._incoming, ignore_errors=True)
        for folder in (self._files, self._incoming, self.renderings):
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, file_uuid: str) -> Path:
        """Where the bytes of a file lie."""
        return self._files / file_uuid

    def temporary(self) -> Path:
        """A fresh name to write to, on the same file system as the shelf."""
        return self._incoming / uuid.uuid4().hex

    def receive(self, source: BinaryIO) -> Path:
        """Copy a stream to a temporary file. Blocking."""
        path = self.temporary()
        with path.open("wb") as target:
            shutil.copyfileobj(source, target, 1024 * 1024)
        return path

    def adopt(self, temporary: Path, file_uuid: str) -> None:
        """Put finished bytes in their place."""
        temporary.rename(self.path(file_uuid))

    def discard(self, file_uuid: str) -> None:
        """Delete the bytes of a file, if they are there."""
        self.path(file_uuid).unlink(missing_ok=True)


def examine(path: Path, filename: str) -> BlobInfo:
    """Hash a file and read its picture header. Blocking; never decodes pixels."""
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    guess = mimetypes.guess_type(filename)[0] or _UNKNOWN_TYPE
    try:
        with Image.open(path) as picture:
            facts = _image_info(picture)
            mime_type, image = Image.MIME.get(str(facts["format"]), guess), json.dumps(facts)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        mime_type, image = (_UNKNOWN_TYPE if guess.startswith("image/") else guess), None
    return BlobInfo(path.stat().st_size, sha256, mime_type, image)


def _image_info(picture: Image.Image) -> dict[str, object]:
    """The fields of ``content_info.image`` in the published description; places and dates are left empty."""
    dpi = picture.info.get("dpi")
    return {
        "format": "JPEG" if picture.format == _MULTI_PICTURE else picture.format,
        "width": picture.width,
        "height": picture.height,
        "sequence": getattr(picture, "is_animated", False),
        "color_mode": picture.mode,
        # Not the PNG's own getexif: that decodes all pixels to see whether EXIF follows them.
        "orientation": Image.Image.getexif(picture).get(_ORIENTATION_TAG),
        "geo_location": None,
        "datetime_original": None,
        "dpi": [round(float(value)) for value in dpi] if dpi else None,
    }
