"""The names of cutouts and notes, and the rule that makes names which every file system takes.

Linux takes almost any name. exFAT, NTFS and Windows servers refuse ``<>:"|?*``, a dot or a space at the end, and names
like ``CON.png``. Some take only certain characters, or only shorter names.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from cutoutd.config.types.choices import OnConflict

#: The limit of Linux file systems for one name.
MAX_NAME_BYTES = 255

_NOTE_SUFFIX = ".failed.txt"
_MAX_NUMBERED = 99

#: So many spare targets are checked on the disk and in the ledger before a photo is accepted. More would cost queries,
#: and other files hardly take all of them.
_SPARES_CLAIMED = 8

#: No file system of Windows takes these; the last ones stand for bytes that are no text.
_NO_CHARACTERS = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f\ud800-\udfff]')

_NO_ENDING = re.compile(r"[. ]+$")

#: Windows takes these for its devices, whatever follows the first dot.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *", re.IGNORECASE)

_NOT_ASCII = re.compile(r"[^\x20-\x7e]")

#: Names of this length fit where encryption of names or another system leaves little room.
_SHORT = 100

_LONGEST_SUFFIX = 20


def targets_of(path: str, *, template: str, on_conflict: OnConflict) -> tuple[str, ...]:
    """Return the possible targets of a photo, best first, relative to the output root.

    ``a.jpg`` wants ``a.png``. With ``rename`` the next photo gets ``a.jpg.png``, then ``a.jpg.2.png`` and a few more.
    Below a folder that is named like a cutout, the same names in a folder beside it follow. Names that no file system
    takes are left out, so the result may be empty.
    """
    source = PurePosixPath(path)
    wanted = _possible(path, template.format(stem=source.stem, name=source.name))
    if on_conflict is OnConflict.SKIP:
        return wanted
    mirrored = (*wanted, *islice(spare_targets_of(path), _SPARES_CLAIMED))
    return mirrored + tuple(beside(target) for target in mirrored if beside(target) != target)


def spare_targets_of(path: str) -> Iterator[str]:
    """Yield the places for a cutout if the wanted one holds another file; one by one, because few are needed."""
    name = path.rpartition("/")[2]
    yield from _possible(path, f"{name}.png")
    for number in range(2, _MAX_NUMBERED + 1):
        yield from _possible(path, f"{name}.{number}.png")


def beside(target: str) -> str:
    """Return the target in folders with names that no cutout can have.

    If ``x.png`` is a cutout, the folder ``x.png/`` cannot be made. It is the same target if no folder of its path is
    named like a cutout.
    """
    *folders, name = target.split("/")
    return "/".join([*(f"{folder}-folder" if folder.lower().endswith(".png") else folder for folder in folders), name])


def _possible(path: str, name: str) -> tuple[str, ...]:
    """Return the path with this name, or nothing if no file system takes it."""
    # Strings, because paths as objects take five times as long, nine times for each photo.
    folder, slash, _ = path.rpartition("/")
    return (f"{folder}{slash}{name}",) if len(os.fsencode(name)) <= MAX_NAME_BYTES else ()


def notes_of(folder: str, path: str) -> tuple[str, str]:
    """Return the two paths for the note about a rejected or failed photo, relative to the output root.

    The first one may be taken by the note about another photo. The second one never is, whatever the disk makes of
    names.
    """
    mark = hashlib.sha256(os.fsencode(f"{folder}/{path}")).hexdigest()[:8]
    return _note(path, _NOTE_SUFFIX), _note(path, f"-{mark}{_NOTE_SUFFIX}")


def _note(path: str, suffix: str) -> str:
    source = PurePosixPath(path)
    kept = source.name
    # Cut by characters if it is too long for the suffix; the note itself tells the whole name.
    while len(os.fsencode(kept)) > MAX_NAME_BYTES - len(suffix):
        kept = kept[:-1]
    return str(source.with_name(kept + suffix))


def safer_targets(target: str, path: str) -> tuple[str, ...]:
    """Return the next safer targets of a photo, best first, after the file system refused this one; none: no other."""
    for form in (portable, plain):
        if form(target) != target:
            spares = islice(spare_targets_of(path), _SPARES_CLAIMED)
            return tuple(dict.fromkeys(form(each) for each in (target, *spares)))
    return ()


def portable(path: str) -> str:
    """Return the path with names that Windows takes; the same path if it takes them all."""
    return "/".join(map(_portable, path.split("/")))


def plain(path: str) -> str:
    """Return the path with short names of ASCII characters that Windows takes; the same path if it has such names."""
    return "/".join(map(_plain, path.split("/")))


def _portable(name: str) -> str:
    name = _NO_CHARACTERS.sub("_", name)
    name = _NO_ENDING.sub(lambda ending: "_" * len(ending[0]), name)
    stem, dot, rest = name.partition(".")
    return f"{stem}_{dot}{rest}" if _DEVICE.fullmatch(stem) else name


def _plain(name: str) -> str:
    made = _NOT_ASCII.sub("_", _portable(name))
    if made == name and len(name) <= _SHORT:
        return name
    # The hash keeps names apart that look alike now.
    mark = hashlib.sha256(os.fsencode(name)).hexdigest()[:8]
    pure = PurePosixPath(made)
    suffix = pure.suffix if len(pure.suffix) <= _LONGEST_SUFFIX else ""
    return f"{pure.name.removesuffix(suffix)[: _SHORT - len(mark) - len(suffix) - 1]}-{mark}{suffix}"
