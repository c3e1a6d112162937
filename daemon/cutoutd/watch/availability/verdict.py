"""The verdict on a part of an input tree: files were removed, or the tree itself is unavailable. Pure.

An unmounted share leaves an empty folder, and its files were not removed. So the folder becomes unavailable, and no
photo fails and no cutout is deleted, if

- its root cannot be listed;
- a mount inside it is gone. It is forgotten once its mount point is removed too and nothing is at stake;
- its root, or a mount inside it, is on another device or mount, and no known file is there. One known file is enough,
  because numbers change at a restart of the machine. Another disk is accepted with its first new file, while nothing is
  at stake. A tree that is no longer mounted is never accepted;
- on the same mount, all of several files are gone at once, and something is at stake. The first new file shows that the
  tree is alive. While nothing is at stake, an emptied tree is just empty.

At stake is an unfinished photo, which would fail, or a cutout, which would be deleted.
"""

from dataclasses import dataclass
from enum import StrEnum

from cutoutd.watch.availability.mounts import MountedPart


class UnavailableReason(StrEnum):
    """The reason why a part of a tree is unavailable; ``{}`` stands for its path."""

    NOT_MOUNTED = "nothing is mounted at {} any more"
    ANOTHER_DEVICE = "{} is on another disk or share than before, and none of its photos is there"
    ALL_GONE = "every photo that was in {} is gone at once, as when a share is not mounted"


@dataclass(frozen=True, slots=True)
class Observation:
    """The facts about one part of a tree."""

    missing: int  #: the number of missing sample files, without those that cutoutd itself moved or deleted
    is_familiar: bool  #: True if one sample file is there
    is_at_stake: bool  #: True if a photo would fail, or a cutout would be deleted
    has_others: bool  #: True if other photos are there
    is_place_there: bool  #: True if the mount point, or the root, is still a folder


def unavailable_reason(before: MountedPart, now: MountedPart | None, observed: Observation) -> UnavailableReason | None:
    """Return the reason why a part of a tree is unavailable; None if it is available."""
    if observed.is_familiar:
        return None
    if now is None:
        is_forgotten = not observed.is_place_there and not observed.is_at_stake
        return None if is_forgotten else UnavailableReason.NOT_MOUNTED
    if (before.mount, before.device) != (now.mount, now.device):
        return _reason_for_other_mount(before, now, observed)
    is_available = observed.has_others or not observed.is_at_stake or observed.missing < 2  # noqa: PLR2004  "several"
    return None if is_available else UnavailableReason.ALL_GONE


def _reason_for_other_mount(before: MountedPart, now: MountedPart, observed: Observation) -> UnavailableReason | None:
    if not observed.missing:
        return None  # no known file could be missing
    if len(now.mount) < len(before.mount):  # the mount is gone, and the one beneath is visible
        return UnavailableReason.NOT_MOUNTED
    return None if observed.has_others and not observed.is_at_stake else UnavailableReason.ANOTHER_DEVICE
