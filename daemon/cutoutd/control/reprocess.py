"""``reprocess``: cutouts are made anew. The earlier ones stay in place until new ones replace them.

Unlike everything else that happens by itself, this may pay for pictures that were paid for before; so how many that may
be is counted first, and nothing is done when it is more than was agreed to.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cutoutd.config.settings import Folder
from cutoutd.control.choice import choose, required_folder
from cutoutd.control.orders import Answer, Reprocess, Which
from cutoutd.control.report import Report, counted
from cutoutd.errors import CutoutdError
from cutoutd.ledger import Ledger, named
from cutoutd.photo import Identity, Photo, Reprocessed, State, known
from cutoutd.reuse import earlier_cutout
from cutoutd.source import found_again

_PUBLISHED = frozenset({State.PUBLISHED})


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


def fact_after(photo: Photo, present_parameters: str, which: Which, now_s: float) -> Reprocessed:
    """How a photo is made anew.

    One that a person names is paid for again, unless its twin just was. Where the cutout is merely gone, or the
    parameters changed, an earlier cutout with the same parameters is as good.
    """
    is_missing = which is Which.MISSING
    return Reprocessed(
        parameters=known(photo.parameters) if is_missing else present_parameters,
        earlier_parameters=known(photo.parameters),
        anew_since_s=now_s if which is Which.NAMED else None,
    )


class Reprocessing:
    """Carries out ``reprocess``."""

    def __init__(self, ledger: Ledger, folders: Mapping[str, Folder], wake: Callable[[Photo], None]) -> None:
        self._ledger = ledger
        self._folders = folders
        self._inputs = {name: folder.input for name, folder in folders.items()}
        self._wake = wake

    async def carry_out(self, order: Reprocess) -> Answer:
        """Have cutouts made anew, unless more may have to be paid for than was agreed to."""
        report = Report()
        candidates = await self._candidates(order, report)
        payable = await self._payable(candidates)
        if order.is_rehearsal or (order.payable_at_most is not None and payable > order.payable_at_most):
            plan = f"{counted(len(candidates))} to be made anew; {_removals(payable)} may have to be paid for"
            answer = report.answer(lambda _: [plan] if candidates else [], _IDLE[order.which])
            return replace(answer, payable=payable, is_done=False)
        for candidate in candidates:
            await self._take_up(candidate, report)
        return report.answer(
            lambda numbers: [f"{counted(numbers['made anew'])} made anew"] if numbers else [], _IDLE[order.which]
        )

    async def _candidates(self, order: Reprocess, report: Report) -> list[_Candidate]:
        now_s = time.time()
        candidates = []
        for photo in await self._chosen(order, report):
            if photo.source_fate is not None:
                report.refuse(photo, f"{photo.source_fate}; put it back to have it made anew")
                continue
            try:
                folder = required_folder(self._folders, photo)
                identity = await asyncio.to_thread(found_again, folder.input, photo.identity)
            except CutoutdError as error:
                report.refuse(photo, error.sentence)
            else:
                fact = fact_after(photo, folder.parameters.as_json(), order.which, now_s)
                candidates.append(_Candidate(photo, identity, fact))
        return candidates

    async def _chosen(self, order: Reprocess, report: Report) -> list[Photo]:
        if order.which is Which.NAMED:
            chosen = [photo for name in order.paths for photo in await self._named(name, report)]
            chosen += _published(await self._ledger.ask(named.numbered, order.numbers), report)
            return list({photo.id: photo for photo in chosen}.values())
        published = await self._ledger.ask(named.newest_at, _PUBLISHED)
        if order.which is Which.CHANGED:
            return [photo for photo in published if self._is_changed(photo)]
        return await asyncio.to_thread(_missing_of, published, report)

    async def _named(self, name: str, report: Report) -> list[Photo]:
        chosen = await choose(self._ledger, self._inputs, name, _PUBLISHED)
        report.note_choice(name, chosen, "nothing below it is published")
        return _published(chosen.photos, report)

    def _is_changed(self, photo: Photo) -> bool:
        folder = self._folders.get(photo.identity.folder)
        return folder is not None and photo.parameters != folder.parameters.as_json()

    async def _payable(self, candidates: Sequence[_Candidate]) -> int:
        """How many removals may have to be paid for: one for all photos of a picture, none where one can be reused."""
        pictures = {(photo.sha256, photo.parameters): photo for photo in (candidate.after for candidate in candidates)}
        reusable = [await earlier_cutout(photo, self._ledger) is not None for photo in pictures.values()]
        return len(pictures) - sum(reusable)

    async def _take_up(self, candidate: _Candidate, report: Report) -> None:
        try:
            moved = await self._ledger.take_up(candidate.photo, candidate.fact, candidate.identity.ctime_ns)
        except CutoutdError as error:
            report.refuse(candidate.photo, error.sentence)
        else:
            report.count("made anew")
            self._wake(moved)


_IDLE = {
    Which.NAMED: "nothing is to be made anew",
    Which.MISSING: "no cutout is missing",
    Which.CHANGED: "no published photo has other parameters than its folder",
}


def _published(photos: Sequence[Photo], report: Report) -> list[Photo]:
    for photo in photos:
        if photo.state is not State.PUBLISHED:
            report.refuse(photo, f"it is not published but {photo.state.phrase}")
    return [photo for photo in photos if photo.state is State.PUBLISHED]


def _removals(number: int) -> str:
    return "no removal" if number == 0 else "1 removal" if number == 1 else f"up to {number:,} removals"


def _missing_of(published: Sequence[Photo], report: Report) -> list[Photo]:
    """Those whose cutout is not there. An output that is not there, or is empty, may be a disk that is not mounted."""
    are_there = {output: _is_in_use(Path(output)) for output in {known(photo.output) for photo in published}}
    for output in sorted(output for output, is_there in are_there.items() if not is_there):
        report.refuse_all(f"{output} is not there, or empty; if that is as it should be, name photos or a folder")
    return [photo for photo in published if are_there[known(photo.output)] and _is_gone(photo, report)]


def _is_in_use(output: Path) -> bool:
    try:
        return any(output.iterdir())
    except OSError:
        return False


def _is_gone(photo: Photo, report: Report) -> bool:
    try:
        Path(known(photo.output), known(photo.target)).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        report.refuse(photo, f"the place of its cutout cannot be looked at: {error.strerror}")
    return False
