"""What may be spent, in tests of something else: anything, at once."""

from pathlib import Path

from cutoutd.config.settings import Limits
from cutoutd.launch_rate import LaunchRate
from cutoutd.ledger import Ledger
from cutoutd.spending import Spending


def generous(ledger: Ledger, state_dir: Path, *, launches_per_minute: int = 100_000, **limits: int) -> Spending:
    """No limit but those given, any disk, and as many launches as a test makes."""
    rate = LaunchRate(launches_per_minute)
    return Spending(ledger, Limits(**{"min_free_bytes": 1, **limits}), rate, state_dir)
