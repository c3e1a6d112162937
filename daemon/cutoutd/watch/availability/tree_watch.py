"""The configured trees as they are mounted now, and the overlaps among them.

A mount, an unmount and a link that leads elsewhere raise no event in the tree itself. So each folder looks at its trees
again and again. A look costs one read of the mount table and one ``stat`` for each tree while nothing changes.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from cutoutd.config.settings import FolderSettings
from cutoutd.core.blocking import calls_to, local_calls
from cutoutd.core.errors import CutoutdError, TreeUnavailableError
from cutoutd.files.mounts import Mount, MountTable
from cutoutd.watch.trees.mounted_tree import FolderNumbers, MountedTree, look_at_tree, numbers_of
from cutoutd.watch.trees.tree_claims import TreeClaims
from cutoutd.watch.trees.tree_overlap import ConfiguredTree, overlaps_among, trees_of

#: The numbers of a root; None: it is missing; a sentence: it does not answer.
RootSeen = FolderNumbers | str | None


@dataclass(frozen=True, slots=True)
class TreeLook:
    """One look at the trees of a folder."""

    trees: tuple[MountedTree | None, ...] = ()  #: in the order of ``trees_of``; None: the tree does not answer
    overlap: str = ""  #: a sentence about two trees that share a folder; empty if there are none
    unclaimed: CutoutdError | None = None  #: the reason, if a tree cannot be claimed: another cutoutd works on it
    mounts: tuple[Mount, ...] = ()  #: the mount table that was read
    roots: tuple[RootSeen, ...] = ()  #: in the same order

    def is_same(self, other: "TreeLook") -> bool:
        """Return True if both looks saw the same folders on the same mounts."""
        return self.trees == other.trees


NO_LOOK = TreeLook()


class TreeWatch:
    """Looks at trees, each by itself, because a dead share must not hold up other trees.

    Args:
        folders: the configured folders.
        others: trees of no folder, such as the state folder.
        table: the mount table.
        claims: those of the service; None: the trees are not claimed.
    """

    def __init__(
        self,
        folders: Iterable[FolderSettings],
        others: Sequence[ConfiguredTree] = (),
        table: MountTable | None = None,
        claims: TreeClaims | None = None,
    ) -> None:
        self._trees = {folder.name: trees_of(folder) for folder in folders}
        self._others = tuple(others)
        self.table = table or MountTable()
        self._claims = claims
        self._seen: dict[ConfiguredTree, MountedTree] = {}
        self._overlaps: dict[str, str] = {}  #: by folder

    async def look(self, folder: str) -> TreeLook:
        """Look at the trees of a folder, and compare them with all that was seen of others.

        Raises:
            OSError: the mount table cannot be read.
        """
        # The numbers first: a link that changes in between is then noticed by the next look.
        roots = await self._roots(folder)
        mounts = await local_calls.run(self.table.mounts)
        trees = self._trees[folder]
        found = await asyncio.gather(*(self._tree(tree, mounts) for tree in (*trees, *self._others)))
        now = {tree: seen for tree, seen in zip((*trees, *self._others), found, strict=True) if seen is not None}
        if any(self._seen.get(tree) != seen for tree, seen in now.items()):
            self._seen |= now
            overlaps = overlaps_among(self._seen)
            self._overlaps = {name: overlap.sentence for overlap in overlaps for name in overlap.folders}
        found_trees = {tree: now[tree] for tree in trees if tree in now}
        unclaimed = self._claims.refusal(found_trees) if self._claims else None
        return TreeLook(tuple(map(now.get, trees)), self._overlaps.get(folder, ""), unclaimed, mounts, roots)

    async def has_changed(self, folder: str, since: TreeLook) -> bool:
        """Return True if a tree of the folder differs from that look.

        Raises:
            OSError: the mount table cannot be read.
        """
        roots = await self._roots(folder)
        if roots == since.roots and await local_calls.run(self.table.mounts) is since.mounts:
            return False
        return not (await self.look(folder)).is_same(since)

    async def _roots(self, folder: str) -> tuple[RootSeen, ...]:
        return tuple(await asyncio.gather(*(_root_of(tree) for tree in self._trees[folder])))

    async def _tree(self, tree: ConfiguredTree, mounts: Sequence[Mount]) -> MountedTree | None:
        with suppress(TreeUnavailableError):
            look = partial(look_at_tree, tree.root, mounts, is_recursive=tree.is_recursive)
            return await calls_to(tree.root).look(look)
        return None


async def _root_of(tree: ConfiguredTree) -> RootSeen:
    try:
        return await calls_to(tree.root).look(numbers_of, tree.root)
    except TreeUnavailableError as error:
        return error.sentence
