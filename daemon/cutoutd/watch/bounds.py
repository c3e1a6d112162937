"""The times and sizes of a folder's watch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WatchBounds:
    """The bounds of the watch of one folder. Tests make them small."""

    poll_mounts_s: float = 5.0  #: between two checks of the folder, because nothing in a tree tells of an unmount
    look_at_mounts_s: float = 1.5  #: between two looks at the mount table, which bring the next check forward
    recheck_together_s: float = 0.1  #: unfinished files that fall due within this time share one look
    max_waiting: int = 10_000  #: unfinished files; more are left to the next rescan, so memory stays bounded
    max_buffered_files: int = 10_000  #: files with an event; more become one rescan
    max_buffered_folders: int = 500  #: folders with an event; more become one rescan


DEFAULT_BOUNDS = WatchBounds()
