"""A photo's file in the input tree: opened without following links, and held against the version that was found.

It never writes there. Who reads a source does it through here, so a swapped, rewritten or vanished file is always
noticed the same way.
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
    """The file of this very version, to be read from its beginning; the caller closes it. Blocking.

    Raises:
        SupersededError: it vanished, was rewritten, or is no longer a regular file.
        SourceUnavailableError: it cannot be read for now.
    """
    require_same(root, identity)
    try:
        with reading_errors(root, identity):
            return open_beneath(root, identity.path)
    except FileNotFoundError as error:
        raise _vanished(root, identity) from error


@contextmanager
def reading_errors(root: Path, identity: Identity) -> Iterator[None]:
    """Translate the system's errors about a source that is being read.

    Raises:
        SourceUnavailableError: a failing disk, a network share that is away, permissions: it may be read later.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SourceUnavailableError(f"{_shown(root, identity)} cannot be read: {error.strerror}") from error


def require_same(root: Path, identity: Identity) -> None:
    """Refuse to go on with a file that is no longer the version that was found. Blocking.

    Asked before reading and again after it, so bytes that a writer changed in between are never trusted.

    Whether a file that seems to be gone really is, or whether its whole folder is away, is for ``standby`` to judge.

    Raises:
        SupersededError: its size, times or inode differ, or it is gone.
        SourceUnavailableError: it cannot be looked at for now, or the whole input folder is gone.
    """
    with reading_errors(root, identity):
        found = stat_file(root, identity.path)
    if found is None:
        raise _vanished(root, identity)
    now = (found.size_bytes, found.mtime_ns, found.ctime_ns, found.inode)
    if now != (identity.size_bytes, identity.mtime_ns, identity.ctime_ns, identity.inode):
        sentence = f"{printable(identity.path)} was changed before it was paid for"
        raise SupersededError("changed", sentence, advice=_COMES_AGAIN)


def found_again(root: Path, identity: Identity) -> Identity:
    """The same version of a source, with its present ctime: a chmod makes no other picture of it. Blocking.

    Raises:
        SupersededError: it is gone, or another version stands there.
        SourceUnavailableError: it cannot be looked at for now, or the whole input folder is gone.
    """
    with reading_errors(root, identity):
        found = stat_file(root, identity.path)
    if found is None:
        raise _vanished(root, identity, "its source is no longer there")
    if (found.size_bytes, found.mtime_ns, found.inode) != (identity.size_bytes, identity.mtime_ns, identity.inode):
        sentence = "its source is another version by now, which is a photo of its own"
        raise SupersededError("changed", sentence, advice=_COMES_AGAIN)
    return replace(identity, ctime_ns=found.ctime_ns)


_COMES_AGAIN = "Nothing to do: its new version is taken up as a new photo."


def _vanished(root: Path, identity: Identity, sentence: str = "") -> CutoutdError:
    sentence = sentence or f"{printable(identity.path)} was removed before it was paid for"
    with suppress(OSError):  # a network share that died answers with an error of its own
        if root.is_dir():
            return SupersededError("vanished", sentence)
    return SourceUnavailableError(
        f"the input folder {root} is not there", advice="Mount it or create it; cutoutd goes on then."
    )


def _shown(root: Path, identity: Identity) -> str:
    """A name may hold anything; a sentence is text, or the ledger could not store it."""
    return printable(str(root / identity.path))
