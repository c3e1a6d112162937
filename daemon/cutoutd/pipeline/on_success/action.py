"""One source's way out, as its folder's ``on_success`` says; each step can be repeated after a crash at any moment."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutoutd.config.choices import OnSuccess
from cutoutd.config.settings import FolderSettings
from cutoutd.core.photo import Photo, SourceOutcome, SourceResult, require_value
from cutoutd.files.input_tree import is_occupied, open_folder_beneath
from cutoutd.pipeline.on_success.archive import move_to_archive
from cutoutd.pipeline.on_success.hide import hidden_name, hide_source, put_back
from cutoutd.pipeline.on_success.trash import move_to_trash


def apply_on_success(photo: Photo, folder: FolderSettings) -> SourceOutcome | None:
    """Move or delete the source of a published photo; None when it is gone, or another version, and was left alone.

    Blocking. Between any two of its steps the file is under its own name, its hidden one, or where it goes.

    Raises:
        OSError: it cannot be done for now; the source is there, under its own name if that was possible.
    """
    if folder.on_success is OnSuccess.MOVE:
        _require_there(require_value(folder.archive))  # first, so that nothing is renamed in vain
    with _folder_of(photo, folder.input) as fd:
        if fd is None or not hide_source(photo, fd):
            return None
        try:
            outcome = _done(photo, folder, fd)
        except OSError:
            put_back(photo, fd)
            raise
        os.fsync(fd)
        return outcome


def source_missing(photo: Photo, folder: FolderSettings) -> SourceOutcome:
    """What is told of a source that was not there to be taken. Blocking.

    One that is gone counts as taken: a crash, or a ledger that could not be written, may have come right behind
    ``take_leave``, and nobody is to believe then that a person removed the photo.

    Raises:
        OSError: nobody can tell for now.
    """
    try:
        is_other = is_occupied(folder.input, photo.identity.path)
    except NotADirectoryError:
        is_other = True  # one of its folders is a link by now
    if is_other:
        return SourceOutcome(None, "the source was left alone: something else stands in its place by now")
    return SourceOutcome(SourceResult.GONE, "the source was gone already")


def restore(photo: Photo, root: Path) -> None:
    """The source is to stay after all: put it back if a crash left it aside. Blocking.

    Raises:
        OSError: it cannot be done for now.
    """
    with _folder_of(photo, root) as fd:
        if fd is not None:
            put_back(photo, fd)


def _done(photo: Photo, folder: FolderSettings, fd: int) -> SourceOutcome:
    hidden = hidden_name(photo)
    if folder.on_success is OnSuccess.MOVE:
        path = move_to_archive(photo, require_value(folder.archive), hidden, fd)
        return SourceOutcome(SourceResult.MOVED, f"the source was moved to {path}", path)
    if folder.on_success is OnSuccess.TRASH:
        path = move_to_trash(folder.input / photo.identity.path, hidden, fd)
        return SourceOutcome(SourceResult.TRASHED, f"the source was moved to the trash, {path}")
    os.unlink(hidden, dir_fd=fd)
    return SourceOutcome(SourceResult.DELETED, "the source was deleted")


def _require_there(archive: Path) -> None:
    if not archive.is_dir():
        raise OSError(errno.ENOENT, f"the archive {archive} is not there")


@contextmanager
def _folder_of(photo: Photo, root: Path) -> Iterator[int | None]:
    """The open folder that should hold the source; None when it is gone."""
    try:
        fd = open_folder_beneath(root, photo.identity.path.rpartition("/")[0])
    except FileNotFoundError:
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)
