"""Moving a finished draft to its target: atomically, and never over a file that is not ours."""

import hashlib
import os
from pathlib import Path

from cutoutd.errors import DiskError
from cutoutd.publishing.draft import Draft
from cutoutd.publishing.tree import disk_errors, sync_folder


def place(draft: Draft, output: Path, targets: tuple[str, ...], earlier_sha256: str | None) -> str:
    """Move a draft to the first target that is free or holds our own cutout; the target is the answer. Blocking.

    ``earlier_sha256`` is what the ledger says was last published at the first target: such a file is replaced, and so
    is one that equals the draft (a crash came between rename and fact). Any other file is a person's and stays.

    Raises:
        DiskError: no target could be written; the draft is gone, the download will be repeated.
    """
    try:
        for target in targets:
            with disk_errors(output / target):
                if _is_placed(draft, output / target, earlier_sha256):
                    sync_folder(draft.file.parent)
                    return target
    finally:
        draft.file.unlink(missing_ok=True)
    raise DiskError(f"every name for the cutout is taken by other files, the first is {output / targets[0]}")


def _is_placed(draft: Draft, target: Path, earlier_sha256: str | None) -> bool:
    try:
        # A link, unlike a rename, refuses to replace what is there, with no moment in between.
        os.link(draft.file, target, follow_symlinks=False)
    except FileExistsError:
        if _sha256_of(target) not in {draft.sha256, earlier_sha256}:
            return False
        draft.file.replace(target)
    except PermissionError:
        # File systems without hard links (exFAT, some network shares) answer EPERM: look, then rename.
        if target.exists() and _sha256_of(target) not in {draft.sha256, earlier_sha256}:
            return False
        draft.file.replace(target)
    return True


def _sha256_of(file: Path) -> str | None:
    if file.is_symlink() or not file.is_file():
        return ""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
