"""The small pictures of a report, before and after, within a bound of number and of bytes.

Files are opened like the gallery opens them: only files that the ledger knows, unchanged, and never through a link.
"""

import base64
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from cutoutd.config.settings import CommonSettings
from cutoutd.core.blocking import WORK_S, calls_to, local_calls
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.core.photo import Photo
from cutoutd.images.originals import Absence, Roots, Side, root_of
from cutoutd.images.picture_memory import picture_memory
from cutoutd.images.thumbnails import MIME_TYPE, draw_side, need_of, roots_of

#: A page with more is slow to make, to send and to scroll.
MAX_PAIRS = 200

#: The bound of all pictures, before base64 makes them a third larger. Mail servers refuse about 20 MB.
MAX_BYTES = 8_000_000

#: Sharp at the shown size, on a phone and on paper.
_SIDE_PX = 320

_THREADS = 2


@dataclass(frozen=True, slots=True)
class ReportPicture:
    """The picture of a file."""

    address: str  #: a data URL; empty: there is no picture
    absence: str  #: the reason why there is none


@dataclass(frozen=True, slots=True)
class ReportPair:
    """The pictures of a photo before and after."""

    photo: Photo
    before: ReportPicture
    after: ReportPicture


def pairs_of(
    photos: Iterable[Photo], settings: CommonSettings, step: Callable[[], None] = lambda: None
) -> Iterator[ReportPair]:
    """Yield the pictures of the photos, in order, until the bound is reached. Blocking.

    ``step`` is called after each pair.
    """
    picture_memory.set_budget(settings.limits.picture_memory_bytes)
    roots = roots_of(settings.folders)
    used = 0
    with ThreadPoolExecutor(_THREADS) as threads:

        def submit(photo: Photo, side: Side) -> Future[ReportPicture]:
            return threads.submit(_picture, photo, side, *roots)

        begun: list[tuple[Photo, Future[ReportPicture], Future[ReportPicture]]] = [
            (photo, submit(photo, Side.PHOTO), submit(photo, Side.CUTOUT)) for photo in photos
        ]
        for photo, before, after in begun:
            pair = ReportPair(photo, before.result(), after.result())
            used += len(pair.before.address) + len(pair.after.address)
            if used * 3 > MAX_BYTES * 4:
                threads.shutdown(cancel_futures=True)
                return
            step()
            yield pair


def _picture(photo: Photo, side: Side, inputs: Roots, archives: Roots) -> ReportPicture:
    root = root_of(photo, side, inputs, archives)
    calls = local_calls if root is None else calls_to(root)
    try:
        with picture_memory.reserved(need_of(photo, side)):
            content = calls.wait(WORK_S, partial(draw_side, photo, side, inputs, archives, _SIDE_PX))
    except TreeUnavailableError as error:
        return ReportPicture("", f"{error.sentence}.")
    if isinstance(content, Absence):
        return ReportPicture("", content.sentence)
    return ReportPicture(f"data:{MIME_TYPE};base64,{base64.b64encode(content).decode()}", "")
