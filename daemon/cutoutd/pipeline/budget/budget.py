"""The budget: it decides, before money is spent, if one more removal may be launched, and when.

Limits and approval bind in the ledger's own transaction, so no limit is ever exceeded. The check before an upload only
keeps photos from being sent in vain. The ledger also keeps the learned launch rate across restarts.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cutoutd.config.settings import Limits, Settings
from cutoutd.core.blocking import WORK_S, calls_to
from cutoutd.core.errors import CutoutdError, DiskError, LimitReachedError, ThrottledError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import LaunchRefused, Photo, WaitKind, require_value
from cutoutd.ledger import LaunchCounts, Ledger, ReadTransaction
from cutoutd.ledger.queries import photo_lists, photos
from cutoutd.ledger.writes import launches
from cutoutd.pipeline.budget.launch_rate import LaunchRate, LearnedRate
from cutoutd.pipeline.budget.limits import Approval, require_free, require_within, room_within
from cutoutd.pipeline.budget.room import Room

_KEY = "launch_rate"

#: Uploadcare counts launches by the minute.
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class LaunchPace:
    """The present launch rate, and the reason for it."""

    per_minute: float
    reason: str
    is_throttled: bool = False  #: True if Uploadcare accepts fewer launches than configured


@dataclass(frozen=True, slots=True)
class _Memory:
    """The values that outlive a restart; the ledger stores them under these names."""

    lesson: LearnedRate | None = None
    paused_until_s: float = 0.0  #: Unix time
    paused_at_s: float = 0.0  #: Unix time; in the future if the clock was set back: then there is no pause
    learned_at_s: float = 0.0  #: Unix time of the lesson

    def paused_for_s(self, now_s: float) -> float:
        """Return the seconds that are left of the pause."""
        return self.paused_until_s - now_s if self.paused_at_s <= now_s else 0.0


async def open_budget(ledger: Ledger, settings: Settings) -> "Budget":
    """Go on with the rate and the pause of the last run. Photos that a limit holds are released for a new check."""
    now_s = time.time()
    memory = _memory_from(await ledger.query(photos.remembered, _KEY))
    launched_at_s = await ledger.query(launches.since, now_s - _MINUTE_S)
    rate = LaunchRate(settings.rate_limit.launches_per_minute)
    ages_s = [max(0.0, now_s - at_s) for at_s in launched_at_s]
    learned_ago_s = max(0.0, now_s - memory.learned_at_s)
    rate.recall(memory.lesson, paused_for_s=memory.paused_for_s(now_s), ages_s=ages_s, learned_ago_s=learned_ago_s)
    if number := await ledger.query(photos.over_limit):
        await ledger.waits.release_held(number)
    budget = Budget(ledger, settings.limits, rate, settings.state_dir, memory)
    await budget.approval.release_shrunk()
    await ledger.waits.release_duplicates()  # because a payer's folder may have left the configuration
    return budget


def _nothing() -> None:
    """Check nothing."""


class Budget:
    """Holds photos back while a limit is reached or a disk is nearly full, and knows the launch rate."""

    def __init__(
        self, ledger: Ledger, limits: Limits, rate: LaunchRate, state_dir: Path, memory: _Memory | None = None
    ) -> None:
        self._ledger = ledger
        self._limits = limits
        self._state_dir = state_dir
        self._memory = memory or _Memory()
        self._paused_at_s, self._paused_until_s = self._memory.paused_at_s, self._memory.paused_until_s
        self._sending: set[int] = set()
        self._logged = ""  # the last limit that was logged
        self.throttled = 0  #: launches since the start that Uploadcare refused for their number (429)
        self.rate = rate  #: the rate of the launch stage
        self.room = Room()  #: the places of cutouts
        self.approval = Approval(ledger, limits.confirm_over)
        self._closed_folders: Callable[[], Collection[str]] = frozenset

    def leave_out(self, closed_folders: Callable[[], Collection[str]]) -> None:
        """Let photos of these folders claim nothing from now on: their folder is away, or not configured."""
        self._closed_folders = closed_folders

    def unusable_folders(self) -> frozenset[str]:
        """Return the folders of which nothing can be paid for now."""
        return frozenset({*self._closed_folders(), *self.approval.unscanned_folders()})

    def launch_pace(self) -> LaunchPace:
        """Return the present launch rate in words."""
        learned = self.rate.learned
        if self.rate.paused_for_s > 0:
            until = datetime.fromtimestamp(self._paused_until_s, UTC).astimezone()
            reason = f"Uploadcare asked for patience (429); nothing is launched before {until:%H:%M:%S}"
        elif learned is not None:
            reason = f"Uploadcare refused more after {learned.accepted} in a minute (429); it rises again by the minute"
        else:
            reason = "rate_limit.launches_per_minute"
        return LaunchPace(self.rate.per_minute, reason, is_throttled=self.rate.paused_for_s > 0 or learned is not None)

    @asynccontextmanager
    async def claim(self, photo: Photo, check: Callable[[], None] = _nothing) -> AsyncIterator[None]:
        """Claim one launch for a photo while it is uploaded; `check` is as for `require_room`.

        Raises:
            UnapprovedError: the photo's batch is so large that a person has to approve it.
            LimitReachedError: all allowed launches were made, or earlier photos claim them.
            DiskError: there is too little space for the cutout.
        """
        self._sending.add(photo.id)
        # Earlier claims have priority. A photo with one may be uploaded already when the ledger counts: then it counts
        # by its state.
        sending = frozenset(self._sending)
        try:
            await self.require_room(photo, check)
            await self.approval.require(photo)
            if self._limits.is_counting:
                spent = await self._ledger.query(self._counts_with, sending)
                self._require_within(spent, wanted=spent.ahead)
            yield
        finally:
            self._sending.discard(photo.id)

    async def require_room(
        self, photo: Photo, check: Callable[[], None] = _nothing, *, is_launching: bool = False
    ) -> None:
        """Check that the cutout will find a place, because else it would be paid for in vain.

        Space is asked for and tried; before a launch, the folder of the cutout is made.

        `check` is another blocking check, made first and in the same thread: a thread of its own costs as much again.

        Raises:
            PlaceError: no file can be written where the cutout belongs.
            DiskError: the file system of the output or of the state folder is nearly full.
        """
        output = Path(require_value(photo.bound.output))
        places = (output, self._state_dir)

        def check_all() -> None:
            check()
            require_free(places, self._limits.min_free_bytes)
            self.room.require(photo, is_making=is_launching)

        await calls_to(Path(photo.identity.input)).within(WORK_S, check_all, also=calls_to(output))

    async def record_launch_intent(self, photo: Photo) -> Photo:
        """Store that the paid call is about to be made, counted against the limits in the same transaction.

        Raises:
            LimitReachedError: all allowed launches were made; nothing is stored.
            UnapprovedError: a person has to approve the batch; nothing is stored.
        """
        await self._remember()
        most = self.approval.most_to_check(photo.identity.folder)
        require = partial(self._require_within, wanted=1) if self._limits.is_counting else None
        return await self._ledger.record_launch_intent(photo, require, most=most)

    async def release(self) -> bool:
        """Let as many held photos go on as the limits allow again; return True if there were any.

        A photo that claimed a launch may be rejected or fail. Without this the launch would stay unused until the next
        day.
        """
        has_released = await self.approval.release_shrunk()
        if not await self._ledger.query(photos.over_limit):
            return has_released
        spent = await self._ledger.query(self._counts_with, frozenset(self._sending))
        room = room_within(self._limits, spent)
        if room:
            await self._ledger.waits.release_held(room, self._closed_folders())
        return has_released or bool(room)

    async def release_placeless(self) -> bool:
        """Let a folder's photos go on if its first one finds a place again; return True if there were any.

        Else each would go on at the end of its own wait only.
        """
        has_released = False
        for photo in await self._ledger.query(photo_lists.first_waiting, WaitKind.PLACE):
            with suppress(DiskError):
                await self.require_room(photo)
                await self._ledger.waits.release_placeless(photo.identity.folder)
                has_released = True
        return has_released

    async def refund(self, intended: Photo, refusal: CutoutdError) -> None:
        """Store that Uploadcare refused a launch, so nothing was paid; after a 429 pause launches for Retry-After.

        It is retried until stored, because without the fact a refusal would look like a lost response.
        """
        if isinstance(refusal, ThrottledError):
            self.throttled += 1
            self._pause(refusal, intended.id)
        await self._ledger.record_until_stored(intended, LaunchRefused())
        await self._remember()

    def _counts_with(self, ledger: ReadTransaction, sending: frozenset[int]) -> LaunchCounts:
        return launches.launch_counts(ledger, time.time(), sending, self._closed_folders())

    def _require_within(self, spent: LaunchCounts, *, wanted: int) -> None:
        try:
            require_within(self._limits, spent, wanted=wanted)
        except LimitReachedError as error:
            if error.sentence != self._logged:
                self._logged = error.sentence
                log_event("limit_reached", error.sentence, level=logging.WARNING)
            raise

    def _pause(self, refusal: ThrottledError, photo_id: int) -> None:
        is_news = self.rate.paused_for_s == 0
        self.rate.refuse(refusal.retry_after_s or 0.0, photo_id)
        self._paused_at_s = time.time()
        self._paused_until_s = self._paused_at_s + self.rate.paused_for_s
        if is_news:
            rate = f"after it at most {self.rate.per_minute:.0f} removals a minute are launched"
            log_event("launches_paused", f"{refusal.sentence}; {rate}", level=logging.WARNING)

    async def _remember(self) -> None:
        """Store the learned rate and the pause if they changed. A failure is only logged: both can be learned again."""
        lesson, last = self.rate.learned, self._memory
        now_s = time.time()
        learned_at_s = min(last.learned_at_s, now_s) if lesson == last.lesson else now_s
        memory = _Memory(lesson, self._paused_until_s, self._paused_at_s, learned_at_s)
        if memory == last:
            return
        try:
            await self._ledger.remember(_KEY, _MEMORY.dump_json(memory).decode())
            self._memory = memory
        except CutoutdError as error:
            log_event("ledger_trouble", f"{error.title}: {error.sentence}", level=logging.ERROR)


_MEMORY = TypeAdapter(_Memory)


def learned_rate(ledger: ReadTransaction, ceiling: int) -> float:
    """Return the launches a minute that Uploadcare last accepted, at most this ceiling."""
    learned = _memory_from(photos.remembered(ledger, _KEY)).lesson
    return float(ceiling) if learned is None else min(float(ceiling), learned.per_minute)


def _memory_from(text: str | None) -> _Memory:
    """Return the stored values; the defaults if another version stored them in another form."""
    try:
        return _MEMORY.validate_json(text or "{}")
    except ValidationError:
        return _Memory()
