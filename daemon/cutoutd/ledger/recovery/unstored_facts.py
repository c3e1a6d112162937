"""Facts that money was spent on, in a file beside the ledger while the ledger itself takes none.

The ledger may be locked, removed, damaged or on a full disk when the answer to a paid call comes. Memory keeps the
answer until it is stored; this file keeps it for the next start. Its room is taken in advance, because the full disk
may be its own.

Each line is one fact. Lines are only added, and the file is emptied when every fact is stored. So a crash tears at most
the last line. A line of a fact that was stored does no harm.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from cutoutd.core.photo import (
    Fact,
    LaunchRefused,
    LaunchResponseLost,
    Photo,
    RemovalFinished,
    RemovalLocked,
    RemovalStarted,
    ResultFound,
    ResultFromWebhook,
    State,
    Uploaded,
)

UNSTORED_NAME = "unstored-facts"

#: Room for some 200 facts: more than removals that are launched at once.
_ROOM_BYTES = 65_536

_KINDS: dict[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (
        Uploaded,
        LaunchRefused,
        LaunchResponseLost,
        RemovalLocked,
        RemovalStarted,
        RemovalFinished,
        ResultFound,
        ResultFromWebhook,
    )
}


@dataclass(frozen=True, slots=True)
class UnstoredFact:
    """A fact that the ledger has not taken yet, and the photo that it is about."""

    photo_id: int
    path: str
    state: State  #: of the photo before the fact
    sha256: str | None  #: of the photo's file
    source_uuid: str | None  #: of the photo's upload before the fact
    fact: Fact
    at_s: float  #: Unix time at which it became true

    @classmethod
    def of(cls, photo: Photo, fact: Fact, at_s: float) -> Self:
        """Return the fact about a photo."""
        uuid = photo.upload.source_uuid
        return cls(photo.id, photo.identity.path, photo.state, photo.picture.sha256, uuid, fact, at_s)

    def is_about(self, photo: Photo) -> bool:
        """Return True if this row is the photo as it was before the fact; a restored ledger may have another one."""
        return self == UnstoredFact.of(photo, self.fact, self.at_s)

    def is_stored_in(self, photo: Photo) -> bool:
        """Return True if this row has the fact already."""
        values = asdict(self.fact)
        stored = asdict(photo.launch) | {"source_uuid": photo.upload.source_uuid}
        is_there = all(stored[name] == value for name, value in values.items() if name in stored)
        return photo.id == self.photo_id and photo.state is self.fact.state and is_there


class UnstoredFacts:
    """The file of one ledger; the holder of the instance lock reads and writes it. Blocking, for milliseconds."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / UNSTORED_NAME
        self._kept: set[int] = set()
        self._used_bytes = 0
        self._descriptor = -1

    def open(self) -> list[UnstoredFact]:
        """Take the room, and return the facts that an earlier run left."""
        with suppress(OSError):  # without the file, the log is the only trace of an answer that is never stored
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self._file, flags, 0o600)
            os.posix_fallocate(self._descriptor, 0, _ROOM_BYTES)
        return list(self._read())

    def keep(self, unstored: UnstoredFact) -> bool:
        """Add a fact, unless it is there already or is found out again for nothing; return False without room."""
        kind = type(unstored.fact).__name__
        if kind not in _KINDS or unstored.photo_id in self._kept:
            return True
        values = {**asdict(unstored), "fact": {"kind": kind, **asdict(unstored.fact)}}
        line = json.dumps(values).encode() + b"\n"
        try:
            os.pwrite(self._descriptor, line, self._used_bytes)
            os.fsync(self._descriptor)
        except OSError:  # full beyond its room, or never opened
            return False
        self._used_bytes += len(line)
        self._kept.add(unstored.photo_id)
        return True

    def drop(self, photo_id: int) -> None:
        """Note that a photo's fact is stored; the file is emptied after the last one."""
        if photo_id in self._kept:
            self._kept.discard(photo_id)
            if not self._kept:
                self.clear()

    def clear(self) -> None:
        """Empty the file, and keep its room."""
        with suppress(OSError):  # because a fact that is read again later is known as stored
            os.pwrite(self._descriptor, bytes(max(self._used_bytes, _ROOM_BYTES)), 0)
            os.fsync(self._descriptor)
            self._used_bytes = 0

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read(self) -> Iterator[UnstoredFact]:
        with suppress(OSError):
            content = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
            for line in content.rstrip(b"\0").splitlines():
                with suppress(ValueError, TypeError, KeyError, AttributeError):  # torn by a crash
                    yield _fact_from(json.loads(line))


def _fact_from(values: dict[str, Any]) -> UnstoredFact:
    fields = dict(values.pop("fact"))
    kind = _KINDS[fields.pop("kind")]
    return UnstoredFact(**{**values, "state": State(values["state"])}, fact=kind(**fields))
