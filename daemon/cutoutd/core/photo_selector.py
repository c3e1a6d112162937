"""How people name photos: a file's absolute path, FOLDER/PATH as cutoutd prints it, PATH alone, a folder, a pattern.

Values only; which photos there are, the ledger knows.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PhotoSelector:
    """One way to read what a person wrote."""

    folder: str | None  #: the configured folder's name; None: whichever
    path: str  #: relative to the folder's input; empty: all of it

    def matches(self, path: str) -> bool:
        """Whether a photo's path lies below this one or fits it as a pattern."""
        return not self.path or path.startswith(f"{self.path}/") or fnmatchcase(path, self.path)


def selectors_for(text: str, inputs: Mapping[str, Path]) -> tuple[PhotoSelector, ...]:
    """Every way to read it, the likeliest first; none for an absolute path outside all ``inputs``, by folder name."""
    if text.startswith("/"):
        return tuple(_beneath(Path(os.path.normpath(text)), inputs))
    plain = os.path.normpath(text)
    folder, _, path = plain.partition("/")
    return PhotoSelector(folder, path), PhotoSelector(None, plain)


def _beneath(path: Path, inputs: Mapping[str, Path]) -> list[PhotoSelector]:
    # The path as written, and as the disk has it: an input may be reached over a link.
    spellings = {path: None, Path(os.path.realpath(path.parent), path.name): None}
    return [
        PhotoSelector(folder, "" if relative == "." else relative)
        for spelling in spellings
        for folder, root_as_written in inputs.items()
        for root in {root_as_written: None, Path(os.path.realpath(root_as_written)): None}
        if spelling.is_relative_to(root) and (relative := str(spelling.relative_to(root)))
    ]
