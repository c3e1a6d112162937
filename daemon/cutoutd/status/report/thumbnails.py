"""Small pictures before and after, for the newest photos of a report, within a bound of number and of bytes.

Files are opened as the gallery opens them: only what the ledger knows, only while it still is that, through no link.
"""

import base64
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from cutoutd.config.settings import CommonSettings
from cutoutd.core.photo import Photo
from cutoutd.images.originals import Absence, Roots, Side
from cutoutd.images.thumbnails import MIME_TYPE, draw_side, roots_of

#: A page with more takes long to make, to send and to scroll.
MOST_PAIRS = 200

#: All pictures together, before base64 makes them a third larger: mail servers refuse about 20 MB.
MOST_BYTES = 8_000_000

#: Sharp at the size at which it is shown, on a phone and on paper.
_SIDE_PX = 320

_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class ReportPicture:
    """What stands for a file."""

    address: str  #: a data address; empty when there is no picture
    absence: str  #: why there is none; empty when there is one


@dataclass(frozen=True, slots=True)
class ReportPair:
    """A photo before and after."""

    photo: Photo
    before: ReportPicture
    after: ReportPicture


def pairs_of(
    photos: Iterable[Photo], settings: CommonSettings, step: Callable[[], None] = lambda: None
) -> Iterator[ReportPair]:
    """Pictures of the first photos, in order, until the bound is reached; ``step`` hears of each. Blocking."""
    roots = roots_of(settings.folders)
    used = 0
    with ThreadPoolExecutor(_AT_ONCE) as threads:

        def submit(photo: Photo, side: Side) -> Future[ReportPicture]:
            return threads.submit(_picture, photo, side, *roots)

        begun: list[tuple[Photo, Future[ReportPicture], Future[ReportPicture]]] = [
            (photo, submit(photo, Side.PHOTO), submit(photo, Side.CUTOUT)) for photo in photos
        ]
        for photo, before, after in begun:
            pair = ReportPair(photo, before.result(), after.result())
            used += len(pair.before.address) + len(pair.after.address)
            if used * 3 > MOST_BYTES * 4:
                threads.shutdown(cancel_futures=True)
                return
            step()
            yield pair


def _picture(photo: Photo, side: Side, inputs: Roots, archives: Roots) -> ReportPicture:
    content = draw_side(photo, side, inputs, archives, _SIDE_PX)
    if isinstance(content, Absence):
        return ReportPicture("", content.sentence)
    return ReportPicture(f"data:{MIME_TYPE};base64,{base64.b64encode(content).decode()}", "")
