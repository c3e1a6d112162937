"""The status of the whole: numbers of photos, waiting photos with reasons, failures, launches, and costs.

The values come from the ledger and from the running daemon's live state.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cutoutd.config.settings import Limits, Price
from cutoutd.core.photo import TERMINAL, UNPAID, Photo, State
from cutoutd.core.photo.photo_selector import PhotoSelector
from cutoutd.core.usage_counter import local_day
from cutoutd.ledger import Event, LaunchCounts, LostLaunch, ReadTransaction, Total, has_ledger, is_held, read_ledger
from cutoutd.ledger.queries import known_files, lost_launches, monitoring, photos, sources
from cutoutd.ledger.writes import approvals, launches, usage
from cutoutd.pipeline.scheduling.pause import Pause, pause_in
from cutoutd.status.costs import (
    PricedBatch,
    UsageCosts,
    batch_as_json,
    costs_as_json,
    held_batches,
    no_costs,
    usage_costs,
)
from cutoutd.status.forecast import NO_FORECAST, RECENT_S, Forecast, OpenWork, RecentlyPublished, forecast
from cutoutd.status.live_state import LiveState, read_live_state
from cutoutd.status.photo_counts import count_at
from cutoutd.status.standstill import Standstill, StoredStandstills, standstills
from cutoutd.watch.passed_over.passed_over import passed_over_as_json

_MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class Launches:
    """Launched removals, which Uploadcare bills, and their limits."""

    today: int
    this_month: int
    per_day: int | None
    per_month: int | None
    held: int  #: photos that a limit holds
    lost: int = 0  #: all launches that got no response and left no result


@dataclass(frozen=True, slots=True)
class PossibleDoubleCharge:
    """A photo that may have been paid for more than once, and the launches to ask Uploadcare about."""

    photo: Photo
    lost: tuple[LostLaunch, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """The status at one moment."""

    is_running: bool
    live: LiveState | None  #: None: no daemon runs
    totals: tuple[Total, ...]
    waiting: tuple[Photo, ...]
    troubled: tuple[Photo, ...]  #: rejected and failed photos, newest first
    launches: Launches
    double_charges: tuple[PossibleDoubleCharge, ...]  #: launched again after a launch of unknown outcome
    costs: UsageCosts
    batches: tuple[PricedBatch, ...]  #: batches that wait for approval
    pause: Pause | None = None  #: the user's pause; it holds also while no daemon runs
    forecast: Forecast = NO_FORECAST  #: the rate, and the expected end
    doubtful: tuple[Photo, ...] = ()  #: published photos with a doubtful cutout that keeps their source in place
    standstills: tuple[Standstill, ...] = ()  #: everything that stands still, with its reason and its end
    touched: int = 0  #: known photos with files that are still to be compared, because of other times or inodes


def read_status(state_dir: Path, limits: Limits, price: Price | None = None) -> Status:
    """Return the status, from the ledger and the live-state file.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    price = price or Price()
    is_running = is_held(state_dir)
    live = read_live_state(state_dir) if is_running else None
    if not has_ledger(state_dir):
        none = Launches(0, 0, limits.per_day, limits.per_month, 0)
        return Status(is_running, live, (), (), (), none, (), no_costs(price), ())
    with read_ledger(state_dir) as ledger:
        return status_in(ledger, live, limits, price, is_running=is_running)


def status_in(
    ledger: ReadTransaction, live: LiveState | None, limits: Limits, price: Price, *, is_running: bool = True
) -> Status:
    """Return the status from an open ledger."""
    now_s = time.time()
    spent = launches.launch_counts(ledger, now_s)
    totals = tuple(photos.totals(ledger))
    held, pause = photos.held(ledger), pause_in(ledger)
    work = OpenWork(
        under_way=count_at(totals, frozenset(State) - TERMINAL),
        to_launch=count_at(totals, UNPAID),
        held=held + monitoring.unavailable_count(ledger),
        launches_per_minute=live.launches_per_minute if live else None,
        launches_left=_left(spent, limits),
        is_stopped=not is_running or pause is not None or (live is not None and live.halt is not None),
    )
    return Status(
        is_running=is_running,
        live=live,
        totals=totals,
        waiting=tuple(photos.waiting(ledger, _MAX_NAMED)),
        troubled=tuple(photos.at_state(ledger, {State.REJECTED, State.FAILED}, _MAX_NAMED)),
        launches=_launches(spent, limits, held=held, lost=lost_launches.lost_launches(ledger)),
        double_charges=tuple(
            PossibleDoubleCharge(photo, lost_launches.lost_launches_of(ledger, photo.id))
            for photo in lost_launches.paid_again(ledger, _MAX_NAMED)
        ),
        costs=usage_costs(usage.usage_of(ledger, local_day()), spent, price),
        batches=held_batches(approvals.batches(ledger), price),
        pause=pause,
        forecast=forecast(work, RecentlyPublished(*monitoring.published_since(ledger, now_s - RECENT_S)), now_s),
        doubtful=tuple(sources.doubtful(ledger, _MAX_NAMED)),
        standstills=standstills(
            live.standstills if live else (), stored_standstills(ledger, pause), totals, is_running=is_running
        ),
        touched=known_files.number_touched(ledger),
    )


def stored_standstills(ledger: ReadTransaction, pause: Pause | None) -> StoredStandstills:
    """Return the standstills that the ledger knows."""
    return StoredStandstills(monitoring.wait_groups(ledger), monitoring.unknown_outcomes(ledger), pause)


def _left(spent: LaunchCounts, limits: Limits) -> int | None:
    """Return the number of launches that the limits still allow today."""
    periods = ((limits.per_day, spent.today), (limits.per_month, spent.this_month))
    return min((max(0, limit - number) for limit, number in periods if limit is not None), default=None)


def _launches(spent: LaunchCounts, limits: Limits, *, held: int, lost: int) -> Launches:
    return Launches(spent.today, spent.this_month, limits.per_day, limits.per_month, held, lost)


def read_history(state_dir: Path, selectors: Sequence[PhotoSelector] | None, limit: int) -> list[Event]:
    """Return the last events, oldest first, of all photos or of one.

    The first selector that a photo has counts, because a name may be read in several ways.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    with read_ledger(state_dir) as ledger:
        if selectors is None:
            return photos.history(ledger, None, limit)
        found = (photos.history(ledger, selector.path, limit, selector.folder) for selector in selectors)
        return next((events for events in found if events), [])


def status_as_json(status: Status) -> dict[str, Any]:
    """Return the documented, stable form of ``status --json``."""
    return {
        "running": status.is_running,
        "folders": _folders_as_json(status.totals),
        "watched": [mount.model_dump() for mount in status.live.watched] if status.live else [],
        "settling": [file.model_dump() for file in status.live.settling] if status.live else [],
        "touched": status.touched,
        "ignored": status.live.ignored if status.live else 0,
        "passed_over": [passed_over_as_json(item) for item in status.live.passed_over] if status.live else [],
        "halt": status.live.halt.text if status.live and status.live.halt else None,
        "paused": asdict(status.pause) if status.pause else None,
        "source_troubles": status.live.source_troubles if status.live else {},
        "patience": status.live.throttled_until if status.live else {},
        "standby": [folder.model_dump() for folder in status.live.unavailable] if status.live else [],
        "standstills": [asdict(standstill) for standstill in status.standstills],
        "launches": {
            **asdict(status.launches),
            "per_minute": status.live.launches_per_minute if status.live else None,
            "reason": status.live.launch_reason if status.live else "",
        },
        "forecast": asdict(status.forecast),
        "operations": costs_as_json(status.costs),
        "batches": [batch_as_json(batch) for batch in status.batches],
        "possible_double_charges": [double_charge_as_json(charge) for charge in status.double_charges],
        "waiting": [
            {
                **_name(photo),
                "state": photo.state,
                "until_s": photo.wait.until_s if photo.wait.has_end else None,
                "reason": photo.wait.reason,
            }
            for photo in status.waiting
        ],
        "doubtful": [
            {**_name(photo), "doubt": photo.cutout.doubt, "sentence": photo.note} for photo in status.doubtful
        ],
        "troubled": [
            {
                **_name(photo),
                "state": photo.state,
                "code": photo.ending.code,
                "sentence": photo.ending.sentence,
                "advice": photo.ending.advice,
            }
            for photo in status.troubled
        ],
    }


def double_charge_as_json(charge: PossibleDoubleCharge) -> dict[str, Any]:
    """Return the documented, stable form within ``status --json`` and ``report --json``."""
    return {
        **_name(charge.photo),
        "source_uuid": charge.photo.upload.source_uuid,
        "request_id": charge.photo.launch.request_id,
        "lost_launches": [asdict(launch) for launch in charge.lost],
    }


def event_as_json(event: Event) -> dict[str, Any]:
    """Return the documented, stable form of a line of ``history --json``."""
    return {**asdict(event), "order": event.order}


def _folders_as_json(totals: tuple[Total, ...]) -> dict[str, dict[str, int]]:
    folders: dict[str, dict[str, int]] = {}
    for total in totals:
        folders.setdefault(total.folder, dict.fromkeys(State, 0))[total.state] = total.photos
    return folders


def _name(photo: Photo) -> dict[str, str]:
    return {"folder": photo.identity.folder, "path": photo.identity.path}
