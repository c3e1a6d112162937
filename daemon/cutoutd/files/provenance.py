"""What a cutout says of where it came from: enough to write its photo into a new ledger, should the old one be lost.

It is carried as an extended attribute, which leaves the file's bytes as the service made them, or as a text chunk right
behind the PNG's header. Whoever can write the file can write this too, so a reader believes none of it unchecked.
"""

import hashlib
import json
import os
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated, BinaryIO

from pydantic import Field, PlainValidator, StringConstraints, TypeAdapter, ValidationError

from cutoutd.core.photo import Photo, require_value

ATTRIBUTE = "user.cutoutd.origin"

_FORMAT = 1
_KEYWORD = b"cutoutd\0"

#: The signature and the IHDR chunk; every PNG begins with as much, and our chunk comes next.
_HEADER_BYTES = 33

#: Length, type and checksum around a chunk's data.
_FRAME_BYTES = 12

_BLOCK_BYTES = 1 << 20

#: Ours is far shorter, even with the longest path.
_MOST_BYTES = 65_536

_STEPS_OUT = frozenset({"", ".", ".."})

_Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


def _inside(path: object) -> str:
    if not isinstance(path, str) or "\0" in path or not _STEPS_OUT.isdisjoint(path.split("/")):
        raise ValueError("not a path inside a tree")
    return path


#: Plain, because pydantic refuses the lone surrogates that stand for bytes which are no text.
_InsidePath = Annotated[str, PlainValidator(_inside)]
_Count = Annotated[int, Field(ge=0, lt=1 << 63)]


@dataclass(frozen=True, slots=True)
class ProvenanceRecord:
    """The photo that a cutout was made of, and how; the names are the ledger's."""

    folder: Annotated[str, Field(min_length=1)]
    path: _InsidePath  #: of the source, relative to the folder's input
    target: _InsidePath  #: the place that is reserved for the path's cutouts, relative to the output root
    sha256: _Sha256  #: of the source
    size_bytes: _Count  #: of the source
    mtime_ns: Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)]  #: of the source
    width: _Count
    height: _Count
    orientation: Annotated[int, Field(ge=1, le=8)]
    parameters: str  #: of remove_bg, normalised JSON
    cutout_sha256: _Sha256  #: of the cutout as the service made it, without our own chunk
    format: Annotated[int, Field(ge=1)] = _FORMAT


_ORIGIN = TypeAdapter(ProvenanceRecord)


def provenance_of(photo: Photo, cutout_sha256: str) -> ProvenanceRecord:
    """What a photo's cutout is to say. It depends on the photo alone, so a repeated step writes the same bytes."""
    return ProvenanceRecord(
        folder=photo.identity.folder,
        path=photo.identity.path,
        target=require_value(photo.bound.target),
        sha256=require_value(photo.picture.sha256),
        size_bytes=photo.identity.size_bytes,
        mtime_ns=photo.identity.mtime_ns,
        width=require_value(photo.picture.width),
        height=require_value(photo.picture.height),
        orientation=require_value(photo.picture.orientation),
        parameters=require_value(photo.bound.parameters),
        cutout_sha256=cutout_sha256,
    )


def attach(descriptor: int, origin: ProvenanceRecord) -> bool:
    """Set the attribute on an open file; False where the file system takes none, or none of this length."""
    try:
        os.setxattr(descriptor, ATTRIBUTE, _written(origin))
    except OSError:
        return False  # a cutout without it is still a cutout
    return True


def chunk_for(origin: ProvenanceRecord) -> bytes:
    """The text chunk; of the same length for every ``cutout_sha256``."""
    content = b"tEXt" + _KEYWORD + _written(origin)
    length = len(content) - len(b"tEXt")
    return length.to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")


def without_chunk(beginning: bytes) -> bytes:
    """A PNG's first bytes without our chunk, if it has one: as the service made it."""
    chunk_bytes = _chunk_bytes(beginning)
    return beginning[:_HEADER_BYTES] + beginning[_HEADER_BYTES + chunk_bytes :] if chunk_bytes else beginning


def with_chunk(beginning: bytes, chunk: bytes) -> bytes:
    """A PNG's first bytes with our chunk, where ``write_chunk`` can replace it by another one of its length."""
    return beginning[:_HEADER_BYTES] + chunk + beginning[_HEADER_BYTES:]


def write_chunk(file: BinaryIO, chunk: bytes) -> None:
    """Replace the chunk that ``with_chunk`` put there."""
    file.seek(_HEADER_BYTES)
    file.write(chunk)


def read_provenance(file: BinaryIO) -> ProvenanceRecord | None:
    """What a file says, by its attribute or else by its chunk; None if it says nothing that makes sense.

    Reads from the beginning and leaves the position anywhere.

    Raises:
        OSError: it cannot be read.
    """
    with suppress(OSError):
        if (origin := _understood(os.getxattr(file.fileno(), ATTRIBUTE))) is not None:
            return origin
    file.seek(0)
    beginning = file.read(_HEADER_BYTES + _MOST_BYTES)
    chunk_bytes = _chunk_bytes(beginning)
    text = beginning[_HEADER_BYTES + 8 + len(_KEYWORD) : _HEADER_BYTES + chunk_bytes - 4]
    return _understood(text) if chunk_bytes else None


def hashes_of(file: BinaryIO) -> tuple[str, str]:
    """The SHA-256 of a whole file, and of what it was without our chunk.

    Raises:
        OSError: it cannot be read.
    """
    whole, made = hashlib.sha256(), hashlib.sha256()
    file.seek(0)
    beginning = file.read(_BLOCK_BYTES)
    whole.update(beginning)
    made.update(without_chunk(beginning))
    while block := file.read(_BLOCK_BYTES):
        whole.update(block)
        made.update(block)
    return whole.hexdigest(), made.hexdigest()


def _written(origin: ProvenanceRecord) -> bytes:
    """Plain ASCII: names may hold bytes that are no text, which JSON escapes."""
    return json.dumps(asdict(origin), separators=(",", ":")).encode("ascii")


def _understood(text: bytes) -> ProvenanceRecord | None:
    try:
        # Python's own reader takes lone surrogates too.
        return _ORIGIN.validate_python(json.loads(text))
    except (ValueError, ValidationError, RecursionError):
        return None


def _chunk_bytes(beginning: bytes) -> int:
    """How long our chunk is, frame included; 0 if there is none."""
    start = _HEADER_BYTES
    if not beginning.startswith(b"tEXt" + _KEYWORD, start + 4):
        return 0
    return int.from_bytes(beginning[start : start + 4], "big") + _FRAME_BYTES
