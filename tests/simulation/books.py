"""What the ledger and the service say about a world, read from their own files."""

import io
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image

Row = Mapping[str, Any]

#: No product is so fast that it deletes a result after this time.
_AT_ONCE_S = 0.001

#: What the sandbox bills for a removal.
_OPERATIONS_OF_A_REMOVAL = 10


@dataclass(frozen=True, slots=True)
class Removal:
    """A removal that the service accepted."""

    request_id: str
    sha256: str  #: of the source
    parameters: str
    status: str
    result: str | None  #: UUID


@dataclass(frozen=True, slots=True)
class ServiceBooks:
    """The service's side."""

    removals: Sequence[Removal]
    hashes: Mapping[str, str]  #: SHA-256 of every file that it ever had, by UUID
    kept: frozenset[str]  #: UUIDs of the files that it still has
    failed: frozenset[str]  #: hashes of sources of which a removal failed, or gave no picture
    vanished: frozenset[str]  #: hashes of sources of which a result was gone as soon as it was made
    questions: int  #: billed operations, without those of the removals themselves


def photos_in(state_dir: Path) -> list[Row]:
    """Return the ledger's rows, oldest first; none if there is no ledger yet."""
    file = state_dir / "ledger.sqlite"
    return _rows(file, "SELECT * FROM photos ORDER BY id") if file.exists() else []


def service_books(place: Path) -> ServiceBooks:
    """Return what the service knows."""
    file = place / "sandbox.sqlite"
    files = _rows(file, "SELECT uuid, sha256, uploaded, removed FROM files")
    hashes = {row["uuid"]: row["sha256"] for row in files}
    removals = [
        Removal(row["request_id"], hashes[row["target"]], row["parameters"], row["status"], row["file_id"])
        for row in _rows(file, "SELECT * FROM removals ORDER BY started")
    ]
    kept = frozenset(row["uuid"] for row in files if row["removed"] is None)
    pictures = {row["uuid"] for row in files if _is_png(place / "files" / row["uuid"]) or row["removed"] is not None}
    failed = {each.sha256 for each in removals if each.status == "error" or each.result not in {None, *pictures}}
    gone = {row["uuid"] for row in files if row["removed"] is not None and _age_s(row) < _AT_ONCE_S}
    vanished = {each.sha256 for each in removals if each.result in gone}
    counted = _rows(file, "SELECT n FROM tallies WHERE name = 'operations'")
    questions = sum(row["n"] for row in counted) - _OPERATIONS_OF_A_REMOVAL * len(removals)
    return ServiceBooks(removals, hashes, kept, frozenset(failed), frozenset(vanished), questions)


def remote_files_in(state_dir: Path) -> list[Row]:
    """Return the files that may be at the service, as the ledger knows them."""
    return _rows(state_dir / "ledger.sqlite", "SELECT * FROM remote_files")


def events_in(state_dir: Path) -> list[Row]:
    """Return the facts with their photos, oldest first."""
    sql = "SELECT folder, path, at_s, to_state FROM events JOIN photos ON photos.id = photo_id ORDER BY events.id"
    return _rows(state_dir / "ledger.sqlite", sql)


def launches_in(state_dir: Path) -> list[Row]:
    """Return the launches, as the ledger knows them."""
    return _rows(state_dir / "ledger.sqlite", "SELECT * FROM launches")


def standing_of(row: Row) -> str:
    """Return where a photo stands, and why."""
    wait_s = max(0.0, row["wait_until_s"] - time.time())
    why = row["sentence"] or row["wait_reason"]
    return f"{row['state']}, {row['wait_kind']} for {wait_s:.0f} s: {why}"


def lost_launches_in(state_dir: Path) -> int:
    """Return how many launches the ledger tells as possibly paid in vain."""
    sql = "SELECT 1 FROM launches WHERE lost_because IS NOT NULL AND found_uuid IS NULL AND NOT is_returned"
    return len(_rows(state_dir / "ledger.sqlite", sql))


def _age_s(file: Row) -> float:
    """Return the time from a file's upload to its removal."""
    return (datetime.fromisoformat(file["removed"]) - datetime.fromisoformat(file["uploaded"])).total_seconds()


def is_sound_cutout(file: Path, photo: bytes) -> bool:
    """Return True if a file is a cutout of a photo by its look: transparent, and of its size."""
    with Image.open(io.BytesIO(photo)) as source:
        size = source.size
    if not _is_png(file):
        return False
    with Image.open(file) as picture:
        return picture.size == size


def _is_png(file: Path) -> bool:
    try:
        with Image.open(file) as picture:
            picture.load()
            return picture.format == "PNG" and picture.mode == "RGBA"
    except (OSError, SyntaxError):
        return False


def _rows(file: Path, sql: str) -> list[Row]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(sql)]
