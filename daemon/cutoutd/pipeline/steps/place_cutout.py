"""The placement of a verified cutout at its mirrored path: atomic, and never over a file that is not ours.

The steps: download to a temporary file beside the target, verify, fsync, rename, fsync the folder. A crash before the
rename leaves a temporary file that the next start removes. A crash after it leaves the finished cutout. The repeated
step then finds the very bytes that it was about to write.
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
from cutoutd.files.output_tree import (
    OpenFolder,
    beside,
    disk_errors,
    found_folder,
    spare_targets_of,
    sweep_temporary_files,
)
from cutoutd.pipeline.steps.download import DownloadedCutout, DownloadRequest, Fetch, download_cutout, note_on


def place(draft: DownloadedCutout, names: Iterable[str], own_cutouts: frozenset[str]) -> str:
    """Give a download the first of these names that is free or holds our own cutout; return its target. Blocking.

    `own_cutouts` are the SHA-256 of the files that were published for this photo before: such a file is replaced. So is
    a file that equals the download, because a crash came between rename and fact. Any other file stays.

    Raises:
        DiskError: no target could be written; the download is gone and will be repeated.
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
            with suppress(OSError):  # because on a read-only disk the next start removes it
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
    """Download, verify and place a photo's cutout; return the fact to store.

    `own_cutouts` are the SHA-256 of the files that were published for earlier versions of the photo. Only such a file
    may be replaced. If another file stands there, or the user retouched ours, the cutout goes to a spare place.

    Raises:
        UnreachableError: no whole PNG arrived.
        DiskError: the output tree cannot be written for now.
    """
    request = DownloadRequest(photo, require_value(photo.bound.target), provenance)
    try:
        draft = await download_cutout(request, fetch)
    except FolderBlockedError:
        aside = beside(request.target)
        if aside == request.target:
            raise
        # because an earlier cutout has the name of this one's folder
        draft = await download_cutout(replace(request, target=aside), fetch)
    targets = chain([request.target], spare_targets_of(photo.identity.path))
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
