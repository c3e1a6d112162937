"""``reprocess``: cutouts are made again. The earlier ones stay in place until new ones replace them.

This command may pay for a picture a second time. Therefore it counts the payable removals first, and does nothing
if they are more than the user agreed to.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace

from cutoutd.config.settings import FolderSettings
from cutoutd.control.messages import CommandResult, ReprocessCommand, Scope
from cutoutd.control.result import ResultBuilder, photos_are, removals_in_words
from cutoutd.control.selection import PUBLISHED, ReprocessSelection, pages_of, required_folder, select_for_reprocess
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import ControlError, CutoutdError
from cutoutd.core.photo import DamagedReprocessed, Identity, Photo, Reprocessed, State, require_value
from cutoutd.files.input_tree import current_identity
from cutoutd.ledger import Ledger
from cutoutd.pipeline.steps.reuse import earlier_cutout
from cutoutd.pipeline.steps.upload import expected_rule


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A photo that gets a new cutout."""

    photo: Photo
    identity: Identity  #: with the present ctime of the file
    fact: Reprocessed | DamagedReprocessed

    @property
    def after(self) -> Photo:
        """The photo as it will be after the fact."""
        return self.photo.with_fact(self.fact, 0.0)


def fact_after(photo: Photo, present_parameters: str, scope: Scope, now_s: float) -> Reprocessed:
    """Return the fact with which a photo is made again.

    A photo that the user names is paid for again, unless its duplicate just was. If the cutout is only missing, or the
    parameters have changed, an earlier cutout with the same parameters is reused.
    """
    is_missing = scope is Scope.MISSING
    return Reprocessed(
        parameters=require_value(photo.bound.parameters) if is_missing else present_parameters,
        previous_parameters=require_value(photo.bound.parameters),
        reprocess_started_s=now_s if scope is Scope.NAMED else None,
    )


class ReprocessHandler:
    """Executes ``reprocess``. Its memory does not grow with the number of photos."""

    def __init__(self, ledger: Ledger, folders: Mapping[str, FolderSettings], wake: Callable[[Photo], None]) -> None:
        self._ledger = ledger
        self._folders = folders
        self._wake = wake

    async def execute(self, command: ReprocessCommand) -> CommandResult:
        """Have cutouts made again, unless more removals may have to be paid for than the command allows.

        After a crash some photos are taken up and others are as they were.
        """
        selection = await select_for_reprocess(self._ledger, self._folders, command)
        plan = await self._plan(selection, command.scope)
        if command.dry_run or (command.max_removals is not None and plan.payable > command.max_removals):
            return plan
        result = selection.result
        async for candidate in self._candidates(selection, command.scope, result):
            await self._resume(candidate, result)
        return result.build(
            lambda numbers: [f"{photos_are(numbers[_MADE_AGAIN])} made again"] if numbers else [], _IDLE[command.scope]
        )

    async def _plan(self, selection: ReprocessSelection, scope: Scope) -> CommandResult:
        """Return what would be done, with the number of removals that may have to be paid for.

        Photos of one picture need one removal, and none if an earlier cutout can be reused.
        """
        result = selection.result.copy()
        number, payable, seen = 0, 0, set[tuple[str | None, str | None, int]]()
        async for candidate in self._candidates(selection, scope, result):
            number += 1
            after = candidate.after
            key = (after.picture.identity, after.bound.parameters, after.bound.sent_within)
            if key not in seen:
                seen.add(key)
                payable += await earlier_cutout(after, self._ledger) is None
        words = f"{photos_are(number)} to be made again; {removals_in_words(payable)} may have to be paid for"
        planned = result.build(lambda _: [words] if number else [], _IDLE[scope])
        return replace(planned, payable=payable, is_done=False)

    async def _candidates(
        self, selection: ReprocessSelection, scope: Scope, result: ResultBuilder
    ) -> AsyncIterator[_Candidate]:
        now_s = time.time()
        async for page in pages_of(self._ledger, selection.photo_ids):
            for photo in page:
                try:
                    yield await self._candidate(photo, scope, now_s)
                except CutoutdError as error:
                    result.refuse(photo, error.sentence)

    async def _candidate(self, photo: Photo, scope: Scope, now_s: float) -> _Candidate:
        """Return the photo as a candidate.

        Raises:
            CutoutdError: it cannot be made again; the error says why.
        """
        is_damaged = photo.state is State.FAILED and photo.has_stranded_result
        if photo.state not in PUBLISHED and not is_damaged:
            raise ControlError(f"it is not published, but {photo.state.phrase}")
        if photo.source.result is not None:
            raise ControlError(f"{photo.source.sentence}; put it back to have it made again")
        folder = required_folder(self._folders, photo)
        identity = await calls_to(folder.input).look(current_identity, folder.input, photo.identity)
        parameters = folder.parameters.as_json()
        rule = expected_rule(photo.identity.size_bytes, folder, needs_copy=photo.needs_copy)
        if scope is Scope.MISSING:
            rule = photo.bound.sent_within  # as its parameters
        if is_damaged:
            # Without the previous parameters, because there is no earlier cutout to go back to.
            anew = DamagedReprocessed(parameters=parameters, reprocess_started_s=now_s, sent_within=rule)
            return _Candidate(photo, identity, anew)
        fact = replace(fact_after(photo, parameters, scope, now_s), sent_within=rule)
        return _Candidate(photo, identity, fact)

    async def _resume(self, candidate: _Candidate, result: ResultBuilder) -> None:
        try:
            moved = await self._ledger.resume(candidate.photo, candidate.fact, candidate.identity.ctime_ns)
        except CutoutdError as error:
            result.refuse(candidate.photo, error.sentence)
        else:
            result.count(_MADE_AGAIN)
            self._wake(moved)


_MADE_AGAIN = "made again"

_IDLE = {
    Scope.NAMED: "nothing is to be made again",
    Scope.MISSING: "no cutout is missing",
    Scope.CHANGED: "no published photo has other parameters than its folder",
}
