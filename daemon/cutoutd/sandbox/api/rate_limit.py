"""The limit of launches, counted in one of two ways; each gives a 429 beyond it.

A window counts the last 60 seconds, as the framework behind the service's sentence does. A bucket fills evenly and
holds a few launches for a burst, as many gateways do. Uploadcare's way is not on record.
"""

import math
from datetime import timedelta
from typing import Protocol

from cutoutd.sandbox.clock import Clock, from_text
from cutoutd.sandbox.http.responses import throttled
from cutoutd.sandbox.storage.database import Store


class LaunchLimit(Protocol):
    """A limit of launches."""

    def require_room(self) -> None:
        """Raise the 429 with the seconds until the next launch is allowed, unless one is allowed now."""


class NoLimit:
    """No limit: every launch is allowed."""

    def require_room(self) -> None:
        """Raise nothing."""


class LaunchWindow:
    """A limit of launches in any 60 seconds; refused ones do not count."""

    def __init__(self, store: Store, clock: Clock, per_minute: int) -> None:
        self._store = store
        self._clock = clock
        self._per_minute = per_minute

    def require_room(self) -> None:
        """Raise the 429 if the minute is full, with the seconds until it is not."""
        recent = self._store.removals.launches_since(self._clock.ago(seconds=60))
        if len(recent) >= self._per_minute:
            free = from_text(recent[-self._per_minute]) + timedelta(seconds=60)
            raise throttled(max(1, math.ceil((free - self._clock.now()).total_seconds())))


class LaunchBucket:
    """A bucket of launches that fills evenly up to ``burst``; it is full at every start."""

    def __init__(self, clock: Clock, per_minute: int, burst: int) -> None:
        self._clock = clock
        self._per_second = per_minute / 60
        self._burst = burst
        self._available = float(burst)
        self._filled = clock.now()

    def require_room(self) -> None:
        """Take a launch out, or raise the 429 with the whole seconds until one is available."""
        now = self._clock.now()
        # Never negative, because a clock that was set back must not empty the bucket.
        filled_for_s = max(0.0, (now - self._filled).total_seconds())
        self._available, self._filled = min(self._burst, self._available + filled_for_s * self._per_second), now
        if self._available < 1:
            raise throttled(max(1, math.ceil((1 - self._available) / self._per_second)))
        self._available -= 1


def launch_limit(store: Store, clock: Clock, per_minute: int, burst: int) -> LaunchLimit:
    """Return the limit of the settings: none for 0 a minute, a window without a burst, else a bucket."""
    if not per_minute:
        return NoLimit()
    return LaunchBucket(clock, per_minute, burst) if burst else LaunchWindow(store, clock, per_minute)
