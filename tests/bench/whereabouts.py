"""The parts of a photo's way, and the code that belongs to each, so that CPU can be counted to them.

A place is ``module.function``. A stack is read from the inside out, and the first place that is listed decides. A
library counts to its caller, and the work of the event loop itself counts to the loop.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache


class Part(StrEnum):
    """A part of the way, in its order; the work that is no step of a photo comes last."""

    FINDING = "finding and reading the photo"
    LEDGER = "the ledger"
    UPLOADING = "uploading"
    ASKING = "launching, polling, cleaning up"
    DOWNLOADING = "downloading the cutout"
    PLACING = "checking and placing it"
    HANDING = "event loop and hand-overs to threads"
    REST = "scheduling, limits, log and the rest"


#: The longest prefix counts; None: the caller decides.
_LISTED: Mapping[str, Part | None] = {
    "cutoutd": Part.REST,
    "cutoutd.watch.folder": Part.FINDING,
    "cutoutd.pipeline.steps.validate": Part.FINDING,
    "cutoutd.pipeline.photo_pipeline._validate": Part.FINDING,
    "cutoutd.files.input_tree": Part.FINDING,
    "cutoutd.status.plan_scan": Part.FINDING,
    "cutoutd.files.mounts": Part.FINDING,
    "cutoutd.watch": Part.FINDING,
    "cutoutd.watch.availability": Part.REST,
    "watchdog": Part.FINDING,
    "cutoutd.ledger": Part.LEDGER,
    "cutoutd.pipeline.steps.upload": Part.UPLOADING,
    "cutoutd.uploadcare": Part.ASKING,
    "cutoutd.uploadcare.transport": None,
    "cutoutd.uploadcare.files.__aiter__": Part.UPLOADING,
    "cutoutd.uploadcare.files.__init__": Part.UPLOADING,
    "cutoutd.uploadcare.files._read_block": Part.UPLOADING,
    "cutoutd.uploadcare.client.upload_source": Part.UPLOADING,
    "cutoutd.uploadcare.files.copy_body": Part.DOWNLOADING,
    "cutoutd.uploadcare.client.fetch_cutout": Part.DOWNLOADING,
    "cutoutd.files.output_tree": Part.PLACING,
    "cutoutd.files.provenance": Part.PLACING,
    "cutoutd.core.atomic_write": Part.PLACING,
    "cutoutd.pipeline.steps.place_cutout": Part.PLACING,
    "cutoutd.pipeline.steps.delivery": Part.PLACING,
    "cutoutd.pipeline.steps.publish": Part.PLACING,
    "cutoutd.pipeline.steps.reuse": Part.PLACING,
    "cutoutd.files.hashing": None,
    "cutoutd.images": None,
    "cutoutd.core.errors": None,
    "cutoutd.core.photo": None,
    "cutoutd.images.picture_memory": Part.HANDING,
    # The bare loop is a script.
    "__main__.upload": Part.UPLOADING,
    "__main__.launch": Part.ASKING,
    "__main__.ask_until_done": Part.ASKING,
    "__main__.fetch": Part.DOWNLOADING,
    # Bytes that come and go while no other code runs: nearly all that come are cutouts', all that wait are photos'.
    "asyncio.selector_events._read_ready": Part.DOWNLOADING,
    "asyncio.selector_events._write_ready": Part.UPLOADING,
    "asyncio.selector_events._write_send": Part.UPLOADING,
    "asyncio.base_events._run_once": Part.HANDING,
    "asyncio.base_events.run_in_executor": Part.HANDING,
    "asyncio.events._run": Part.HANDING,
    "asyncio.futures": Part.HANDING,
    "asyncio.threads": Part.HANDING,
    "concurrent.futures": Part.HANDING,
}


def part_of(places: Iterable[str]) -> Part:
    """Return the part that a stack works for, its places given from the inside out."""
    return next((part for place in places if (part := _listed(place)) is not None), Part.REST)


@cache
def _listed(place: str) -> Part | None:
    """Return the part of a place; ``_read_ready__data_received`` is a ``_read_ready``, too."""
    fitting = [prefix for prefix in _LISTED if place == prefix or place.startswith((f"{prefix}.", f"{prefix}_"))]
    return _LISTED[max(fitting, key=len)] if fitting else None
