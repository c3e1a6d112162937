"""``give-up``: a person no longer waits for a removal that hangs. Copies of the photo go on, and one may pay."""

from collections import Counter
from collections.abc import Callable, Mapping

from cutoutd.config.settings import FolderSettings
from cutoutd.control.messages import CommandResult, GiveUpCommand
from cutoutd.control.result import ResultBuilder, photos_are, removals_in_words
from cutoutd.control.selection import pages_of, refuse_empty, select_photos
from cutoutd.core.errors import CutoutdError
from cutoutd.core.photo import Failed, Photo, State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import duplicates
from cutoutd.pipeline.steps.failure_note import FailureNotes

#: The states in which a removal runs, or may run.
GIVEN_UP_AT = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED})

_GIVEN_UP = Failed(
    "given_up",
    "its removal was given up by command",
    "cutoutd retry sends it again, which is paid for again.",
)


class GiveUpHandler:
    """Executes ``give-up``."""

    def __init__(self, ledger: Ledger, folders: Mapping[str, FolderSettings], wake: Callable[[Photo], None]) -> None:
        self._ledger = ledger
        self._inputs = {name: folder.input for name, folder in folders.items()}
        self._notes = FailureNotes(folders)
        self._wake = wake

    async def execute(self, command: GiveUpCommand) -> CommandResult:
        """Give up the removals of the named photos; a dry run only reports the effect.

        After a crash, the same command does the rest.
        """
        result, payable = ResultBuilder(), 0
        photo_ids = list(command.photo_ids)
        for name in command.paths:
            selected = await select_photos(self._ledger, self._inputs, name, GIVEN_UP_AT)
            refuse_empty(result, name, selected, "no removal of anything below it runs")
            photo_ids += selected.photo_ids
        async for page in pages_of(self._ledger, list(dict.fromkeys(photo_ids))):
            for photo in page:
                if photo.state not in GIVEN_UP_AT:
                    result.refuse(photo, f"no removal of it runs: {photo.state.phrase}")
                    continue
                waiting = await self._ledger.query(duplicates.waiting_for, photo)
                payable += bool(waiting)
                await self._give_up(photo, waiting, result, is_done=not command.dry_run)
        built = result.build(lambda numbers: _describe(numbers, payable), "No removal is to be given up")
        return CommandResult(
            built.done, built.refused, payable=payable, is_idle=built.is_idle, is_done=not command.dry_run
        )

    async def _give_up(self, photo: Photo, waiting: list[Photo], result: ResultBuilder, *, is_done: bool) -> None:
        if is_done:
            try:
                failed = await self._ledger.record(photo, _GIVEN_UP)
            except CutoutdError as error:
                result.refuse(photo, error.sentence)
                return
            await self._notes.write_in_thread(failed)
            for duplicate in waiting[:1]:
                self._wake(duplicate)
        result.count("given up" if is_done else "to be given up")


def _describe(numbers: Counter[str], payable: int) -> list[str]:
    sentences = [f"{photos_are(number)} {word}" for word, number in numbers.items()]
    if sentences:
        sentences.append("their removals may be paid for all the same, and a retry pays again")
    if sentences and payable:
        sentences.append(f"{removals_in_words(payable)} may have to be paid for at once, for copies that wait for them")
    return sentences
