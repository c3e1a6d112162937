"""``approve``: the user agrees to pay for the photos that a folder has now, or to a doubtful cutout.

Photos that arrive later are a new batch. A doubtful cutout that is approved replaces its source, as `on_success` says.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cutoutd.config.settings import FolderSettings, Price
from cutoutd.control.messages import ApproveCommand, CommandResult
from cutoutd.control.result import ResultBuilder, photos_are
from cutoutd.control.selection import pages_of, refuse_empty, select_photos
from cutoutd.core.photo import Photo, State
from cutoutd.ledger import Batch, Ledger
from cutoutd.ledger.writes import approvals
from cutoutd.pipeline.budget.pricing import estimate_in_words
from cutoutd.status.costs import price_batch


class ApproveHandler:
    """Executes ``approve``."""

    def __init__(
        self, ledger: Ledger, folders: Mapping[str, FolderSettings], price: Price, wake: Callable[[Photo], None]
    ) -> None:
        self._ledger = ledger
        self._folders = folders
        self._price = price
        self._wake = wake

    async def execute(self, command: ApproveCommand) -> CommandResult:
        """Approve the oldest photos, as many as the command allows, or cutouts; in a dry run only report the cost.

        After a crash a folder is approved as a whole or not at all.
        """
        if command.photo_ids:
            return await self._approve_cutouts(command)
        batches = await self._ledger.query(approvals.batches, command.last_id)
        if command.folder is None:
            selected = [batch for batch in batches if batch.held]
        else:
            selected = [batch for batch in batches if batch.folder == command.folder]
        if not selected and command.paths and (command.folder not in self._folders or await self._is_photo(command)):
            return await self._approve_cutouts(command)
        if not selected:
            return self._nothing_for(command.folder)
        if command.dry_run:
            payable = sum(batch.photos for batch in selected)
            last_id = max(batch.last_id for batch in selected)
            sentences = self._sentences(selected, "to be approved")
            return CommandResult(sentences, payable=payable, last_id=last_id, is_done=False)
        agreed = _first_of(selected, command.max_removals)
        for batch in agreed:
            await self._approve(batch, command.last_id or batch.last_id)
        return CommandResult(self._sentences(agreed, "approved"))

    async def _approve(self, batch: Batch, last_id: int) -> None:
        for photo in await self._ledger.waits.approve(batch.folder, batch.photos, last_id):
            self._wake(photo)

    async def _is_photo(self, command: ApproveCommand) -> bool:
        """Return True if the name of a folder is that of a photo too."""
        inputs = {name: folder.input for name, folder in self._folders.items()}
        found = [await select_photos(self._ledger, inputs, name, frozenset()) for name in command.paths]
        return any(selected.is_exact for selected in found)

    async def _approve_cutouts(self, command: ApproveCommand) -> CommandResult:
        """End the doubt about the cutouts of these photos, each of which must be named by its own name."""
        result = ResultBuilder()
        inputs = {name: folder.input for name, folder in self._folders.items()}
        for name in command.paths:
            selected = await select_photos(self._ledger, inputs, name, frozenset({State.PUBLISHED}))
            refuse_empty(result, name, selected, "nothing below it is published")
            if selected.photo_ids and not selected.is_exact:  # else sources go that were never looked at
                result.refuse_all(f"{name}: it is no photo; a doubtful cutout is approved by the name of its photo")
                continue
            async for page in pages_of(self._ledger, selected.photo_ids):
                doubtful = [photo for photo in page if _is_doubtful(photo)]
                if len(doubtful) > 1:
                    result.refuse_all(f"{name}: it is doubtful in several folders; name one of them: FOLDER/{name}")
                    continue
                for photo in doubtful or page:
                    await self._approve_cutout(photo, result, is_dry=command.dry_run)
        async for page in pages_of(self._ledger, command.photo_ids):
            for photo in page:
                await self._approve_cutout(photo, result, is_dry=command.dry_run)
        return replace(result.build(_describe, "no cutout is doubtful"), is_done=not command.dry_run)

    async def _approve_cutout(self, photo: Photo, result: ResultBuilder, *, is_dry: bool) -> None:
        if not _is_doubtful(photo):
            result.refuse(photo, "its cutout is not doubtful")
            return
        if not is_dry:
            await self._ledger.files.approve_cutout(photo)
        result.count("to be approved" if is_dry else "approved")

    def _sentences(self, batches: Sequence[Batch], word: str) -> tuple[str, ...]:
        return tuple(
            f"{batch.folder}: {batch.photos:,} {word}, {estimate_in_words(price_batch(batch, self._price).bill)}"
            for batch in batches
        )

    def _nothing_for(self, folder: str | None) -> CommandResult:
        if folder is None or folder in self._folders:
            return CommandResult(("nothing waits for approval",), is_idle=True)
        return CommandResult(refused=(f'no folder is called "{folder}", and no photo',))


def _is_doubtful(photo: Photo) -> bool:
    return photo.state is State.PUBLISHED and photo.cutout.doubt is not None


def _describe(numbers: Counter[str]) -> list[str]:
    means = "no longer doubtful; what on_success says is done with the source"
    return [f"{photos_are(number)} {word}: {means}" for word, number in numbers.items()]


def _first_of(batches: Sequence[Batch], max_photos: int | None) -> list[Batch]:
    """Return the batches, cut to ``max_photos`` together. Photos that arrive later are in no batch here."""
    agreed, left = [], sum(batch.photos for batch in batches) if max_photos is None else max_photos
    for batch in batches:
        photos = min(batch.photos, left)
        agreed.append(replace(batch, photos=photos, uploaded=min(batch.uploaded, photos)))
        left -= photos
    return [batch for batch in agreed if batch.photos]
