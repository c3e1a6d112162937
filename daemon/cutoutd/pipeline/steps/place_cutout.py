"""Moving a finished draft to its target: atomically, and never over a file that is not ours."""

import errno
import hashlib
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from pathlib import PurePosixPath

from cutoutd.core.errors import DiskError
from cutoutd.files.output_tree import OpenFolder, disk_errors, found_folder
from cutoutd.pipeline.steps.download import Draft

#: What file systems without hard links answer: exFAT and FAT the first, network shares and FUSE the others.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})


def place(draft: Draft, names: Iterable[str], own_cutouts: frozenset[str]) -> str:
    """Give a draft the first of these names that is free or holds our own cutout; the target is the answer. Blocking.

    ``own_cutouts`` are the SHA-256 of what was published for this very photo before: such a file is replaced, and so
    is one that equals the draft (a crash came between rename and fact). Any other file is somebody else's and stays.

    Raises:
        DiskError: no target could be written; the draft is gone, the download will be repeated.
    """
    names = iter(names)
    wanted = next(names)
    first = draft.output / draft.target_of(wanted)
    with disk_errors(first), found_folder(draft.output, draft.file) as folder:
        try:
            for name in chain([wanted], names):
                if _is_placed(folder, draft, name, own_cutouts | {draft.sha256}):
                    folder.sync()
                    return draft.target_of(name)
        finally:
            with suppress(OSError):  # on a disk that turned read-only it is swept at the next start
                folder.remove(PurePosixPath(draft.file).name)
    raise DiskError(f"every name for the cutout is taken by other files, the first is {first}")


def _is_placed(folder: OpenFolder, draft: Draft, name: str, own: frozenset[str]) -> bool:
    temporary = PurePosixPath(draft.file).name
    try:
        # A link, unlike a rename, refuses to replace what is there, with no moment in between.
        folder.link(temporary, name)
    except OSError as error:
        # Where there are no links, all that can be done is to look, and then to rename.
        if error.errno not in {errno.EEXIST, *_NO_LINKS}:
            raise
        if folder.status(name) is not None and _sha256_of(folder, name) not in own:
            return False
        folder.rename(temporary, name)
    return True


def _sha256_of(folder: OpenFolder, name: str) -> str | None:
    """None for what is no regular file, and so cannot be ours."""
    if not folder.has_file(name):
        return None
    with folder.open(name) as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
