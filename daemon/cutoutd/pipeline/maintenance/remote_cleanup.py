"""The deletion at Uploadcare of files that are no longer needed, also those of earlier rounds.

``ledger.writes.remote_files`` knows them, and says when a file is no longer needed. Many files go in one request,
because each request is billed. An answer may be slow: it is waited for, because a deletion without it is repeated.
"""

import asyncio
import logging
import math
import time
from dataclasses import dataclass

from cutoutd.config.types.choices import RemoteCleanup
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import GrowingRest, every
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import remote_files
from cutoutd.uploadcare.client import UploadcareClient

#: Uploadcare takes up to 100 files in one request.
_FILES_PER_REQUEST = 100


@dataclass(frozen=True, slots=True)
class CleanupTiming:
    """The waits of the remote cleanup."""

    linger_s: float = 30.0  #: for which a finished photo waits for others, to share a request with them
    longest_wait_s: float = 3600.0  #: between two tries while Uploadcare does not delete
    last_round_s: float = 4.0  #: when cutoutd stops, no request begins later; the next start deletes the rest


class RemoteCleaner:
    """The deletion, in batches. A crash before its record repeats it, which does no harm.

    Args:
        ledger: knows the files to delete.
        uploadcare: deletes them.
        policy: KEEP deletes nothing.
        timing: the waits.
    """

    def __init__(
        self,
        ledger: Ledger,
        uploadcare: UploadcareClient,
        policy: RemoteCleanup,
        timing: CleanupTiming | None = None,
    ) -> None:
        self._ledger = ledger
        self._uploadcare = uploadcare
        self._policy = policy
        self._timing = timing or CleanupTiming()
        self._rest = GrowingRest(self._timing.linger_s, self._timing.longest_wait_s)

    async def run(self) -> None:
        """Clean up now and then until cancelled. Trouble is logged and tried again, ever more rarely."""
        await asyncio.sleep(self._rest.present_s)
        await every(lambda: self._rest.present_s, self._look)

    async def _look(self) -> None:
        self._rest.after(is_done=await self._clean_or_tell())

    async def finish(self) -> None:
        """Clean up because cutoutd stops: begin no request after a few seconds, and wait for the last answer."""
        await self._clean_or_tell(time.monotonic() + self._timing.last_round_s)

    async def _clean_or_tell(self, end_s: float = math.inf) -> bool:
        """Clean up now; return False if Uploadcare cannot, which is logged and left for later."""
        if self._policy is RemoteCleanup.KEEP:
            return True
        try:
            await self.clean(end_s)
        except CutoutdError as error:
            log_error("cleanup_postponed", error, level=logging.WARNING)
            return False
        return True

    async def clean(self, end_s: float = math.inf) -> int:
        """Delete every file that is due, and return their number; begin no request after this monotonic time.

        Raises:
            DelayError, HaltError: Uploadcare cannot delete now; the earlier deletions are stored.
        """
        cleaned = 0
        while time.monotonic() < end_s:
            uuids = await self._ledger.query(remote_files.to_clean, time.time(), _FILES_PER_REQUEST)
            if not uuids:
                break
            await self._uploadcare.files.delete(uuids)
            await self._ledger.files.mark_cleaned(uuids)
            cleaned += len(uuids)
        if cleaned:
            log_event("cleaned", f"{cleaned:,} {'file' if cleaned == 1 else 'files'} deleted at Uploadcare")
        return cleaned
