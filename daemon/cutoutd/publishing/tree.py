"""The output tree: its folders, its owners, and what the disk may say about it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cutoutd.errors import DiskError
from cutoutd.naming import TEMPORARY_PREFIX


def folder_for(output: Path, target: str) -> Path:
    """The mirrored folder of a target, made as far as it is missing; the output root itself never is.

    An unmounted disk leaves no root or an empty one: cutouts written there would vanish under the next mount.

    Raises:
        DiskError: the output root is not there.
        OSError: a folder cannot be made.
    """
    if not output.is_dir():
        raise DiskError(
            f"the output folder {output} is not there", advice="Mount it or create it; cutoutd goes on then."
        )
    folder = output
    for name in Path(target).parent.parts:
        parent, folder = folder, folder / name
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            take_after(folder, parent)
            sync_folder(parent)
    return folder


def take_after(path: Path, folder: Path) -> None:
    """Owner and mode follow the folder above, so that whoever uses the output tree can use what appears in it."""
    above, own = folder.stat(), path.stat()
    # FAT takes few modes, and only members of a group may give files to it: such a cutout is still a cutout.
    with suppress(PermissionError):
        path.chmod(stat.S_IMODE(above.st_mode) & (0o7777 if path.is_dir() else 0o666))
    wanted = (above.st_uid if os.geteuid() == 0 else own.st_uid, above.st_gid)
    if wanted != (own.st_uid, own.st_gid):
        with suppress(PermissionError):
            os.chown(path, *wanted)


def sync_folder(folder: Path) -> None:
    """Bring a rename in this folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Translate the system's errors about a target.

    Raises:
        DiskError: full, read-only, no permission, and whatever else may pass.
    """
    try:
        yield
    except OSError as error:
        raise DiskError(f"the cutout cannot be written to {target}: {error.strerror}") from error


def sweep_temporary_files(output: Path, before_s: float) -> int:
    """Remove what a crash left behind in an output tree; how many files that was. Blocking.

    Only files last written before ``before_s`` (Unix time) count: later ones are drafts of this very run. What cannot
    be removed stays: it does no harm.
    """
    swept = 0
    for folder, _, names in os.walk(output):
        for name in names:
            if name.startswith(TEMPORARY_PREFIX):
                swept += _is_swept(Path(folder, name), before_s)
    return swept


def _is_swept(file: Path, before_s: float) -> bool:
    with suppress(OSError):
        if file.lstat().st_mtime < before_s:
            file.unlink()
            return True
    return False
