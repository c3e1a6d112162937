"""The work behind an accepted execute: render, wait out the processing time, record what became of it.

Owns a removal from its acceptance to its end; it must not answer requests (``addons``). Each one is a task of the
sandbox's task group. A kill at any point leaves the removal in progress; the next start runs it again.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from cutoutd.sandbox.api.files import FileEndpoints
from cutoutd.sandbox.api.webhooks import WebhookEndpoints
from cutoutd.sandbox.engine import Cutout, UnknownForegroundError, parse_parameters
from cutoutd.sandbox.faults.plan import FaultPlan
from cutoutd.sandbox.faults.removal_effects import RemovalEffect
from cutoutd.sandbox.settings import ProcessingTime
from cutoutd.sandbox.storage.ingest import Ingest, UploadLabel
from cutoutd.sandbox.storage.rendered_results import RenderedResults, RenderRequest
from cutoutd.sandbox.storage.rows import RemovalError, StoredFile, StoredRemoval, StoredRemovalStatus

LARGEST_SOURCE_BYTES = 12 * 1000 * 1000
SOURCE_TYPES = {"image/jpeg", "image/png"}
APPDATA_VERSION = "1.0"

# Only unknown_foreground is on record; how the service words the others is not, nor whether it refuses at execute.
UNKNOWN_FOREGROUND = RemovalError(
    code="unknown_foreground", title="Could not identify foreground in image. For details and recommendations see help."
)
TOO_LARGE = RemovalError(code="file_too_large", title="The image file is larger than 12 MB.")
WRONG_TYPE = RemovalError(code="unsupported_file_type", title="Only JPG and PNG images are supported.")

_log = logging.getLogger(__name__)


class RemovalFailedError(Exception):
    """A removal ends in ``error`` with these details."""

    def __init__(self, error: RemovalError) -> None:
        super().__init__(error.title)
        self.error = error


@dataclass(frozen=True, slots=True)
class Removals:
    """Carries removals out."""

    arrivals: Ingest
    files: FileEndpoints
    renderings: RenderedResults
    webhooks: WebhookEndpoints
    faults: FaultPlan
    processing_time: ProcessingTime
    start_task: Callable[..., object]

    def start(self, removal: StoredRemoval) -> None:
        """Begin an accepted removal."""
        mishap = self.faults.next_removal_effect()
        if not mishap.is_endless:
            self.start_task(self._carry_out(removal, mishap))

    def resume(self) -> None:
        """Begin again what an earlier process of this sandbox left in progress."""
        for removal in self.arrivals.store.running_removals():
            self.start(removal)

    async def _carry_out(self, removal: StoredRemoval, mishap: RemovalEffect) -> None:
        ends_at = asyncio.get_running_loop().time() + self.processing_time.draw_s()
        try:
            source = self._source(removal)
            made = await self._render(source, removal, mishap)
            await _until(ends_at)
            await self._hand_over(removal, source, mishap, made)
        except RemovalFailedError as failure:
            await _until(ends_at)
            self._fail(removal, failure.error)
        except Exception:  # noqa: BLE001 - the edge of the worker: an engine's mistake ends this removal, no other
            _log.exception("removal %s", removal.request_id)
            self._fail(removal, RemovalError())

    def _source(self, removal: StoredRemoval) -> StoredFile:
        source = self.arrivals.store.file(removal.target)
        if source is None or source.is_removed:
            raise RemovalFailedError(RemovalError())
        return source

    async def _render(self, source: StoredFile, removal: StoredRemoval, mishap: RemovalEffect) -> tuple[Path, Cutout]:
        """Make the result's file, after the checks the service makes of a source."""
        error = mishap.error or _fault_of(source)
        if error is not None:
            raise RemovalFailedError(error)
        order = RenderRequest(
            self.arrivals.shelf.path(source.uuid),
            source.sha256,
            parse_parameters(json.loads(removal.parameters)),
            mishap.is_exif_honoured,
        )
        try:
            rendering, cutout = await asyncio.to_thread(self.renderings.render, order)
        except UnknownForegroundError as failure:
            raise RemovalFailedError(UNKNOWN_FOREGROUND) from failure
        if mishap.spoil is not None:
            spoilt = self.arrivals.shelf.temporary()
            await asyncio.to_thread(mishap.spoil, rendering, spoilt)
            rendering = spoilt
        return rendering, cutout

    async def _hand_over(
        self, removal: StoredRemoval, source: StoredFile, mishap: RemovalEffect, made: tuple[Path, Cutout]
    ) -> None:
        """Make the result a file of the project, then say so: appdata, status and webhook, in this order."""
        rendering, cutout = made
        # What the service names a result is not on record.
        label = UploadLabel(f"{PurePath(source.original_filename).stem}.png")
        result = await self.arrivals.take(rendering, label)
        with self.arrivals.store.together():
            self._set_appdata(source.uuid, cutout)
            self.arrivals.store.finish_removal(replace(removal, status=StoredRemovalStatus.DONE, file_id=result.uuid))
        if mishap.is_result_expired:
            self.files.remove(result)
            return
        self.webhooks.announce_result(result, removal)

    def _set_appdata(self, source_uuid: str, cutout: Cutout) -> None:
        """What the add-on says about the *source*; ``foreground_type`` only when a type level was asked for."""
        source = self.arrivals.store.file(source_uuid)
        appdata = json.loads(source.appdata) if source and source.appdata else {}
        moment = self.arrivals.clock.stamp()
        appdata["remove_bg"] = {
            "data": {"foreground_type": cutout.foreground_type} if cutout.foreground_type else {},
            "version": APPDATA_VERSION,
            "datetime_created": appdata.get("remove_bg", {}).get("datetime_created", moment),
            "datetime_updated": moment,
        }
        self.arrivals.store.set_appdata(source_uuid, json.dumps(appdata))

    def _fail(self, removal: StoredRemoval, error: RemovalError) -> None:
        ended = replace(removal, status=StoredRemovalStatus.ERROR, error_code=error.code, error_title=error.title)
        self.arrivals.store.finish_removal(ended)


async def _until(moment: float) -> None:
    """Sleep until a moment of the loop's clock: work done meanwhile counts as processing time."""
    await asyncio.sleep(moment - asyncio.get_running_loop().time())


def _fault_of(source: StoredFile) -> RemovalError | None:
    if source.size > LARGEST_SOURCE_BYTES:
        return TOO_LARGE
    return None if source.mime_type in SOURCE_TYPES else WRONG_TYPE
