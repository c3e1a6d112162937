"""The two files of a photo for the page and the report: found by the ledger's record, never by a visitor's words.

No link below a root is followed. An open file is compared with the record before a byte of it is shown. A file that was
swapped, rewritten or retouched meanwhile is another file, and is not shown.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedReader
from pathlib import Path

from cutoutd.core.errors import PICTURE_REJECTIONS
from cutoutd.core.photo import Photo, require_value
from cutoutd.files.hashing import has_sha256
from cutoutd.files.input_tree import Sighting, open_beneath
from cutoutd.images.copies.shrink import LARGEST_SOURCE_BYTES
from cutoutd.images.structure.formats import HEAD_BYTES, Format, recognise

#: Trees by folder name.
Roots = Mapping[str, Path]


class Side(StrEnum):
    """The two files of a photo: before and after."""

    PHOTO = "photo"
    CUTOUT = "cutout"


@dataclass(frozen=True, slots=True)
class Absence:
    """The reason why a file cannot be shown, as a sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Original:
    """An open file that is the recorded one; the caller closes it."""

    content: BufferedReader
    size_bytes: int
    format: Format


def has_side(photo: Photo, side: Side) -> bool:
    """Return True if the file can have a picture: its content was recorded, or it was rejected for something else."""
    return _sha256_of(photo, side) is not None or (side is Side.PHOTO and _is_rejected_picture(photo))


def key_of(photo: Photo, side: Side) -> str:
    """Return a key of the file's content, so that a picture kept by it never goes stale: mostly its SHA-256.

    A rejected photo has none; its number stands for one version of one file.

    Raises:
        ValueError: the file was not recorded.
    """
    if side is Side.PHOTO and photo.picture.sha256 is None and _is_rejected_picture(photo):
        return hashlib.sha256(f"photo {photo.id}: {photo.identity.version}".encode()).hexdigest()
    return require_value(_sha256_of(photo, side))


def open_original(photo: Photo, side: Side, inputs: Roots, archives: Roots) -> Original | Absence:
    """Open one of the photo's files. Blocking.

    A cutout is read once to see that it is the published one.

    Args:
        photo: the photo.
        side: which of its files.
        inputs: the configured input trees, by folder name.
        archives: the configured archives, by folder name.
    """
    if not has_side(photo, side):
        return Absence("There is no cutout yet." if side is Side.CUTOUT else "The photo could not be read.")
    try:
        if side is Side.CUTOUT:
            return _open_if_same(
                open_beneath(Path(require_value(photo.bound.output)), require_value(photo.bound.target)),
                photo.cutout.sha256,
            )
        if photo.source.result is not None:
            return _open_moved(photo, archives)
        root = photo.identity.input or inputs.get(photo.identity.folder)
        return _in_place(photo, Path(root)) if root else _NO_LONGER_CONFIGURED
    except FileNotFoundError:
        return Absence(f"The {side} is no longer where it was.")
    except OSError as error:
        return Absence(f"The {side} cannot be read: {error.strerror}.")


def root_of(photo: Photo, side: Side, inputs: Roots, archives: Roots) -> Path | None:
    """Return the tree in which ``open_original`` looks; None if it looks in none."""
    folder = photo.identity.folder
    if side is Side.CUTOUT:
        return None if photo.bound.output is None else Path(photo.bound.output)
    if photo.source.result is not None:
        return archives.get(folder)
    return Path(photo.identity.input) if photo.identity.input else inputs.get(folder)


_NO_LONGER_CONFIGURED = Absence("Its folder is no longer in the configuration.")
_CHANGED = Absence("The file was changed since.")


def _sha256_of(photo: Photo, side: Side) -> str | None:
    return photo.cutout.sha256 if side is Side.CUTOUT else photo.picture.sha256


def _is_rejected_picture(photo: Photo) -> bool:
    return photo.ending.code in PICTURE_REJECTIONS and photo.identity.size_bytes <= LARGEST_SOURCE_BYTES


def _in_place(photo: Photo, root: Path) -> Original | Absence:
    content = open_beneath(root, photo.identity.path)
    with _closed_on_error(content):
        found = Sighting.of(photo.identity.path, os.fstat(content.fileno()))
        if found.version == _version_of(photo):
            return _open_if_picture(content)
        # By content, because a chmod changes only the change time, and a writer may have restored the old time.
        if found.size_bytes == photo.identity.size_bytes and photo.picture.sha256 is not None:
            return _open_if_same(content, photo.picture.sha256)
    content.close()
    return _CHANGED


def _version_of(photo: Photo) -> tuple[str, int, int, int, int]:
    seen = photo.identity
    return Sighting(seen.path, seen.size_bytes, seen.mtime_ns, seen.ctime_ns, seen.inode).version


def _open_moved(photo: Photo, archives: Roots) -> Original | Absence:
    """Open a source that cutoutd moved: only the archive shows it, not a trash."""
    source, archive = photo.source, archives.get(photo.identity.folder)
    if archive is None or source.archived_path is None or not Path(source.archived_path).is_relative_to(archive):
        sentence = require_value(source.sentence)
        return Absence(f"{sentence[:1].upper()}{sentence[1:]}.")
    return _open_if_same(open_beneath(archive, os.path.relpath(source.archived_path, archive)), photo.picture.sha256)


def _open_if_same(content: BufferedReader, sha256: str | None) -> Original | Absence:
    with _closed_on_error(content):
        if has_sha256(content, sha256):
            content.seek(0)
            return _open_if_picture(content)
    content.close()
    return _CHANGED


def _open_if_picture(content: BufferedReader) -> Original | Absence:
    picture_format = recognise(content.read(HEAD_BYTES), "")
    content.seek(0)
    if not isinstance(picture_format, Format):
        content.close()
        return _CHANGED
    return Original(content, os.fstat(content.fileno()).st_size, picture_format)


@contextmanager
def _closed_on_error(content: BufferedReader) -> Iterator[None]:
    try:
        yield
    except BaseException:
        content.close()
        raise
