"""The retention of paid results that could not be fetched in time: a full disk may last longer than 24 hours.

Uploadcare deletes files that are not stored after a day. Whether it stores results by itself is not documented
(docs/uploadcare.md 3). The pipeline fetches results, and ``remote_cleanup`` deletes them.
"""

import logging
import time
from functools import partial

from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import GrowingRest, every
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.uploadcare.client import UploadcareClient

#: An hour after its end, the reason why a result is not fetched may last.
_UNFETCHED_FOR_S = 3600.0

_LOOK_EVERY_S = 60.0

#: After refusals; the results have a day.
_LONGEST_REST_S = 3600.0

#: Uploadcare takes up to 100 files in one request.
_RESULTS_PER_REQUEST = 100


class ResultKeeper:
    """The storing of results at Uploadcare. A crash before its record repeats it, which changes nothing."""

    def __init__(self, ledger: Ledger, uploadcare: UploadcareClient) -> None:
        self._ledger = ledger
        self._uploadcare = uploadcare
        #: stored at Uploadcare but not in the ledger, because the ledger's own disk may be the full one
        self._unrecorded: set[str] = set()

    async def run(self) -> None:
        """Look now and then until cancelled. Trouble is logged and tried again, ever more rarely."""
        rest = GrowingRest(_LOOK_EVERY_S, _LONGEST_REST_S)

        async def look() -> None:
            is_done = False
            try:
                await self.store_unfetched(time.time())
                is_done = True
            finally:
                rest.after(is_done=is_done)

        await every(lambda: rest.present_s, look, partial(log_error, "retention_postponed", level=logging.WARNING))

    async def store_unfetched(self, now_s: float) -> None:
        """Store every result that has waited for an hour at this Unix time; each of them once.

        Raises:
            DelayError, HaltError: Uploadcare or the ledger cannot do it now; try again.
        """
        while found := await self._ledger.query(photos.to_keep, now_s - _UNFETCHED_FOR_S, _RESULTS_PER_REQUEST):
            unfetched = [uuid for uuid in found if uuid not in self._unrecorded]
            if unfetched:
                missing = await self._uploadcare.files.store(unfetched)
                self._unrecorded.update(unfetched)
                _log(len(unfetched), len(missing))
            await self._ledger.files.mark_kept(found)
            self._unrecorded.difference_update(found)


def _log(asked: int, missing: int) -> None:
    results = "result" if asked == 1 else "results"
    log_event("stored", f"Uploadcare was told to keep {asked:,} {results} that could not be fetched within an hour")
    if missing:
        log_event("result_missing", f"{missing:,} of them are no longer at Uploadcare", level=logging.WARNING)
