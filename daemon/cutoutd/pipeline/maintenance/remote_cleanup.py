"""The deletion at Uploadcare of files that are no longer needed: sources and results of finished photos.

Such a photo has a cutout that is verified on disk, or was rejected, or failed. Many files go in one request, because
each request is billed.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cutoutd.config.types.choices import RemoteCleanup
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import every
from cutoutd.core.photo import Photo
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.uploadcare.client import UploadcareClient

#: Uploadcare takes up to 100 files in one request; a photo has two.
_PHOTOS_PER_REQUEST = 50

#: A doubtful cutout may be wanted from Uploadcare once more. Files that are not stored end after a day in any case.
_DOUBTFUL_FOR_S = 86_400.0


@dataclass(frozen=True, slots=True)
class CleanupTiming:
    """The waits of the remote cleanup."""

    linger_s: float = 30.0  #: for which a finished photo waits for others, to share a request with them
    longest_wait_s: float = 900.0  #: between two tries while Uploadcare does not delete
    patience_s: float = 4.0  #: for one round, also when cutoutd stops; the next one deletes the rest


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
        self._wait_s = self._timing.linger_s

    async def run(self) -> None:
        """Clean up now and then until cancelled. Trouble is logged and tried again, ever more rarely."""
        await asyncio.sleep(self._wait_s)
        await every(lambda: self._wait_s, self._look)

    async def _look(self) -> None:
        is_done = await self.finish()
        self._wait_s = self._timing.linger_s if is_done else min(2 * self._wait_s, self._timing.longest_wait_s)

    async def finish(self) -> bool:
        """Clean up now, within a few seconds; False if Uploadcare cannot, which is logged and left for later."""
        if self._policy is RemoteCleanup.KEEP:
            return True
        try:
            async with asyncio.timeout(self._timing.patience_s):
                await self.clean()
        except TimeoutError:
            log_event(
                "cleanup_postponed",
                "Uploadcare did not delete finished photos in time; the next cleanup tries again",
                level=logging.WARNING,
            )
            return False
        except CutoutdError as error:
            log_error("cleanup_postponed", error, level=logging.WARNING)
            return False
        return True

    async def clean(self) -> int:
        """Delete every file that is due, and return the number of photos.

        Raises:
            DelayError, HaltError: Uploadcare cannot delete now; the earlier deletions are stored.
        """
        cleaned = 0
        doubtful_since_s = time.time() - _DOUBTFUL_FOR_S
        while photos := await self._ledger.query(photo_queries.to_clean, _PHOTOS_PER_REQUEST, doubtful_since_s):
            await self._uploadcare.files.delete(_files_of(photos))
            await self._ledger.files.mark_cleaned(photos)
            cleaned += len(photos)
        if cleaned:
            log_event("cleaned", f"{cleaned:,} finished {'photo' if cleaned == 1 else 'photos'} deleted at Uploadcare")
        return cleaned


def _files_of(photos: Sequence[Photo]) -> list[str]:
    return [
        uuid for photo in photos for uuid in (photo.upload.source_uuid, photo.launch.result_uuid) if uuid is not None
    ]
