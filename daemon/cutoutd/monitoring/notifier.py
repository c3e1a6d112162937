"""The notifier, which runs the user's command once for each incident: a halt, a held batch, a limit, a failure.

It compares the present incidents with those reported before. It runs the command first and stores that afterwards,
because a crash in between should report twice rather than never.
"""

import asyncio
import logging
import time
from contextlib import suppress

from cutoutd.config.settings import NotifySettings
from cutoutd.config.types.choices import NotifyReason
from cutoutd.core.errors import CutoutdError, LimitReachedError
from cutoutd.core.logs import log_error
from cutoutd.core.periodic import every
from cutoutd.core.photo import TERMINAL, State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.writes import approvals
from cutoutd.monitoring.incidents import Incident, Notified
from cutoutd.monitoring.notify_command import NotifyCommand
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.step_runner import RunCounts

_LOOK_EVERY_S = 2.0
_FINISH_TIMEOUT_S = 10.0

_KEY = "told"

#: A photo of this run in one of these states proves that a halt of an earlier run is over.
_PAST_HALT = (State.REMOVAL_STARTED, State.REMOVAL_FINISHED, State.PUBLISHED)


class Notifier:
    """Looks for incidents regularly. Without a configured command it does nothing."""

    def __init__(
        self, ledger: Ledger, breaker: CircuitBreaker, run_counts: RunCounts, settings: NotifySettings
    ) -> None:
        self._ledger = ledger
        self._breaker = breaker
        self._run_counts = run_counts
        self._on = frozenset(settings.on)
        self._command = NotifyCommand(settings.command) if settings.command else None
        self._has_halted = False
        self._looking: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Look until cancelled. A look in progress is left to ``finish``, else it would report again."""
        if self._command is not None:
            await every(_LOOK_EVERY_S, self._look_shielded)

    async def _look_shielded(self) -> None:
        self._looking = asyncio.create_task(self.look())
        await asyncio.shield(self._looking)

    async def finish(self) -> None:
        """Report the last incidents, within a time limit, because a stop waits for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_TIMEOUT_S):
                if self._looking is not None:
                    await self._looking
                await self.look()

    async def look(self) -> None:
        """Report new incidents. A ledger error is logged quietly, because the workers report it loudly."""
        if self._command is None:
            return
        try:
            # Read each time, because a clock that was set changes what is stored.
            before = Notified.from_json(await self._ledger.query(photos.remembered, _KEY))
            present = [incident for incident in await self._present() if incident.kind in self._on]
            notified = before.without_past({incident.key for incident in present}, time.time(), unknown=self._unknown())
            for incident in present:
                if incident.key not in notified.open:
                    await self._command.send(incident, time.time())
                    notified = notified.with_incident(incident)
            notified = await self._report_failures(notified, self._command)
            if notified != before:
                await self._ledger.remember(_KEY, notified.as_json())
        except CutoutdError as error:
            log_error("ledger_trouble", error, level=logging.DEBUG)

    def _unknown(self) -> frozenset[NotifyReason]:
        """Return HALT until it is known if a halt of an earlier run is over: when a photo gets past it."""
        self._has_halted = self._has_halted or self._breaker.error is not None
        is_known = self._has_halted or self._run_counts.at(*_PAST_HALT) > 0
        return frozenset() if is_known else frozenset({NotifyReason.HALT})

    async def _present(self) -> list[Incident]:
        return [*await self._halts(), *await self._held(), *await self._limits()]

    async def _halts(self) -> list[Incident]:
        error = self._breaker.error
        if error is None:
            return []
        unfinished = await self._ledger.query(photos.count, frozenset(State) - TERMINAL)
        return [Incident(NotifyReason.HALT, f"{error.title}: {error.sentence}", error.advice, unfinished)]

    async def _held(self) -> list[Incident]:
        if not await self._ledger.query(approvals.held_folders):
            return []
        return [
            Incident(
                NotifyReason.HELD,
                f'"{batch.folder}" has {batch.photos:,} new photos, more than limits.confirm_over allows',
                f"See what they cost with `cutoutd status`, then type: cutoutd approve {batch.folder}",
                batch.photos,
                folder=batch.folder,
            )
            for batch in await self._ledger.query(approvals.batches)
            if batch.held
        ]

    async def _limits(self) -> list[Incident]:
        first = await self._ledger.query(photos.first_over_limit)
        if first is None:
            return []
        number = await self._ledger.query(photos.over_limit)
        advice, until_s = LimitReachedError.default_advice, first.wait.until_s
        return [Incident(NotifyReason.LIMIT, first.wait.reason, advice, number, until_s=until_s)]

    async def _report_failures(self, notified: Notified, command: NotifyCommand) -> Notified:
        now_s = time.time()
        if notified.failures_until_s is None:
            return notified.with_failures(now_s, 0.0)
        if NotifyReason.FAILED not in self._on or not notified.may_report_failures(now_s):
            return notified
        number = await self._ledger.query(photos.failed_since, notified.failures_until_s)
        newest = next(iter(await self._ledger.query(photos.at_state, {State.FAILED}, 1)), None)
        if not number or newest is None:  # the user may have retried it between the two queries
            return notified
        name = f"{newest.identity.folder}/{newest.identity.path}"
        subject = f"{name} failed" if number == 1 else f"{number:,} photos failed, the last of them {name}"
        incident = Incident(
            NotifyReason.FAILED,
            f"{subject}: {newest.ending.sentence}",
            newest.ending.advice or "",
            number,
            folder=newest.identity.folder,
        )
        await command.send(incident, now_s)
        return notified.with_failures(newest.state_at_s, now_s)
