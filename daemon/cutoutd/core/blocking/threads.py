"""Threads for blocking work: begun when all others are busy, used again, and left alone when the process ends."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

#: A thread without work ends after this time.
_IDLE_S = 20.0


class DaemonThreads:
    """The threads. There is no limit here, because each place has its own (``blocking``)."""

    def __init__(self, idle_s: float = _IDLE_S) -> None:
        self._idle_s = idle_s
        self._ready = threading.Condition()
        self._work: deque[Callable[[], None]] = deque()
        self._idle = 0

    def start(self, work: Callable[[], None]) -> None:
        """Have the work done in a thread, and return at once. The work raises nothing."""
        with self._ready:
            self._work.append(work)
            if self._idle >= len(self._work):
                self._ready.notify()
                return
        threading.Thread(target=self._serve, name="blocking", daemon=True).start()

    def wait(self, future: "Future[Any]", timeout_s: float) -> None:
        """Wait in the present thread for a call, no longer than this."""
        wait({future}, timeout=timeout_s)

    def _serve(self) -> None:
        while (work := self._next()) is not None:
            work()
            del work  # because an idle thread would else keep what it worked on

    def _next(self) -> Callable[[], None] | None:
        with self._ready:
            if not self._work:
                self._idle += 1
                self._ready.wait_for(lambda: self._work, self._idle_s)
                self._idle -= 1
            return self._work.popleft() if self._work else None


#: Those of the process. The one seam for a simulator: its ``start`` may run the work at once, or hold it back.
thread_starter = DaemonThreads()
