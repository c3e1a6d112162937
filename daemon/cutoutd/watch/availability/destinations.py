"""The trees that cutoutd writes to, outputs and archives: nothing is written on a bare mount point.

A file on a bare mount point vanishes under the next mount. So the ledger remembers which mounts each tree consists of,
and a tree is unavailable if

- its root is missing;
- it does not answer;
- one of its mounts is gone, unless the last cutouts are all there without it;
- it is on another disk or share than before, and none of the last cutouts is there.

A mount below the root may go if no cutout belongs there, or if its mount point is gone too.

Cutouts may be carried away at any time, so missing ones alone prove nothing.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cutoutd.core.blocking import calls_to, local_calls
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.core.logs import printable
from cutoutd.files.input_tree import stat_quietly
from cutoutd.files.mounts import Mount, MountTable, is_at_or_below
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.watch.trees.mounted_tree import DiskPlace, MountedTree, TreePart, look_at_tree

#: So many of the last cutouts are looked for on another disk.
_SAMPLE_SIZE = 16

#: A look is repeated within seconds, and a photo that came in between waits so long.
_BETWEEN_LOOKS_S = 3.0

#: A photo is freed when its folder is available again. This is the wait in case that is missed.
_FALLBACK_S = 30.0


@dataclass(frozen=True, slots=True)
class KnownCutouts:
    """The last cutouts that were published in a part of a tree."""

    number: int
    there: int  #: how many of them are there now
    is_used: bool  #: True if any photo has its target there
    is_place_there: bool  #: True if the mount point is still a folder

    @property
    def are_all_there(self) -> bool:
        """True if the tree was moved with its cutouts; one file alone could be there by chance."""
        return self.there == self.number > 1


def unavailable_sentence(before: TreePart, now: TreePart | None, known: KnownCutouts) -> str | None:
    """Return why a part of a tree is unavailable, with ``{}`` for its path; None if it is available.

    Both parts are at the same path, and not on the same disk.
    """
    is_gone = now is None or (now.mount.path != before.mount.path and before.mount.path.is_relative_to(now.mount.path))
    if is_gone:
        is_forgotten = now is None and not (known.is_used and known.is_place_there)
        return None if is_forgotten or known.are_all_there else "nothing is mounted at {} any more"
    if known.there or not known.number:
        return None
    return "{} is on another disk or share than before, and none of the last cutouts is there"


@dataclass(slots=True)
class _DestinationRecord:
    """The knowledge about one tree."""

    root: Path
    remembered: tuple[TreePart, ...] = ()  #: as the ledger has them
    reason: str = ""
    mounts: tuple[Mount, ...] = ()  #: the mount table with which the tree was found available
    tree: MountedTree | None = None  #: the tree as it was then; None while it is unavailable


class Destinations:
    """The known trees. One that was never seen before is taken as it is, and remembered."""

    def __init__(self, ledger: Ledger, table: MountTable | None = None) -> None:
        self._ledger = ledger
        self._table = table or MountTable()
        self._records: dict[Path, _DestinationRecord] = {}

    async def check(self, root: Path) -> str:
        """Look at a tree; return why it is unavailable, empty if it is available."""
        record = self._records.get(root) or await self._load(root)
        try:
            mounts = await local_calls.run(self._table.mounts)
            tree = await calls_to(root).look(look_at_tree, root, mounts)
            record.reason = await self._reason(record, tree)
        except OSError as error:
            record.reason, record.tree = f"the mount table cannot be read: {error.strerror}", None
            return record.reason
        except TreeUnavailableError as error:
            record.reason, record.tree = error.sentence, None
            return record.reason
        if record.reason:
            record.tree = None
            return record.reason
        if _as_json(record.remembered) != _as_json(tree.parts):
            await self._ledger.remember(_key(root), _as_json(tree.parts))
            record.remembered = tree.parts
        record.mounts, record.tree = mounts, tree
        return ""

    async def require_available(self, root: Path) -> None:
        """Let a photo wait while the tree of its cutout is unavailable; a tree that is not known is checked first.

        Raises:
            TreeUnavailableError: it is.
        """
        if not self._records:
            return  # nothing is watched yet
        if root not in self._records or self._records[root].tree is None:
            await self.check(root)
        self._require(self._records[root])

    def require_mounted(self, root: Path, descriptor: int) -> None:
        """Refuse to write unless the folder that is open is the root, on the mounts that were found good. Blocking.

        Called with the root opened, so nothing that is mounted or unmounted later leads the writer elsewhere. A tree
        that was never checked has nothing to be compared with.

        Raises:
            TreeUnavailableError: it is not; the next look tells more.
            OSError: the mount table cannot be read.
        """
        if (record := self._records.get(root)) is None:
            return
        status, mounts = os.fstat(descriptor), self._table.mounts()
        numbers = (status.st_dev, status.st_ino)
        good = self._require(record)
        if mounts is record.mounts and numbers == good.numbers:
            return
        now = look_at_tree(root, mounts)
        if now.parts != good.parts or now.numbers != numbers:
            record.tree = None
            msg = f"the mounts of {printable(str(root))} have just changed"
            raise TreeUnavailableError(msg, retry_after_s=_BETWEEN_LOOKS_S)
        record.mounts, record.tree = mounts, now

    async def forget(self, root: Path) -> None:
        """Forget the mounts of a tree, because a person says that it is right as it is now."""
        self._records.pop(root, None)
        await self._ledger.remember(_key(root), "")

    def _require(self, record: _DestinationRecord) -> MountedTree:
        if record.tree is None:
            reason = record.reason or f"{printable(str(record.root))} was not looked at yet"
            raise TreeUnavailableError(reason, retry_after_s=_FALLBACK_S if record.reason else _BETWEEN_LOOKS_S)
        return record.tree

    async def _load(self, root: Path) -> _DestinationRecord:
        text = await self._ledger.query(photos.remembered, _key(root))
        return self._records.setdefault(root, _DestinationRecord(root, _from_json(text)))

    async def _reason(self, record: _DestinationRecord, tree: MountedTree) -> str:
        for before, now in _differences(record.remembered, tree):
            known = await self._known_cutouts(record.root, (now or before).path)
            sentence = unavailable_sentence(before, now, known)
            if sentence is not None:
                return sentence.format(printable(str(record.root / before.path)))
        return "" if tree.is_there else f"the folder {printable(str(record.root))} is not there"

    async def _known_cutouts(self, root: Path, path: str) -> KnownCutouts:
        last = await self._ledger.query(photos.last_cutouts_in, str(root), path, _SAMPLE_SIZE)
        is_used = await self._ledger.query(photos.has_target_in, str(root), path)
        calls = calls_to(root)
        there = await calls.run(_number_there, root, last)
        return KnownCutouts(len(last), there, is_used, await calls.look(os.path.isdir, root / path))


def _differences(remembered: tuple[TreePart, ...], tree: MountedTree) -> Iterator[tuple[TreePart, TreePart | None]]:
    """Yield each part that is no longer on the same disk, with the present part at its path."""
    before = {part.path: part for part in remembered}
    for path in sorted({*before, *(part.path for part in tree.parts)} if before else ()):
        now, then = tree.part(path), before.get(path)
        if then is None and now is not None:  # mounted since, over a folder of the tree
            holding = (part for part in remembered if is_at_or_below(path, part.path))
            over = max(holding, key=lambda part: len(part.path), default=None)
            then = None if over is None else replace(over, path=path)
        if then is not None and (now is None or not now.is_same_disk(then)):
            yield then, now


def _number_there(root: Path, cutouts: list[tuple[str, int]]) -> int:
    found = [(stat_quietly(root, target), size_bytes) for target, size_bytes in cutouts]
    return sum(seen is not None and seen.size_bytes == size_bytes for seen, size_bytes in found)


def _key(root: Path) -> str:
    return f"mounts of {printable(str(root))}"


def _as_json(parts: tuple[TreePart, ...]) -> str:
    """Return what outlives a restart; the numbers of mounts do not."""
    return json.dumps([_values(part) for part in parts])


def _values(part: TreePart) -> dict[str, str]:
    mount, place = part.mount, part.place
    return {
        "path": part.path,
        "mount": str(mount.path),
        "fs_type": mount.fs_type,
        "device": mount.device,
        "source": mount.source,
        "file_system": place.file_system,
        "folder": str(place.path),
    }


def _from_json(text: str | None) -> tuple[TreePart, ...]:
    with suppress(ValueError, KeyError, TypeError):
        return tuple(map(_part_from, json.loads(text or "[]")))
    return ()


def _part_from(values: dict[str, str]) -> TreePart:
    mount = Mount(
        0, 0, PurePosixPath(values["mount"]), values["fs_type"], device=values["device"], source=values["source"]
    )
    return TreePart(values["path"], mount, DiskPlace(values["file_system"], PurePosixPath(values["folder"])))
