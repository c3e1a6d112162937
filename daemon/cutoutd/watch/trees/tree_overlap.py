"""Trees that share a folder under two names: bind mounts, one share mounted twice, links, names in another case.

``config.overlap_check`` compares paths before anything is mounted. This module compares what is mounted now.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path, PurePosixPath

from cutoutd.config.overlap_check import NESTING_REASONS, TreeRole
from cutoutd.config.settings import CommonSettings, FolderSettings, Settings
from cutoutd.core.blocking import FIRST_LOOK_S, calls_to
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.core.logs import printable
from cutoutd.files.mounts import Mount
from cutoutd.watch.trees.mounted_tree import MountedTree, look_at_tree


@dataclass(frozen=True, slots=True)
class ConfiguredTree:
    """A tree that the configuration names."""

    role: TreeRole
    folder: str  #: the name of its folder; empty for the state folder
    root: Path
    is_recursive: bool = True

    def __str__(self) -> str:
        shown = printable(str(self.root))
        if self.role is TreeRole.STATE:
            return f"the state folder ({shown})"
        return f'the {self.role} of folder "{self.folder}" ({shown})'


@dataclass(frozen=True, slots=True)
class TreeOverlap:
    """Two trees that share a folder, and a sentence about them."""

    trees: tuple[ConfiguredTree, ConfiguredTree]
    sentence: str

    @property
    def folders(self) -> frozenset[str]:
        """The names of their folders."""
        return frozenset(tree.folder for tree in self.trees if tree.folder)


TreesNow = Mapping[ConfiguredTree, MountedTree]


def trees_of(folder: FolderSettings) -> tuple[ConfiguredTree, ...]:
    """Return the trees of one folder: the input first, then the output, then the archive if there is one."""
    trees = [
        ConfiguredTree(TreeRole.INPUT, folder.name, folder.input, folder.recursive),
        ConfiguredTree(TreeRole.OUTPUT, folder.name, folder.output),
    ]
    if folder.archive is not None:
        trees.append(ConfiguredTree(TreeRole.ARCHIVE, folder.name, folder.archive))
    return tuple(trees)


def state_tree(state_dir: Path) -> ConfiguredTree:
    """Return the tree of the state folder."""
    return ConfiguredTree(TreeRole.STATE, "", state_dir)


def configured_trees(settings: CommonSettings) -> tuple[ConfiguredTree, ...]:
    """Return every tree of a configuration."""
    folders = (tree for folder in settings.folders for tree in trees_of(folder))
    return (*folders, state_tree(settings.state_dir))


async def look_at_trees(trees: Sequence[ConfiguredTree], mounts: Sequence[Mount]) -> TreesNow:
    """Return the trees that answer, as they are mounted now; a start waits for the others no longer than a moment."""

    async def look(tree: ConfiguredTree) -> MountedTree | None:
        with suppress(TreeUnavailableError):
            return await calls_to(tree.root).within(FIRST_LOOK_S, _look_at(tree, mounts))
        return None

    found = zip(trees, await asyncio.gather(*map(look, trees)), strict=True)
    return {tree: seen for tree, seen in found if seen is not None}


def _look_at(tree: ConfiguredTree, mounts: Sequence[Mount]) -> Callable[[], MountedTree]:
    return partial(look_at_tree, tree.root, mounts, is_recursive=tree.is_recursive)


def overlaps_among(trees: TreesNow) -> tuple[TreeOverlap, ...]:
    """Return the pairs of trees that must not share a folder and do, one sentence for each pair."""
    pairs = combinations(trees, 2)
    return tuple(overlap for one, other in pairs if (overlap := _overlap(one, other, trees)) is not None)


def _overlap(one: ConfiguredTree, other: ConfiguredTree, trees: TreesNow) -> TreeOverlap | None:
    # The later role is asked first, because of two equal trees that one is at fault.
    for inner, outer in ((other, one), (one, other)):
        reason = NESTING_REASONS.get((inner.role, outer.role))
        shared = trees[inner].shared_with(trees[outer]) if reason else None
        if shared is not None:
            return TreeOverlap((inner, outer), _sentence(inner, outer, shared, trees) + f": {reason}")
    return None


def _sentence(inner: ConfiguredTree, outer: ConfiguredTree, shared: PurePosixPath, trees: TreesNow) -> str:
    if shared != trees[inner].real:
        return f"{inner} and {outer} share the folder {printable(str(shared))}"
    is_equal = trees[outer].shared_with(trees[inner]) == trees[outer].real
    return f"{inner} {'is the same folder as' if is_equal else 'lies inside'} {outer}"


def overlap_faults(settings: Settings, mounts: Sequence[Mount]) -> Iterator[TreeOverlap]:
    """Yield the overlaps of a configuration as its trees are mounted now, of those that answer. Blocking."""
    yield from overlaps_among(trees_now(settings, mounts))


def trees_now(settings: CommonSettings, mounts: Sequence[Mount]) -> TreesNow:
    """Return the trees of a configuration that answer, as they are mounted now. Blocking."""
    seen: dict[ConfiguredTree, MountedTree] = {}
    for tree in configured_trees(settings):
        with suppress(TreeUnavailableError):
            seen[tree] = calls_to(tree.root).wait(FIRST_LOOK_S, _look_at(tree, mounts))
    return seen
