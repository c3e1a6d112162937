"""The queue of one stage: photos that can begin now, and when the ledger has to be asked for others.

The ledger knows every waiting photo. A queue keeps only photos that are due already, and not many of them. Therefore a
stage asks the ledger once for many photos. It does not ask for a photo that has just come from the stage before.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from cutoutd.core.photo import Photo
from cutoutd.ledger import PhotoCounts
from cutoutd.pipeline.scheduling.stages import Stage

#: A queue keeps at most this many photos ready.
READ_AHEAD = 64


class StageQueue:
    """The photos that one stage takes next, and the moment of its next look into the ledger."""

    def __init__(self, stage: Stage, counts: PhotoCounts) -> None:
        self.stage = stage
        self._counts = counts
        self.busy = 0  #: steps under way
        self.has_backlog = False  #: True if the ledger may have more due photos than `ready`
        self.is_blocked = False  #: True if the ledger said that too many photos are downstream
        self.is_uncertain = False  #: True if only the ledger can tell if a step may begin
        self._ready: dict[int, Photo] = {}
        self._look_at_s = 0.0  # monotonic
        self._woken = asyncio.Event()

    @property
    def free(self) -> int:
        """The number of steps that concurrency and launch rate allow now."""
        free = self.stage.concurrency - self.busy
        return min(free, self.stage.rate.free) if self.stage.rate else free

    @property
    def has_waiting(self) -> bool:
        """True if due photos wait for their turn."""
        return bool(self._ready) or self.has_backlog

    @property
    def has_ready(self) -> bool:
        """True if a photo can begin without a look into the ledger."""
        return bool(self._ready)

    @property
    def has_room(self) -> bool:
        """True if certainly few enough photos are downstream; False if only the ledger can tell."""
        if self.is_uncertain:
            return False
        downstream, busy = self.stage.downstream, self.busy
        return not downstream or self._counts.most_at(downstream) + busy < self.stage.max_downstream

    @property
    def is_look_due(self) -> bool:
        """True if the time for a look into the ledger has come."""
        return time.monotonic() >= self._look_at_s

    @property
    def look_in_s(self) -> float:
        """Seconds until the next look."""
        return self._look_at_s - time.monotonic()

    def can_take(self, photo: Photo) -> bool:
        """Return True if the photo's step can begin now, and no other photo waits for it."""
        return (
            photo.wait.until_s <= time.time()
            and not (self._ready or self.has_backlog)
            and self.free > 0
            and self.stage.rest_s == 0
            and photo.identity.folder not in self.stage.excluded_folders()
            and self.has_room
        )

    def add(self, photo: Photo) -> None:
        """Queue a photo that is due; leave it to the ledger if the queue is full or others there come first."""
        if self.has_backlog or len(self._ready) >= READ_AHEAD:
            self.has_backlog = True
        else:
            self._ready[photo.id] = photo
        if self.free > 0:
            self._woken.set()

    def fill(self, photos: Sequence[Photo], *, has_more: bool) -> None:
        """Queue photos that a look has found."""
        for photo in photos:
            self._ready.setdefault(photo.id, photo)  # because a photo that came meanwhile is newer
        self.has_backlog = self.has_backlog or has_more

    def take(self) -> Photo:
        """Remove and return the photo that has been ready for longest."""
        return self._ready.pop(next(iter(self._ready)))

    def occupy(self, photo: Photo) -> None:
        """Begin a step of this photo."""
        self.busy += 1
        self._ready.pop(photo.id, None)
        if self.stage.rate:
            self.stage.rate.take(photo.id)

    def release(self, photo: Photo) -> None:
        """End a step of this photo."""
        self.busy -= 1
        if self.stage.rate:
            self.stage.rate.give_back(photo.id)  # unless the launch was made

    def leave_to_ledger(self) -> None:
        """Forget the ready photos; the next look reads them again, as they are then."""
        self.has_backlog = self.has_backlog or bool(self._ready)
        self._ready.clear()

    def look_within(self, delay_s: float) -> None:
        """Look into the ledger within this time at the latest."""
        look_at_s = time.monotonic() + max(0.0, delay_s)
        if look_at_s < self._look_at_s:
            self._look_at_s = look_at_s
            self._woken.set()

    def look_soon(self) -> None:
        """Look into the ledger as soon as a step may begin."""
        self.is_blocked = False
        self._look_at_s = 0.0
        self._woken.set()

    def begin_look(self) -> None:
        """Note that the ledger is asked now; photos and wishes that come meanwhile stay noted."""
        self.leave_to_ledger()
        self.has_backlog, self._look_at_s = False, float("inf")

    def wake(self) -> None:
        """Have the stage begin ready photos, without a look."""
        self._woken.set()

    async def sleep(self, longest_s: float) -> None:
        """Return when the queue is woken, or after this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, longest_s)):
                await self._woken.wait()
        self._woken.clear()
