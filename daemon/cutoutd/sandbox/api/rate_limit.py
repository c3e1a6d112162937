"""How many removals may be launched: the two ways in which services count, each answering 429 beyond it.

A window counts the last 60 seconds, as the framework behind the service's sentence does. A bucket fills evenly and
holds a few launches for a burst, as many gateways do. Which of the two Uploadcare uses is not on record.
"""

import math
from datetime import timedelta
from typing import Protocol

from cutoutd.sandbox.clock import Clock, from_text
from cutoutd.sandbox.http.responses import throttled
from cutoutd.sandbox.storage.database import Store


class LaunchLimit(Protocol):
    """A limit that a launch has to pass."""

    def require_room(self) -> None:
        """Raise the 429 ``Refusal``, naming the seconds until there is room again."""


class NoLimit:
    """Takes every launch."""

    def require_room(self) -> None:
        """Raise nothing."""


class LaunchWindow:
    """At most so many launches in any 60 seconds; refused ones do not count."""

    def __init__(self, store: Store, clock: Clock, per_minute: int) -> None:
        self._store = store
        self._clock = clock
        self._per_minute = per_minute

    def require_room(self) -> None:
        """Raise the 429 ``Refusal`` when the minute is full, naming the seconds until it no longer is."""
        recent = self._store.launches_since(self._clock.ago(seconds=60))
        if len(recent) >= self._per_minute:
            free = from_text(recent[-self._per_minute]) + timedelta(seconds=60)
            raise throttled(max(1, math.ceil((free - self._clock.now()).total_seconds())))


class LaunchBucket:
    """Launches fill up evenly, so many a minute, up to ``burst``; full at the start, and again after a restart."""

    def __init__(self, clock: Clock, per_minute: int, burst: int) -> None:
        self._clock = clock
        self._per_second = per_minute / 60
        self._burst = burst
        self._held = float(burst)
        self._filled = clock.now()

    def require_room(self) -> None:
        """Take a launch out, or raise the 429 ``Refusal`` naming the whole seconds until one is there."""
        now = self._clock.now()
        # A clock that was set back fills nothing.
        filled_for_s = max(0.0, (now - self._filled).total_seconds())
        self._held, self._filled = min(self._burst, self._held + filled_for_s * self._per_second), now
        if self._held < 1:
            raise throttled(max(1, math.ceil((1 - self._held) / self._per_second)))
        self._held -= 1


def launch_limit(store: Store, clock: Clock, per_minute: int, burst: int) -> LaunchLimit:
    """The limit that the settings ask for: none for 0 a minute, a window without a burst."""
    if not per_minute:
        return NoLimit()
    return LaunchBucket(clock, per_minute, burst) if burst else LaunchWindow(store, clock, per_minute)
