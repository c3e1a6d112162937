"""The note beside the place of a cutout: it says in plain words why there is no cutout, and what to do.

A note is ours only when it begins with our first words; a file of that name with other content is left alone. Two
photos may want one name, which is cut, made safe, or the same but for its capitals. Then the second note gets another.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from io import BufferedReader
from pathlib import Path, PurePosixPath

from cutoutd.config.settings import FolderSettings
from cutoutd.config.types.choices import OnFailure
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import DiskError, NameRefusedError
from cutoutd.core.logs import log_event, printable
from cutoutd.core.photo import Photo
from cutoutd.files.name_trial import form_taken
from cutoutd.files.output_tree import Guard, OpenFolder, found_folder, is_refusal, made_folder
from cutoutd.files.target_names import notes_of, plain, portable

#: A note of ours is shorter; a longer file is the user's own.
_MOST_BYTES = 80_000

#: The advice for a photo that has none of its own.
DEFAULT_ADVICE = "Replace the photo; cutoutd takes it up again by itself."

_FIRST_WORDS = "cutoutd made no cutout of this photo"


class FailureNotes:
    """Writes and removes notes in the folders that want them. A note is a courtesy: the ledger has the facts."""

    def __init__(self, folders: Mapping[str, FolderSettings], guard: Guard | None = None) -> None:
        self._folders = folders
        self._guard = guard  # refuses an output that is not mounted

    def write(self, photo: Photo) -> None:
        """Write the note of a rejected or failed photo, in place of an earlier note. Blocking."""
        folder = self._folder_of(photo)
        with _log_trouble(photo):
            # No root is made here, because it would stand in for an unmounted disk and vanish under the next mount.
            if folder is not None and folder.output.is_dir():
                wanted, own = notes_of(folder.name, photo.identity.path)
                form = form_taken(folder.output, wanted, folder.target_names)
                _write(photo, folder.output, (form(wanted), form(own)), self._guard)

    async def write_in_thread(self, photo: Photo) -> None:
        """As ``write``, in a thread; an output that does not answer gets no note."""
        await self._in_thread(photo, self.write)

    async def remove_in_thread(self, photo: Photo, *, is_exact: bool = False) -> None:
        """As ``remove``, or as ``remove_unchanged`` if `is_exact`, in a thread."""
        await self._in_thread(photo, self.remove_unchanged if is_exact else self.remove)

    async def _in_thread(self, photo: Photo, work: Callable[[Photo], None]) -> None:
        folder = self._folder_of(photo)
        if folder is not None:
            with _log_trouble(photo):
                await calls_to(folder.output).run(work, photo)

    def remove(self, photo: Photo) -> None:
        """Remove the note of a photo that goes on after all. Blocking."""
        self._remove(photo, is_exact=False)

    def remove_unchanged(self, photo: Photo) -> None:
        """Remove the note of a rejected or failed photo, unless a person has written into it. Blocking."""
        self._remove(photo, is_exact=True)

    def _remove(self, photo: Photo, *, is_exact: bool) -> None:
        folder = self._folder_of(photo)
        with _log_trouble(photo):
            if folder is not None and folder.output.is_dir():
                notes = notes_of(folder.name, photo.identity.path)
                for same_form in dict.fromkeys((notes, *(tuple(map(form, notes)) for form in (portable, plain)))):
                    _remove(photo, folder.output, same_form, is_exact=is_exact)

    def _folder_of(self, photo: Photo) -> FolderSettings | None:
        """Return the photo's folder; None if it wants no notes."""
        folder = self._folders.get(photo.identity.folder)
        return None if folder is None or folder.on_failure is OnFailure.NONE else folder


def _write(photo: Photo, output: Path, notes: Sequence[str], guard: Guard | None) -> None:
    with made_folder(output, notes[0], guard) as folder:
        for name in (PurePosixPath(note).name for note in notes):
            if folder.write(name, _text(photo).encode(), partial(_sha256_if_about, photo)):
                return
            if not _is_note(folder, name):
                return


def _remove(photo: Photo, output: Path, notes: Sequence[str], *, is_exact: bool) -> None:
    # A name that the disk refuses has no note either.
    with suppress(FileNotFoundError, NameRefusedError), found_folder(output, notes[0]) as folder:
        for name in (PurePosixPath(note).name for note in notes):
            try:
                folder.remove_if_ours(name, partial(_sha256_if_about, photo, is_exact=is_exact))
            except OSError as error:
                if not is_refusal(error, name):
                    raise


@contextmanager
def _log_trouble(photo: Photo) -> Iterator[None]:
    try:
        yield
    except (OSError, DiskError) as error:
        log_event(
            "note_trouble",
            f"its note cannot be written: {error}; `cutoutd status` shows the failure all the same",
            about=photo,
            level=logging.WARNING,
        )


def _is_note(folder: OpenFolder, name: str) -> bool:
    """Return True for a note of ours, about whatever photo."""
    return folder.has_file(name) and _read(folder, name).startswith(_FIRST_WORDS)


def _sha256_if_about(photo: Photo, file: BufferedReader, *, is_exact: bool = False) -> str | None:
    """Return the SHA-256 of our note about this very photo, because two folders may share an output tree."""
    content = file.read(_MOST_BYTES)
    text = content.decode("utf-8", "replace")
    is_about = text.startswith(f"{_first_line(photo)}\n") and f", folder {photo.identity.folder}\n" in text
    is_ours = is_about and (not is_exact or text == _text(photo))
    return hashlib.sha256(content).hexdigest() if is_ours and not file.read(1) else None


def _read(folder: OpenFolder, name: str) -> str:
    with folder.open(name) as file:
        return file.read(_MOST_BYTES).decode("utf-8", "replace")


def _first_line(photo: Photo) -> str:
    return printable(f"{_FIRST_WORDS}: {photo.identity.path}")


def _text(photo: Photo) -> str:
    lines = [
        _first_line(photo),
        "",
        f"What happened: {(photo.ending.sentence or '').rstrip('.')}.",
        f"What to do:    {photo.ending.advice or DEFAULT_ADVICE}",
        "",
        f"For support:   {photo.state}, code {photo.ending.code}, folder {photo.identity.folder}",
        "",
    ]
    return "\n".join(map(printable, lines))
