"""``approve``: a person agrees to pay for what a folder has to send now; what arrives later is a new batch."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from cutoutd.config.settings import Price
from cutoutd.control.messages import ApproveCommand, CommandResult
from cutoutd.core.photo import Photo
from cutoutd.ledger import Batch, Ledger
from cutoutd.ledger.writes import approvals
from cutoutd.pipeline.budget.pricing import estimate_in_words
from cutoutd.status.costs import priced


class ApproveHandler:
    """Carries out ``approve``."""

    def __init__(self, ledger: Ledger, folders: Collection[str], price: Price, wake: Callable[[Photo], None]) -> None:
        self._ledger = ledger
        self._folders = folders
        self._price = price
        self._wake = wake

    async def execute(self, order: ApproveCommand) -> CommandResult:
        """Approve, or only say what it would cost. Never more photos than were agreed to: those that came first.

        A crash leaves a folder approved as a whole, or not at all.
        """
        found = await self._ledger.query(approvals.batches)
        meant = [batch for batch in found if (batch.held if order.folder is None else batch.folder == order.folder)]
        if not meant:
            return self._nothing_for(order.folder)
        if order.dry_run:
            payable = sum(batch.photos for batch in meant)
            return CommandResult(self._sentences(meant, "to be approved"), payable=payable, is_done=False)
        agreed = _first_of(meant, order.max_removals)
        for batch in agreed:
            await self._approve(batch.folder, batch.photos)
        return CommandResult(self._sentences(agreed, "approved"))

    async def _approve(self, folder: str, most: int) -> None:
        for photo in await self._ledger.approve(folder, most):
            self._wake(photo)

    def _sentences(self, meant: Sequence[Batch], word: str) -> tuple[str, ...]:
        return tuple(
            f"{batch.folder}: {batch.photos:,} {word}, {estimate_in_words(priced(batch, self._price).bill)}"
            for batch in meant
        )

    def _nothing_for(self, folder: str | None) -> CommandResult:
        if folder is None or folder in self._folders:
            return CommandResult(("nothing waits for approval",), is_idle=True)
        return CommandResult(refused=(f'no folder is called "{folder}"',))


def _first_of(approvals: Sequence[Batch], most: int | None) -> list[Batch]:
    """What was agreed to: all, or no more photos than these, and not one that came after the count."""
    agreed, left = [], sum(batch.photos for batch in approvals) if most is None else most
    for batch in approvals:
        photos = min(batch.photos, left)
        agreed.append(replace(batch, photos=photos, uploaded=min(batch.uploaded, photos)))
        left -= photos
    return [batch for batch in agreed if batch.photos]
