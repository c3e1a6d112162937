"""The note beside where a cutout would be: in plain words, what happened to the photo and what to do.

A note is ours only when it begins with our first words; a file of that name with other content is left alone.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cutoutd.config.settings import Folder, OnFailure
from cutoutd.logs import printable, say
from cutoutd.naming import TEMPORARY_PREFIX, note_of
from cutoutd.photo import Photo
from cutoutd.publishing.tree import folder_for

#: Ours are shorter; a longer file is somebody's own.
_MOST_CHARACTERS = 20_000

_FIRST_WORDS = "cutoutd made no cutout of this photo"


class Notes:
    """Leaves and removes notes in the folders that want them. A note is a courtesy: the ledger has the facts."""

    def __init__(self, folders: Mapping[str, Folder]) -> None:
        self._folders = folders

    def leave(self, photo: Photo) -> None:
        """Tell about a photo that came to nothing; what was told of an earlier version is replaced. Blocking."""
        with _trouble_said(photo):
            note = self._note_of(photo)
            if note is not None and (_is_about(note, photo) or not os.path.lexists(note)):
                folder_for(self._folders[photo.identity.folder].output, note_of(photo.identity.path))
                _write(note, _text(photo))

    def take_away(self, photo: Photo) -> None:
        """The photo, or a newer version of it, goes on after all. Blocking."""
        with _trouble_said(photo):
            note = self._note_of(photo)
            if note is not None and _is_about(note, photo):
                note.unlink(missing_ok=True)

    def _note_of(self, photo: Photo) -> Path | None:
        folder = self._folders.get(photo.identity.folder)
        if folder is None or folder.on_failure is OnFailure.NONE:
            return None
        if not folder.output.is_dir():
            return None  # an unmounted disk: a root made here would be taken for it, and vanish under the next mount
        return folder.output / note_of(photo.identity.path)


def _write(note: Path, text: str) -> None:
    draft = note.with_name(f"{TEMPORARY_PREFIX}{os.urandom(8).hex()}.txt")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(note)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _trouble_said(photo: Photo) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        say("note_trouble", f"its note cannot be written: {error}", about=photo.identity, level=logging.WARNING)


def _is_about(note: Path, photo: Photo) -> bool:
    """Whether it is our note, and about a photo of this folder: two folders may share an output tree."""
    if note.is_symlink() or not note.is_file():
        return False
    with note.open(encoding="utf-8", errors="replace") as file:
        text = file.read(_MOST_CHARACTERS)
    return text.startswith(_FIRST_WORDS) and f", folder {photo.identity.folder}\n" in text


def _text(photo: Photo) -> str:
    lines = [
        f"{_FIRST_WORDS}: {photo.identity.path}",
        "",
        f"What happened: {(photo.sentence or '').rstrip('.')}.",
        f"What to do:    {photo.advice or 'Replace the photo; cutoutd takes it up again by itself.'}",
        "",
        f"For support:   {photo.state}, code {photo.code}, folder {photo.identity.folder}",
        "",
    ]
    return "\n".join(map(printable, lines))
