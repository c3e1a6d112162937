"""The work behind an accepted execution: render, wait out the processing time, store the result.

Each removal is a task. A kill at any point leaves it in progress; the next start runs it again.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from cutoutd.sandbox.api.files import FileEndpoints
from cutoutd.sandbox.api.webhooks import WebhookEndpoints
from cutoutd.sandbox.engine import Cutout, UnknownForegroundError, UnreadableSourceError, parse_parameters
from cutoutd.sandbox.faults.plan import FaultPlan
from cutoutd.sandbox.faults.removal_effects import RemovalEffect
from cutoutd.sandbox.settings import ProcessingTime
from cutoutd.sandbox.storage.ingest import Ingest
from cutoutd.sandbox.storage.rendered_results import RenderedResults, RenderRequest
from cutoutd.sandbox.storage.rows import RemovalError, StoredFile, StoredRemoval, StoredRemovalStatus, UploadLabel

LARGEST_SOURCE_BYTES = 12 * 1000 * 1000
SOURCE_TYPES = {"image/jpeg", "image/png"}
APPDATA_VERSION = "1.0"

# Only unknown_foreground is on record. The texts of the others are assumed, and that they come after execute.
UNKNOWN_FOREGROUND = RemovalError(
    code="unknown_foreground", title="Could not identify foreground in image. For details and recommendations see help."
)
TOO_LARGE = RemovalError(code="file_too_large", title="The image file is larger than 12 MB.")
UNREADABLE = RemovalError(code="unreadable_file", title="The image file cannot be read.")
WRONG_TYPE = RemovalError(code="unsupported_file_type", title="Only JPG and PNG images are supported.")

_log = logging.getLogger(__name__)


class RemovalFailedError(Exception):
    """A removal failed, and ends in ``error`` with these details."""

    def __init__(self, error: RemovalError) -> None:
        super().__init__(error.title)
        self.error = error


@dataclass(frozen=True, slots=True)
class Removals:
    """The worker of removals."""

    ingest: Ingest
    files: FileEndpoints
    results: RenderedResults
    webhooks: WebhookEndpoints
    faults: FaultPlan
    processing_time: ProcessingTime
    start_task: Callable[..., object]

    def start(self, removal: StoredRemoval) -> None:
        """Start an accepted removal."""
        effect = self.faults.next_removal_effect()
        if not effect.is_endless:
            self.start_task(self._run(removal, effect))

    def resume(self) -> None:
        """Start the removals again that an earlier process left in progress."""
        for removal in self.ingest.store.removals.running():
            self.start(removal)

    async def _run(self, removal: StoredRemoval, effect: RemovalEffect) -> None:
        ends_at = asyncio.get_running_loop().time() + self.processing_time.draw_s()
        try:
            source = self._source(removal)
            rendering, cutout = await self._render(source, removal, effect)
            await _until(ends_at)
            result = await self._add_result(source, rendering)
            self._finish(removal, result, cutout, effect)
        except RemovalFailedError as failure:
            await _until(ends_at)
            self._fail(removal, failure.error)
        except Exception:  # noqa: BLE001 - a mistake of the engine must end this removal, and no other
            _log.exception("removal %s", removal.request_id)
            self._fail(removal, RemovalError())

    def _source(self, removal: StoredRemoval) -> StoredFile:
        source = self.ingest.store.files.find(removal.target)
        if source is None or source.is_removed:
            raise RemovalFailedError(RemovalError())
        return source

    async def _render(self, source: StoredFile, removal: StoredRemoval, effect: RemovalEffect) -> tuple[Path, Cutout]:
        """Return the file of the cutout, after the checks that the service makes of a source."""
        error = effect.error or _source_error(source)
        if error is not None:
            raise RemovalFailedError(error)
        request = RenderRequest(
            self.ingest.blobs.path(source.uuid),
            source.sha256,
            parse_parameters(json.loads(removal.parameters)),
            source.orientation if effect.is_exif_honoured else None,
        )
        try:
            rendering, cutout = await asyncio.to_thread(self.results.render, request)
        except UnknownForegroundError as failure:
            raise RemovalFailedError(UNKNOWN_FOREGROUND) from failure
        except UnreadableSourceError as failure:
            raise RemovalFailedError(UNREADABLE) from failure
        if effect.spoil is not None:
            spoilt = self.ingest.blobs.new_temporary()
            await asyncio.to_thread(effect.spoil, rendering, spoilt)
            rendering = spoilt
        return rendering, cutout

    async def _add_result(self, source: StoredFile, rendering: Path) -> StoredFile:
        # The service's names of results are not on record.
        label = UploadLabel(f"{PurePath(source.original_filename).stem}.png")
        return await self.ingest.create_file(rendering, label)

    def _finish(self, removal: StoredRemoval, result: StoredFile, cutout: Cutout, effect: RemovalEffect) -> None:
        """Store appdata and status, then send the webhook messages, in this order."""
        with self.ingest.store.transaction():
            self._set_appdata(removal.target, cutout)
            self.ingest.store.removals.finish(replace(removal, status=StoredRemovalStatus.DONE, file_id=result.uuid))
        if effect.is_result_expired:
            self.files.remove(result)
            return
        self.webhooks.queue_result(result, removal)

    def _set_appdata(self, source_uuid: str, cutout: Cutout) -> None:
        """Set the add-on data of the *source*; ``foreground_type`` is in it only if a type level was asked for."""
        source = self.ingest.store.files.find(source_uuid)
        appdata = json.loads(source.appdata) if source and source.appdata else {}
        moment = self.ingest.clock.stamp()
        appdata["remove_bg"] = {
            "data": {"foreground_type": cutout.foreground_type} if cutout.foreground_type else {},
            "version": APPDATA_VERSION,
            "datetime_created": appdata.get("remove_bg", {}).get("datetime_created", moment),
            "datetime_updated": moment,
        }
        self.ingest.store.files.set_appdata(source_uuid, json.dumps(appdata))
        if source is not None:
            before = json.loads(source.appdata) if source.appdata else {}
            self.webhooks.queue_change(source, {"appdata": before})

    def _fail(self, removal: StoredRemoval, error: RemovalError) -> None:
        ended = replace(removal, status=StoredRemovalStatus.ERROR, error_code=error.code, error_title=error.title)
        self.ingest.store.removals.finish(ended)


async def _until(moment: float) -> None:
    """Sleep until a time of the loop's clock, because the work before it is part of the processing time."""
    await asyncio.sleep(moment - asyncio.get_running_loop().time())


def _source_error(source: StoredFile) -> RemovalError | None:
    if source.size > LARGEST_SOURCE_BYTES:
        return TOO_LARGE
    return None if source.mime_type in SOURCE_TYPES else WRONG_TYPE
