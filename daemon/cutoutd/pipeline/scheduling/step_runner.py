"""One step of one photo: take it, log its outcome, and keep a fault in it from costing more than that photo.

`RunCounts` counts the photos that it moved, for the progress bar and the exit code.
"""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass

from cutoutd.core.errors import CutoutdError, HaltError
from cutoutd.core.logs import log_error, log_event, log_fault
from cutoutd.core.periodic import Heartbeats
from cutoutd.core.photo import INTERNAL_FAULT, TERMINAL, Failed, Photo, State, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.pipeline.photo_pipeline import PhotoPipeline
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.stages import Stage

#: No step takes longer: the slowest exchange, sending or fetching a photo over a very slow line, is cut off before.
_LONGEST_STEP_S = 1800.0

#: The states of a photo after a launch that was accepted, or has an unknown outcome.
_LAUNCHED = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED})

_FAULT_SENTENCE = "a fault in cutoutd itself stopped this photo"


class RunCounts:
    """Counts the photos that moved in this run, or were found in it."""

    def __init__(self) -> None:
        self._states: dict[int, State] = {}
        self._finished: Counter[State] = Counter()

    def note(self, photo: Photo) -> None:
        """Count a photo at its present state. Finished photos are only counted, so memory stays flat."""
        if photo.state in TERMINAL:
            self._states.pop(photo.id, None)
            self._finished[photo.state] += 1
        else:
            self._states[photo.id] = photo.state

    def at(self, *states: State) -> int:
        """Return the number of photos of this run at these states."""
        under_way = sum(state in states for state in self._states.values())
        return under_way + sum(self._finished[state] for state in states)

    @property
    def finished(self) -> int:
        """The number of finished photos."""
        return self._finished.total()

    @property
    def met(self) -> int:
        """The number of photos of this run so far."""
        return len(self._states) + self.finished


@dataclass(frozen=True, slots=True)
class Timing:
    """The times between looks that nothing else has caused."""

    poll_ledger_s: float = 30.0  #: a stage looks into the ledger at least this often...
    poll_closed_folders_s: float = 0.2  #: ...and at least this often while a folder is excluded from it
    ledger_trouble_wait_s: float = 5.0  #: after the ledger could not be read or written


class StepRunner:
    """Takes steps through the pipeline and tells the log, the run's counts and the circuit breaker about them."""

    def __init__(
        self,
        ledger: Ledger,
        pipeline: PhotoPipeline,
        breaker: CircuitBreaker,
        run_counts: RunCounts,
        timing: Timing = Timing(),
    ) -> None:
        self._ledger = ledger
        self._pipeline = pipeline
        self._run_counts = run_counts
        self.breaker = breaker
        self.timing = timing
        self.heartbeats = Heartbeats()  #: of the steps under way, and of the loops that begin them
        self.moved_at_s = time.monotonic()  #: monotonic time of the last new fact of any photo

    @property
    def ledger_trouble(self) -> CutoutdError | None:
        """The reason why facts cannot be stored for now; None while they can."""
        return self._ledger.trouble

    def note_photo(self, photo: Photo) -> None:
        """Count a photo that is new in this run, or goes on by a command."""
        self._run_counts.note(photo)

    def is_paying(self, photo_id: int) -> bool:
        """Return True if a paid call of this photo is under way."""
        return self._pipeline.is_paying(photo_id)

    async def take_step(self, photo: Photo, stage: Stage) -> Photo | None:
        """Take the photo's next step; return the photo after it, or None if the photo's row is as it was.

        A photo that met a fault in cutoutd itself fails, and is returned as None too.
        """
        try:
            with self.heartbeats.during(f"{stage.name} of photo {photo.id}", within_s=_LONGEST_STEP_S):
                after = await self._advance(photo)
        except CutoutdError as error:
            # The ledger did not take the fact. The photo keeps its state, and the step is taken again.
            log_error("ledger_trouble", error, about=photo)
            await asyncio.sleep(self.timing.ledger_trouble_wait_s)
        except Exception as fault:  # noqa: BLE001  the one broad except of the workers: a fault costs one photo
            await self._fail(photo, fault)
        else:
            if after is None:
                return None
            if stage.rate and after.state in _LAUNCHED:
                stage.rate.keep(photo.id)
            self._note(photo, after)
            return after
        return None

    async def _advance(self, photo: Photo) -> Photo | None:
        """Take the step; return None if it was refused for all photos, so that there is a halt."""
        try:
            return await self._pipeline.advance(photo)
        except HaltError as error:
            own = self.breaker.refuse(error, photo)
            return None if own is None else await self._pipeline.conclude(photo, own)

    def _note(self, before: Photo, after: Photo) -> None:
        self.breaker.note_step(before, after)
        if after.state is before.state:
            _log_wait(after)
            return
        self.moved_at_s = time.monotonic()
        self._run_counts.note(after)
        level = logging.WARNING if after.state in {State.REJECTED, State.FAILED} else logging.INFO
        log_event(after.state, after.story, about=after, level=level)

    async def _fail(self, photo: Photo, fault: Exception) -> None:
        log_fault("internal_fault", f"{_FAULT_SENTENCE}; all others go on", fault, about=photo)
        fact = Failed(INTERNAL_FAULT, _FAULT_SENTENCE, "Report it with the log's trace.")
        try:
            self._run_counts.note(await self._ledger.record(photo, fact))
        except CutoutdError as error:
            log_error("ledger_trouble", error, about=photo)


def _log_wait(photo: Photo) -> None:
    """Log why a photo waits: as a warning when the trouble begins, and for debugging while it goes on."""
    is_news = photo.wait.attempts == 1 and photo.wait.is_delayed and photo.wait.kind is not WaitKind.DUPLICATE
    reason = photo.wait.reason if photo.wait.is_delayed else "asked, not finished yet"
    log_event("waiting", reason, about=photo, level=logging.WARNING if is_news else logging.DEBUG)
