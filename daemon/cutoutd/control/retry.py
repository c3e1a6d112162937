"""``retry``: photos that came to nothing, or wait, go on at the furthest fact that still holds."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from cutoutd.config.settings import FolderSettings
from cutoutd.control.messages import CommandResult, RetryCommand
from cutoutd.control.result import ResultBuilder, counted
from cutoutd.control.selection import note_selection, pages_of, required_folder, select_photos
from cutoutd.core.errors import CutoutdError, LedgerError
from cutoutd.core.photo import (
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
)
from cutoutd.files.source_file import found_again
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import selection
from cutoutd.pipeline.steps.failure_note import FailureNotes

_RETRIED = frozenset(State) - {State.PUBLISHED, State.SUPERSEDED}

#: What happens next to photos that were brought to a state.
_NEXT = {
    State.DISCOVERED: "checked again",
    State.ACCEPTED: "sent again",
    State.REMOVAL_INTENDED: "looked for again: whether Uploadcare began the removal is not known",
    State.REMOVAL_STARTED: "asked about again: the removal was begun",
    State.REMOVAL_FINISHED: "fetched again: the cutout is paid for",
}


def fact_after(photo: Photo, parameters: str) -> Retry:
    """Where a rejected or failed photo goes on: at the furthest fact that still holds.

    What was paid for is never paid for again. A removal that Uploadcare refused or gave up is launched anew, with the
    folder's present ``parameters``.
    """
    if photo.state is State.REJECTED or photo.sha256 is None:
        return RetryFromStart()
    if photo.result_uuid is not None:
        return RetryDelivery()
    if photo.code == INTERNAL_FAULT and photo.failed_state is State.REMOVAL_STARTED:
        return RetryPoll()
    if photo.code == INTERNAL_FAULT and photo.failed_state is State.REMOVAL_INTENDED:
        return RetrySearch(unclear_since_s=photo.unclear_since_s or photo.state_at_s)
    return RetryUpload(parameters=parameters)


def why_not(photo: Photo) -> str | None:
    """Why there is nothing to retry about a photo; None when there is."""
    if photo.state is State.PUBLISHED:
        return "it is published; `cutoutd reprocess` has it made anew"
    if photo.state is State.SUPERSEDED:
        return "this version is gone; another one is taken up by itself"
    if photo.state.is_terminal:
        return None
    if photo.wait.is_held or photo.wait.for_photo is not None:
        return photo.wait.reason
    return None if photo.wait.reason else f"it is under way: {photo.state.phrase}"


class RetryHandler:
    """Carries out ``retry``."""

    def __init__(self, ledger: Ledger, folders: Mapping[str, FolderSettings], wake: Callable[[Photo], None]) -> None:
        self._ledger = ledger
        self._folders = folders
        self._inputs = {name: folder.input for name, folder in folders.items()}
        self._notes = FailureNotes(folders)
        self._wake = wake

    async def execute(self, order: RetryCommand) -> CommandResult:
        """Let the named photos go on, or all that failed."""
        report = ResultBuilder()
        if not order.paths:
            async for page in pages_of(self._ledger, await self._unnamed(order)):
                for photo in page:
                    await self._retry(photo, report)
        done: set[int] = set()
        for name in order.paths:
            chosen = await select_photos(self._ledger, self._inputs, name, _RETRIED)
            note_selection(report, name, chosen, "nothing below it has failed, was rejected or waits")
            async for page in pages_of(self._ledger, [number for number in chosen.photo_ids if number not in done]):
                for photo in page:
                    if chosen.is_each_meant or why_not(photo) is None:
                        done.add(photo.id)
                        await self._retry(photo, report)
        return report.build(_done, "No photo has failed")

    async def _unnamed(self, order: RetryCommand) -> Sequence[int]:
        return order.photo_ids or await self._ledger.query(selection.newest_photo_ids, {State.FAILED})

    async def _retry(self, photo: Photo, report: ResultBuilder) -> None:
        reason = why_not(photo)
        if reason is not None:
            report.refuse(photo, reason)
            return
        try:
            moved = await (self._resume(photo) if photo.state in TERMINAL else self._end_wait(photo))
        except CutoutdError as error:
            report.refuse(photo, error.sentence)
            return
        report.count(moved.state if photo.state in TERMINAL else "waited")
        self._wake(moved)

    async def _resume(self, photo: Photo) -> Photo:
        folder = required_folder(self._folders, photo)
        fact = fact_after(photo, folder.parameters.as_json())
        identity = photo.identity
        if isinstance(fact, RetryFromStart | RetryUpload):  # what is paid for needs no source any more
            identity = await asyncio.to_thread(found_again, folder.input, photo.identity)
        # Before the fact: after it nobody would come back to a note that a crash kept.
        await asyncio.to_thread(self._notes.remove, photo)
        return await self._ledger.resume(photo, fact, identity.ctime_ns)

    async def _end_wait(self, photo: Photo) -> Photo:
        with suppress(LedgerError):  # it goes on already
            return await self._ledger.postpone(photo, NO_WAIT)
        return photo


def _done(numbers: Counter[str]) -> list[str]:
    sentences = [f"{counted(numbers[state])} {phrase}" for state, phrase in _NEXT.items() if numbers[state]]
    if numbers["waited"]:
        sentences.append(f"{counted(numbers['waited'])} no longer made to wait")
    return sentences
