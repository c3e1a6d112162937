"""Whether what is not in an input tree was taken away, or whether the tree itself is not what it was. Pure.

A share that is not mounted leaves an empty folder behind, and what lies there then is not what was removed. So a
folder stands by, rather than its photos being blamed or their cutouts deleted, when

- its root cannot be listed;
- a mount inside it is gone. One that was taken out for good is forgotten as soon as its mount point is removed, while
  nothing that lay there is unfinished or would be deleted;
- its root, or a mount inside it, is on another device or mount, and of the photos known there none is to be found. One
  of them is enough: then only the number changed, which happens at a restart of the machine. A tree that has another
  disk now is accepted with the first new photo, while nothing is at stake; one that is no longer mounted never is;
- on the same ground, all of several photos are gone at once, and something is at stake. The first photo that is dropped
  there shows that the tree is alive, and ends it. Where nothing is unfinished or would be deleted, an emptied tree
  is just that.
"""

from dataclasses import dataclass
from enum import StrEnum

from cutoutd.watch.availability.mounts import MountedPart


class UnavailableReason(StrEnum):
    """Why a part of a tree cannot be trusted to show what was removed; ``{}`` stands for the place."""

    NOT_MOUNTED = "nothing is mounted at {} any more"
    ANOTHER_DEVICE = "{} is on another disk or share than before, and none of its photos is there"
    ALL_GONE = "every photo that was in {} is gone at once, as when a share is not mounted"


@dataclass(frozen=True, slots=True)
class Observation:
    """What became of the photos that should be in one part of a tree, and what else is known of it."""

    missing: int  #: how many of the photos asked about are gone, without those that cutoutd itself took away
    is_familiar: bool  #: whether one of them is there
    is_at_stake: bool  #: whether some photo would be blamed, or some cutout be deleted
    has_others: bool  #: whether other photos are there
    is_place_there: bool  #: whether the mount point, or the root, is still a folder


def unavailable_reason(before: MountedPart, now: MountedPart | None, evidence: Observation) -> UnavailableReason | None:
    """The reason to stand by for a part of a tree; None when it is what it was, or may be taken for it."""
    if evidence.is_familiar:
        return None
    if now is None:
        is_forgotten = not evidence.is_place_there and not evidence.is_at_stake
        return None if is_forgotten else UnavailableReason.NOT_MOUNTED
    if (before.mount, before.device) != (now.mount, now.device):
        return _doubt_about_change(before, now, evidence)
    is_believable = evidence.has_others or not evidence.is_at_stake or evidence.missing < 2  # noqa: PLR2004  "several"
    return None if is_believable else UnavailableReason.ALL_GONE


def _doubt_about_change(before: MountedPart, now: MountedPart, evidence: Observation) -> UnavailableReason | None:
    if not evidence.missing:
        return None  # nothing was known there that could be missed
    if len(now.mount) < len(before.mount):  # seen through to what lies beneath
        return UnavailableReason.NOT_MOUNTED
    return None if evidence.has_others and not evidence.is_at_stake else UnavailableReason.ANOTHER_DEVICE
