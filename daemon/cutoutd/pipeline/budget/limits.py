"""The configured limits: launches in a day and in a month, batches without approval, and free space on the disks.

A folder's photos are paid for without asking a person only if they are not more than `confirm_over`. `Approval` counts
the photos in the ledger and those that are just arriving. The count that binds is made by the ledger, in the
transaction before the paid call. Unapproved photos go on when a person approves them, or when the batch has shrunk.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Protocol

from cutoutd.config.settings import Limits
from cutoutd.core.errors import LimitReachedError, PlaceError
from cutoutd.core.photo import UNPAID, Photo
from cutoutd.ledger import Batch, LaunchCounts, Ledger
from cutoutd.ledger.writes import approvals


def require_within(limits: Limits, spent: LaunchCounts, *, wanted: int) -> None:
    """Check that so many more launches are allowed.

    Raises:
        LimitReachedError: they are not allowed before the time that it names. The month comes first, because its limit
            lasts longer.
    """
    next_month = (spent.day.replace(day=1) + timedelta(days=31)).replace(day=1)
    if limits.per_month is not None and spent.this_month + wanted > limits.per_month:
        raise _reached("per_month", limits.per_month, f"{spent.day:%Y-%m}", next_month)
    if limits.per_day is not None and spent.today + wanted > limits.per_day:
        raise _reached("per_day", limits.per_day, f"{spent.day}", spent.day + timedelta(days=1))


def room_within(limits: Limits, spent: LaunchCounts) -> int | None:
    """Return the number of held photos that may go towards a launch; None without a limit."""
    left = [
        limit - made
        for limit, made in ((limits.per_day, spent.today), (limits.per_month, spent.this_month))
        if limit is not None
    ]
    return max(0, min(left) - (spent.ahead - spent.held)) if left else None


def require_free(places: Iterable[Path], min_free_bytes: int) -> None:
    """Check that each folder can be written and its file system has this much free space. Blocking.

    Raises:
        PlaceError: a folder cannot be written, has too little space, or its free space is unknown.
    """
    for place in places:
        if not os.access(place, os.W_OK | os.X_OK):
            raise PlaceError(f"{place} cannot be written, and nothing is paid for that finds no place")
        free_bytes = _free_bytes(place)
        if free_bytes < min_free_bytes:
            msg = (
                f"{place} has {free_bytes / 1e6:,.0f} MB of free space, and nothing is paid for below"
                f" {min_free_bytes / 1e6:,.0f} MB (limits.min_free_space)"
            )
            raise PlaceError(msg)


def _free_bytes(place: Path) -> int:
    try:
        return shutil.disk_usage(place).free
    except OSError as error:
        raise PlaceError(f"the free space of {place} is not known: {error.strerror}") from error


def _reached(key: str, limit: int, period: str, resume: date) -> LimitReachedError:
    removals = "1 removal" if limit == 1 else f"{limit:,} removals"
    when = "on" if key == "per_day" else "in"
    sentence = f"limits.{key} allows {removals} {when} {period}, and none is left; the rest waits until {resume}"
    return LimitReachedError(sentence, until_s=datetime.combine(resume, time()).timestamp())


class ArrivingPhotos(Protocol):
    """A watched folder with new files that are not in the ledger yet."""

    @property
    def name(self) -> str:
        """The name of the folder."""

    @property
    def arriving_count(self) -> int:
        """The number of new files that were noticed together and are being stored."""

    @property
    def is_first_scan_done(self) -> bool:
        """True if the whole input was scanned once, so that every file in it is known."""


class Approval:
    """Holds back batches that are too large to be paid for before a person has seen the price.

    Args:
        ledger: counts the batches.
        confirm_over: the largest batch that needs no approval; None: no batch needs any.
    """

    def __init__(self, ledger: Ledger, confirm_over: int | None) -> None:
        self._ledger = ledger
        self._confirm_over = confirm_over
        self._folders: Sequence[ArrivingPhotos] = ()

    def count_arriving(self, folders: Sequence[ArrivingPhotos]) -> None:
        """Count the arriving photos of these folders too from now on."""
        self._folders = folders

    def unscanned_folders(self) -> frozenset[str]:
        """Return the folders without a finished first scan: their batch is unknown, so nothing of them is sent yet."""
        if self._confirm_over is None:
            return frozenset()
        return frozenset(folder.name for folder in self._folders if not folder.is_first_scan_done)

    @property
    def arriving_count(self) -> int:
        """The number of new files that are being stored, in all folders together."""
        return sum(folder.arriving_count for folder in self._folders)

    def most_in_ledger(self, name: str) -> int | None:
        """Return the most unapproved photos that the ledger may have of a folder beside its arriving ones."""
        if self._confirm_over is None:
            return None
        return self._confirm_over - sum(folder.arriving_count for folder in self._folders if folder.name == name)

    def most_to_check(self, name: str) -> int | None:
        """Return `most_in_ledger`, or None if all unpaid photos of the folder together are not more than that."""
        most = self.most_in_ledger(name)
        is_small = most is not None and self._ledger.counts.most_at(UNPAID, name) <= most
        return None if is_small else most

    async def require(self, photo: Photo) -> None:
        """Check the batch before an upload, so that nothing is sent in vain.

        Raises:
            UnapprovedError: the photo has to wait for a person.
        """
        most = self.most_to_check(photo.identity.folder)
        if most is not None:
            await self._ledger.query(approvals.require_approved, photo, most)

    async def held_batches(self) -> list[Batch]:
        """Return the batches that wait for a person."""
        if not await self._ledger.query(approvals.held_folders):
            return []
        return [batch for batch in await self._ledger.query(approvals.batches) if batch.held]

    async def release_shrunk(self) -> bool:
        """Let the photos of batches go on that are no longer too large; return True if there were any."""
        has_released = False
        for folder in await self._ledger.query(approvals.held_folders):
            if not await self._ledger.query(approvals.is_larger, folder, self.most_in_ledger(folder)):
                await self._ledger.waits.release_batch(folder)
                has_released = True
        return has_released
