"""Telling a person: what is no longer so when it is about to be told."""

from pathlib import Path

import pytest

from cutoutd.config.settings import NotifySettings
from cutoutd.control.retry import fact_after
from cutoutd.core.photo import State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.monitoring.notifier import Notifier
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.step_runner import RunCounts
from support.ledgers import photo_at, with_ledger


def test_a_failure_that_is_retried_while_it_is_looked_at_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted, and gone when its sentence is asked for: nothing to tell, and nothing that ends the daemon."""
    heard = tmp_path / "heard"
    settings = NotifySettings.model_validate({"command": ["touch", str(heard)]})

    async def scene(ledger: Ledger) -> None:
        notifier = Notifier(ledger, CircuitBreaker(), RunCounts(), settings)
        await notifier.look()
        failed = await photo_at(ledger, State.FAILED)
        await ledger.resume(failed, fact_after(failed, "{}"), 1)
        monkeypatch.setattr(photos, "failed_since", lambda *_: 1)
        await notifier.look()

    with_ledger(tmp_path, scene)
    assert not heard.exists()
