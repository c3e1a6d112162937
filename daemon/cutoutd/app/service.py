"""Start-up, work and shutdown, in the order in which they happen.

Start: hold the ledger, open it, open Uploadcare, sweep leftovers, go on where the last run stopped, watch. Stop: look
no further, let the steps under way finish within a grace period, which is long only where money was spent, close the
ledger. Reload: a stop and a start on the same ledger, with other settings. A kill at any point loses nothing: the next
start goes on at each photo's last fact.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from cutoutd.app.composition import Estate, Service, open_estate, service_on
from cutoutd.app.process import beside, finish
from cutoutd.app.reload import Reloading
from cutoutd.app.startup import sweep
from cutoutd.app.webhook_secret import expected_url
from cutoutd.config.settings import Settings
from cutoutd.control.executor import Clerk
from cutoutd.control.queue import Dispatch
from cutoutd.control.server import taking_orders
from cutoutd.control.socket import place_to_ask, place_to_listen
from cutoutd.control.status_api import enquiry_routes
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import say
from cutoutd.monitoring import Metering, Sources
from cutoutd.monitoring.health import Fitness
from cutoutd.monitoring.systemd_notify import Systemd
from cutoutd.monitoring.watchdog import Vigil, standstill_in_words
from cutoutd.web.access.link import link_routes
from cutoutd.web.application import Machines, application
from cutoutd.web.backend import Office
from cutoutd.web.context import open_desk


async def keep_serving(reloading: Reloading, stop: asyncio.Event, systemd: Systemd) -> None:
    """Watch, work and take orders until ``stop`` is set: one service after another, each with the settings in force.

    Args:
        reloading: whose settings they are.
        stop: set when it is to end; orders that come later are told so.
        systemd: if it wants to know, hears how it goes.

    Raises:
        LedgerError, DiskError: it could not start.
    """
    settings, dispatch = reloading.settings, Dispatch(reloading.ask)
    async with open_estate(settings) as estate:
        enquiries = [
            *enquiry_routes(estate.ledger, lambda: reloading.settings, dispatch.live),
            *link_routes(lambda: reloading.settings, dispatch.live),
        ]
        orders = taking_orders(dispatch, place_to_listen(settings, os.environ), place_to_ask(settings), enquiries)
        async with orders, asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(reloading.run())
            obstacle = await _serve_in_turn(estate, dispatch, reloading, stop, systemd)
            hearing.cancel()
        if obstacle is not None:  # raised here, where no group of tasks wraps it
            raise obstacle


async def _serve_in_turn(
    estate: Estate, dispatch: Dispatch, reloading: Reloading, stop: asyncio.Event, systemd: Systemd
) -> CutoutdError | None:
    """What kept a service from being opened, when there were no other settings to go back to."""
    while not stop.is_set():
        systemd.tell_alive()
        try:
            async with service_on(estate, reloading.take_up()) as service:
                await serve(service, dispatch, reloading, stop, systemd)
        except CutoutdError as error:
            if not reloading.fall_back(error):
                return error
    dispatch.close()  # a stop that comes between two services found none that would have said so
    reloading.close()
    return None


async def serve(
    service: Service, dispatch: Dispatch, reloading: Reloading, stop: asyncio.Event, systemd: Systemd
) -> None:
    """One service at work, until ``stop`` is set or other settings are wanted."""
    settings = service.settings
    intermission = service.intermission
    clerk = Clerk(service.ledger, settings.folders, service.lanes.take_in, settings.price, intermission=intermission)
    standstill = partial(standstill_in_words, service.halt, intermission)
    vigil = Vigil(systemd, service.arrivals, service.lanes, standstill, service.census.totals)
    fitness = Fitness(service.arrivals, service.lanes, service.halt, intermission, service.standby)
    metering = _metering(service)
    office = Office(lambda: settings, service.ledger, dispatch, service.broadcast.present)
    machines, desk = Machines(fitness, metering, service.mailbox), await open_desk(office)
    page = service.door.open(application(machines, desk, settings.web.listen))
    async with page, working(service) as tasks, dispatch.staffed(clerk, service.broadcast.present):
        looking = [tasks.create_task(arrival.run()) for arrival in service.arrivals]
        looking.append(tasks.create_task(_begun(service, reloading)))
        looking.append(tasks.create_task(service.cleanup.run()))
        looking.append(tasks.create_task(service.aftercare.run()))
        looking.append(tasks.create_task(vigil.run()))
        looking.append(tasks.create_task(service.withdrawal.run()))
        hearing = partial(service.hearing.run, partial(_announced_to, service))
        looking.append(tasks.create_task(beside("the numbers for monitoring", metering.run)))
        looking.append(tasks.create_task(beside("the watch over announcements", hearing)))
        if desk is not None:
            looking.append(tasks.create_task(beside("the page's news", desk.watching.run)))
        say("started", f"watching {_names(settings)}")
        await _first_of(stop, reloading.is_wanted)
        if stop.is_set():
            dispatch.close()
            systemd.tell_stopping()
            say("stopping", "finishing the steps under way")
        else:
            systemd.tell_reloading()
            say("reloading", "the configuration has changed; finishing the steps under way")
        for task in looking:
            task.cancel()


async def _begun(service: Service, reloading: Reloading) -> None:
    """Whoever wanted these settings is answered once all of their folders are watched."""
    for arrival in service.arrivals:
        await arrival.has_begun()
    reloading.take_effect(service.settings)


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


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
