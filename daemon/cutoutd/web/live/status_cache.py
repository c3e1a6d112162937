"""The cached overview, shared by all windows. It is computed on a request, and only after a change."""

import asyncio
import time
from collections.abc import Sequence

from cutoutd.core.photo import Photo
from cutoutd.ledger.queries.gallery import GalleryFilter, gallery_page
from cutoutd.status.status import status_in
from cutoutd.web.backend import PageBackend
from cutoutd.web.live.overview_model import OverviewModel, overview_of

#: The longest age without a change, because sentences with durations become wrong.
_MAX_AGE_S = 10.0

#: As many cutouts as fit beside each other.
_LATEST = 6


class StatusCache:
    """Caches the last overview.

    Args:
        backend: the service.
    """

    def __init__(self, backend: PageBackend) -> None:
        self._backend = backend
        self._one_by_one = asyncio.Lock()
        self._last: OverviewModel | None = None
        self._seen: object = None
        self._at_s = 0.0
        self._latest: Sequence[Photo] = ()
        self._latest_at_s = 0.0

    async def now(self) -> OverviewModel:
        """Return the present overview. Many requests cost one query for each change.

        Raises:
            LedgerError, DiskError: the ledger cannot be read.
        """
        async with self._one_by_one:
            settings, live = self._backend.settings(), self._backend.live()
            seen = (self._backend.ledger.revision, live, id(settings))
            if self._last is None or seen != self._seen or time.monotonic() - self._at_s > _MAX_AGE_S:
                status = await self._backend.ledger.query(status_in, live, settings.limits, settings.price)
                latest = await self._load_latest()
                self._last = overview_of(status, settings, now_s=time.time(), latest=latest)
                self._seen, self._at_s = seen, time.monotonic()
            return self._last

    async def _load_latest(self) -> Sequence[Photo]:
        """Return the newest cutouts, a few seconds old, because small pictures of each new one would cost a core."""
        if not self._latest or time.monotonic() - self._latest_at_s > _MAX_AGE_S:
            found = await self._backend.ledger.query(gallery_page, GalleryFilter(None, ""), _LATEST)
            self._latest, self._latest_at_s = found.photos, time.monotonic()
        return self._latest
