"""The provenance of a cutout, in its file: enough to write its photo into a new ledger if the old one is lost.

It is an extended attribute, which leaves the bytes of the file as Uploadcare made them. Or it is a text chunk right
behind the PNG's header. Every writer of the file can write it too, so it is signed, and a reader must check it.
"""

import hashlib
import hmac
import json
import os
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import Field, PlainValidator, StringConstraints, TypeAdapter, ValidationError

from cutoutd.core.photo import SENT_WHOLE, Photo, require_value

ATTRIBUTE = "user.cutoutd.origin"

#: A person's own file with keys, in the state folder: one a line, the newest first.
KEY_FILE_NAME = "provenance.key"

#: The name under which the ledger keeps the key.
KEPT_KEY = "provenance key"

#: The secret key is random, so a few rounds keep it hidden; 6 ms, at the first start only.
_DERIVATION_ROUNDS = 10_000

_FORMAT = 1
_KEYWORD = b"cutoutd\0"

#: The signature and the IHDR chunk, with which every PNG begins; our chunk comes next.
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


#: Plain, because pydantic refuses lone surrogates, which stand for bytes that are no text.
_InsidePath = Annotated[str, PlainValidator(_inside)]
_Count = Annotated[int, Field(ge=0, lt=1 << 63)]


@dataclass(frozen=True, slots=True)
class ProvenanceRecord:
    """The photo of a cutout, and how it was made; the names are those of the ledger."""

    folder: Annotated[str, Field(min_length=1)]
    path: _InsidePath  #: of the source, relative to the folder's input
    target: _InsidePath  #: the path reserved for its cutouts, relative to the output root
    sha256: _Sha256  #: of the source
    size_bytes: _Count  #: of the source
    mtime_ns: Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)]  #: of the source
    width: _Count
    height: _Count
    orientation: Annotated[int, Field(ge=1, le=8)]
    parameters: str  #: of remove_bg, normalised JSON
    cutout_sha256: _Sha256  #: of the cutout as Uploadcare made it, without our own chunk
    format: Annotated[int, Field(ge=1)] = _FORMAT
    picture_sha256: _Sha256 | None = None  #: of the picture itself; None: an earlier version made the cutout
    sent_within: Annotated[int, Field(ge=-1, lt=1 << 63)] = SENT_WHOLE  #: how the photo was sent
    signature: _Sha256 | None = None  #: HMAC-SHA256 of everything else; None: an earlier version made the cutout


_RECORD = TypeAdapter(ProvenanceRecord)


class ProvenanceKeys:
    """The keys of this installation: the first one signs, and all of them verify.

    The first start derives one from the secret key of the project, and the ledger keeps it. So it is there again when
    the ledger is lost, and outlives a change of the secret key. A file in the state folder comes first: it is for keys
    of another machine, and for new ones.
    """

    def __init__(self) -> None:
        self._keys: tuple[bytes, ...] = ()

    def open(self, state_dir: Path, secret_key: str | None, kept: str | None = None) -> str | None:
        """Take the keys, and return one that the ledger has to keep, if there is a new one. Blocking.

        Args:
            state_dir: the folder of the file with the keys.
            secret_key: the secret key of the project; None: this user may not read it.
            kept: the key that the ledger keeps; None: there is none.
        """
        with suppress(OSError):
            lines = (state_dir / KEY_FILE_NAME).read_bytes().splitlines()
            self._keys = tuple(line.strip() for line in lines if line.strip())
            if self._keys:
                return None
        if kept is None and secret_key is None:
            self._keys = ()
            return None
        key = kept or _derived(secret_key or "")
        self._keys = (key.encode(),)
        return key if kept is None else None

    @property
    def can_verify(self) -> bool:
        """True if there is a key at all."""
        return bool(self._keys)

    def sign(self, record: ProvenanceRecord) -> ProvenanceRecord:
        """Return the record with its signature; as it is if there is no key."""
        return replace(record, signature=_signature(self._keys[0], record)) if self._keys else record

    def have_signed(self, record: ProvenanceRecord) -> bool:
        """Return True if the signature of a record is of one of these keys."""
        given = record.signature or ""
        return any(hmac.compare_digest(_signature(key, record), given) for key in self._keys)


#: Those of the process.
provenance_keys = ProvenanceKeys()


def _derived(secret_key: str) -> str:
    derived = hashlib.pbkdf2_hmac("sha256", secret_key.encode(), b"cutoutd provenance", _DERIVATION_ROUNDS)
    return derived.hex()


def _signature(key: bytes, record: ProvenanceRecord) -> str:
    return hmac.new(key, _encode(replace(record, signature=None)), hashlib.sha256).hexdigest()


def provenance_of(photo: Photo, cutout_sha256: str) -> ProvenanceRecord:
    """Return the signed provenance of a photo's cutout.

    It depends on the photo and the key alone, so a repeated step writes the same bytes.
    """
    record = ProvenanceRecord(
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
        picture_sha256=photo.picture.picture_sha256,
        sent_within=photo.bound.sent_within,
    )
    return provenance_keys.sign(record)


def attach(descriptor: int, record: ProvenanceRecord) -> bool:
    """Set the attribute on an open file; False if the file system takes none, or none of this length."""
    try:
        os.setxattr(descriptor, ATTRIBUTE, _encode(record))
    except OSError:
        return False  # a cutout without it is still a cutout
    return True


def chunk_for(record: ProvenanceRecord) -> bytes:
    """Return the text chunk; it has the same length for every ``cutout_sha256``."""
    content = b"tEXt" + _KEYWORD + _encode(record)
    length = len(content) - len(b"tEXt")
    return length.to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")


def without_chunk(beginning: bytes) -> bytes:
    """Return a PNG's first bytes without our chunk: as Uploadcare made them."""
    chunk_bytes = _chunk_bytes(beginning)
    return beginning[:_HEADER_BYTES] + beginning[_HEADER_BYTES + chunk_bytes :] if chunk_bytes else beginning


def with_chunk(beginning: bytes, chunk: bytes) -> bytes:
    """Return a PNG's first bytes with our chunk; ``write_chunk`` can replace it by another one of its length."""
    return beginning[:_HEADER_BYTES] + chunk + beginning[_HEADER_BYTES:]


def write_chunk(file: BinaryIO, chunk: bytes) -> None:
    """Replace the chunk that ``with_chunk`` inserted."""
    file.seek(_HEADER_BYTES)
    file.write(chunk)


def read_provenance(file: BinaryIO) -> ProvenanceRecord | None:
    """Read the provenance of a file, from its attribute or else from its chunk; None if there is no valid one.

    It reads from the beginning and leaves the position anywhere.

    Raises:
        OSError: the file cannot be read.
    """
    with suppress(OSError):
        if (record := _decode(os.getxattr(file.fileno(), ATTRIBUTE))) is not None:
            return record
    file.seek(0)
    beginning = file.read(_HEADER_BYTES + _MOST_BYTES)
    chunk_bytes = _chunk_bytes(beginning)
    text = beginning[_HEADER_BYTES + 8 + len(_KEYWORD) : _HEADER_BYTES + chunk_bytes - 4]
    return _decode(text) if chunk_bytes else None


def hashes_of(file: BinaryIO) -> tuple[str, str]:
    """Return the SHA-256 of a whole file, and the one without our chunk.

    Raises:
        OSError: the file cannot be read.
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


def _encode(record: ProvenanceRecord) -> bytes:
    """Encode as plain ASCII, because names may hold bytes that are no text, which JSON escapes."""
    return json.dumps(asdict(record), separators=(",", ":")).encode("ascii")


def _decode(text: bytes) -> ProvenanceRecord | None:
    try:
        # By Python's own reader, because it takes lone surrogates.
        return _RECORD.validate_python(json.loads(text))
    except (ValueError, ValidationError, RecursionError):
        return None


def _chunk_bytes(beginning: bytes) -> int:
    """Return the length of our chunk with its frame; 0 if there is none."""
    start = _HEADER_BYTES
    if not beginning.startswith(b"tEXt" + _KEYWORD, start + 4):
        return 0
    return int.from_bytes(beginning[start : start + 4], "big") + _FRAME_BYTES
