"""``reprocess``: cutouts are made anew. The earlier ones stay in place until new ones replace them.

Unlike everything else that happens by itself, this may pay for pictures that were paid for before; so how many that may
be is counted first, and nothing is done when it is more than was agreed to.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace

from cutoutd.config.settings import FolderSettings
from cutoutd.control.messages import CommandResult, ReprocessCommand, Scope
from cutoutd.control.result import ResultBuilder, counted
from cutoutd.control.selection import PUBLISHED, ReprocessSelection, pages_of, required_folder, select_for_reprocess
from cutoutd.core.errors import ControlError, CutoutdError
from cutoutd.core.photo import Identity, Photo, Reprocessed, require_value
from cutoutd.files.source_file import found_again
from cutoutd.ledger import Ledger
from cutoutd.pipeline.steps.reuse import earlier_cutout


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A photo whose cutout is to be made anew."""

    photo: Photo
    identity: Identity  #: with the file's present ctime
    fact: Reprocessed

    @property
    def after(self) -> Photo:
        """The photo as it will be."""
        return self.photo.with_fact(self.fact, 0.0)


def fact_after(photo: Photo, present_parameters: str, which: Scope, now_s: float) -> Reprocessed:
    """How a photo is made anew.

    One that a person names is paid for again, unless its twin just was. Where the cutout is merely gone, or the
    parameters changed, an earlier cutout with the same parameters is as good.
    """
    is_missing = which is Scope.MISSING
    return Reprocessed(
        parameters=require_value(photo.parameters) if is_missing else present_parameters,
        previous_parameters=require_value(photo.parameters),
        reprocess_started_s=now_s if which is Scope.NAMED else None,
    )


class ReprocessHandler:
    """Carries out ``reprocess``; how many photos an order is about does not matter to memory."""

    def __init__(self, ledger: Ledger, folders: Mapping[str, FolderSettings], wake: Callable[[Photo], None]) -> None:
        self._ledger = ledger
        self._folders = folders
        self._wake = wake

    async def execute(self, order: ReprocessCommand) -> CommandResult:
        """Have cutouts made anew, unless more may have to be paid for than was agreed to.

        A crash leaves some photos taken up and others as they were.
        """
        selection = await select_for_reprocess(self._ledger, self._folders, order)
        plan = await self._plan(selection, order.scope)
        if order.dry_run or (order.max_removals is not None and plan.payable > order.max_removals):
            return plan
        report = selection.report
        async for candidate in self._candidates(selection, order.scope, report):
            await self._resume(candidate, report)
        return report.build(
            lambda numbers: [f"{counted(numbers['made anew'])} made anew"] if numbers else [], _IDLE[order.scope]
        )

    async def _plan(self, selection: ReprocessSelection, which: Scope) -> CommandResult:
        """What would be done, and how many removals may have to be paid for.

        One for all photos of a picture, none where an earlier cutout can be reused.
        """
        report = selection.report.copy()
        number, payable, seen = 0, 0, set[tuple[str | None, str | None]]()
        async for candidate in self._candidates(selection, which, report):
            number += 1
            after = candidate.after
            if (after.sha256, after.parameters) not in seen:
                seen.add((after.sha256, after.parameters))
                payable += await earlier_cutout(after, self._ledger) is None
        words = f"{counted(number)} to be made anew; {_removals(payable)} may have to be paid for"
        answer = report.build(lambda _: [words] if number else [], _IDLE[which])
        return replace(answer, payable=payable, is_done=False)

    async def _candidates(
        self, selection: ReprocessSelection, which: Scope, report: ResultBuilder
    ) -> AsyncIterator[_Candidate]:
        now_s = time.time()
        async for page in pages_of(self._ledger, selection.photo_ids):
            for photo in page:
                try:
                    yield await self._candidate(photo, which, now_s)
                except CutoutdError as error:
                    report.refuse(photo, error.sentence)

    async def _candidate(self, photo: Photo, which: Scope, now_s: float) -> _Candidate:
        """The photo as one that is made anew.

        Raises:
            CutoutdError: it cannot be, and why.
        """
        if photo.state not in PUBLISHED:
            raise ControlError(f"it is not published but {photo.state.phrase}")
        if photo.source_result is not None:
            raise ControlError(f"{photo.source_result}; put it back to have it made anew")
        folder = required_folder(self._folders, photo)
        identity = await asyncio.to_thread(found_again, folder.input, photo.identity)
        return _Candidate(photo, identity, fact_after(photo, folder.parameters.as_json(), which, now_s))

    async def _resume(self, candidate: _Candidate, report: ResultBuilder) -> None:
        try:
            moved = await self._ledger.resume(candidate.photo, candidate.fact, candidate.identity.ctime_ns)
        except CutoutdError as error:
            report.refuse(candidate.photo, error.sentence)
        else:
            report.count("made anew")
            self._wake(moved)


_IDLE = {
    Scope.NAMED: "nothing is to be made anew",
    Scope.MISSING: "no cutout is missing",
    Scope.CHANGED: "no published photo has other parameters than its folder",
}


def _removals(number: int) -> str:
    return "no removal" if number == 0 else "1 removal" if number == 1 else f"up to {number:,} removals"
