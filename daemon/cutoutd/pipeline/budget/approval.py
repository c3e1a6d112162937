"""May this photo be paid for without asking a person? Not while its folder's batch is larger than ``confirm_over``.

It knows the batches in the ledger and what is just coming into them; the count that binds is made by the ledger, in the
transaction before the paid call. Who waits goes on when somebody approves, or when the batch has shrunk.
"""

from collections.abc import Sequence
from typing import Protocol

from cutoutd.core.photo import UNPAID, Photo
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import approvals


class ArrivingPhotos(Protocol):
    """What is coming into a folder's batch and not in the ledger yet."""

    @property
    def name(self) -> str:
        """The folder's."""

    @property
    def arriving_count(self) -> int:
        """How many new files were noticed together and are being taken in."""

    @property
    def is_first_scan_done(self) -> bool:
        """Whether the whole input was looked at once, so that what lay there is known."""


class Approval:
    """Holds back batches that are too large for anybody not to have looked at the price.

    Args:
        ledger: counts the batches.
        confirm_over: the largest batch that needs no approval; None: all are fine.
    """

    def __init__(self, ledger: Ledger, confirm_over: int | None) -> None:
        self._ledger = ledger
        self._confirm_over = confirm_over
        self._influxes: Sequence[ArrivingPhotos] = ()

    def count_in(self, influxes: Sequence[ArrivingPhotos]) -> None:
        """From now on count what is coming in as well."""
        self._influxes = influxes

    def uncounted(self) -> frozenset[str]:
        """The folders whose batch nobody knows before their first look is over: nothing of them is sent until then."""
        if self._confirm_over is None:
            return frozenset()
        return frozenset(influx.name for influx in self._influxes if not influx.is_first_scan_done)

    @property
    def coming_in(self) -> int:
        """How many new files are being taken in, into all folders together."""
        return sum(influx.arriving_count for influx in self._influxes)

    def most_in_ledger(self, folder: str) -> int | None:
        """How many unapproved photos the ledger may have of a folder, with those that are just coming in."""
        if self._confirm_over is None:
            return None
        return self._confirm_over - sum(influx.arriving_count for influx in self._influxes if influx.name == folder)

    def most_to_check(self, folder: str) -> int | None:
        """Return `most_in_ledger`, or None if all unpaid photos of the folder together are not more than that."""
        most = self.most_in_ledger(folder)
        is_small = most is not None and self._ledger.counts.most_at(UNPAID, folder) <= most
        return None if is_small else most

    async def require(self, photo: Photo) -> None:
        """Look before an upload, so that nothing is sent in vain.

        Raises:
            UnapprovedError: the photo has to wait for a person.
        """
        most = self.most_to_check(photo.identity.folder)
        if most is not None:
            await self._ledger.query(approvals.require_approved, photo, most)

    async def release_shrunk(self) -> bool:
        """Let the photos of batches go on that are no longer too large; whether there were any."""
        has_released = False
        for folder in await self._ledger.query(approvals.held_folders):
            if not await self._ledger.query(approvals.is_larger, folder, self.most_in_ledger(folder)):
                await self._ledger.waits.release_batch(folder)
                has_released = True
        return has_released
