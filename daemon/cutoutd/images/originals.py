"""The two files of a photo, for looking at: found by what the ledger knows of it, never by what somebody asks for.

No link below a root is followed, and what is open is held against the ledger before a byte of it is shown: a file that
was swapped, rewritten or retouched since is another file, and not shown in its place.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedReader
from pathlib import Path

from cutoutd.core.photo import Photo, require_value
from cutoutd.files.hashing import has_sha256
from cutoutd.files.input_tree import Sighting, open_beneath
from cutoutd.images.formats import HEAD_BYTES, Format, recognise

#: Trees by the names of their folders.
Roots = Mapping[str, Path]


class Side(StrEnum):
    """Before and after."""

    PHOTO = "photo"
    CUTOUT = "cutout"


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a file cannot be shown, as a sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Original:
    """An open file that is what the ledger knows; whoever has it closes it."""

    content: BufferedReader
    size_bytes: int
    format: Format


def has_side(photo: Photo, side: Side) -> bool:
    """Whether the ledger knows what the file holds: a photo that was never read has nothing to show."""
    return _sha256_of(photo, side) is not None


def key_of(photo: Photo, side: Side) -> str:
    """The SHA-256 of the file, by which pictures of it never go stale.

    Raises:
        ValueError: there is none.
    """
    return require_value(_sha256_of(photo, side))


def open_original(photo: Photo, side: Side, inputs: Roots, archives: Roots) -> Original | Absence:
    """Open one of the photo's files; ``inputs`` and ``archives`` are those configured, by folder name. Blocking.

    A cutout is read once to see that it is the one that was published.
    """
    if not has_side(photo, side):
        return Absence("There is no cutout yet." if side is Side.CUTOUT else "The photo could not be read.")
    try:
        if side is Side.CUTOUT:
            return _checked(
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


_NO_LONGER_CONFIGURED = Absence("Its folder is no longer in the configuration.")
_CHANGED = Absence("The file was changed since.")


def _sha256_of(photo: Photo, side: Side) -> str | None:
    return photo.cutout.sha256 if side is Side.CUTOUT else photo.picture.sha256


def _in_place(photo: Photo, root: Path) -> Original | Absence:
    content = open_beneath(root, photo.identity.path)
    with _closed_on_error(content):
        found = Sighting.of(photo.identity.path, os.fstat(content.fileno()))
        if found.version == _version_of(photo):
            return _recognised(content)
        # A chmod changes the change time and not the picture; a writer who put the old time back does both.
        if found.size_bytes == photo.identity.size_bytes:
            return _checked(content, photo.picture.sha256)
    content.close()
    return _CHANGED


def _version_of(photo: Photo) -> tuple[str, int, int, int, int]:
    who = photo.identity
    return Sighting(who.path, who.size_bytes, who.mtime_ns, who.ctime_ns, who.inode).version


def _open_moved(photo: Photo, archives: Roots) -> Original | Absence:
    """A source that cutoutd moved: found in the archive; in a trash or deleted it is none of ours any more."""
    source, archive = photo.source, archives.get(photo.identity.folder)
    if archive is None or source.archived_path is None or not Path(source.archived_path).is_relative_to(archive):
        sentence = require_value(source.sentence)
        return Absence(f"{sentence[:1].upper()}{sentence[1:]}.")
    return _checked(open_beneath(archive, os.path.relpath(source.archived_path, archive)), photo.picture.sha256)


def _checked(content: BufferedReader, sha256: str | None) -> Original | Absence:
    with _closed_on_error(content):
        if has_sha256(content, sha256):
            content.seek(0)
            return _recognised(content)
    content.close()
    return _CHANGED


def _recognised(content: BufferedReader) -> Original | Absence:
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
