"""Approval: a folder's photos are paid for without asking a person only if they are not more than `confirm_over`.

It counts the photos in the ledger and those that are just arriving. The count that binds is made by the ledger, in the
transaction before the paid call. Unapproved photos go on when a person approves them, or when the batch has shrunk.
"""

from collections.abc import Sequence
from typing import Protocol

from cutoutd.core.photo import UNPAID, Photo
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import approvals


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

    async def release_shrunk(self) -> bool:
        """Let the photos of batches go on that are no longer too large; return True if there were any."""
        has_released = False
        for folder in await self._ledger.query(approvals.held_folders):
            if not await self._ledger.query(approvals.is_larger, folder, self.most_in_ledger(folder)):
                await self._ledger.waits.release_batch(folder)
                has_released = True
        return has_released
