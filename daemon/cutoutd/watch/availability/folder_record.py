"""The knowledge about one folder, kept in memory; only its snapshot is in the ledger."""

import asyncio
from dataclasses import dataclass, field

from cutoutd.config.settings import FolderSettings
from cutoutd.watch.availability.snapshot import FolderSnapshot, SampleFile
from cutoutd.watch.availability.tree_watch import NO_LOOK, TreeLook


@dataclass(slots=True)
class FolderRecord:
    """The knowledge about one folder."""

    folder: FolderSettings
    is_loaded: bool = False
    snapshot: FolderSnapshot | None = None
    seen: tuple[SampleFile, ...] = ()  #: known photos seen since the last scan
    reason: str = ""
    advice: str = ""
    since_s: float = 0.0
    look: TreeLook = NO_LOOK  #: the last look at its trees
    scans_s: tuple[float, ...] = ()  #: the ends of the last two scans, Unix time
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
