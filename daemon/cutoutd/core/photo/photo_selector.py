"""The ways in which a user names photos.

- The absolute path of a file, or of a folder.
- FOLDER/PATH, as cutoutd prints it.
- PATH alone, or a pattern.

Values only: the ledger knows the photos.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PhotoSelector:
    """One reading of a user's text."""

    folder: str | None  #: the configured folder's name; None for any folder
    path: str  #: relative to the folder's input; empty for the whole folder

    def matches(self, path: str) -> bool:
        """Return True if a photo's path lies below this path, or matches it as a pattern."""
        return not self.path or path.startswith(f"{self.path}/") or fnmatchcase(path, self.path)


def real_path(path: Path) -> Path:
    """Return the path without links on its way. Blocking."""
    return Path(os.path.realpath(path))


def folder_of(text: str) -> Path:
    """Return the folder that an absolute path lies in, as it is written."""
    return Path(os.path.normpath(text)).parent


def selectors_for(
    text: str, inputs: Mapping[str, Path], real: Callable[[Path], Path] = real_path
) -> tuple[PhotoSelector, ...]:
    """Return every reading of the text, the likeliest first; none for an absolute path outside all ``inputs``.

    Args:
        text: a path or a pattern.
        inputs: the input of each folder, by the folder's name.
        real: returns the real path of an input, and of the folder that an absolute path lies in.
    """
    if text.startswith("/"):
        return tuple(_beneath(Path(os.path.normpath(text)), inputs, real))
    plain = os.path.normpath(text)
    folder, _, path = plain.partition("/")
    anywhere = PhotoSelector(None, plain)
    # The name of a folder is text, and the ledger refuses to compare it with bytes that are none.
    return (PhotoSelector(folder, path), anywhere) if _is_text(folder) else (anywhere,)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _beneath(path: Path, inputs: Mapping[str, Path], real: Callable[[Path], Path]) -> list[PhotoSelector]:
    # Compare the written path and the real one, because an input may be reached over a link.
    spellings = {path: None, real(path.parent) / path.name: None}
    return [
        PhotoSelector(folder, "" if relative == "." else relative)
        for spelling in spellings
        for folder, root_as_written in inputs.items()
        for root in {root_as_written: None, real(root_as_written): None}
        if spelling.is_relative_to(root) and (relative := str(spelling.relative_to(root)))
    ]
