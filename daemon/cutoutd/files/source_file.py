"""The file of a photo in the input tree: opened without following links, and compared with the version that was found.

Every reader of a source uses it, so a swapped, rewritten or missing file never goes unnoticed. It never writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import BufferedReader
from pathlib import Path

from cutoutd.core.errors import CutoutdError, SourceUnavailableError, SupersededError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Identity
from cutoutd.files.input_tree import open_beneath, stat_file


def open_source(root: Path, identity: Identity) -> BufferedReader:
    """Open the file of this very version, to be read from its beginning; the caller closes it. Blocking.

    Raises:
        SupersededError: it is missing, was rewritten, or is no longer a regular file.
        SourceUnavailableError: it cannot be read for now.
    """
    require_same(root, identity)
    try:
        with reading_errors(root, identity):
            return open_beneath(root, identity.path)
    except FileNotFoundError as error:
        raise _missing(root, identity) from error


@contextmanager
def reading_errors(root: Path, identity: Identity) -> Iterator[None]:
    """Translate the errors of the system about a source that is being read.

    Raises:
        SourceUnavailableError: it may be readable later: a failing disk, an unmounted share, permissions.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SourceUnavailableError(f"{_shown(root, identity)} cannot be read: {error.strerror}") from error


def require_same(root: Path, identity: Identity) -> None:
    """Refuse a file that is no longer the version that was found. Blocking.

    It is called before reading and again after it, so bytes that changed in between are never used.
    ``FolderAvailability`` decides if a missing file was removed, or if its folder is unavailable.

    Raises:
        SupersededError: its size, times or inode differ, or it is missing.
        SourceUnavailableError: it cannot be read for now, or the whole input folder is missing.
    """
    with reading_errors(root, identity):
        found = stat_file(root, identity.path)
    if found is None:
        raise _missing(root, identity)
    now = (found.size_bytes, found.mtime_ns, found.ctime_ns, found.inode)
    if now != (identity.size_bytes, identity.mtime_ns, identity.ctime_ns, identity.inode):
        sentence = f"{printable(identity.path)} was changed before it was paid for"
        raise SupersededError("changed", sentence, advice=_COMES_AS_NEW)


def current_identity(root: Path, identity: Identity) -> Identity:
    """Return the same version of a source with its present ctime. Blocking.

    A chmod changes the ctime, but not the picture.

    Raises:
        SupersededError: it is missing, or another version is there.
        SourceUnavailableError: it cannot be read for now, or the whole input folder is missing.
    """
    with reading_errors(root, identity):
        found = stat_file(root, identity.path)
    if found is None:
        raise _missing(root, identity, "its source is no longer there")
    if (found.size_bytes, found.mtime_ns, found.inode) != (identity.size_bytes, identity.mtime_ns, identity.inode):
        sentence = "its source is another version by now, which is a photo of its own"
        raise SupersededError("changed", sentence, advice=_COMES_AS_NEW)
    return replace(identity, ctime_ns=found.ctime_ns)


_COMES_AS_NEW = "Nothing to do: its new version is taken up as a new photo."


def _missing(root: Path, identity: Identity, sentence: str = "") -> CutoutdError:
    sentence = sentence or f"{printable(identity.path)} was removed before it was paid for"
    with suppress(OSError):  # a dead network share raises an error of its own
        if root.is_dir():
            return SupersededError("vanished", sentence)
    return SourceUnavailableError(
        f"the input folder {root} is not there", advice="Mount it or create it; cutoutd goes on then."
    )


def _shown(root: Path, identity: Identity) -> str:
    """Return the path as text, because a name may hold other bytes, which the ledger could not store."""
    return printable(str(root / identity.path))
