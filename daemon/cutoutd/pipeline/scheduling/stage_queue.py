"""The photos that one stage takes next, in turn between the folders, and the moment of its next look.

The ledger knows every waiting photo. A queue keeps only photos that are due already, and not many of them. Therefore a
stage asks the ledger once for many photos. It does not ask for a photo that has just come from the stage before.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from cutoutd.core.photo import Photo
from cutoutd.ledger import PhotoCounts
from cutoutd.pipeline.scheduling.stages import Stage
from cutoutd.uploadcare.silence import telling_of_silence

#: So many times a stage's concurrency may wait for a silent service beside the steps that move. The bound keeps a
#: service that is merely slow from being asked more and more.
_SILENT_SHARE = 3

#: A queue keeps about so many photos ready.
READ_AHEAD = 64


class LookTimer:
    """The moment of a stage's next look into the ledger, and the sleep until then."""

    def __init__(self) -> None:
        self._look_at_s = 0.0  # monotonic
        self._woken = asyncio.Event()

    @property
    def due_in_s(self) -> float:
        """Seconds until the next look; 0 or less if it is due."""
        return self._look_at_s - time.monotonic()

    def stop(self) -> None:
        """Look no more before another moment is set."""
        self._look_at_s = math.inf

    def look_within(self, delay_s: float) -> None:
        """Look within this time at the latest."""
        look_at_s = time.monotonic() + max(0.0, delay_s)
        if look_at_s < self._look_at_s:
            self._look_at_s = look_at_s
            self._woken.set()

    def wake(self) -> None:
        """End the sleep, without a look."""
        self._woken.set()

    async def sleep(self, longest_s: float) -> None:
        """Return when woken, or after this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, longest_s)):
                await self._woken.wait()
        self._woken.clear()


class ReadyPhotos:
    """Photos that can begin, taken in turn between their folders; within a folder the first one comes first."""

    def __init__(self) -> None:
        self._by_folder: OrderedDict[str, dict[int, Photo]] = OrderedDict()
        self._number = 0
        self.last_folder = ""  #: the folder that was served last

    def __len__(self) -> int:
        return self._number

    def has_of(self, folder: str) -> bool:
        """Return True if a photo of this folder is ready."""
        return folder in self._by_folder

    def put(self, photo: Photo) -> None:
        """Add a photo behind those of its folder, or replace it by a newer form of it."""
        photos = self._by_folder.setdefault(photo.identity.folder, {})
        self._number += photo.id not in photos
        photos[photo.id] = photo

    def put_missing(self, photo: Photo) -> None:
        """Add a photo unless it is there, because one that came meanwhile is newer."""
        if photo.id not in self._by_folder.get(photo.identity.folder, {}):
            self.put(photo)

    def take(self) -> Photo:
        """Remove and return the next photo."""
        folder, photos = self._by_folder.popitem(last=False)
        photo = photos.pop(next(iter(photos)))
        if photos:
            self._by_folder[folder] = photos
        self._number -= 1
        self.last_folder = folder
        return photo

    def discard(self, photo: Photo) -> None:
        """Remove a photo if it is there."""
        photos = self._by_folder.get(photo.identity.folder, {})
        if photos.pop(photo.id, None) is not None:
            self._number -= 1
            if not photos:
                del self._by_folder[photo.identity.folder]

    def clear(self) -> None:
        """Remove all photos."""
        self._by_folder.clear()
        self._number = 0


class StageQueue:
    """The photos that one stage takes next, and the moment of its next look into the ledger."""

    def __init__(self, stage: Stage, counts: PhotoCounts) -> None:
        self.stage = stage
        self._counts = counts
        self.busy = 0  #: steps under way
        self._silent = 0  #: those of them that wait for a silent service
        self.has_backlog = False  #: True if the ledger may have more due photos than `ready`
        self.is_blocked = False  #: True if the ledger said that too many photos are downstream
        self.has_late = False  #: True if it said that late photos are among them
        self.is_asking = False  #: True while the ledger is asked that
        self.ready = ReadyPhotos()  #: photos that can begin without a look into the ledger
        self.timer = LookTimer()

    @property
    def free(self) -> int:
        """The number of steps that concurrency and launch rate allow now."""
        most = self.stage.concurrency
        free = max(0, most - self.busy + min(self._silent, _SILENT_SHARE * most))
        return min(free, self.stage.rate.free) if self.stage.rate else free

    @property
    def has_waiting(self) -> bool:
        """True if due photos wait for their turn."""
        return len(self.ready) > 0 or self.has_backlog

    @property
    def has_room(self) -> bool:
        """True if certainly few enough photos are downstream; False if only the ledger can tell."""
        if self.is_asking:
            return False
        downstream, busy = self.stage.downstream, self.busy
        return not downstream or self._counts.most_at(downstream) + busy < self.stage.max_downstream

    def can_take(self, photo: Photo) -> bool:
        """Return True if the photo's step can begin now, and no other photo waits for it."""
        return (
            photo.wait.until_s <= time.time()
            and not self.has_waiting
            and self.free > 0
            and self.stage.rest_s == 0
            and photo.identity.folder not in self.stage.excluded_folders()
            and self.has_room
        )

    def add(self, photo: Photo) -> None:
        """Queue a photo that is due; leave it to the ledger if others of its folder come first, or fill the queue."""
        is_full = self.has_backlog or len(self.ready) >= READ_AHEAD
        if is_full and self.ready.has_of(photo.identity.folder):
            self.has_backlog = True
        else:
            self.ready.put(photo)
        if self.free > 0:
            self.timer.wake()

    def fill(self, photos: Sequence[Photo], *, has_more: bool) -> None:
        """Queue photos that a look has found."""
        for photo in photos:
            self.ready.put_missing(photo)
        self.has_backlog = self.has_backlog or has_more

    def take(self) -> Photo:
        """Remove and return the next photo."""
        return self.ready.take()

    def occupy(self, photo: Photo) -> None:
        """Begin a step of this photo."""
        self.busy += 1
        self.ready.discard(photo)
        if self.stage.rate:
            self.stage.rate.take(photo.id)

    @contextmanager
    def noting_silence(self) -> Iterator[None]:
        """Let the step in this block take no place while it waits for a silent service."""
        silent = 0

        def note(by: int) -> None:
            nonlocal silent
            silent += by
            self._silent += by
            self.timer.wake()

        try:
            with telling_of_silence(note):
                yield
        finally:
            self._silent -= silent

    def release(self, photo: Photo) -> None:
        """End a step of this photo."""
        self.busy -= 1
        if self.stage.rate:
            self.stage.rate.give_back(photo.id)  # unless the launch was made

    def leave_to_ledger(self) -> None:
        """Forget the ready photos; the next look reads them again, as they are then."""
        self.has_backlog = self.has_backlog or len(self.ready) > 0
        self.ready.clear()

    def look_soon(self) -> None:
        """Look into the ledger as soon as a step may begin."""
        self.is_blocked = False
        self.timer.look_within(0.0)
        self.timer.wake()  # also if a look has been due for long, because a stage that rests makes none

    def begin_look(self, *, asks_for_room: bool) -> None:
        """Note that the ledger is asked now; photos and wishes that come meanwhile stay noted."""
        self.is_asking = asks_for_room  # so that a worker that comes with a photo meanwhile leaves it here
        self.leave_to_ledger()
        self.has_backlog = False
        self.timer.stop()
