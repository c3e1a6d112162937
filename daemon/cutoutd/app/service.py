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

from cutoutd.app.composition import Service, SharedState, open_shared_state, service_on
from cutoutd.app.process import drain_workers, run_supervised
from cutoutd.app.reload import Reloader
from cutoutd.app.startup import remove_leftovers
from cutoutd.app.webhook_secret import expected_url
from cutoutd.config.settings import Settings
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.queue import CommandQueue
from cutoutd.control.server import MessageHandler, serving_control
from cutoutd.control.socket import client_socket_path, server_socket_path
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_event
from cutoutd.monitoring import MetricsExposition, MetricSources
from cutoutd.monitoring.health import HealthCheck
from cutoutd.monitoring.systemd_notify import SystemdNotifier
from cutoutd.monitoring.watchdog import Watchdog, standstill_sentence
from cutoutd.web.access.link import page_link
from cutoutd.web.application import MonitoringEndpoints, application
from cutoutd.web.backend import PageBackend
from cutoutd.web.context import open_page_context


async def keep_serving(reloading: Reloader, stop: asyncio.Event, systemd: SystemdNotifier) -> None:
    """Watch, work and take orders until ``stop`` is set: one service after another, each with the settings in force.

    Args:
        reloading: whose settings they are.
        stop: set when it is to end; orders that come later are told so.
        systemd: if it wants to know, hears how it goes.

    Raises:
        LedgerError, DiskError: it could not start.
    """
    settings, dispatch = reloading.settings, CommandQueue(reloading.reload)
    async with open_shared_state(settings) as estate:
        handler = MessageHandler(
            dispatch, estate.ledger, lambda: reloading.settings, lambda: page_link(reloading.settings, dispatch.live)
        )
        control = serving_control(
            handler.answer, server_socket_path(settings, os.environ), client_socket_path(settings)
        )
        async with control, asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(reloading.run())
            obstacle = await _serve_in_turn(estate, dispatch, reloading, stop, systemd)
            hearing.cancel()
        if obstacle is not None:  # raised here, where no group of tasks wraps it
            raise obstacle


async def _serve_in_turn(
    estate: SharedState, dispatch: CommandQueue, reloading: Reloader, stop: asyncio.Event, systemd: SystemdNotifier
) -> CutoutdError | None:
    """What kept a service from being opened, when there were no other settings to go back to."""
    while not stop.is_set():
        systemd.alive()
        try:
            async with service_on(estate, reloading.next_settings()) as service:
                await serve(service, dispatch, reloading, stop, systemd)
        except CutoutdError as error:
            if not reloading.fall_back(error):
                return error
    dispatch.close()  # a stop that comes between two services found none that would have said so
    reloading.fail_pending()
    return None


async def serve(
    service: Service, dispatch: CommandQueue, reloading: Reloader, stop: asyncio.Event, systemd: SystemdNotifier
) -> None:
    """One service at work, until ``stop`` is set or other settings are wanted."""
    settings = service.settings
    intermission = service.pause
    clerk = CommandExecutor(
        service.ledger, settings.folders, service.workers.enqueue, settings.price, pause=intermission
    )
    standstill = partial(standstill_sentence, service.breaker, intermission)
    vigil = Watchdog(systemd, service.folder_watchers, service.workers, standstill, service.photo_counts.totals)
    fitness = HealthCheck(service.folder_watchers, service.workers, service.breaker, intermission, service.availability)
    metering = _metering(service)
    office = PageBackend(lambda: settings, service.ledger, dispatch, service.live_state_writer.present)
    machines, desk = MonitoringEndpoints(fitness, metering, service.webhook_receiver), await open_page_context(office)
    page = service.listener.open(application(machines, desk, settings.web.listen))
    async with page, working(service) as tasks, dispatch.serving(clerk, service.live_state_writer.present):
        looking = [tasks.create_task(arrival.run()) for arrival in service.folder_watchers]
        looking.append(tasks.create_task(_begun(service, reloading)))
        looking.append(tasks.create_task(service.remote_cleaner.run()))
        looking.append(tasks.create_task(service.on_success.run()))
        looking.append(tasks.create_task(vigil.run()))
        looking.append(tasks.create_task(service.removed_sources.run()))
        hearing = partial(service.webhook_monitor.run, partial(_announced_to, service))
        looking.append(tasks.create_task(run_supervised("the numbers for monitoring", metering.run)))
        looking.append(tasks.create_task(run_supervised("the watch over announcements", hearing)))
        if desk is not None:
            looking.append(tasks.create_task(run_supervised("the page's news", desk.events.run)))
        log_event("started", f"watching {_names(settings)}")
        await _first_of(stop, reloading.reload_requested)
        if stop.is_set():
            dispatch.close()
            systemd.stopping()
            log_event("stopping", "cutoutd stops after the steps in progress")
        else:
            systemd.reloading()
            log_event("reloading", "the configuration has changed; the steps in progress finish first")
        for task in looking:
            task.cancel()


async def _begun(service: Service, reloading: Reloader) -> None:
    """Whoever wanted these settings is answered once all of their folders are watched."""
    for arrival in service.folder_watchers:
        await arrival.wait_until_started()
    reloading.confirm(service.settings)


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _metering(service: Service) -> MetricsExposition:
    sources = MetricSources(
        service.folder_watchers,
        service.photo_counts,
        service.breaker,
        service.pause,
        service.workers,
        service.usage,
        service.budget,
        service.availability,
    )
    return MetricsExposition(service.ledger, sources, service.settings)


@asynccontextmanager
async def working(service: Service) -> AsyncIterator[asyncio.TaskGroup]:
    """The lanes at work while the block runs; after it, steps under way may finish, see ``grace``.

    What finished photos left in the inputs and at Uploadcare is seen to last, so a stop leaves as little as it can.
    """
    async with asyncio.TaskGroup() as tasks:
        steps = tasks.create_task(service.workers.run())
        parts = (
            service.live_state_writer,
            service.result_keeper,
            service.held_releaser,
            service.clock_monitor,
            service.notifier,
        )
        looking_after = [tasks.create_task(part.run()) for part in parts]
        tasks.create_task(asyncio.to_thread(remove_leftovers, service.settings))
        yield tasks
        for task in looking_after:
            task.cancel()
        is_finished = await drain_workers(service.workers, steps)
    await service.on_success.finish()
    if is_finished and service.breaker.error is None:
        await service.remote_cleaner.finish()
    await service.notifier.finish()


def _announced_to(service: Service) -> str | None:
    """Where Uploadcare was told to send to; None while nothing is taken there."""
    return expected_url(service.settings) if service.listener.address else None


def _names(settings: Settings) -> str:
    return ", ".join(folder.name for folder in settings.folders)
