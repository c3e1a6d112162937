"""Moving a finished draft to its target: atomically, and never over a file that is not ours.

Putting a verified cutout at its mirrored path, atomically, and never over anybody else's file.

Download to a temporary file beside the target, verify, fsync, rename, fsync the folder. A crash before the rename
leaves a temporary file that the next start sweeps; a crash after it leaves the finished cutout, which the repeated
step finds to be the very bytes it was about to write.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath

from cutoutd.config.choices import Provenance
from cutoutd.core.errors import DiskError, FolderBlockedError
from cutoutd.core.photo import Photo, Published, require_value
from cutoutd.files.hashing import has_sha256
from cutoutd.files.output_tree import OpenFolder, disk_errors, found_folder, sweep_temporary_files
from cutoutd.files.target_paths import beside, spare_targets_of
from cutoutd.pipeline.steps.download import DownloadedCutout, DownloadRequest, Fetch, download_cutout, note_on


def place(draft: DownloadedCutout, names: Iterable[str], own_cutouts: frozenset[str]) -> str:
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
                    return draft.target_of(name)
        finally:
            with suppress(OSError):  # on a disk that turned read-only it is swept at the next start
                folder.remove(PurePosixPath(draft.file).name)
    raise DiskError(f"every name for the cutout is taken by other files, the first is {first}")


def _is_placed(folder: OpenFolder, draft: DownloadedCutout, name: str, own: frozenset[str]) -> bool:
    temporary = PurePosixPath(draft.file).name
    try:
        folder.link_or_rename(temporary, name)
    except FileExistsError:
        if not _is_own(folder, name, own):
            return False
        folder.rename(temporary, name)
        folder.sync()
    return True


def _is_own(folder: OpenFolder, name: str, own: frozenset[str]) -> bool:
    if not folder.has_file(name):
        return False
    with folder.open(name) as file:
        return has_sha256(file, *own)


__all__ = ["Fetch", "publish_cutout", "sweep_temporary_files"]


async def publish_cutout(
    photo: Photo, fetch: Fetch, own_cutouts: frozenset[str], provenance: Provenance = Provenance.XATTR
) -> Published:
    """Download, verify and place a photo's cutout; the answer is the fact to store.

    ``own_cutouts`` are the SHA-256 of what we published for earlier versions of the photo: only such a file may be
    replaced. When another one stands there, or somebody retouched ours, the cutout goes to a spare place beside it.

    Raises:
        UnreachableError: what arrived is not a whole PNG, or nothing arrived.
        DiskError: the output tree cannot be written for now.
    """
    order = DownloadRequest(photo, require_value(photo.bound.target), provenance)
    try:
        draft = await download_cutout(order, fetch)
    except FolderBlockedError:
        aside = beside(order.target)
        if aside == order.target:
            raise
        # A cutout that came earlier is called like this one's folder.
        draft = await download_cutout(replace(order, target=aside), fetch)
    targets = chain([order.target], spare_targets_of(photo.identity.path))
    names = (PurePosixPath(target).name for target in targets)
    return _published(photo, draft, await asyncio.to_thread(place, draft, names, own_cutouts))


def _published(photo: Photo, draft: DownloadedCutout, target: str) -> Published:
    notes = [photo.note, photo.upload.sent_as, note_on(photo, draft.header)]
    if target != photo.bound.target:
        notes.append(f"another file stood at {photo.bound.target}, so the cutout went to {target}")
    return Published(
        cutout_sha256=draft.sha256,
        cutout_bytes=draft.size_bytes,
        target=target,
        note="; ".join(filter(None, notes)) or None,
    )
