"""``retry``: failed, rejected and waiting photos go on at the latest fact that still holds."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from cutoutd.config.settings import FolderSettings
from cutoutd.config.types.choices import Oversize
from cutoutd.control.messages import CommandResult, RetryCommand
from cutoutd.control.result import ResultBuilder, photos_are, removals_in_words
from cutoutd.control.selection import pages_of, refuse_empty, required_folder, select_photos
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import (
    CONTENT_REJECTIONS,
    ControlError,
    CutoutdError,
    LedgerError,
    RejectedError,
    RejectionCode,
)
from cutoutd.core.photo import (
    BY_LIMIT,
    INTERNAL_FAULT,
    NO_WAIT,
    TERMINAL,
    Photo,
    Retry,
    RetryDelivery,
    RetryFromStart,
    RetryPoll,
    RetrySearch,
    RetryUpload,
    State,
    WaitKind,
)
from cutoutd.files.input_tree import current_identity
from cutoutd.images.copies.shrink import LARGEST_SOURCE_BYTES
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import selection
from cutoutd.ledger.queries.selection import PHOTOS_PER_PAGE
from cutoutd.pipeline.steps.failure_note import DEFAULT_ADVICE, FailureNotes
from cutoutd.pipeline.steps.reuse import earlier_cutout
from cutoutd.pipeline.steps.upload import expected_rule
from cutoutd.pipeline.steps.validate import validate_in_thread

#: The photos that the name of a folder or a pattern stands for. A dismissed photo is brought back by its own name.
_RETRIED = frozenset(State) - {State.PUBLISHED, State.SUPERSEDED, State.DISMISSED}

#: The next step of photos that were brought to a state.
_NEXT = {
    State.DISCOVERED: "checked again",
    State.ACCEPTED: "sent again",
    State.REMOVAL_INTENDED: "looked for again: it is not known if Uploadcare began the removal",
    State.REMOVAL_STARTED: "asked about again: the removal was begun",
    State.REMOVAL_FINISHED: "fetched again: the cutout is paid for",
}


def fact_after(photo: Photo, parameters: str) -> Retry:
    """Return the fact at which a rejected or failed photo goes on: the latest one that still holds.

    A paid result is never paid for again. A removal that Uploadcare refused or gave up is launched again, with the
    folder's present ``parameters``.
    """
    if photo.state is State.REJECTED or photo.picture.sha256 is None:
        return RetryFromStart()
    if photo.launch.result_uuid is not None:
        return RetryDelivery()
    if photo.ending.code == INTERNAL_FAULT and photo.ending.failed_state is State.REMOVAL_STARTED:
        return RetryPoll()
    if photo.ending.code == INTERNAL_FAULT and photo.ending.failed_state is State.REMOVAL_INTENDED:
        return RetrySearch(unclear_since_s=photo.launch.unclear_since_s or photo.state_at_s)
    return RetryUpload(parameters=parameters)


def why_not(photo: Photo) -> str | None:
    """Return the reason for which a photo cannot be retried; None if it can."""
    if photo.state is State.PUBLISHED:
        return "it is published; `cutoutd reprocess` makes it again"
    if photo.state is State.SUPERSEDED:
        return "this version of the file is gone; a newer one is sent by itself"
    if photo.state.is_terminal:
        return None
    if photo.wait.kind in BY_LIMIT or photo.wait.kind is WaitKind.DUPLICATE:
        return photo.wait.reason
    return None if photo.wait.is_delayed else f"it is under way: {photo.state.phrase}"


def may_help(photo: Photo, folder: FolderSettings | None) -> bool:
    """Return True if a retry may come to another answer. A rejection for its content ends with another file only."""
    code = photo.ending.code
    if photo.state is not State.REJECTED or code not in {*CONTENT_REJECTIONS, RejectionCode.TOO_LARGE}:
        return True
    if code in CONTENT_REJECTIONS or folder is None:
        return False
    most = LARGEST_SOURCE_BYTES if folder.oversize is Oversize.SHRINK else folder.max_upload_bytes
    return photo.identity.size_bytes <= most


class RetryHandler:
    """Executes ``retry``."""

    def __init__(
        self,
        ledger: Ledger,
        folders: Mapping[str, FolderSettings],
        wake: Callable[[Photo], None],
        page_size: int = PHOTOS_PER_PAGE,
    ) -> None:
        self._ledger = ledger
        self._folders = folders
        self._inputs = {name: folder.input for name, folder in folders.items()}
        self._notes = FailureNotes(folders)
        self._wake = wake
        self._page_size = page_size

    async def execute(self, command: RetryCommand) -> CommandResult:
        """Let the named photos go on, or all that failed; after a crash, the same command does the rest.

        Nothing is done if more removals may have to be paid for than the command allows.
        """
        if command.max_removals is not None:
            plan = await self._plan(command)
            if plan.payable > command.max_removals:
                return plan
        result = ResultBuilder()
        async for photo, is_named in self._selected(command, result):
            await self._retry(photo, result, is_named=is_named)
        return result.build(_describe, "No photo has failed")

    async def _selected(self, command: RetryCommand, result: ResultBuilder) -> AsyncIterator[tuple[Photo, bool]]:
        """Yield each photo that the command is about, and True if the user named that very photo."""
        if not command.paths:
            async for page in pages_of(self._ledger, await self._unnamed(command), self._page_size):
                for photo in page:
                    yield photo, len(command.photo_ids) == 1
        done: set[int] = set()
        for name in command.paths:
            selected = await select_photos(self._ledger, self._inputs, name, _RETRIED)
            refuse_empty(result, name, selected, "nothing below it has failed, was rejected or waits")
            photo_ids = [each for each in selected.photo_ids if each not in done]
            async for page in pages_of(self._ledger, photo_ids, self._page_size):
                for photo in page:
                    if selected.is_exact or why_not(photo) is None:
                        done.add(photo.id)
                        yield photo, selected.is_exact

    async def _plan(self, command: RetryCommand) -> CommandResult:
        """Return what would be sent again, with the number of removals that may have to be paid for.

        Rejected photos are checked like new ones, and waiting ones go their way in any case, so neither counts.
        """
        number, pictures = 0, set[tuple[str | None, str, int]]()
        async for photo, _ in self._selected(command, ResultBuilder()):
            folder = self._folders.get(photo.identity.folder)
            if folder is None or photo.state not in TERMINAL or why_not(photo) is not None:
                continue
            parameters = folder.parameters.as_json()
            if isinstance(fact_after(photo, parameters), RetryUpload) and await _has_source(photo, folder):
                number += 1
                rule = expected_rule(photo.identity.size_bytes, folder, needs_copy=photo.needs_copy)
                after = replace(photo, bound=replace(photo.bound, parameters=parameters, sent_within=rule))
                if await earlier_cutout(after, self._ledger) is None:
                    pictures.add((after.picture.identity, parameters, rule))
        words = f"{photos_are(number)} to be sent again; {removals_in_words(len(pictures))} may have to be paid for"
        return CommandResult((words,), payable=len(pictures), is_done=False)

    async def _unnamed(self, command: RetryCommand) -> Sequence[int]:
        return command.photo_ids or await self._ledger.query(selection.newest_photo_ids, {State.FAILED})

    async def _retry(self, photo: Photo, result: ResultBuilder, *, is_named: bool) -> None:
        reason = why_not(photo)
        if reason is not None:
            result.refuse(photo, reason)
            return
        try:
            if is_named and photo.state is State.REJECTED:
                await self._require_other_verdict(photo)
            moved = await (self._resume(photo) if photo.state in TERMINAL else self._end_wait(photo))
        except CutoutdError as error:
            result.refuse(photo, error.sentence)
            return
        result.count(moved.state if photo.state in TERMINAL else "waited")
        self._wake(moved)

    async def _require_other_verdict(self, photo: Photo) -> None:
        """Check the file of a rejected photo again, because the same bytes mostly get the same answer.

        Raises:
            ControlError: it would be rejected again.
        """
        folder = required_folder(self._folders, photo)
        identity = await calls_to(folder.input).look(current_identity, folder.input, photo.identity)
        try:
            await validate_in_thread(identity, folder)
        except RejectedError as error:
            msg = f"the same file would be rejected again: {error.sentence}. {error.advice or DEFAULT_ADVICE}"
            raise ControlError(msg.rstrip(".")) from error

    async def _resume(self, photo: Photo) -> Photo:
        folder = required_folder(self._folders, photo)
        fact = fact_after(photo, folder.parameters.as_json())
        if isinstance(fact, RetryUpload):
            rule = expected_rule(photo.identity.size_bytes, folder, needs_copy=photo.needs_copy)
            fact = replace(fact, sent_within=rule)
        identity = photo.identity
        if isinstance(fact, RetryFromStart | RetryUpload):  # a paid result needs no source any more
            identity = await calls_to(folder.input).look(current_identity, folder.input, photo.identity)
        # Remove the note first, because a crash after the fact would leave it for ever.
        await self._notes.remove_in_thread(photo)
        return await self._ledger.resume(photo, fact, identity.ctime_ns)

    async def _end_wait(self, photo: Photo) -> Photo:
        with suppress(LedgerError):  # the photo goes on already
            return await self._ledger.postpone(photo, NO_WAIT)
        return photo


async def _has_source(photo: Photo, folder: FolderSettings) -> bool:
    try:
        await calls_to(folder.input).look(current_identity, folder.input, photo.identity)
    except CutoutdError:
        return False
    return True


def _describe(numbers: Counter[str]) -> list[str]:
    sentences = [f"{photos_are(numbers[state])} {phrase}" for state, phrase in _NEXT.items() if numbers[state]]
    if numbers["waited"]:
        sentences.append(f"{photos_are(numbers['waited'])} no longer made to wait")
    return sentences
