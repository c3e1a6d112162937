"""A cutout in its place, as a fact: fetched from Uploadcare, or copied from an earlier photo of the same picture.

`place_cutout` moves the file to its place, `reuse` finds an earlier cutout. This module holds the rule that both
share: the versions of one path publish one after another, and only the newest version publishes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

from cutoutd.config.types.choices import OnSuccess, Provenance
from cutoutd.core.blocking import BlockingCalls, calls_to
from cutoutd.core.errors import NameRefusedError, ResultDamagedError, SupersededError
from cutoutd.core.logs import log_event, printable
from cutoutd.core.photo import Photo, Published, require_value
from cutoutd.files.target_names import safer_targets
from cutoutd.ledger import ReadTransaction
from cutoutd.ledger.queries import photos
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.delivery.damage import damaged_or_failed
from cutoutd.pipeline.steps.delivery.replaced_cutouts import KEPT_FOR_S, replaced_cutouts
from cutoutd.pipeline.steps.place_cutout import publish_cutout
from cutoutd.pipeline.steps.placed_cutout import placed_cutout
from cutoutd.pipeline.steps.reuse import (
    earlier_publications,
    has_cutout_in_place,
    note_on_reuse,
    published_before,
    reuse_cutout,
    sent_like,
)
from cutoutd.pipeline.steps.validate import name_note
from cutoutd.watch.availability.destinations import Destinations

T = TypeVar("T")


class Publisher:
    """Puts cutouts in place and stores that fact, while their output is mounted."""

    def __init__(self, context: StepContext, destinations: Destinations) -> None:
        self._destinations = destinations
        self._guard = destinations.require_mounted
        self._ledger = context.ledger
        self._uploadcare = context.uploadcare
        self._folders = context.folders
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def publish(self, photo: Photo) -> Photo:
        """Fetch the paid cutout, verify it and place it. A crash leaves at most a temporary file.

        Raises:
            ResultGoneError: Uploadcare no longer has the cutout.
            FailedError: what it has is no PNG, however often it is fetched.
            SupersededError: a newer version of the photo was published first.
            DelayError, HaltError: the cutout cannot be fetched or placed for now.
        """
        await self._destinations.require_available(Path(require_value(photo.bound.output)))
        async with self._turn_of(photo) as own_cutouts:
            fetch = partial(self._uploadcare.fetch_cutout, require_value(photo.launch.result_uuid))
            try:
                published = await self._place(
                    photo,
                    lambda named: publish_cutout(named, fetch, own_cutouts, self._provenance_of(named), self._guard),
                )
            except ResultDamagedError as error:
                raise await damaged_or_failed(photo, error, self._ledger) from error
            return await self._ledger.record_until_stored(photo, self._with_source_due(photo, published))

    async def reuse(self, photo: Photo) -> Photo | None:
        """Place a copy of an earlier cutout of the same picture; None if there is none any more.

        Raises:
            SupersededError: a newer version of the photo was published first.
            DiskError: the cutout cannot be read or placed for now.
        """
        async with self._turn_of(photo) as own_cutouts:
            reused = await self._place(
                photo,
                lambda named: reuse_cutout(named, self._ledger, own_cutouts, self._provenance_of(named), self._guard),
            )
            if reused is None:
                await self._require_earlier_outputs(photo)
                return None
            return await self._ledger.record(photo, self._with_source_due(photo, reused))

    async def _require_earlier_outputs(self, photo: Photo) -> None:
        """Wait while an earlier cutout of the picture may be in an output that is not mounted.

        Raises:
            TreeUnavailableError: it may. Outputs that are no longer configured may never come back, and do not count.
        """
        configured = {str(folder.output) for folder in self._folders.values()}
        for output in {duplicate.bound.output for duplicate in await earlier_publications(photo, self._ledger)}:
            if output in configured:
                await self._destinations.check(Path(require_value(output)))
                await self._destinations.require_available(Path(require_value(output)))

    async def reuse_result(self, photo: Photo, payer: Photo) -> Photo:
        """Fetch and place the paid cutout of a photo of the same picture, which finds no place for it itself.

        Each has a place of its own, so the trouble of one is none of the other's. The payer goes on trying, and its
        result stays at Uploadcare until then.

        Raises:
            SupersededError: a newer version of the photo was published first.
            FailedError: the cutout is no PNG, however often it is fetched.
            DelayError, HaltError: the cutout cannot be fetched or placed for now.
        """
        async with self._turn_of(photo) as own_cutouts:
            fetch = partial(self._uploadcare.fetch_cutout, require_value(payer.launch.result_uuid))
            try:
                published = await self._place(
                    sent_like(photo, payer),
                    lambda named: publish_cutout(named, fetch, own_cutouts, self._provenance_of(named), self._guard),
                )
            except ResultDamagedError as error:
                raise await damaged_or_failed(photo, error, self._ledger) from error
            reused = replace(published, reused_from=payer.id, note=note_on_reuse(published, payer))
            return await self._ledger.record(photo, self._with_source_due(photo, reused))

    async def _place(self, photo: Photo, place: Callable[[Photo], Awaitable[T]]) -> T:
        """Place a cutout at the photo's target, or at a safer one each time that the disk refuses the name.

        A cutout that was paid for is placed in any case, and never paid for again because of a name.
        """
        named = photo
        while True:
            try:
                return await place(named)
            except NameRefusedError as refusal:
                refused = require_value(named.bound.target)
                safer = safer_targets(refused, photo.identity.path)
                if not safer:
                    raise
                renamed = await self._ledger.files.replace_target(named, safer)
                named = replace(renamed, note="; ".join(filter(None, (photo.note, name_note(refused)))))
                place_now = printable(require_value(named.bound.target))
                log_event("name_refused", f"{refusal.sentence}; its cutout gets {place_now}", about=photo)

    async def adopt(self, photo: Photo) -> Photo | None:
        """Publish a photo with the cutout that is in its place already; None if none is there, or it is unknown.

        Raises:
            SupersededError: a newer version of the photo was published first.
        """
        async with self._turn_of(photo):
            placed = await _calls_to_output_of(photo).run(placed_cutout, photo)
            return None if placed is None else await self._ledger.record(photo, self._with_source_due(photo, placed))

    async def keep(self, photo: Photo, earlier: Photo) -> Photo:
        """Publish a photo as its earlier version of the same picture; nothing is written to the output.

        Raises:
            SupersededError: a newer version of the photo was published first.
        """
        async with self._turn_of(photo):
            is_there = await _calls_to_output_of(earlier).run(has_cutout_in_place, earlier)
            published = published_before(earlier, is_there=is_there)
            # Without its cutout the source stays, because a person may want it made again.
            return await self._ledger.record(photo, self._with_source_due(photo, published) if is_there else published)

    @asynccontextmanager
    async def _turn_of(self, photo: Photo) -> AsyncIterator[frozenset[str]]:
        """Hold the path of the photo; yield the SHA-256 of every cutout that cutoutd published for the path."""
        async with self._turns.setdefault((photo.identity.folder, photo.identity.path), asyncio.Lock()):
            if photo in self._ledger.known_unique:
                yield frozenset()
                return
            is_outdated, own_cutouts = await self._ledger.query(_cutouts_at_path, photo)
            if is_outdated:
                raise SupersededError("newer_version", "a newer version of the photo was published first")
            yield own_cutouts
            if own_cutouts:
                asyncio.get_running_loop().call_later(KEPT_FOR_S, replaced_cutouts.drop_old)

    def _with_source_due(self, photo: Photo, published: Published) -> Published:
        """Return the fact with a note for `on_success` that the source is still to be seen to, if it is."""
        folder = self._folders.get(photo.identity.folder)
        is_due = folder is not None and folder.on_success is not OnSuccess.KEEP
        if is_due and published.doubt is not None:
            path = printable(f"{photo.identity.folder}/{photo.identity.path}")
            sentence = f"the source stays in place, because its cutout is doubtful ({published.doubt}); look at it,"
            published = replace(published, source_sentence=f"{sentence} then: cutoutd approve {path}")
            log_event("cutout_doubtful", require_value(published.source_sentence), about=photo, level=logging.WARNING)
        return replace(published, is_source_due=is_due)

    def _provenance_of(self, photo: Photo) -> Provenance:
        """Return the choice of the photo's folder; a paid photo is published even if its folder is not configured."""
        folder = self._folders.get(photo.identity.folder)
        return Provenance.XATTR if folder is None else folder.provenance


def _calls_to_output_of(photo: Photo) -> BlockingCalls:
    return calls_to(Path(require_value(photo.bound.output)))


def _cutouts_at_path(ledger: ReadTransaction, photo: Photo) -> tuple[bool, frozenset[str]]:
    """Return if a newer version of the path is published, and every cutout that was published for the path."""
    return photos.has_newer_publication(ledger, photo), photos.cutouts_of(ledger, photo)
