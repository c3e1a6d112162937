"""Start-up, work and shutdown, in the order in which they happen.

Start: hold the ledger, open it, open Uploadcare, remove leftovers, go on where the last run stopped, watch.

Stop: begin nothing, let the steps under way finish within a grace period, close the ledger. The grace period is long
only for paid calls.

Reload: launch nothing, let all else go on until the paid calls under way have their answers. Then a stop and a start on
the same ledger, with other settings.

A kill at any point loses nothing: the next start goes on at each photo's last fact.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from cutoutd.app.composition import Service, SharedState, open_shared_state, service_on
from cutoutd.app.process import drain_workers, finish_launches, run_supervised
from cutoutd.app.reload import Reloader
from cutoutd.app.startup import remove_leftovers
from cutoutd.app.webhook_secret import expected_url
from cutoutd.control.connection.server import MessageHandler, serving_control
from cutoutd.control.connection.socket import client_socket_path, server_socket_path
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.queue import CommandQueue
from cutoutd.core.blocking import local_calls
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


async def keep_serving(reloader: Reloader, stop: asyncio.Event, systemd: SystemdNotifier) -> None:
    """Watch, work and take commands until `stop` is set: one service after another, each with the current settings.

    Args:
        reloader: holds the settings.
        stop: set when cutoutd is to end; later commands are refused.
        systemd: told of the progress, if systemd listens.

    Raises:
        LedgerError, DiskError: cutoutd could not start.
    """
    settings, commands = reloader.settings, CommandQueue(reloader.reload)
    async with open_shared_state(settings) as shared:
        handler = MessageHandler(
            commands,
            shared.ledger,
            lambda: reloader.settings,
            lambda: page_link(reloader.settings, commands.live),
            reloader.config_file,
        )
        control = serving_control(
            handler.answer, server_socket_path(settings, os.environ), client_socket_path(settings)
        )
        async with control, asyncio.TaskGroup() as tasks:
            reloading = tasks.create_task(reloader.run())
            error = await _serve_in_turn(shared, commands, reloader, stop, systemd)
            reloading.cancel()
        if error is not None:  # raised here, where no task group wraps it
            raise error


async def _serve_in_turn(
    shared: SharedState, commands: CommandQueue, reloader: Reloader, stop: asyncio.Event, systemd: SystemdNotifier
) -> CutoutdError | None:
    """Return the error that kept a service from opening, if there are no earlier settings to fall back to."""
    while not stop.is_set():
        systemd.alive()
        try:
            async with service_on(shared, reloader.next_settings()) as service:
                await serve(service, commands, reloader, stop, systemd)
        except CutoutdError as error:
            if not reloader.fall_back(error):
                return error
    commands.close()  # because a stop between two services found no service that would have closed it
    reloader.fail_pending()
    return None


async def serve(
    service: Service, commands: CommandQueue, reloader: Reloader, stop: asyncio.Event, systemd: SystemdNotifier
) -> None:
    """Run one service until `stop` is set or other settings are wanted."""
    core, workers, watchers, endpoints = service.core, service.workers, service.watchers, service.endpoints
    settings, live_state = core.settings, endpoints.live_state_writer.present
    executor = CommandExecutor(core.ledger, settings.folders, workers.pool.enqueue, settings.price, pause=core.pause)
    standstill = partial(standstill_sentence, core.breaker, core.pause)
    watchdog = Watchdog(systemd, watchers.folders, workers.pool, standstill, core.ledger.counts.totals)
    health = HealthCheck(watchers.folders, workers.pool, core.breaker, core.pause, watchers.availability)
    metrics = _metrics(service)
    page_context = await open_page_context(PageBackend(lambda: settings, core.ledger, commands, live_state))
    machine_endpoints = MonitoringEndpoints(health, metrics, endpoints.webhook_receiver)
    page = endpoints.listener.open(application(machine_endpoints, page_context, settings.web))
    ending = working(service, must_end=stop.is_set, alive=systemd.alive)
    async with page, ending as tasks, commands.serving(executor, live_state):
        loops = [
            *(watcher.run() for watcher in watchers.folders),
            _confirm_start(service, reloader),
            workers.remote_cleaner.run(),
            workers.on_success.run(),
            watchdog.run(),
            workers.removed_sources.run(),
            workers.outdated_failures.run(),
            run_supervised("the numbers for monitoring", metrics.run),
            run_supervised(
                "the webhook monitor", partial(watchers.webhook_monitor.run, partial(_webhook_url, service))
            ),
        ]
        if page_context is not None:
            loops.append(run_supervised("the page's news", page_context.events.run))
        running = [tasks.create_task(loop) for loop in loops]
        log_event("started", f"watching {', '.join(folder.name for folder in settings.folders)}")
        await _first_of(stop, reloader.reload_requested)
        core.launch_gate.close()
        await finish_launches(workers.pool, stop)
        if stop.is_set():
            commands.close()
            systemd.stopping()
            log_event("stopping", "cutoutd stops after the steps in progress")
        else:
            systemd.reloading()
            log_event("reloading", "the configuration has changed; the steps in progress finish first")
        for task in running:
            task.cancel()


@asynccontextmanager
async def working(
    service: Service, must_end: Callable[[], bool] = lambda: True, alive: Callable[[], None] = lambda: None
) -> AsyncIterator[asyncio.TaskGroup]:
    """Run the stages during the block; after it let the steps under way finish, see `drain_workers`.

    The sources and remote files of finished photos come last, so a stop leaves as little as possible.
    """
    core, workers, endpoints = service.core, service.workers, service.endpoints
    started_at_s = time.time()  # before every task, because each may write a temporary file, else it could be removed
    async with asyncio.TaskGroup() as tasks:
        steps = tasks.create_task(workers.pool.run())
        parts = (
            endpoints.live_state_writer,
            workers.result_keeper,
            workers.held_releaser,
            workers.clock_monitor,
            endpoints.notifier,
        )
        loops = [tasks.create_task(part.run()) for part in parts]
        loops.append(tasks.create_task(workers.held_releaser.release_placeless()))
        loops.append(tasks.create_task(service.watchers.touched_sources.run(service.watchers.discovery.deliver)))
        loops.append(tasks.create_task(remove_leftovers(core.settings, started_at_s)))
        yield tasks
        for loop in loops:
            loop.cancel()
        is_finished = await drain_workers(workers.pool, steps, must_end=must_end, alive=alive)
    await workers.on_success.finish()
    if is_finished and core.breaker.error is None:
        await workers.remote_cleaner.finish()
    await endpoints.notifier.finish()


async def _confirm_start(service: Service, reloader: Reloader) -> None:
    """Confirm the settings to the reloader once all folders are watched."""
    for watcher in service.watchers.folders:
        await watcher.wait_until_started()
    reloader.confirm(service.core.settings)


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _metrics(service: Service) -> MetricsExposition:
    core, watchers = service.core, service.watchers
    sources = MetricSources(
        watchers.folders,
        core.ledger.counts,
        core.breaker,
        core.pause,
        service.workers.pool,
        core.usage,
        core.budget,
        watchers.availability,
        service.endpoints.live_state_writer.standstills,
    )
    return MetricsExposition(core.ledger, sources, core.settings)


async def _webhook_url(service: Service) -> str | None:
    """Return the URL to which Uploadcare is told to send messages; None while no message is taken there.

    Raises:
        ValueError: the configured secret file cannot be used.
    """
    if not service.endpoints.listener.address:
        return None
    return await local_calls.run(expected_url, service.core.settings)
