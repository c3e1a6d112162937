"""The configured trees as they are mounted now, and the overlaps among them.

A mount, an unmount and a link that leads elsewhere raise no event in the tree itself. So each folder looks at its trees
again and again. A look costs one read of the mount table and one ``stat`` for each tree while nothing changes.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cutoutd.config.settings import FolderSettings
from cutoutd.files.mounts import Mount, MountTable
from cutoutd.watch.trees.mounted_tree import FolderNumbers, MountedTree, numbers_of
from cutoutd.watch.trees.tree_overlap import ConfiguredTree, look_at_trees, overlaps_among, trees_of


@dataclass(frozen=True, slots=True)
class TreeLook:
    """One look at the trees of a folder."""

    trees: tuple[MountedTree, ...] = ()  #: in the order of ``trees_of``
    overlap: str = ""  #: a sentence about two trees that share a folder; empty if there are none
    mounts: tuple[Mount, ...] = ()  #: the mount table that was read
    numbers: tuple[FolderNumbers | None, ...] = ()  #: of the roots

    def is_same(self, other: "TreeLook") -> bool:
        """Return True if both looks saw the same folders on the same mounts."""
        return self.trees == other.trees


NO_LOOK = TreeLook()


class TreeWatch:
    """Looks at trees, folder by folder, because a dead share must not hold up other folders.

    Args:
        folders: the configured folders.
        others: trees of no folder, such as the state folder.
        table: the mount table.
    """

    def __init__(
        self,
        folders: Iterable[FolderSettings],
        others: Sequence[ConfiguredTree] = (),
        table: MountTable | None = None,
    ) -> None:
        self._trees = {folder.name: trees_of(folder) for folder in folders}
        self._others = tuple(others)
        self.table = table or MountTable()
        self._lock = threading.Lock()
        self._seen: dict[ConfiguredTree, MountedTree] = {}
        self._overlaps: dict[str, str] = {}  #: by folder

    def look(self, folder: str) -> TreeLook:
        """Look at the trees of a folder, and compare them with all that was seen of others. Blocking.

        Raises:
            OSError: the mount table cannot be read.
        """
        # The numbers first: a link that changes in between is then noticed by the next look.
        numbers, mounts = self._numbers(folder), self.table.mounts()
        now = look_at_trees((*self._trees[folder], *self._others), mounts)
        with self._lock:
            if any(self._seen.get(tree) != seen for tree, seen in now.items()):
                self._seen |= now
                found = overlaps_among(self._seen)
                self._overlaps = {name: overlap.sentence for overlap in found for name in overlap.folders}
            overlap = self._overlaps.get(folder, "")
        return TreeLook(tuple(now[tree] for tree in self._trees[folder]), overlap, mounts, numbers)

    def has_changed(self, folder: str, since: TreeLook) -> bool:
        """Return True if a tree of the folder differs from that look. Blocking.

        Raises:
            OSError: the mount table cannot be read.
        """
        if self.table.mounts() is since.mounts and self._numbers(folder) == since.numbers:
            return False
        return not self.look(folder).is_same(since)

    def _numbers(self, folder: str) -> tuple[FolderNumbers | None, ...]:
        return tuple(numbers_of(tree.root) for tree in self._trees[folder])
