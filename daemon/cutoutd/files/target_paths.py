"""The paths of a photo's cutout and of its note: the mirrored path, and others if that is taken.

Pure: it looks at no disk and no ledger.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from cutoutd.config.choices import OnConflict

#: The limit of Linux file systems for one name.
MAX_NAME_BYTES = 255

_NOTE_SUFFIX = ".failed.txt"
_MAX_NUMBERED = 99

#: So many spare targets are checked on the disk and in the ledger before a photo is accepted. More would cost queries,
#: and other files hardly take all of them.
_SPARES_CLAIMED = 8


def targets_of(path: str, *, template: str, on_conflict: OnConflict) -> tuple[str, ...]:
    """Return the possible targets of a photo, best first, relative to the output root.

    ``a.jpg`` wants ``a.png``. With ``rename`` the next photo gets ``a.jpg.png``, then ``a.jpg.2.png`` and a few more.
    Below a folder that is named like a cutout, the same names in a folder beside it follow. Names that no file system
    takes are left out, so the result may be empty.
    """
    source = PurePosixPath(path)
    wanted = _possible(source, [template.format(stem=source.stem, name=source.name)])
    if on_conflict is OnConflict.SKIP:
        return wanted
    mirrored = (*wanted, *islice(spare_targets_of(path), _SPARES_CLAIMED))
    return mirrored + tuple(beside(target) for target in mirrored if beside(target) != target)


def spare_targets_of(path: str) -> Iterator[str]:
    """Yield the places for a cutout if the wanted one holds another file; one by one, because few are needed."""
    source = PurePosixPath(path)
    for ending in ("", *(f".{number}" for number in range(2, _MAX_NUMBERED + 1))):
        yield from _possible(source, [f"{source.name}{ending}.png"])


def beside(target: str) -> str:
    """Return the target in folders with names that no cutout can have.

    If ``x.png`` is a cutout, the folder ``x.png/`` cannot be made. It is the same target if no folder of its path is
    named like a cutout.
    """
    *folders, name = target.split("/")
    return "/".join([*(f"{folder}-folder" if folder.lower().endswith(".png") else folder for folder in folders), name])


def _possible(source: PurePosixPath, names: list[str]) -> tuple[str, ...]:
    return tuple(str(source.with_name(name)) for name in names if len(os.fsencode(name)) <= MAX_NAME_BYTES)


def note_of(path: str) -> str:
    """Return the path of the note about a rejected or failed photo, relative to the output root."""
    source = PurePosixPath(path)
    kept = source.name
    # Cut by characters if it is too long for the suffix; the note itself tells the whole name.
    while len(os.fsencode(kept)) > MAX_NAME_BYTES - len(_NOTE_SUFFIX):
        kept = kept[:-1]
    return str(source.with_name(kept + _NOTE_SUFFIX))
