"""One look at everything, shared by all who look: computed when somebody wants it and something has changed."""

import asyncio
import time
from collections.abc import Sequence

from cutoutd.core.photo import Photo
from cutoutd.ledger.queries.gallery import GalleryFilter, gallery_page
from cutoutd.status.status import status_in
from cutoutd.web.backend import Backend
from cutoutd.web.live.overview_model import OverviewModel, overview_of

#: Without any change, sentences that say how long ago something was, or how long it takes yet, are this old at most.
_FRESH_FOR_S = 10.0

#: As many as fit beside each other.
_NEWEST = 6


class StatusCache:
    """Remembers the last look.

    Args:
        office: what is looked at.
    """

    def __init__(self, office: Backend) -> None:
        self._office = office
        self._one_by_one = asyncio.Lock()
        self._last: OverviewModel | None = None
        self._seen: object = None
        self._at_s = 0.0
        self._latest: Sequence[Photo] = ()
        self._latest_at_s = 0.0

    async def now(self) -> OverviewModel:
        """How it is now; however many ask, the ledger is asked once for each change.

        Raises:
            LedgerError, DiskError: it cannot be read.
        """
        async with self._one_by_one:
            settings, live = self._office.settings(), self._office.live()
            seen = (self._office.ledger.revision, live, id(settings))
            if self._last is None or seen != self._seen or time.monotonic() - self._at_s > _FRESH_FOR_S:
                status = await self._office.ledger.query(status_in, live, settings.limits, settings.price)
                latest = await self._newest()
                self._last = overview_of(status, settings, now_s=time.time(), latest=latest)
                self._seen, self._at_s = seen, time.monotonic()
            return self._last

    async def _newest(self) -> Sequence[Photo]:
        """The newest cutouts, not quite up to the second: small pictures of all that pass by would cost a core."""
        if not self._latest or time.monotonic() - self._latest_at_s > _FRESH_FOR_S:
            found = await self._office.ledger.query(gallery_page, GalleryFilter(None, ""), _NEWEST)
            self._latest, self._latest_at_s = found.photos, time.monotonic()
        return self._latest
