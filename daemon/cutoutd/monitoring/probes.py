"""The slow figures of ``/metrics``, from the ledger and the disks. A task reads them, so that no request waits.

A query takes longer the more photos wait. Therefore the task rests a hundred times as long, which costs one percent of
a core.
"""

import asyncio
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import CutoutdError, TreeUnavailableError
from cutoutd.ledger import ChangeFlag, Ledger
from cutoutd.ledger.queries import monitoring
from cutoutd.ledger.queries.monitoring import WaitCause, WaitGroup
from cutoutd.monitoring.transition_metrics import TransitionMetrics

_MIN_REST_S = 2.0
_REST_PER_QUERY = 100

#: The bound after one slow query.
_MAX_REST_S = 300.0

_READ_DISKS_EVERY_S = 15.0


class Probes:
    """Holds the last figures.

    Args:
        ledger: answers the queries.
        transition_metrics: gets the time of the last publication by an earlier run.
        disks: a folder on each disk, by the name of the disk in the metrics.
    """

    def __init__(self, ledger: Ledger, transition_metrics: TransitionMetrics, disks: Mapping[str, Path]) -> None:
        self._ledger = ledger
        self._transition_metrics = transition_metrics
        self._disks = disks
        #: Photos by the cause of their wait.
        self.waiting: Mapping[WaitCause, int] = MappingProxyType(dict.fromkeys(WaitCause, 0))
        self.wait_groups: Sequence[WaitGroup] = ()  #: delayed photos by kind of wait
        self.unknown_outcomes = 0  #: photos with a launch of unknown outcome
        self.longest_unmoved_s: float | None = None  #: Unix time, see ``queries.monitoring``
        self.possible_double_charges: int | None = None  #: photos; None before the first query
        self.free_bytes: Mapping[str, int] = MappingProxyType({})  #: by disk; a disk that cannot be read is left out

    async def run(self) -> None:
        """Read the figures until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read_ledger())
            tasks.create_task(self._read_longest_unmoved())
            tasks.create_task(self._read_disks())  # a task of its own, because a dead network disk may not answer

    async def _read_ledger(self) -> None:
        changes, is_recalled = ChangeFlag(self._ledger), False
        while True:
            began_s = time.monotonic()
            try:
                if not is_recalled:
                    published_s = await self._ledger.query(monitoring.last_published_s)
                    self._transition_metrics.recall_last_published(published_s or 0.0)
                    is_recalled = True
                if changes.take():
                    self.waiting = await self._ledger.query(monitoring.waiting_by_cause)
                    self.wait_groups = await self._ledger.query(monitoring.wait_groups)
                    self.unknown_outcomes = await self._ledger.query(monitoring.unknown_outcomes)
                    self.possible_double_charges = await self._ledger.query(monitoring.possible_double_charges)
            except CutoutdError:
                changes.give_back()  # the workers get the same error and report it
            await asyncio.sleep(_rest_after_s(began_s))

    async def _read_longest_unmoved(self) -> None:
        changes = ChangeFlag(self._ledger)
        while True:
            began_s = time.monotonic()
            try:
                if changes.take():
                    self.longest_unmoved_s = await self._ledger.query(monitoring.longest_unmoved_s)
            except CutoutdError:
                changes.give_back()  # as above
            await asyncio.sleep(_rest_after_s(began_s))

    async def _read_disks(self) -> None:
        while True:
            found = await asyncio.gather(*map(_free_bytes_of, self._disks.values()))
            named = zip(self._disks, found, strict=True)
            self.free_bytes = {name: free_bytes for name, free_bytes in named if free_bytes is not None}
            await asyncio.sleep(_READ_DISKS_EVERY_S)


def _rest_after_s(began_s: float) -> float:
    return min(max(_MIN_REST_S, (time.monotonic() - began_s) * _REST_PER_QUERY), _MAX_REST_S)


async def _free_bytes_of(folder: Path) -> int | None:
    """Return the free space; None for a disk that is not mounted or does not answer, which ``availability`` reports."""
    with suppress(OSError, TreeUnavailableError):
        return (await calls_to(folder).look(shutil.disk_usage, folder)).free
    return None
