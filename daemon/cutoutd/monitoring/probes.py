"""What is asked of the ledger and of the disks now and then, so that nobody who looks has to wait for an answer.

Asking takes the longer the more photos wait; so it rests a hundred times as long, which is one percent of a core.
"""

import asyncio
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cutoutd.core.errors import CutoutdError
from cutoutd.ledger import ChangeFlag, Ledger
from cutoutd.ledger.queries import monitoring
from cutoutd.ledger.queries.monitoring import WaitCause
from cutoutd.monitoring.transition_metrics import TransitionMetrics

_SHORTEST_REST_S = 2.0
_REST_PER_ASKING = 100

#: A disk that was slow once is not slow for ever.
_LONGEST_REST_S = 300.0

_LOOK_AT_DISKS_EVERY_S = 15.0


class Probes:
    """The last answers.

    Args:
        ledger: who is asked.
        passage: who is told what earlier runs did.
        places: the folders whose disks matter, by the name they are told under.
    """

    def __init__(self, ledger: Ledger, passage: TransitionMetrics, places: Mapping[str, Path]) -> None:
        self._ledger = ledger
        self._passage = passage
        self._places = places
        self.waiting: Mapping[WaitCause, int] = MappingProxyType(
            dict.fromkeys(WaitCause, 0)
        )  #: photos, by what they wait for
        self.longest_unmoved_s: float | None = None  #: Unix time, see ``vitals``
        self.possible_double_charges: int | None = None  #: photos; None before they were counted
        self.free_bytes: Mapping[str, int] = MappingProxyType({})  #: by place; one that cannot be asked is left out

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sound_ledger())
            tasks.create_task(self._look_for_the_slowest())
            tasks.create_task(self._sound_disks())  # of its own: a dead network disk may not answer at all

    async def _sound_ledger(self) -> None:
        news, is_recalled = ChangeFlag(self._ledger), False
        while True:
            began_s = time.monotonic()
            try:
                if not is_recalled:
                    published_s = await self._ledger.query(monitoring.last_published_s)
                    self._passage.recall_last_published(published_s or 0.0)
                    is_recalled = True
                if news.take():
                    self.waiting = await self._ledger.query(monitoring.waiting_by_cause)
                    self.possible_double_charges = await self._ledger.query(monitoring.possible_double_charges)
            except CutoutdError:
                news.give_back()  # the lanes meet the same trouble and say so
            await asyncio.sleep(_rest_after_s(began_s))

    async def _look_for_the_slowest(self) -> None:
        news = ChangeFlag(self._ledger)
        while True:
            began_s = time.monotonic()
            try:
                if news.take():
                    self.longest_unmoved_s = await self._ledger.query(monitoring.longest_unmoved_s)
            except CutoutdError:
                news.give_back()  # as above
            await asyncio.sleep(_rest_after_s(began_s))

    async def _sound_disks(self) -> None:
        while True:
            self.free_bytes = await asyncio.to_thread(_free_bytes, self._places)
            await asyncio.sleep(_LOOK_AT_DISKS_EVERY_S)


def _rest_after_s(began_s: float) -> float:
    return min(max(_SHORTEST_REST_S, (time.monotonic() - began_s) * _REST_PER_ASKING), _LONGEST_REST_S)


def _free_bytes(places: Mapping[str, Path]) -> dict[str, int]:
    free_bytes: dict[str, int] = {}
    for name, place in places.items():
        try:
            free_bytes[name] = shutil.disk_usage(place).free
        except OSError:
            continue  # not mounted, not there: ``standby`` and the lanes tell
    return free_bytes
