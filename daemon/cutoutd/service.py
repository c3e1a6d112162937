"""Start-up, work and shutdown, in the order in which they happen.

Start: hold the ledger, open it, open Uploadcare, sweep leftovers, go on where the last run stopped, watch. Stop: look
no further, let the steps under way finish within a grace period, which is long only where money was spent, close the
ledger. A kill at any point loses nothing:
the next start goes on at each photo's last fact.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from cutoutd.aftercare import Aftercare
from cutoutd.arrival import Arrival
from cutoutd.broadcast import Broadcast, Reports
from cutoutd.census import Census
from cutoutd.cleanup import Cleanup
from cutoutd.config.settings import Settings
from cutoutd.control.clerk import Clerk
from cutoutd.control.server import taking_orders
from cutoutd.control.socket_file import place_to_ask, place_to_listen
from cutoutd.enquiry.server import enquiry_routes
from cutoutd.errors import PageError
from cutoutd.fitness import Fitness
from cutoutd.grace import finish
from cutoutd.halting import Halt
from cutoutd.hearing import Hearing
from cutoutd.holding import Holding
from cutoutd.intermission import Intermission
from cutoutd.journey import Journey
from cutoutd.lane import lanes_for
from cutoutd.lanes import Lanes
from cutoutd.ledger import Ledger, hold_ledger, open_ledger, questions
from cutoutd.logs import conceal, say, say_error
from cutoutd.mailbox import Mailbox
from cutoutd.metrics import Metering, Sources
from cutoutd.notify import Notifier
from cutoutd.operations import Operations
from cutoutd.photo import State
from cutoutd.premises import make_outputs, make_state_dir, sweep
from cutoutd.readiness import Systemd
from cutoutd.reception import Reception
from cutoutd.retention import Retention
from cutoutd.spending import Spending, open_spending
from cutoutd.standby import Standby
from cutoutd.subscription import expected_url, secret_of
from cutoutd.tally import Tally
from cutoutd.timekeeping import Timekeeping
from cutoutd.uploadcare.client import Uploadcare, open_uploadcare
from cutoutd.uploadcare.polling import Pace
from cutoutd.vigil import Vigil, standstill_in_words
from cutoutd.web.application import Machines, application
from cutoutd.web.desk import Desk
from cutoutd.web.door import Door
from cutoutd.web.office import Office
from cutoutd.web.token_file import token_for
from cutoutd.withdrawal import Withdrawal

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


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """Build everything in the order of the module's docstring; nothing moves before ``serve`` or ``work_off``.

    Raises:
        LedgerError: another instance holds the ledger, or it cannot be used.
        DiskError: the state folder or an output root cannot be made.
    """
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(make_state_dir, settings.state_dir)
        stack.enter_context(hold_ledger(settings.state_dir))
        operations = Operations()
        ledger = await stack.enter_async_context(open_ledger(settings.state_dir, operations))
        await asyncio.to_thread(make_outputs, settings, await ledger.ask(questions.outputs_used))
        uploadcare = await stack.enter_async_context(
            open_uploadcare(settings.uploadcare, connections=_CONNECTIONS, operations=operations)
        )
        service = _build(settings, ledger, uploadcare, await open_spending(ledger, settings), operations)
        await service.timekeeping.open()
        await service.intermission.open()
        await service.census.open(ledger)
        await service.standby.open()
        await service.aftercare.open()
        yield service


def _build(
    settings: Settings, ledger: Ledger, uploadcare: Uploadcare, spending: Spending, operations: Operations
) -> Service:
    halt, tally = Halt(), Tally()
    standby = Standby(ledger, {folder.name: folder for folder in settings.folders})
    pace = Pace()
    journey = Journey(ledger, uploadcare, spending, pace, standby)
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
    reports = Reports(arrivals, halt, standby, spending.pace, aftercare.troubles, lambda: door.address)
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
        Holding(spending, lanes),
        intermission,
        Census(),
        operations,
        Timekeeping(ledger, lanes.look_again),
        Notifier(ledger, halt, tally, settings.notify),
        withdrawal,
        door,
        Mailbox(ledger, partial(secret_of, settings), look_at_announced),
        Hearing(ledger, uploadcare, pace, look_at_announced),
    )


async def serve(service: Service, stop: asyncio.Event, systemd: Systemd) -> None:
    """Watch, work and take orders until ``stop`` is set; orders that come later are told that it is stopping.

    systemd, if it wants to know, hears how it goes.
    """
    settings = service.settings
    intermission = service.intermission
    clerk = Clerk(service.ledger, settings.folders, service.lanes.take_in, settings.price, intermission=intermission)
    enquiries = enquiry_routes(service.ledger, lambda: settings, service.broadcast.present)
    orders = taking_orders(clerk, place_to_listen(settings, os.environ), place_to_ask(settings), enquiries)
    standstill = partial(standstill_in_words, service.halt, intermission)
    vigil = Vigil(systemd, service.arrivals, service.lanes, standstill, service.ledger)
    fitness = Fitness(service.arrivals, service.lanes, service.halt, intermission, service.standby)
    metering = _metering(service)
    desk = await _desk(service, clerk)
    page = application(Machines(fitness, metering, service.mailbox), desk, settings.web.listen)
    async with orders, service.door.open(page), working(service) as tasks:
        looking = [tasks.create_task(arrival.run()) for arrival in service.arrivals]
        looking.append(tasks.create_task(service.cleanup.run()))
        looking.append(tasks.create_task(service.aftercare.run()))
        looking.append(tasks.create_task(vigil.run()))
        looking.append(tasks.create_task(service.withdrawal.run()))
        looking.append(tasks.create_task(metering.run()))
        looking.append(tasks.create_task(service.hearing.run(partial(_announced_to, service))))
        if desk is not None:
            looking.append(tasks.create_task(desk.watching.run()))
        say("started", f"watching {_names(settings)}")
        await stop.wait()
        clerk.stop()
        systemd.tell_stopping()
        say("stopping", "finishing the steps under way")
        for task in looking:
            task.cancel()


async def _desk(service: Service, clerk: Clerk) -> Desk | None:
    """What the page works with; None when there is to be none, and trouble with its token keeps no photo waiting."""
    settings = service.settings
    if settings.web.listen is None:
        return None
    try:
        token = await asyncio.to_thread(token_for, settings)
    except PageError as error:
        say_error("no_page", error, level=logging.WARNING)
        return None
    conceal(token)
    return Desk(Office(lambda: settings, service.ledger, clerk, service.broadcast.present), token)


def _metering(service: Service) -> Metering:
    sources = Sources(
        service.arrivals,
        service.census,
        service.halt,
        service.intermission,
        service.lanes,
        service.operations,
        service.spending,
        service.standby,
    )
    return Metering(service.ledger, sources, service.settings)


@asynccontextmanager
async def working(service: Service) -> AsyncIterator[asyncio.TaskGroup]:
    """The lanes at work while the block runs; after it, steps under way may finish, see ``grace``.

    What finished photos left in the inputs and at Uploadcare is seen to last, so a stop leaves as little as it can.
    """
    async with asyncio.TaskGroup() as tasks:
        steps = tasks.create_task(service.lanes.run())
        parts = (service.broadcast, service.retention, service.holding, service.timekeeping, service.notifier)
        looking_after = [tasks.create_task(part.run()) for part in parts]
        tasks.create_task(asyncio.to_thread(sweep, service.settings))
        yield tasks
        for task in looking_after:
            task.cancel()
        is_finished = await finish(service.lanes, steps)
    await service.aftercare.finish()
    if is_finished and service.halt.error is None:
        await service.cleanup.finish()
    await service.notifier.finish()


def _announced_to(service: Service) -> str | None:
    """Where Uploadcare was told to send to; None while nothing is taken there."""
    return expected_url(service.settings) if service.door.address else None


def _names(settings: Settings) -> str:
    return ", ".join(folder.name for folder in settings.folders)
