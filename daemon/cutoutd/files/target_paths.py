"""Where a photo's cutout and its note go: the mirrored path, and what to try when another photo has it.

Pure: nothing here looks at a disk or the ledger.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from cutoutd.config.choices import OnConflict

#: What Linux file systems allow for one name.
MAX_NAME_BYTES = 255

_NOTE_SUFFIX = ".failed.txt"
_MAX_NUMBERED = 99

#: So many of them are looked at on disk and in the ledger before a photo is accepted: each look costs as much as a
#: question, and others' files in all of these places are an accident of nobody's.
_SPARES_CLAIMED = 8


def targets_of(path: str, *, template: str, on_conflict: OnConflict) -> tuple[str, ...]:
    """The targets a photo may have, best first, relative to the output root.

    ``a.jpg`` wants ``a.png``; with ``rename`` a later claimant gets ``a.jpg.png``, then ``a.jpg.2.png`` and a few
    more, and below a folder that is called like a cutout all of them also in a folder beside it. Names that no file
    system takes are left out, so the answer may be empty.
    """
    source = PurePosixPath(path)
    wanted = _possible(source, [template.format(stem=source.stem, name=source.name)])
    if on_conflict is OnConflict.SKIP:
        return wanted
    mirrored = (*wanted, *islice(spare_targets_of(path), _SPARES_CLAIMED))
    return mirrored + tuple(beside(target) for target in mirrored if beside(target) != target)


def spare_targets_of(path: str) -> Iterator[str]:
    """Where a cutout may go when the place it wanted is somebody else's; made one by one, as hardly any is needed."""
    source = PurePosixPath(path)
    for ending in ("", *(f".{number}" for number in range(2, _MAX_NUMBERED + 1))):
        yield from _possible(source, [f"{source.name}{ending}.png"])


def beside(target: str) -> str:
    """The target in folders whose names no cutout can have: where ``x.png`` is a cutout, ``x.png/`` cannot be made.

    The same target where no folder of its path is called like a cutout.
    """
    *folders, name = target.split("/")
    return "/".join([*(f"{folder}-folder" if folder.lower().endswith(".png") else folder for folder in folders), name])


def _possible(source: PurePosixPath, names: list[str]) -> tuple[str, ...]:
    return tuple(str(source.with_name(name)) for name in names if len(os.fsencode(name)) <= MAX_NAME_BYTES)


def note_of(path: str) -> str:
    """Where the note about a photo that came to nothing stands, relative to the output root."""
    source = PurePosixPath(path)
    kept = source.name
    # A name too long for the suffix is cut, by characters: the note itself tells the whole name.
    while len(os.fsencode(kept)) > MAX_NAME_BYTES - len(_NOTE_SUFFIX):
        kept = kept[:-1]
    return str(source.with_name(kept + _NOTE_SUFFIX))
