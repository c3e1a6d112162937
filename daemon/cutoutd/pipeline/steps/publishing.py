"""Putting a verified cutout at its mirrored path, atomically, and never over anybody else's file.

Download to a temporary file beside the target, verify, fsync, rename, fsync the folder. A crash before the rename
leaves a temporary file that the next start sweeps; a crash after it leaves the finished cutout, which the repeated
step finds to be the very bytes it was about to write.
"""

import asyncio
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath

from cutoutd.config.settings import Provenance
from cutoutd.core.errors import FolderBlockedError
from cutoutd.core.photo import Photo, Published, known
from cutoutd.files.output_tree import sweep_temporary_files
from cutoutd.files.target_paths import beside, spare_targets_of
from cutoutd.pipeline.steps.checks import note_on
from cutoutd.pipeline.steps.download import Draft, Fetch, Order, draft_cutout
from cutoutd.pipeline.steps.place_cutout import place

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
    order = Order(photo, known(photo.target), provenance)
    try:
        draft = await draft_cutout(order, fetch)
    except FolderBlockedError:
        aside = beside(order.target)
        if aside == order.target:
            raise
        # A cutout that came earlier is called like this one's folder.
        draft = await draft_cutout(replace(order, target=aside), fetch)
    targets = chain([order.target], spare_targets_of(photo.identity.path))
    names = (PurePosixPath(target).name for target in targets)
    return _published(photo, draft, await asyncio.to_thread(place, draft, names, own_cutouts))


def _published(photo: Photo, draft: Draft, target: str) -> Published:
    notes = [photo.note, photo.sent_as, note_on(photo, draft.header)]
    if target != photo.target:
        notes.append(f"another file stood at {photo.target}, so the cutout went to {target}")
    return Published(
        cutout_sha256=draft.sha256,
        cutout_bytes=draft.size_bytes,
        target=target,
        note="; ".join(filter(None, notes)) or None,
    )
