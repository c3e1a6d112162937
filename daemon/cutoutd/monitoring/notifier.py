"""Tells a person, once for each incident, that cutoutd stands still, waits for them, or gave photos up.

It looks at what is the case, compares that with what was told, and has the user's command run for what is new. The
command runs first and is remembered then: a crash between the two tells it again rather than never.
"""

import asyncio
import logging
import time
from contextlib import suppress

from cutoutd.config.choices import NotifyReason
from cutoutd.config.settings import NotifySettings
from cutoutd.core.errors import CutoutdError, LimitReachedError
from cutoutd.core.logs import log_error
from cutoutd.core.periodic import every
from cutoutd.core.photo import TERMINAL, State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.writes import approvals
from cutoutd.monitoring.incidents import Incident, Notified, told_as_text, told_from
from cutoutd.monitoring.notify_command import NotifyCommand
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.run_counts import RunCounts

_LOOK_EVERY_S = 2.0
_FINISH_WITHIN_S = 10.0

_KEY = "told"

#: A photo of this run that came here shows that what an earlier run was refused is no more.
_LET_THROUGH = (State.REMOVAL_STARTED, State.REMOVAL_FINISHED, State.PUBLISHED)


class Notifier:
    """Looks every now and then; without a command it does nothing."""

    def __init__(self, ledger: Ledger, halt: CircuitBreaker, tally: RunCounts, settings: NotifySettings) -> None:
        self._ledger = ledger
        self._halt = halt
        self._tally = tally
        self._on = frozenset(settings.on)
        self._messenger = NotifyCommand(settings.command) if settings.command else None
        self._told: Notified | None = None
        self._has_halted = False
        self._looking: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Look until cancelled; a look that has begun is left to ``finish``: cut off, it would tell the same again."""
        if self._messenger is not None:
            await every(_LOOK_EVERY_S, self._look_shielded)

    async def _look_shielded(self) -> None:
        self._looking = asyncio.create_task(self.look())
        await asyncio.shield(self._looking)

    async def finish(self) -> None:
        """Tell what happened last; a stop waits for it, but not long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_WITHIN_S):
                if self._looking is not None:
                    await self._looking
                await self.look()

    async def look(self) -> None:
        """Tell what is new; trouble with the ledger is others' to tell, and the next look comes soon."""
        if self._messenger is None:
            return
        try:
            before = told_from(await self._ledger.query(photos.remembered, _KEY)) if self._told is None else self._told
            present = [incident for incident in await self._present() if incident.kind in self._on]
            told = before.without_past({incident.key for incident in present}, time.time(), unknown=self._unknown())
            for incident in present:
                if incident.key not in told.open:
                    await self._messenger.send(incident, time.time())
                    told = told.with_incident(incident)
            told = await self._tell_failures(told, self._messenger)
            if told != before:
                await self._ledger.remember(_KEY, told_as_text(told))
            self._told = told
        except CutoutdError as error:
            log_error("ledger_trouble", error, level=logging.DEBUG)

    def _unknown(self) -> frozenset[NotifyReason]:
        """Whether a halt of an earlier run is over shows when something goes through."""
        self._has_halted = self._has_halted or self._halt.error is not None
        is_known = self._has_halted or self._tally.at(*_LET_THROUGH) > 0
        return frozenset() if is_known else frozenset({NotifyReason.HALT})

    async def _present(self) -> list[Incident]:
        return [*await self._halts(), *await self._held(), *await self._limits()]

    async def _halts(self) -> list[Incident]:
        error = self._halt.error
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
                f'"{batch.folder}" has {batch.photos:,} new photos, more than limits.confirm_over lets through',
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

    async def _tell_failures(self, told: Notified, messenger: NotifyCommand) -> Notified:
        now_s = time.time()
        if told.failures_until_s is None:
            return told.with_failures(now_s, 0.0)
        if NotifyReason.FAILED not in self._on or not told.may_tell_failures(now_s):
            return told
        number = await self._ledger.query(photos.failed_since, told.failures_until_s)
        newest = next(iter(await self._ledger.query(photos.at_state, {State.FAILED}, 1)), None)
        if not number or newest is None:  # a person may have retried it between the two questions
            return told
        place = f"{newest.identity.folder}/{newest.identity.path}"
        words = f"{place} failed" if number == 1 else f"{number:,} photos failed, the last of them {place}"
        incident = Incident(
            NotifyReason.FAILED,
            f"{words}: {newest.ending.sentence}",
            newest.ending.advice or "",
            number,
            folder=newest.identity.folder,
        )
        await messenger.send(incident, now_s)
        return told.with_failures(newest.state_at_s, now_s)
