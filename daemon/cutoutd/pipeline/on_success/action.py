"""The action of ``on_success`` on one source. Each step can be repeated after a crash at any moment."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutoutd.config.settings import FolderSettings
from cutoutd.config.types.choices import OnSuccess
from cutoutd.core.errors import SourceInUseError, TreeUnavailableError
from cutoutd.core.photo import Photo, SourceOutcome, SourceResult, require_value
from cutoutd.files.input_tree import is_occupied, open_folder_beneath
from cutoutd.files.output_tree import Guard
from cutoutd.pipeline.on_success.archive import move_to_archive
from cutoutd.pipeline.on_success.at_rest import require_at_rest, require_no_writer
from cutoutd.pipeline.on_success.hide import hidden_name, hide_source, put_back
from cutoutd.pipeline.on_success.trash import move_to_trash


def apply_on_success(photo: Photo, folder: FolderSettings, guard: Guard | None = None) -> SourceOutcome | None:
    """Move, trash or delete the source of a published photo; None if it is missing or another version. Blocking.

    Between any two steps the file has its own name, its hidden one, or its new one. `guard` refuses an archive that is
    not mounted.

    Raises:
        SourceInUseError: it is still being written; the source has its own name.
        TreeUnavailableError: the guard refuses the archive; the source has its own name.
        OSError: it is impossible for now; the source has its own name again if the disk allows that.
    """
    if folder.on_success is OnSuccess.MOVE:
        _require_archive(require_value(folder.archive))  # first, because the rename would else be in vain
    with _folder_of(photo, folder.input) as fd:
        if fd is None:
            return None
        require_at_rest(photo, folder.input, fd)
        if not hide_source(photo, fd):
            return None
        try:
            require_no_writer(photo, hidden_name(photo), fd)
            outcome = _dispose(photo, folder, fd, guard)
        except (OSError, SourceInUseError, TreeUnavailableError):
            put_back(photo, fd)
            raise
        os.fsync(fd)
        return outcome


def source_missing(photo: Photo, folder: FolderSettings) -> SourceOutcome:
    """Return the outcome for a source that was not there. Blocking.

    A missing source counts as moved by cutoutd, because a crash may have come between the move and its record. Else it
    would look as if the user had deleted it.

    Raises:
        OSError: the folder cannot be read for now.
    """
    try:
        is_other = is_occupied(folder.input, photo.identity.path)
    except NotADirectoryError:
        is_other = True  # one of its folders is a link by now
    if is_other:
        return SourceOutcome(None, "the source was left alone: another file is in its place now")
    return SourceOutcome(SourceResult.GONE, "the source was gone already")


def restore(photo: Photo, root: Path) -> None:
    """Give a source its name back that a crash left hidden, because it is to stay after all. Blocking.

    Raises:
        OSError: it is impossible for now.
    """
    with _folder_of(photo, root) as fd:
        if fd is not None:
            put_back(photo, fd)


def _dispose(photo: Photo, folder: FolderSettings, fd: int, guard: Guard | None) -> SourceOutcome:
    hidden = hidden_name(photo)
    # No default case, so that mypy names a missing action.
    match folder.on_success:
        case OnSuccess.MOVE:
            path = move_to_archive(photo, require_value(folder.archive), hidden, fd, guard)
            return SourceOutcome(SourceResult.MOVED, f"the source was moved to {path}", path)
        case OnSuccess.TRASH:
            path = move_to_trash(folder.input / photo.identity.path, hidden, fd)
            return SourceOutcome(SourceResult.TRASHED, f"the source was moved to the trash, {path}")
        case OnSuccess.DELETE:
            os.unlink(hidden, dir_fd=fd)
            return SourceOutcome(SourceResult.DELETED, "the source was deleted")
        case OnSuccess.KEEP:
            raise ValueError("a source that is kept has no action")


def _require_archive(archive: Path) -> None:
    if not archive.is_dir():
        raise OSError(errno.ENOENT, f"the archive {archive} is not there")


@contextmanager
def _folder_of(photo: Photo, root: Path) -> Iterator[int | None]:
    """Open the folder of the source; None if the folder is gone."""
    try:
        fd = open_folder_beneath(root, photo.identity.path.rpartition("/")[0])
    except FileNotFoundError:
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)
