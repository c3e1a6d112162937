"""``dismiss``: a person wants to hear no more of rejected and failed photos. ``retry`` brings them back."""

from collections import Counter
from collections.abc import Mapping, Sequence

from cutoutd.config.settings import FolderSettings
from cutoutd.control.messages import CommandResult, DismissCommand
from cutoutd.control.result import ResultBuilder, photos_are
from cutoutd.control.selection import pages_of, refuse_empty, select_photos
from cutoutd.core.errors import CutoutdError
from cutoutd.core.photo import Dismissed, Photo, State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import selection
from cutoutd.pipeline.steps.failure_note import FailureNotes

DISMISSIBLE = frozenset({State.REJECTED, State.FAILED})

_PAID = "its cutout is paid for, and `cutoutd retry` fetches it; dismiss it by its own name if you do not want it"


class DismissHandler:
    """Executes ``dismiss``."""

    def __init__(self, ledger: Ledger, folders: Mapping[str, FolderSettings]) -> None:
        self._ledger = ledger
        self._inputs = {name: folder.input for name, folder in folders.items()}
        self._notes = FailureNotes(folders)

    async def execute(self, command: DismissCommand) -> CommandResult:
        """Dismiss the named photos, or all at the named states. After a crash, the same command does the rest."""
        result = ResultBuilder()
        named, photo_ids = await self._selected(command, result)
        async for page in pages_of(self._ledger, photo_ids):
            for photo in page:
                await self._dismiss(photo, result, command, is_named=photo.id in named)
        built = result.build(_describe, "No photo has failed or was rejected")
        return CommandResult(built.done, built.refused, is_idle=built.is_idle, is_done=not command.dry_run)

    async def _selected(self, command: DismissCommand, result: ResultBuilder) -> tuple[set[int], Sequence[int]]:
        """Return the photos that were named one by one, and all photos of the command."""
        named = set(command.photo_ids) if len(command.photo_ids) == 1 else set()
        photo_ids = list(command.photo_ids)
        for name in command.paths:
            selected = await select_photos(self._ledger, self._inputs, name, DISMISSIBLE)
            refuse_empty(result, name, selected, "nothing below it has failed or was rejected")
            photo_ids += selected.photo_ids
            named |= set(selected.photo_ids) if selected.is_exact else set()
        if command.states:
            photo_ids += await self._ledger.query(selection.newest_photo_ids, command.states)
        return named, list(dict.fromkeys(photo_ids))

    async def _dismiss(self, photo: Photo, result: ResultBuilder, command: DismissCommand, *, is_named: bool) -> None:
        reason = _why_not(photo, is_named=is_named)
        if reason is not None:
            result.refuse(photo, reason)
            return
        if not command.dry_run:
            try:
                # Remove the note first, because a crash after the fact would leave it for ever.
                await self._notes.remove_in_thread(photo, is_exact=True)
                await self._ledger.record(photo, Dismissed())
            except CutoutdError as error:
                result.refuse(photo, error.sentence)
                return
        result.count("to be dismissed" if command.dry_run else "dismissed")


def _why_not(photo: Photo, *, is_named: bool) -> str | None:
    if photo.state is State.DISMISSED:
        return "it is dismissed already"
    if photo.state not in DISMISSIBLE:
        return f"it is neither rejected nor failed: {photo.state.phrase}"
    return _PAID if photo.has_paid_removal and not is_named else None


def _describe(numbers: Counter[str]) -> list[str]:
    return [f"{photos_are(number)} {word}" for word, number in numbers.items()]
