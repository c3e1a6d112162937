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
from cutoutd.app.webhook_secret import secret_of
from cutoutd.config.settings import Settings
from cutoutd.core.photo import State
from cutoutd.core.usage_counter import Operations
from cutoutd.ledger import Ledger, News, hold_ledger, open_ledger
from cutoutd.ledger.queries import photos as questions
from cutoutd.monitoring.notifier import Notifier
from cutoutd.pipeline.budget.budget import Spending, open_spending
from cutoutd.pipeline.completion.poll_schedule import Pace
from cutoutd.pipeline.completion.webhook_monitor import Hearing
from cutoutd.pipeline.discovery import Reception
from cutoutd.pipeline.maintenance.clock_changes import Timekeeping
from cutoutd.pipeline.maintenance.remote_cleanup import Cleanup
from cutoutd.pipeline.maintenance.removed_sources import Withdrawal
from cutoutd.pipeline.maintenance.result_retention import Retention
from cutoutd.pipeline.on_success import Aftercare
from cutoutd.pipeline.photo_pipeline import Journey
from cutoutd.pipeline.scheduling.halt import Halt
from cutoutd.pipeline.scheduling.pause import Intermission
from cutoutd.pipeline.scheduling.release_held import Holding
from cutoutd.pipeline.scheduling.run_counts import Tally
from cutoutd.pipeline.scheduling.stages import lanes_for
from cutoutd.pipeline.scheduling.workers import Lanes
from cutoutd.status.live_state_writer import Broadcast, Reports
from cutoutd.status.photo_counts import Census
from cutoutd.uploadcare.client import Uploadcare, open_uploadcare
from cutoutd.watch.availability import Standby
from cutoutd.watch.folder import Arrival
from cutoutd.web.listener import Door
from cutoutd.web.webhook_receiver import Mailbox

#: More than all lanes together can use at once.
_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that works together while cutoutd runs."""

    settings: Settings
    ledger: Ledger
    lanes: Lanes
    arrivals: tuple[Arrival, ...]
    cleanup: Cleanup
    retention: Retention
    broadcast: Broadcast
    halt: Halt
    tally: Tally
    spending: Spending
    standby: Standby
    aftercare: Aftercare
    holding: Holding
    intermission: Intermission
    census: Census
    operations: Operations
    timekeeping: Timekeeping
    notifier: Notifier
    withdrawal: Withdrawal
    door: Door
    mailbox: Mailbox
    hearing: Hearing


@dataclass(frozen=True, slots=True)
class Estate:
    """What outlives a reload: the ledger, which is ours alone, what is counted into and in it, and what was learned."""

    ledger: Ledger
    operations: Operations
    pace: Pace
    census: Census


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """One service on a ledger of its own: for those who never reload.

    Raises:
        LedgerError, DiskError: as ``open_estate`` and ``service_on``.
    """
    async with open_estate(settings) as estate, service_on(estate, settings) as service:
        yield service


@asynccontextmanager
async def open_estate(settings: Settings) -> AsyncIterator[Estate]:
    """Hold the ledger and open it.

    Raises:
        LedgerError: another instance holds the ledger, or it cannot be used.
        DiskError: the state folder cannot be made.
    """
    await asyncio.to_thread(make_state_dir, settings.state_dir)
    with hold_ledger(settings.state_dir):
        operations = Operations()
        async with open_ledger(settings.state_dir, operations) as ledger:
            census = Census()
            await census.open(ledger)
            yield Estate(ledger, operations, Pace(), census)


@asynccontextmanager
async def service_on(estate: Estate, settings: Settings) -> AsyncIterator[Service]:
    """Build everything in the order of the module's docstring; nothing moves before ``serve`` or ``work_off``.

    Raises:
        LedgerError: the ledger cannot be read or written.
        DiskError: an output root cannot be made.
    """
    ledger = estate.ledger
    await asyncio.to_thread(make_outputs, settings, await ledger.ask(questions.outputs_used))
    async with open_uploadcare(
        settings.uploadcare, connections=_CONNECTIONS, operations=estate.operations
    ) as uploadcare:
        service = _build(settings, estate, uploadcare, await open_spending(ledger, settings))
        await service.timekeeping.open()
        await service.intermission.open()
        await service.standby.open()
        await service.aftercare.open()
        yield service


def _build(settings: Settings, estate: Estate, uploadcare: Uploadcare, spending: Spending) -> Service:
    ledger, halt, tally = estate.ledger, Halt(), Tally()
    standby = Standby(ledger, {folder.name: folder for folder in settings.folders})
    journey = Journey(ledger, uploadcare, spending, estate.pace, standby)
    intermission = Intermission(ledger)
    ways = lanes_for(
        settings.concurrency,
        spending.rate,
        uploadcare.pauses,
        uncounted=spending.approval.uncounted,
        intermission_s=intermission.left_s,
    )
    lanes = Lanes(ledger, journey, halt, tally, ways)
    intermission.tell_end_to(lanes.look_again)
    reception = Reception(ledger, lanes, standby)
    arrivals = tuple(Arrival(folder, settings.watch, reception) for folder in settings.folders)
    spending.approval.count_in(arrivals)
    aftercare = Aftercare(ledger, standby)
    door = Door(settings.web.listen)
    look_at_announced = partial(lanes.look_at, State.REMOVAL_INTENDED, State.REMOVAL_STARTED)
    tell_address, tell_patience = lambda: door.address, uploadcare.pauses.ends
    reports = Reports(arrivals, halt, standby, spending.pace, aftercare.troubles, tell_address, tell_patience)
    broadcast = Broadcast(settings.state_dir, reports)
    cleanup = Cleanup(ledger, uploadcare, settings.uploadcare.remote_cleanup)
    retention = Retention(ledger, uploadcare)
    withdrawal = Withdrawal(ledger, standby, settings.watch.rescan_interval_s)
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
        Holding(spending, lanes, News(ledger)),
        intermission,
        estate.census,
        estate.operations,
        Timekeeping(ledger, lanes.look_again),
        Notifier(ledger, halt, tally, settings.notify),
        withdrawal,
        door,
        Mailbox(ledger, partial(secret_of, settings), look_at_announced),
        Hearing(ledger, uploadcare, estate.pace, look_at_announced),
    )
