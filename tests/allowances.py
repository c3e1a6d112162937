"""What may be spent, in tests of something else: anything, at once."""

from pathlib import Path

from cutoutd.config.settings import Limits
from cutoutd.launch_rate import LaunchRate
from cutoutd.ledger import Ledger
from cutoutd.spending import Spending


def generous(ledger: Ledger, state_dir: Path, **limits: int) -> Spending:
    """No limit but those given, any disk, and as many launches at once as a test makes."""
    return Spending(ledger, Limits(**{"min_free_bytes": 1, **limits}), LaunchRate(100_000), state_dir)
