"""Moving a finished draft to its target: atomically, and never over a file that is not ours."""

import errno
import hashlib
import os
from pathlib import Path

from cutoutd.errors import DiskError
from cutoutd.publishing.draft import Draft
from cutoutd.publishing.tree import disk_errors, sync_folder

#: What file systems without hard links answer: exFAT and FAT the first, network shares and FUSE the others.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})


def place(draft: Draft, output: Path, targets: tuple[str, ...], own_cutouts: frozenset[str]) -> str:
    """Move a draft to the first target that is free or holds our own cutout; the target is the answer. Blocking.

    ``own_cutouts`` are the SHA-256 of what was published for this very photo before: such a file is replaced, and so
    is one that equals the draft (a crash came between rename and fact). Any other file is somebody else's and stays.

    Raises:
        DiskError: no target could be written; the draft is gone, the download will be repeated.
    """
    try:
        for target in targets:
            with disk_errors(output / target):
                if _is_placed(draft, output / target, own_cutouts | {draft.sha256}):
                    sync_folder(draft.file.parent)
                    return target
    finally:
        draft.file.unlink(missing_ok=True)
    raise DiskError(f"every name for the cutout is taken by other files, the first is {output / targets[0]}")


def _is_placed(draft: Draft, target: Path, own: frozenset[str]) -> bool:
    try:
        # A link, unlike a rename, refuses to replace what is there, with no moment in between.
        os.link(draft.file, target, follow_symlinks=False)
    except OSError as error:
        # Where there are no links, all that can be done is to look, and then to rename.
        if error.errno not in {errno.EEXIST, *_NO_LINKS}:
            raise
        if os.path.lexists(target) and _sha256_of(target) not in own:
            return False
        draft.file.replace(target)
    return True


def _sha256_of(file: Path) -> str | None:
    """None for what is no regular file, and so cannot be ours."""
    if file.is_symlink() or not file.is_file():
        return None
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
