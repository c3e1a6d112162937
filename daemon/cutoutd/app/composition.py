"""What a service consists of, and the order in which it is put together.

The ledger is held and opened first, once; then, for each configuration anew, Uploadcare and everything that works.
Nothing moves yet: see ``service``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from cutoutd.app.startup import make_outputs, make_state_dir
from cutoutd.app.webhook_secret import signing_secret_for
from cutoutd.config.settings import Folders, Settings
from cutoutd.core.photo import State
from cutoutd.core.usage_counter import UsageCounter
from cutoutd.ledger import ChangeFlag, Ledger, hold_ledger, open_ledger
from cutoutd.ledger.queries import photos
from cutoutd.monitoring.notifier import Notifier
from cutoutd.pipeline.budget.budget import Budget, open_budget
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.completion.webhook_monitor import WebhookMonitor
from cutoutd.pipeline.completion.webhook_results import WebhookResults
from cutoutd.pipeline.discovery import Discovery
from cutoutd.pipeline.maintenance.clock_changes import ClockMonitor
from cutoutd.pipeline.maintenance.remote_cleanup import RemoteCleaner
from cutoutd.pipeline.maintenance.removed_sources import RemovedSourceCleaner
from cutoutd.pipeline.maintenance.result_retention import ResultKeeper
from cutoutd.pipeline.on_success import OnSuccessWorker
from cutoutd.pipeline.photo_pipeline import PhotoPipeline
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import PauseState
from cutoutd.pipeline.scheduling.release_held import HeldReleaser
from cutoutd.pipeline.scheduling.run_counts import RunCounts
from cutoutd.pipeline.scheduling.stages import stages_for
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.status.live_state_writer import LiveSources, LiveStateWriter
from cutoutd.status.photo_counts import PhotoCounts
from cutoutd.uploadcare.client import UploadcareClient, open_uploadcare
from cutoutd.watch.availability import FolderAvailability
from cutoutd.watch.folder import FolderWatcher
from cutoutd.web.listener import Listener
from cutoutd.web.webhook_receiver import WebhookReceiver

#: More than all lanes together can use at once.
_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that works together while cutoutd runs."""

    settings: Settings
    ledger: Ledger
    workers: WorkerPool
    folder_watchers: tuple[FolderWatcher, ...]
    remote_cleaner: RemoteCleaner
    result_keeper: ResultKeeper
    live_state_writer: LiveStateWriter
    breaker: CircuitBreaker
    run_counts: RunCounts
    budget: Budget
    availability: FolderAvailability
    on_success: OnSuccessWorker
    held_releaser: HeldReleaser
    pause: PauseState
    photo_counts: PhotoCounts
    usage: UsageCounter
    clock_monitor: ClockMonitor
    notifier: Notifier
    removed_sources: RemovedSourceCleaner
    listener: Listener
    webhook_receiver: WebhookReceiver
    webhook_monitor: WebhookMonitor


@dataclass(frozen=True, slots=True)
class SharedState:
    """What outlives a reload: the ledger, which is ours alone, what is counted into and in it, and what was learned."""

    ledger: Ledger
    usage: UsageCounter
    poll_schedule: PollSchedule
    photo_counts: PhotoCounts


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """One service on a ledger of its own: for those who never reload.

    Raises:
        LedgerError, DiskError: as ``open_estate`` and ``service_on``.
    """
    async with open_shared_state(settings) as estate, service_on(estate, settings) as service:
        yield service


@asynccontextmanager
async def open_shared_state(settings: Settings) -> AsyncIterator[SharedState]:
    """Hold the ledger and open it.

    Raises:
        LedgerError: another instance holds the ledger, or it cannot be used.
        DiskError: the state folder cannot be made.
    """
    await asyncio.to_thread(make_state_dir, settings.state_dir)
    with hold_ledger(settings.state_dir):
        operations = UsageCounter()
        async with open_ledger(settings.state_dir, operations) as ledger:
            census = PhotoCounts()
            await census.open(ledger)
            yield SharedState(ledger, operations, PollSchedule(), census)


@asynccontextmanager
async def service_on(estate: SharedState, settings: Settings) -> AsyncIterator[Service]:
    """Build everything in the order of the module's docstring; nothing moves before ``serve`` or ``work_off``.

    Raises:
        LedgerError: the ledger cannot be read or written.
        DiskError: an output root cannot be made.
    """
    ledger = estate.ledger
    await asyncio.to_thread(make_outputs, settings, await ledger.query(photos.outputs_used))
    async with open_uploadcare(settings.uploadcare, connections=_CONNECTIONS, usage=estate.usage) as uploadcare:
        service = _build(settings, estate, uploadcare, await open_budget(ledger, settings))
        await service.clock_monitor.open()
        await service.pause.open()
        await service.availability.open()
        await service.on_success.open()
        yield service


def _build(settings: Settings, estate: SharedState, uploadcare: UploadcareClient, spending: Budget) -> Service:
    ledger, halt, tally = estate.ledger, CircuitBreaker(), RunCounts()
    folders = Folders({folder.name: folder for folder in settings.folders})
    standby = FolderAvailability(ledger, folders)
    webhook_results = WebhookResults(ledger, estate.poll_schedule)
    context = StepContext(ledger, uploadcare, folders)
    journey = PhotoPipeline(context, spending, estate.poll_schedule, webhook_results, standby)
    intermission = PauseState(ledger)
    ways = stages_for(
        settings.concurrency,
        spending.rate,
        uploadcare.throttle,
        uncounted=spending.approval.uncounted,
        intermission_s=intermission.remaining_s,
    )
    lanes = WorkerPool(ledger, journey, halt, tally, ways)
    intermission.tell_end_to(lanes.wake_all)
    reception = Discovery(ledger, lanes, folders, standby)
    arrivals = tuple(FolderWatcher(folder, settings.watch, reception) for folder in settings.folders)
    spending.approval.count_in(arrivals)
    aftercare = OnSuccessWorker(ledger, folders, standby)
    door = Listener(settings.web.listen)
    look_at_announced = partial(lanes.wake_stage, State.REMOVAL_INTENDED, State.REMOVAL_STARTED)
    tell_address, tell_patience = lambda: door.address, uploadcare.throttle.ends
    reports = LiveSources(arrivals, halt, standby, spending.pace, aftercare.troubles, tell_address, tell_patience)
    broadcast = LiveStateWriter(settings.state_dir, reports)
    cleanup = RemoteCleaner(ledger, uploadcare, settings.uploadcare.remote_cleanup)
    retention = ResultKeeper(ledger, uploadcare)
    withdrawal = RemovedSourceCleaner(ledger, folders, standby, settings.watch.rescan_interval_s)
    return Service(
        settings,
        ledger,
        lanes,
        arrivals,
        cleanup,
        retention,
        broadcast,
        halt,
        tally,
        spending,
        standby,
        aftercare,
        HeldReleaser(spending, lanes, ChangeFlag(ledger)),
        intermission,
        estate.photo_counts,
        estate.usage,
        ClockMonitor(ledger, lanes.wake_all),
        Notifier(ledger, halt, tally, settings.notify),
        withdrawal,
        door,
        WebhookReceiver(ledger, partial(signing_secret_for, settings), look_at_announced),
        WebhookMonitor(ledger, uploadcare, estate.poll_schedule, look_at_announced),
    )
