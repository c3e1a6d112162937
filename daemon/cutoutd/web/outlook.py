"""One look at everything, shared by all who look: computed when somebody wants it and something has changed."""

import asyncio
import time

from cutoutd.reporting import status_in
from cutoutd.web.glance import Glance, glance_at
from cutoutd.web.office import Office

#: Without any change, sentences that say how long ago something was, or how long it takes yet, are this old at most.
_FRESH_FOR_S = 10.0


class Outlook:
    """Remembers the last look.

    Args:
        office: what is looked at.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._one_by_one = asyncio.Lock()
        self._last: Glance | None = None
        self._seen: object = None
        self._at_s = 0.0

    async def now(self) -> Glance:
        """How it is now; however many ask, the ledger is asked once for each change.

        Raises:
            LedgerError, DiskError: it cannot be read.
        """
        async with self._one_by_one:
            settings, live = self._office.settings(), self._office.live()
            seen = (self._office.ledger.revision, live, id(settings))
            if self._last is None or seen != self._seen or time.monotonic() - self._at_s > _FRESH_FOR_S:
                status = await self._office.ledger.ask(status_in, live, settings.limits, settings.price)
                self._last, self._seen, self._at_s = glance_at(status, settings), seen, time.monotonic()
            return self._last
