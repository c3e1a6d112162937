"""The memory of processing times across restarts.

Without them a search for a lost launch lasts a minute instead of seconds, and removals are polled more often. A process
that ends again and again would never learn enough.
"""

import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from pydantic import TypeAdapter, ValidationError

from cutoutd.core.logs import log_error
from cutoutd.core.periodic import every, in_background
from cutoutd.core.photo.longest_lead import DAY_S
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.pipeline.completion.processing_times import ProcessingTimes

_KEY = "processing_times"

#: Times are stored at most this often, because each costs a commit.
_STORE_EVERY_S = 1.0

#: Older times say nothing about the service of today.
_LAST_S = DAY_S


@dataclass(frozen=True, slots=True)
class _LearnedTimes:
    """The values that outlive a restart; the ledger stores them under these names."""

    times_s: tuple[float, ...] = ()  #: the oldest first
    learned_at_s: float = 0.0  #: Unix time of the last one

    def is_valid(self, now_s: float) -> bool:
        """Return True if the times are recent and possible; those of a wrong clock are neither."""
        return 0 <= now_s - self.learned_at_s <= _LAST_S and all(0 <= time_s <= _LAST_S for time_s in self.times_s)


_STORED = TypeAdapter(_LearnedTimes)


async def remembered_times(ledger: Ledger) -> tuple[float, ...]:
    """Return the processing times that an earlier process stored, the oldest first; none if they are too old."""
    memory = _memory_from(await ledger.query(photos.remembered, _KEY))
    return memory.times_s if memory.is_valid(time.time()) else ()


def keeping_times(ledger: Ledger, times: ProcessingTimes) -> AbstractAsyncContextManager[None]:
    """Store the processing times after new ones, during the block. A failure is only logged: they can be learned."""
    store = partial(_store_news, ledger, times)
    return in_background(every(_STORE_EVERY_S, store, partial(log_error, "ledger_trouble")))


async def _store_news(ledger: Ledger, times: ProcessingTimes) -> None:
    await times.has_news.wait()
    times.has_news.clear()
    memory = _LearnedTimes(tuple(round(time_s, 3) for time_s in times.recent_s), time.time())
    await ledger.remember(_KEY, _STORED.dump_json(memory).decode())


def _memory_from(text: str | None) -> _LearnedTimes:
    """Return the stored values; the defaults if another version stored them in another form."""
    try:
        return _STORED.validate_json(text or "{}")
    except ValidationError:
        return _LearnedTimes()
