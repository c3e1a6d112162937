"""The parts of a service, and the order in which they are built.

The ledger is held and opened first, once. Uploadcare and everything that works is built anew for each configuration.
Nothing runs yet: see `app.service`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from cutoutd.app.startup import make_outputs, make_state_dir, require_separate_trees
from cutoutd.app.webhook_secret import signing_secret_for
from cutoutd.config.settings import Folders, Settings
from cutoutd.core.blocking import local_calls
from cutoutd.core.photo import State
from cutoutd.core.usage_counter import UsageCounter
from cutoutd.files.provenance import KEPT_KEY, provenance_keys
from cutoutd.images.picture_memory import picture_memory
from cutoutd.ledger import ChangeFlag, Ledger, hold_ledger, open_ledger
from cutoutd.ledger.queries import photos
from cutoutd.monitoring.notifier import Notifier
from cutoutd.pipeline.budget.budget import Budget, open_budget
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.completion.times_memory import keeping_times, remembered_times
from cutoutd.pipeline.completion.webhook_monitor import WebhookMonitor
from cutoutd.pipeline.discovery import Discovery, superseded_looked_at
from cutoutd.pipeline.maintenance.clock_changes import ClockMonitor
from cutoutd.pipeline.maintenance.outdated_failures import OutdatedFailures
from cutoutd.pipeline.maintenance.remote_cleanup import RemoteCleaner
from cutoutd.pipeline.maintenance.removed_sources import RemovedSourceCleaner
from cutoutd.pipeline.maintenance.result_retention import ResultKeeper
from cutoutd.pipeline.on_success import OnSuccessWorker
from cutoutd.pipeline.photo_pipeline import PhotoPipeline
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import LaunchGate, PauseState
from cutoutd.pipeline.scheduling.release_held import HeldReleaser
from cutoutd.pipeline.scheduling.stages import StageHolds, stages_for
from cutoutd.pipeline.scheduling.step_runner import RunCounts, StepRunner
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.failure_note import FailureNotes
from cutoutd.pipeline.touched_sources import TouchedSources
from cutoutd.status.live_standstills import StandstillSources
from cutoutd.status.live_state_writer import LiveSources, LiveStateWriter
from cutoutd.uploadcare.client import UploadcareClient, open_uploadcare
from cutoutd.watch.availability.monitor import FolderAvailability
from cutoutd.watch.availability.tree_watch import TreeWatch
from cutoutd.watch.folder import FolderWatcher
from cutoutd.watch.trees.tree_claims import TreeClaims, claimed_trees, tell_unseen
from cutoutd.watch.trees.tree_overlap import state_tree
from cutoutd.web.listener import Listener
from cutoutd.web.webhook_receiver import WebhookReceiver


@dataclass(frozen=True, slots=True)
class Core:
    """The state that all other parts share."""

    settings: Settings
    ledger: Ledger
    usage: UsageCounter
    budget: Budget
    breaker: CircuitBreaker
    pause: PauseState
    run_counts: RunCounts
    launch_gate: LaunchGate = field(default_factory=LaunchGate)


@dataclass(frozen=True, slots=True)
class Workers:
    """The parts that move photos, or tidy up behind them."""

    pool: WorkerPool
    on_success: OnSuccessWorker
    remote_cleaner: RemoteCleaner
    removed_sources: RemovedSourceCleaner
    outdated_failures: OutdatedFailures
    result_keeper: ResultKeeper
    held_releaser: HeldReleaser
    clock_monitor: ClockMonitor


@dataclass(frozen=True, slots=True)
class Watchers:
    """The parts that watch the input folders, and the webhook."""

    folders: tuple[FolderWatcher, ...]
    touched_sources: TouchedSources
    discovery: Discovery
    availability: FolderAvailability
    webhook_monitor: WebhookMonitor


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The parts that speak to users and machines."""

    listener: Listener
    webhook_receiver: WebhookReceiver
    live_state_writer: LiveStateWriter
    notifier: Notifier


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that works together while cutoutd runs."""

    core: Core
    workers: Workers
    watchers: Watchers
    endpoints: Endpoints


@dataclass(frozen=True, slots=True)
class SharedState:
    """The parts that outlive a reload: the ledger, the counts of billed operations, and the learned poll schedule."""

    ledger: Ledger
    usage: UsageCounter
    poll_schedule: PollSchedule


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """Open a service on a ledger of its own, for a run that never reloads.

    Raises:
        LedgerError, DiskError: as `open_shared_state` and `service_on` say.
    """
    async with open_shared_state(settings) as shared, service_on(shared, settings) as service:
        yield service


@asynccontextmanager
async def open_shared_state(settings: Settings) -> AsyncIterator[SharedState]:
    """Hold the ledger and open it.

    Raises:
        LedgerError: another instance holds the ledger, or it cannot be used.
        DiskError: the state folder cannot be made.
    """
    await local_calls.run(make_state_dir, settings.state_dir)
    with hold_ledger(settings.state_dir):
        usage = UsageCounter()
        async with open_ledger(settings.state_dir, usage) as ledger:
            await _open_provenance_keys(ledger, settings)
            await ledger.count_photos()
            poll_schedule = PollSchedule(await remembered_times(ledger))
            async with keeping_times(ledger, poll_schedule.times):
                yield SharedState(ledger, usage, poll_schedule)


async def _open_provenance_keys(ledger: Ledger, settings: Settings) -> None:
    secret_key = settings.uploadcare.secret_key.get_secret_value()
    kept = await ledger.query(photos.remembered, KEPT_KEY)
    if made := await local_calls.run(provenance_keys.open, settings.state_dir, secret_key, kept):
        await ledger.remember(KEPT_KEY, made)


@asynccontextmanager
async def service_on(shared: SharedState, settings: Settings) -> AsyncIterator[Service]:
    """Build a service; nothing runs before `serve` or `work_off`.

    Raises:
        LedgerError: the ledger cannot be read or written.
        DiskError: an output root cannot be made.
        ConfigurationError: two of its trees share a folder.
        TreesInUseError: another cutoutd works on one of them.
    """
    ledger = shared.ledger
    trees = await require_separate_trees(settings)
    tell_unseen(trees)
    with claimed_trees(trees) as claims:
        await make_outputs(settings, await ledger.query(photos.outputs_used))
        async with open_uploadcare(settings.uploadcare, usage=shared.usage) as uploadcare:
            budget = await open_budget(ledger, settings)
            core = Core(settings, ledger, shared.usage, budget, CircuitBreaker(), PauseState(ledger), RunCounts())
            uploadcare.acceptance.call_for_each(core.breaker.note_accepted)
            service = await _build(core, shared.poll_schedule, uploadcare, claims)
            await service.workers.clock_monitor.open()
            await core.pause.open()
            await service.watchers.availability.open()
            await service.workers.on_success.open()
            with superseded_looked_at(ledger, service.watchers.folders):
                yield service


async def _build(core: Core, poll_schedule: PollSchedule, uploadcare: UploadcareClient, claims: TreeClaims) -> Service:
    ledger, settings = core.ledger, core.settings
    picture_memory.set_budget(settings.limits.picture_memory_bytes)
    folders = Folders({folder.name: folder for folder in settings.folders})
    trees = TreeWatch(settings.folders, (state_tree(settings.state_dir),), claims=claims)
    availability = FolderAvailability(ledger, folders, trees=trees)
    core.budget.leave_out(partial(_closed_folders, ledger, folders, availability))
    context = StepContext(ledger, uploadcare, folders)
    pipeline = PhotoPipeline(context, core.budget, poll_schedule, availability)
    pool = _worker_pool(core, pipeline, poll_schedule, uploadcare)

    def wake_for_webhook() -> None:
        pool.wake_stage(State.ACCEPTED, State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED)

    touched_sources = TouchedSources(ledger, folders, availability, settings.watch.stability_delay_s)
    discovery = Discovery(ledger, pool, folders, touched_sources)
    watchers = Watchers(
        tuple(FolderWatcher(folder, settings.watch, discovery) for folder in settings.folders),
        touched_sources,
        discovery,
        availability,
        WebhookMonitor(ledger, uploadcare, poll_schedule, wake_for_webhook),
    )
    core.budget.approval.count_arriving(watchers.folders)
    workers = Workers(
        pool,
        OnSuccessWorker(ledger, folders, availability),
        RemoteCleaner(ledger, uploadcare, settings.uploadcare.remote_cleanup),
        RemovedSourceCleaner(ledger, folders, availability, settings.watch.rescan_interval_s),
        OutdatedFailures(
            ledger,
            folders,
            availability,
            FailureNotes(folders).remove_unchanged,
            settings.watch.rescan_interval_s,
        ),
        ResultKeeper(ledger, uploadcare),
        HeldReleaser(core.budget, pool, ChangeFlag(ledger), settings.price),
        ClockMonitor(ledger, pool.wake_all),
    )
    listener = Listener(settings.web.listen)
    standing = StandstillSources(
        core.breaker, pool, availability, uploadcare.throttle.ends, core.budget.approval.unscanned_folders
    )
    live_sources = LiveSources(
        watchers.folders,
        core.breaker,
        availability,
        core.budget.launch_pace,
        workers.on_success.troubles,
        lambda: listener.address,
        uploadcare.throttle.ends,
        standing.now,
    )
    endpoints = Endpoints(
        listener,
        WebhookReceiver(ledger, partial(signing_secret_for, settings), wake_for_webhook),
        LiveStateWriter(settings.state_dir, live_sources),
        Notifier(ledger, core.breaker, core.run_counts, settings.notify),
    )
    return Service(core, workers, watchers, endpoints)


def _worker_pool(
    core: Core, pipeline: PhotoPipeline, poll_schedule: PollSchedule, uploadcare: UploadcareClient
) -> WorkerPool:
    stages = stages_for(
        core.settings.concurrency,
        core.budget.rate,
        uploadcare.throttle,
        StageHolds(
            core.budget.approval.unscanned_folders,
            partial(core.ledger.counts.crowded_folders, State.REMOVAL_FINISHED, core.settings.concurrency.removals),
            lambda: max(core.pause.remaining_s(), core.launch_gate.remaining_s()),
            poll_schedule.late_after_s,
        ),
    )
    pool = WorkerPool(core.ledger, StepRunner(core.ledger, pipeline, core.breaker, core.run_counts), stages)
    core.pause.call_at_end(pool.wake_all)
    return pool


def _closed_folders(ledger: Ledger, folders: Folders, availability: FolderAvailability) -> frozenset[str]:
    """Return the folders with photos that are unavailable, or no longer configured."""
    return frozenset(
        name for name in ledger.counts.folders() if name not in folders or availability.is_unavailable(name)
    )
