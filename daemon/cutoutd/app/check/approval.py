"""The check of the ledger for batches that wait for a person."""

from collections.abc import Iterator
from contextlib import suppress

from cutoutd.app.check.finding import Finding, Level
from cutoutd.config.settings import Settings
from cutoutd.core.errors import CutoutdError
from cutoutd.ledger import Batch, has_ledger, read_ledger
from cutoutd.ledger.writes import approvals
from cutoutd.status.costs import batch_in_words, held_batches


def check_batches(settings: Settings) -> Iterator[Finding]:
    """Yield a warning about each batch that waits for approval. Blocking."""
    for priced in held_batches(_batches(settings), settings.price):
        yield Finding(Level.WARNING, f"folders.{priced.batch.folder}.batch", batch_in_words(priced))


def _batches(settings: Settings) -> list[Batch]:
    """Return no batch for a ledger that this user may not read; ``status`` says so."""
    with suppress(CutoutdError):
        if has_ledger(settings.state_dir):
            with read_ledger(settings.state_dir) as ledger:
                return approvals.batches(ledger)
    return []
