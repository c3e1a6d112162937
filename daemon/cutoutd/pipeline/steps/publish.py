"""A cutout in its place, as a fact: fetched from Uploadcare, or copied from an earlier photo of the same picture.

How a file gets to its place is told in ``publishing``, where an earlier cutout comes from in ``reuse``. Here is what
both have in common: versions of one path take turns, and only the newest publishes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from weakref import WeakValueDictionary

from cutoutd.config.choices import Provenance
from cutoutd.core.errors import SupersededError
from cutoutd.core.photo import Photo, Published, require_value
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.queries import photos
from cutoutd.pipeline.steps.place_cutout import publish_cutout
from cutoutd.pipeline.steps.reuse import reuse_cutout
from cutoutd.uploadcare.client import UploadcareClient
from cutoutd.watch.availability import FolderAvailability


class Publisher:
    """Publishes cutouts and stores that it did."""

    def __init__(self, ledger: Ledger, uploadcare: UploadcareClient, standby: FolderAvailability) -> None:
        self._ledger = ledger
        self._uploadcare = uploadcare
        self._standby = standby
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def publish(self, photo: Photo) -> Photo:
        """Fetch what was paid for, verify it and place it. A crash leaves at most a temporary file.

        Raises:
            ResultGoneError: Uploadcare no longer has it.
            SupersededError: a newer version of the photo was published first.
            DelayError, HaltError: it cannot be fetched or placed for now.
        """
        async with self._turn_of(photo) as own_cutouts:
            fetch = partial(self._uploadcare.fetch_cutout, require_value(photo.launch.result_uuid))
            published = await publish_cutout(photo, fetch, own_cutouts, self._provenance_of(photo))
            return await self._ledger.record_until_stored(photo, self._with_task(photo, published))

    async def reuse(self, photo: Photo) -> Photo | None:
        """Place a copy of an earlier cutout of the same picture; None if there is none to be had.

        Raises:
            SupersededError: a newer version of the photo was published first.
            DiskError: it cannot be placed for now.
        """
        async with self._turn_of(photo) as own_cutouts:
            reused = await reuse_cutout(photo, self._ledger, own_cutouts, self._provenance_of(photo))
            return None if reused is None else await self._ledger.record(photo, self._with_task(photo, reused))

    @asynccontextmanager
    async def _turn_of(self, photo: Photo) -> AsyncIterator[frozenset[str]]:
        """Versions of one path go one after the other: each is given what those before it put there."""
        async with self._turns.setdefault((photo.identity.folder, photo.identity.path), asyncio.Lock()):
            is_outrun, own_cutouts = await self._ledger.query(_cutouts_at_path, photo)
            if is_outrun:
                raise SupersededError("newer_version", "a newer version of the photo was published first")
            yield own_cutouts

    def _with_task(self, photo: Photo, published: Published) -> Published:
        """What is left to be done once the photo is published is ``aftercare``'s."""
        return replace(published, is_source_due=self._standby.is_source_due(photo))

    def _provenance_of(self, photo: Photo) -> Provenance:
        """As its folder says; what was paid for is published although its folder has left the configuration."""
        folder = self._standby.folders.get(photo.identity.folder)
        return Provenance.XATTR if folder is None else folder.provenance


def _cutouts_at_path(ledger: ReadTransaction, photo: Photo) -> tuple[bool, frozenset[str]]:
    """Whether a later version of the path has a cutout in place, and what was ever published for the path."""
    return photos.has_newer_publication(ledger, photo), photos.cutouts_of(ledger, photo)
