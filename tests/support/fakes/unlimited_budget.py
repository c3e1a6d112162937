"""What may be spent, in tests of something else: anything, at once."""

import time
from collections.abc import Callable
from pathlib import Path

from cutoutd.config.settings import Limits
from cutoutd.ledger import Ledger
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.budget.launch_rate import LaunchRate


def unlimited_budget(
    ledger: Ledger,
    state_dir: Path,
    *,
    launches_per_minute: int = 100_000,
    clock: Callable[[], float] = time.monotonic,
    **limits: int,
) -> Budget:
    """No limit but those given, any disk, and as many launches as a test makes; the clock is that of their rate."""
    rate = LaunchRate(launches_per_minute, clock=clock)
    return Budget(ledger, Limits(**{"min_free_bytes": 1, **limits}), rate, state_dir)
