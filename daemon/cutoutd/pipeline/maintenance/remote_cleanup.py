"""Deleting at Uploadcare what is no longer needed there: sources and results of photos that are at rest.

It only ever sees photos whose cutout is verified on disk, or that came to nothing; which, the ledger says. Many files
go in one request, because each request is billed.
"""

import asyncio
import logging
from collections.abc import Sequence

from cutoutd.config.choices import RemoteCleanup
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import every
from cutoutd.core.photo import Photo
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.uploadcare.client import UploadcareClient

#: Uploadcare takes up to 100 files in one request; a photo has two.
_PHOTOS_PER_REQUEST = 50

#: A stop waits no longer than this for it; what is left is deleted by the next run.
_PATIENCE_S = 4.0

#: How long a photo's files may wait for company, and how long at most while Uploadcare does not delete.
_LINGER_S = 30.0
_LONGEST_WAIT_S = 900.0


class RemoteCleaner:
    """Deletes in batches. A crash between deletion and its record repeats the deletion, which does no harm."""

    def __init__(self, ledger: Ledger, uploadcare: UploadcareClient, policy: RemoteCleanup) -> None:
        self._ledger = ledger
        self._uploadcare = uploadcare
        self._policy = policy
        self._wait_s = _LINGER_S

    async def run(self) -> None:
        """Clean up every now and then until cancelled; trouble is told and tried again, ever more rarely."""
        self._wait_s = _LINGER_S
        await asyncio.sleep(self._wait_s)
        await every(lambda: self._wait_s, self._look)

    async def _look(self) -> None:
        self._wait_s = _LINGER_S if await self.finish() else min(2 * self._wait_s, _LONGEST_WAIT_S)

    async def finish(self) -> bool:
        """Clean up now, within a few seconds; False when Uploadcare cannot now, which is told and left for later."""
        if self._policy is RemoteCleanup.KEEP:
            return True
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.clean()
        except TimeoutError:
            log_event("cleanup_postponed", "Uploadcare did not delete in time", level=logging.WARNING)
            return False
        except CutoutdError as error:
            log_error("cleanup_postponed", error, level=logging.WARNING)
            return False
        return True

    async def clean(self) -> int:
        """Delete all there is to delete; how many photos' files that was.

        Raises:
            DelayError, HaltError: Uploadcare could not do it now; what was done until then is stored.
        """
        cleaned = 0
        while photos := await self._ledger.query(photo_queries.to_clean, _PHOTOS_PER_REQUEST):
            await self._uploadcare.files.delete(_files_of(photos))
            await self._ledger.mark_cleaned(photos)
            cleaned += len(photos)
        if cleaned:
            log_event("cleaned", f"{cleaned:,} finished {'photo' if cleaned == 1 else 'photos'} deleted at Uploadcare")
        return cleaned


def _files_of(photos: Sequence[Photo]) -> list[str]:
    return [
        uuid for photo in photos for uuid in (photo.upload.source_uuid, photo.launch.result_uuid) if uuid is not None
    ]
