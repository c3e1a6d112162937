"""The bytes of the project's files, one file on disk per UUID, and what can be read from them.

A file appears whole or not at all, because its bytes are first written under a temporary name. A kill leaves only
temporary files, which the next start deletes.
"""

import hashlib
import json
import mimetypes
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from cutoutd.sandbox.engine import UnreadableSourceError, open_picture, orientation_of

_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """The facts that the bytes themselves tell.

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
        self._parts = state_dir / "parts"
        self.results = state_dir / "renderings"
        shutil.rmtree(self._incoming, ignore_errors=True)
        for folder in (self._files, self._incoming, self._parts, self.results):
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, file_uuid: str) -> Path:
        """Return the path of a file's bytes."""
        return self._files / file_uuid

    def new_temporary(self) -> Path:
        """Return a new path to write to, on the same file system as the files."""
        return self._incoming / uuid.uuid4().hex

    def receive(self, source: BinaryIO) -> Path:
        """Copy a stream to a temporary file. Blocking."""
        path = self.new_temporary()
        with path.open("wb") as target:
            shutil.copyfileobj(source, target, 1024 * 1024)
        return path

    def adopt(self, temporary: Path, file_uuid: str) -> None:
        """Move finished bytes to their path."""
        temporary.rename(self.path(file_uuid))

    def discard(self, file_uuid: str) -> None:
        """Delete the bytes of a file, if they are there."""
        self.path(file_uuid).unlink(missing_ok=True)

    def copy(self, source_uuid: str, copied_uuid: str) -> None:
        """Give a file's bytes a second UUID; no byte is copied, because files never change."""
        self.path(copied_uuid).hardlink_to(self.path(source_uuid))

    def keep_part(self, temporary: Path, file_uuid: str, number: int) -> None:
        """Move a received part to its place; an earlier one is replaced."""
        folder = self._parts / file_uuid
        folder.mkdir(exist_ok=True)
        temporary.rename(folder / str(number))

    def parts_of(self, file_uuid: str) -> list[Path]:
        """Return the received parts of a file in their order."""
        folder = self._parts / file_uuid
        return sorted(folder.iterdir(), key=lambda part: int(part.name)) if folder.is_dir() else []

    def discard_parts(self, file_uuid: str) -> None:
        """Delete the parts of a file, if they are there."""
        shutil.rmtree(self._parts / file_uuid, ignore_errors=True)


def examine(path: Path, filename: str) -> BlobInfo:
    """Hash a file and read its picture header, without decoding pixels. Blocking."""
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    guess = mimetypes.guess_type(filename)[0] or _UNKNOWN_TYPE
    try:
        with open_picture(path) as picture:
            facts = _image_info(picture, path)
            mime_type, image = Image.MIME.get(str(facts["format"]), guess), json.dumps(facts)
    except UnreadableSourceError:
        mime_type, image = (_UNKNOWN_TYPE if guess.startswith("image/") else guess), None
    return BlobInfo(path.stat().st_size, sha256, mime_type, image)


def _image_info(picture: Image.Image, path: Path) -> dict[str, object]:
    """Return the fields of ``content_info.image``, as in the published description; places and dates stay empty.

    This is the only look at metadata: whatever they are, a file with a readable header is a picture.
    """
    return {
        "format": picture.format,
        "width": picture.width,
        "height": picture.height,
        "sequence": getattr(picture, "is_animated", False),
        "color_mode": picture.mode,
        "orientation": orientation_of(picture, path),
        "geo_location": None,
        "datetime_original": None,
        "dpi": _dpi(picture.info.get("dpi")),
    }


def _dpi(given: object) -> list[int] | None:
    # Every error, because a header may give fractions of zero, or one number for two.
    with suppress(ValueError, TypeError, ArithmeticError):
        return [round(float(value)) for value in given] if isinstance(given, tuple) and given else None
    return None
