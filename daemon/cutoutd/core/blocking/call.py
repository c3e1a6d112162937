"""One blocking call: the work, its time limit, and the future that its caller waits for."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

#: The time limit of a look: a stat, a short list. Also the least age of a call that is abandoned with another one.
LOOK_S = 5.0

#: The time limit of the first look at a tree, which a start and a reload wait for.
FIRST_LOOK_S = 2.0

#: The time limit of work: a file is read, hashed or written, and shares may be slow.
WORK_S = 60.0

#: A late timer proves nothing about a share: the whole process may have stood still. So the call gets this much more.
_GRACE_S = 1.0


_present = threading.local()  #: the call that a thread carries out


def note_progress() -> None:
    """Note in the work of a call that its tree has just answered; its time limit begins anew."""
    call: BlockingCall | None = getattr(_present, "call", None)
    if call is not None:
        call.begun_s = call.clock()


@dataclass(eq=False, slots=True)
class BlockingCall:
    """One call. Its future is done when it is abandoned, although its thread goes on."""

    work: Callable[[], Any]
    within_s: float | None  #: None: without a limit
    clock: Callable[[], float]
    on_end: Callable[[], None] | None = None  #: called once when it has ended, or will never begin
    future: "Future[Any]" = field(default_factory=Future)
    begun_s: float | None = None

    @property
    def age_s(self) -> float:
        """The time since it began, in seconds."""
        return 0.0 if self.begun_s is None else self.clock() - self.begun_s

    @property
    def is_look(self) -> bool:
        """True if it is to take a moment only."""
        return self.within_s is not None and self.within_s <= LOOK_S

    @property
    def is_old(self) -> bool:
        """True if it hangs too when another one does."""
        return self.within_s is not None and self.age_s >= LOOK_S

    def left_s(self) -> float:
        """Return the seconds that are left of its time; at most 0 if it is over."""
        within_s = self.within_s or 0.0
        left_s = within_s - self.age_s
        if self.begun_s is not None and left_s < -_GRACE_S:
            self.within_s = within_s - left_s + _GRACE_S
            return _GRACE_S
        return left_s if self.begun_s is not None else within_s

    def carry_out(self) -> Any:  # noqa: ANN401 - as the work's
        """Do the work in the present thread."""
        _present.call = self
        try:
            return self.work()
        finally:
            _present.call = None

    def begin(self) -> bool:
        """Note the beginning; return False if its caller has gone."""
        if self.future.set_running_or_notify_cancel():
            self.begun_s = self.clock()
            return True
        self.end()
        return False

    def refuse(self, error: Exception) -> None:
        """Fail before the beginning."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)
        self.end()

    def end(self) -> None:
        """Note that no thread works on it any more."""
        if self.on_end is not None:
            self.on_end()
