"""The checks between folders: repeated names, missing archives, and trees inside each other by their paths.

Cutouts inside an input would be taken for photos and paid for again. A state folder inside an output would be
published. The checks compare real paths, so a symbolic link hides nothing. Faulty folders are checked as far as they
can be read, so that one mistake does not hide another.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from cutoutd.config.settings import CommonSettings
from cutoutd.config.types.choices import OnSuccess
from cutoutd.config.types.text_types import absolute_path
from cutoutd.config.yaml_source import ConfigFault, KeyPath, Source, Value, quoted
from cutoutd.core.blocking import FIRST_LOOK_S, calls_to
from cutoutd.core.errors import TreeUnavailableError


class TreeRole(StrEnum):
    """The role of a tree; of two equal trees, the later role is at fault."""

    INPUT = "input"
    OUTPUT = "output"
    ARCHIVE = "archive"
    STATE = "state_dir"


@dataclass(frozen=True, slots=True)
class _Tree:
    role: TreeRole
    owner: str  #: the folder's name in faults: folder "products"
    path: KeyPath
    real: Path

    def __str__(self) -> str:
        return f"the state folder ({self.real})" if self.role is TreeRole.STATE else f"the {self.role} of {self.owner}"


#: The reason why the first role may not lie inside the second. Other pairs are allowed: outputs may share a tree.
NESTING_REASONS = {
    (TreeRole.INPUT, TreeRole.INPUT): "two folders would take the same photos",
    (TreeRole.OUTPUT, TreeRole.INPUT): "cutouts would be taken for photos",
    (TreeRole.INPUT, TreeRole.OUTPUT): "photos and cutouts would mix",
    (TreeRole.ARCHIVE, TreeRole.INPUT): "archived photos would be taken up again",
    (TreeRole.INPUT, TreeRole.ARCHIVE): "photos would be archived among themselves",
    (TreeRole.ARCHIVE, TreeRole.OUTPUT): "photos and cutouts would mix",
    (TreeRole.OUTPUT, TreeRole.ARCHIVE): "photos and cutouts would mix",
    (TreeRole.STATE, TreeRole.ARCHIVE): "the ledger would lie among photos",
    (TreeRole.ARCHIVE, TreeRole.STATE): "photos would lie beside the ledger",
    (TreeRole.STATE, TreeRole.INPUT): "the ledger would lie among photos",
    (TreeRole.STATE, TreeRole.OUTPUT): "the ledger would lie among cutouts",
    (TreeRole.INPUT, TreeRole.STATE): "photos would lie beside the ledger",
    (TreeRole.OUTPUT, TreeRole.STATE): "cutouts would lie beside the ledger",
}


def name_faults(source: Source) -> list[ConfigFault]:
    """Return the faults of folders that share a name."""
    faults, first = [], dict[str, int]()
    for index, folder in _folders(source):
        name = folder.get("name")
        if isinstance(name, str) and name and first.setdefault(name, index) != index:
            sentence = f"is also the name of folders[{first[name]}]; each folder needs its own"
            faults.append(source.fault_at(("folders", index, "name"), sentence))
    return faults


def archive_faults(source: Source) -> list[ConfigFault]:
    """Return the faults of folders that move their photos without an archive."""
    return [
        source.fault_at(("folders", index, "on_success"), "needs archive: the tree to move photos to")
        for index, folder in _folders(source)
        if folder.get("on_success") == OnSuccess.MOVE and not folder.get("archive")
    ]


def tree_faults(source: Source, folder: Path, *, is_following_links: bool = True) -> list[ConfigFault]:
    """Return the faults of trees that lie inside each other; relative paths start at ``folder``.

    Following links asks the disks. A command that only shows something does not, because a share may hang.
    """
    trees = sorted(
        _trees(source, folder, _real if is_following_links else _absolute),
        key=lambda tree: list(TreeRole).index(tree.role),
    )
    first: dict[tuple[TreeRole, Path], _Tree] = {}
    for tree in trees:
        first.setdefault((tree.role, tree.real), tree)
    return [fault for tree in trees for fault in _faults_of(tree, first, source)]


def _trees(source: Source, folder: Path, place_of: Callable[[object, Path], Path | None]) -> Iterator[_Tree]:
    state = place_of(source.values.get("state_dir") or CommonSettings.model_fields["state_dir"].default, folder)
    if state:
        yield _Tree(TreeRole.STATE, "", ("state_dir",), state)
    for index, section in _folders(source):
        name = section.get("name")
        owner = f"folder {quoted(name)}" if name and isinstance(name, str) else f"folders[{index}]"
        for role in (TreeRole.INPUT, TreeRole.OUTPUT, TreeRole.ARCHIVE):
            real = place_of(section.get(role), folder)
            if real:
                yield _Tree(role, owner, ("folders", index, role.value), real)


def _folders(source: Source) -> Iterator[tuple[int, dict[str, Value]]]:
    folders = source.values.get("folders")
    for index, folder in enumerate(folders if isinstance(folders, list) else []):
        if isinstance(folder, dict):
            yield index, folder


def _real(text: object, folder: Path) -> Path | None:
    """Return the path with all symbolic links followed, as far as its disk answers; None for no path."""
    path = _absolute(text, folder)
    if path is not None:
        with suppress(ValueError, OSError, TreeUnavailableError):
            return Path(calls_to(path).wait(FIRST_LOOK_S, partial(os.path.realpath, path)))
    return path


def _absolute(text: object, folder: Path) -> Path | None:
    """Return the path; None if validation already reports it as no path."""
    with suppress(ValueError, OSError):
        return absolute_path(str(text), folder) if isinstance(text, str | Path) else None
    return None


def _faults_of(tree: _Tree, first: dict[tuple[TreeRole, Path], _Tree], source: Source) -> Iterator[ConfigFault]:
    for around in (tree.real, *tree.real.parents):
        for role in TreeRole:
            other = first.get((role, around))
            reason = NESTING_REASONS.get((tree.role, role))
            if other and other is not tree and reason and _is_at_fault(tree, other):
                yield _nested(tree, other, reason, source)


def _nested(tree: _Tree, other: _Tree, reason: str, source: Source) -> ConfigFault:
    """Return a fault at the inner tree.

    If that is a state folder that the file does not name, the fault points at the outer tree.
    """
    is_equal = tree.real == other.real
    if tree.role is TreeRole.STATE and tree.path not in source.contents:
        return source.fault_at(other.path, f"{'is' if is_equal else 'holds'} {tree}: {reason}")
    return source.fault_at(tree.path, f"{'is also' if is_equal else 'lies inside'} {other}: {reason}")


def _is_at_fault(tree: _Tree, other: _Tree) -> bool:
    """Return True for one of two equal trees: the later role, or the later of two inputs."""
    order = list(TreeRole)
    return tree.real != other.real or order.index(tree.role) >= order.index(other.role)
