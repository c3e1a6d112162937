"""Clocks that a test sets."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Monotonic seconds that move only when a test moves them."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s
