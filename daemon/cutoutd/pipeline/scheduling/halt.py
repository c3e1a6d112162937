"""A halt: nothing is sent for a named reason, a photo probes now and then, and the service goes on by itself.

A halt is no photo's fault; `refusals` tells whether a refusal is about one. It is logged once when it begins and once
when it ends. Photos are still found and checked.
"""

import logging
import time
from collections.abc import Callable

from cutoutd.core.errors import (
    DelayError,
    FailedError,
    HaltError,
    PhotoError,
    RefusableRequest,
    RefusedForNowError,
    UploadsRefusedError,
)
from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo, State, WaitKind
from cutoutd.pipeline.scheduling.refusals import MANY_PHOTOS, SCOPES, Refusals, RefusalScope, Verdict, decide

_FIRST_PROBE_AFTER_S = 60.0
_LAST_PROBE_AFTER_S = 900.0

#: A photo that is refused alone, and is paid for, is tried again so rarely.
_ALONE_RETRY_S = 900.0

#: The code of a photo that Uploadcare did not take.
_UPLOAD_REFUSED = "upload_refused"

_RETRY_ADVICE = (
    "Look at the project's upload settings at Uploadcare; then `cutoutd retry --failed` for those that failed already."
)

#: For each state before a step that can be refused: the next states that prove that Uploadcare accepted the request.
#: Other next states (a reuse, an expired upload, a missing file) prove nothing, because nothing was asked.
_PROVING_STATES = {
    State.ACCEPTED: {State.UPLOADED},
    State.UPLOADED: {State.REMOVAL_STARTED},
    State.REMOVAL_INTENDED: {State.REMOVAL_FINISHED, State.UPLOADED, State.ACCEPTED},
    State.REMOVAL_STARTED: {State.REMOVAL_STARTED, State.REMOVAL_FINISHED, State.FAILED},
    State.REMOVAL_FINISHED: {State.PUBLISHED},
}
_PROBE_STATES = tuple(_PROVING_STATES)

#: The request of each step, unless the error names another one.
_REQUESTS = {
    State.ACCEPTED: RefusableRequest.UPLOAD,
    State.UPLOADED: RefusableRequest.LAUNCH,
    State.REMOVAL_INTENDED: RefusableRequest.QUESTION,
    State.REMOVAL_STARTED: RefusableRequest.QUESTION,
    State.REMOVAL_FINISHED: RefusableRequest.DOWNLOAD,
}

#: The waits after an answer: a removal that runs, however long it has run.
_ANSWERED = frozenset({WaitKind.NONE, WaitKind.POLL, WaitKind.OVERDUE})


class CircuitBreaker:
    """Decides if anything may be sent. `open` and `close` may be called repeatedly.

    Only the refused kind of request can prove that it is accepted again: an upload that goes well says nothing about an
    add-on that is switched off.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.error: HaltError | None = None  #: the reason of the halt; None: there is no halt
        self._failed_state: State | None = None
        self._request: RefusableRequest | None = None
        self._opened_at_s = 0.0
        self._probe_at_s = 0.0
        self._probe_after_s = _FIRST_PROBE_AFTER_S
        self._refusals = Refusals()
        self._failed_alike: dict[str, set[int]] = {}  # photos by the words of their failure, since one was accepted
        self._wake: Callable[[], None] = lambda: None

    @property
    def probe_states(self) -> tuple[State, ...]:
        """The states up to the refused step, in order; the photo that is furthest on probes for all."""
        return () if self._failed_state is None else _PROBE_STATES[: _PROBE_STATES.index(self._failed_state) + 1]

    @property
    def suspects(self) -> frozenset[int]:
        """The photos that do not probe if others can, because the refusal may be about them alone."""
        if self.error is None or self._request is None or SCOPES[type(self.error)] is RefusalScope.PROJECT:
            return frozenset()
        return self._refusals.suspects(self._request)

    @property
    def probe_in_s(self) -> float:
        """Seconds until something may be sent again: 0 without a halt, or if a probe is due."""
        return max(0.0, self._probe_at_s - self._clock()) if self.error else 0.0

    def call_at_end(self, wake: Callable[[], None]) -> None:
        """Call this function when a halt ends."""
        self._wake = wake

    def refuse(self, error: HaltError, photo: Photo) -> DelayError | PhotoError | None:
        """Halt because of a photo's refused request, or return what the refusal means for this photo alone."""
        request = error.request or _REQUESTS[photo.state]
        verdict = decide(SCOPES[type(error)], self._refusals.refuse(request, photo.id))
        if verdict is Verdict.HALT or (self.error is not None and verdict is Verdict.WAIT):
            self.open(error, photo.state)
            return None
        if verdict is Verdict.WAIT:
            return RefusedForNowError(error.sentence)
        if request in {RefusableRequest.UPLOAD, RefusableRequest.LAUNCH}:
            code = _UPLOAD_REFUSED if request is RefusableRequest.UPLOAD else "removal_failed"
            return FailedError(code, f"{error.sentence}; other photos are accepted")
        advice = "Other photos go on. Look at its file in Uploadcare's dashboard; cutoutd tries it again now and then."
        return RefusedForNowError(error.sentence, retry_after_s=_ALONE_RETRY_S, advice=advice)

    def note_step(self, before: Photo, after: Photo) -> None:
        """Note a step, which may show that the refused request is accepted again, or that all uploads fail alike."""
        if before.state not in _PROVING_STATES:
            return
        if before.state is State.ACCEPTED and after.state is State.FAILED:
            self._note_failed_upload(after)
        if after.state not in _PROVING_STATES[before.state] or after.wait.kind not in _ANSWERED:
            return
        request = _REQUESTS[before.state]
        self._refusals.accept(request, before.id)
        if request is RefusableRequest.UPLOAD:
            self._failed_alike.clear()
        if before.state is self._failed_state or request is self._request:
            self.close()

    def note_accepted(self, request: RefusableRequest, sent_at_s: float) -> None:
        """Note any request that Uploadcare accepted; one that was sent before the halt does not end it."""
        self._refusals.accept(request)
        if request is RefusableRequest.UPLOAD:
            self._failed_alike.clear()
        if request is self._request and sent_at_s >= self._opened_at_s:
            self.close()

    def _note_failed_upload(self, photo: Photo) -> None:
        """Halt if photos in a row failed in the same words, else a rule of the project would fail all."""
        sentence = photo.ending.sentence or ""
        if photo.ending.code == _UPLOAD_REFUSED:
            self._failed_alike.setdefault(sentence, set()).add(photo.id)
        if len(self._failed_alike.get(sentence, ())) >= MANY_PHOTOS:
            self.open(UploadsRefusedError(sentence, advice=_RETRY_ADVICE), State.ACCEPTED)

    def open(self, error: HaltError, failed_state: State) -> None:
        """Halt because the step after this state was refused; each refused probe doubles the time to the next one."""
        if self.probe_in_s > 0:
            return  # because steps that were under way are refused too
        if self.error is None:
            log_event(
                "halted", f"{error.title}: {error.sentence.removesuffix('.')}. {error.advice}", level=logging.ERROR
            )
            self._opened_at_s = self._clock()
        else:
            self._probe_after_s = min(self._probe_after_s * 2, _LAST_PROBE_AFTER_S)
        self.error, self._request = error, error.request or _REQUESTS[failed_state]
        # A copy fetches a known cutout as its first step; photos further on must be able to probe for it.
        is_download = self._request is RefusableRequest.DOWNLOAD
        self._failed_state = State.REMOVAL_FINISHED if is_download else failed_state
        self._probe_at_s = self._clock() + self._probe_after_s

    def close(self) -> None:
        """End the halt."""
        if self.error is None:
            return
        log_event("resumed", "Uploadcare accepts requests again, and all photos go on")
        self.error, self._failed_state, self._request = None, None, None
        self._probe_after_s = _FIRST_PROBE_AFTER_S
        self._wake()
