"""What people ask about the whole: how many photos stand where, what waits and why, what came to nothing.

It gathers values from the ledger and from what the running daemon tells; showing them is ``screens``' business.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cutoutd.config.settings import Limits, Price
from cutoutd.core.photo import TERMINAL, Photo, State
from cutoutd.core.photo_selector import PhotoSelector
from cutoutd.core.usage_counter import local_day
from cutoutd.ledger import Event, LaunchCounts, LostLaunch, ReadTransaction, Total, has_ledger, is_held, read_ledger
from cutoutd.ledger.queries import lost_launches, monitoring, photos
from cutoutd.ledger.writes import approvals, launches, usage
from cutoutd.pipeline.scheduling.pause import Pause, pause_in
from cutoutd.status.costs import (
    PricedBatch,
    UsageCosts,
    accounts_as_json,
    add_up,
    batch_as_json,
    held_batches,
    no_accounts,
)
from cutoutd.status.forecast import LATELY_S, NO_FORECAST, Forecast, Lately, Work, forecast
from cutoutd.status.live_state import LiveState, read_live_state

_NAMED_PHOTOS = 20

_TO_LAUNCH = frozenset({State.DISCOVERED, State.ACCEPTED, State.UPLOADED})


@dataclass(frozen=True, slots=True)
class Launches:
    """Removals launched, which is what Uploadcare's bill counts, held against the limits."""

    today: int
    this_month: int
    per_day: int | None
    per_month: int | None
    held: int  #: photos that wait for a limit
    lost: int = 0  #: launches, ever, whose answer was lost and whose result was not found


@dataclass(frozen=True, slots=True)
class PaidAgain:
    """A photo that may have been paid for more than once, and the launches to ask Uploadcare about."""

    photo: Photo
    lost: tuple[LostLaunch, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """One look at everything."""

    is_running: bool
    live: LiveState | None  #: what the running daemon tells; None when none runs
    totals: tuple[Total, ...]
    waiting: tuple[Photo, ...]
    troubled: tuple[Photo, ...]  #: rejected and failed ones, newest first
    launches: Launches
    paid_again: tuple[PaidAgain, ...]  #: launched again after a launch whose outcome was never found
    accounts: UsageCosts
    batches: tuple[PricedBatch, ...]  #: those that wait for approval
    pause: Pause | None = None  #: a person ordered it; also while nothing runs
    forecast: Forecast = NO_FORECAST  #: the pace, and when what is under way will be done


def read_status(state_dir: Path, limits: Limits, price: Price | None = None) -> Status:
    """Look at the ledger, and listen to the daemon if it runs.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    price = price or Price()
    is_running = is_held(state_dir)
    live = read_live_state(state_dir) if is_running else None
    if not has_ledger(state_dir):
        none = Launches(0, 0, limits.per_day, limits.per_month, 0)
        return Status(is_running, live, (), (), (), none, (), no_accounts(price), ())
    with read_ledger(state_dir) as ledger:
        return status_in(ledger, live, limits, price, is_running=is_running)


def status_in(
    ledger: ReadTransaction, live: LiveState | None, limits: Limits, price: Price, *, is_running: bool = True
) -> Status:
    """The same for somebody who has the ledger open."""
    now_s = time.time()
    spent = launches.launch_counts(ledger, now_s)
    totals = tuple(photos.totals(ledger))
    held, pause = photos.held(ledger), pause_in(ledger)
    stands_still = not is_running or pause is not None or (live is not None and live.halt is not None)
    work = Work(
        under_way=_number(totals, frozenset(State) - TERMINAL),
        to_launch=_number(totals, _TO_LAUNCH),
        held=held + monitoring.unavailable_count(ledger),
        launches_per_minute=live.launches_per_minute if live else None,
        launches_left=_left(spent, limits),
        stands_still=stands_still,
    )
    return Status(
        is_running=is_running,
        live=live,
        totals=totals,
        waiting=tuple(photos.waiting(ledger, _NAMED_PHOTOS)),
        troubled=tuple(photos.at_state(ledger, {State.REJECTED, State.FAILED}, _NAMED_PHOTOS)),
        launches=_launches(spent, limits, held=held, lost=lost_launches.lost_launches(ledger)),
        paid_again=tuple(
            PaidAgain(photo, lost_launches.lost_launches_of(ledger, photo.id))
            for photo in lost_launches.paid_again(ledger, _NAMED_PHOTOS)
        ),
        accounts=add_up(usage.usage_of(ledger, local_day()), spent, price),
        batches=held_batches(approvals.batches(ledger), price),
        pause=pause,
        forecast=forecast(work, Lately(*monitoring.published_since(ledger, now_s - LATELY_S)), now_s),
    )


def _number(totals: Iterable[Total], states: Collection[State]) -> int:
    return sum(total.photos for total in totals if total.state in states)


def _left(spent: LaunchCounts, limits: Limits) -> int | None:
    """What the limits leave of this day."""
    periods = ((limits.per_day, spent.today), (limits.per_month, spent.this_month))
    return min((max(0, limit - number) for limit, number in periods if limit is not None), default=None)


def _launches(spent: LaunchCounts, limits: Limits, *, held: int, lost: int) -> Launches:
    return Launches(spent.today, spent.this_month, limits.per_day, limits.per_month, held, lost)


def read_history(state_dir: Path, addresses: Sequence[PhotoSelector] | None, limit: int) -> list[Event]:
    """The last facts, oldest first, of the photo at the first of these addresses that is one's, or of all photos.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    with read_ledger(state_dir) as ledger:
        if addresses is None:
            return photos.history(ledger, None, limit)
        told = (photos.history(ledger, address.path, limit, address.folder) for address in addresses)
        return next((events for events in told if events), [])


def status_as_json(status: Status) -> dict[str, Any]:
    """The documented, stable form of ``status --json``."""
    return {
        "running": status.is_running,
        "folders": _folders_as_json(status.totals),
        "watched": [mount.model_dump() for mount in status.live.watched] if status.live else [],
        "settling": [file.model_dump() for file in status.live.settling] if status.live else [],
        "ignored": status.live.ignored if status.live else 0,
        "halt": status.live.halt if status.live else None,
        "paused": asdict(status.pause) if status.pause else None,
        "source_troubles": status.live.source_troubles if status.live else {},
        "patience": status.live.patience if status.live else {},
        "standby": [folder.model_dump() for folder in status.live.standby] if status.live else [],
        "launches": {
            **asdict(status.launches),
            "per_minute": status.live.launches_per_minute if status.live else None,
            "reason": status.live.launch_reason if status.live else "",
        },
        "forecast": asdict(status.forecast),
        "operations": accounts_as_json(status.accounts),
        "batches": [batch_as_json(batch) for batch in status.batches],
        "possible_double_charges": [
            {
                **_place(again.photo),
                "source_uuid": again.photo.upload.source_uuid,
                "request_id": again.photo.launch.request_id,
                "lost_launches": [asdict(launch) for launch in again.lost],
            }
            for again in status.paid_again
        ],
        "waiting": [
            {
                **_place(photo),
                "state": photo.state,
                "until_s": photo.wait.until_s if photo.wait.has_end else None,
                "reason": photo.wait.reason,
            }
            for photo in status.waiting
        ],
        "troubled": [
            {
                **_place(photo),
                "state": photo.state,
                "code": photo.ending.code,
                "sentence": photo.ending.sentence,
                "advice": photo.ending.advice,
            }
            for photo in status.troubled
        ],
    }


def event_as_json(event: Event) -> dict[str, Any]:
    """The documented, stable form of a line of ``history --json``."""
    return {**asdict(event), "order": event.order}


def _folders_as_json(totals: tuple[Total, ...]) -> dict[str, dict[str, int]]:
    folders: dict[str, dict[str, int]] = {}
    for total in totals:
        folders.setdefault(total.folder, dict.fromkeys(State, 0))[total.state] = total.photos
    return folders


def _place(photo: Photo) -> dict[str, str]:
    return {"folder": photo.identity.folder, "path": photo.identity.path}
