"""The ways in which a photo's own file can leave its place after its cutout was published."""

from dataclasses import dataclass
from enum import StrEnum


class SourceResult(StrEnum):
    """One word for each way, as the ledger stores it; a source that is where it was has none."""

    MOVED = "moved"  #: to the archive
    TRASHED = "trashed"  #: to the trash of the desktop
    DELETED = "deleted"
    GONE = "gone"  #: before on_success was applied, or by an on_success that a crash kept from being stored
    ABSENT = "absent"  #: when the ledger was rebuilt
    TAKEN = "taken"  #: in a way that only the sentence of an earlier version tells


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """The outcome of on_success for one source."""

    result: SourceResult | None  #: None: the file stays where it is
    sentence: str  #: to show; nothing depends on it
    archived_path: str | None = None  #: its place in the archive, absolute
