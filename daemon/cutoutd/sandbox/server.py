"""The sandbox put together and served: the library entry of ``cutoutd sandbox``, ``cutoutd try`` and tests.

Owns the building and the order of start and stop; it must not answer requests. One call to ``serve`` is one sandbox on
one port; everything it remembers is below its state folder.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from email.utils import format_datetime

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cutoutd.sandbox.api.addons import AddonEndpoints
from cutoutd.sandbox.api.cdn import CdnEndpoints
from cutoutd.sandbox.api.endpoint import EndpointContext
from cutoutd.sandbox.api.file_list import FileList
from cutoutd.sandbox.api.files import FileEndpoints
from cutoutd.sandbox.api.project import ProjectEndpoints
from cutoutd.sandbox.api.rate_limit import launch_limit
from cutoutd.sandbox.api.removals import Removals
from cutoutd.sandbox.api.routes import Handlers, application
from cutoutd.sandbox.api.uploads import UploadEndpoints
from cutoutd.sandbox.api.webhook_delivery import WebhookDelivery
from cutoutd.sandbox.api.webhooks import WebhookEndpoints
from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.control_api import Control
from cutoutd.sandbox.counters import Counters
from cutoutd.sandbox.faults.plan import FaultPlan
from cutoutd.sandbox.http.authentication import Keys, RestGate, UploadGate
from cutoutd.sandbox.http.connection import CuttableProtocol
from cutoutd.sandbox.settings import SandboxSettings
from cutoutd.sandbox.storage.blobs import BlobStore
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.ingest import Ingest
from cutoutd.sandbox.storage.rendered_results import RenderedResults

BACKLOG = 2048


async def serve(settings: SandboxSettings, on_ready: Callable[[str], None]) -> None:
    """Run a sandbox in this loop until cancelled.

    Args:
        settings: How it behaves.
        on_ready: Called once with its base URL (ending in a slash) as soon as connections are taken.

    Raises:
        OSError: The port is taken, or the state folder cannot be written.

    A kill loses at most the requests that were being answered: removals in progress and undelivered webhooks go on at
    the next start with the same state folder.
    """
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    with _listening(settings) as listener, contextlib.closing(Store(settings.state_dir / "sandbox.sqlite")) as store:
        url = _url_of(listener)
        async with asyncio.TaskGroup() as tasks:
            app = _build(settings, store, tasks, url)
            on_ready(url)
            await _serve_until_cancelled(app, listener)


def _build(settings: SandboxSettings, store: Store, tasks: asyncio.TaskGroup, url: str) -> ASGIApp:
    """Make every part, each with what it needs and nothing more, and start the work left over from last time."""
    clock, shelf, faults = Clock(), BlobStore(settings.state_dir), FaultPlan(settings.faults)
    keys = Keys(settings.public_key, settings.secret_key)
    counters = Counters(store, settings.operations_per_removal)
    deliveries = WebhookDelivery(store, clock, counters)
    webhooks = WebhookEndpoints(store, clock, deliveries, settings.public_key, url)
    files = FileEndpoints(store, shelf, clock, webhooks.announce)
    arrivals = Ingest(store, shelf, clock, settings.is_autostore_enabled)
    removals = Removals(
        arrivals=arrivals,
        files=files,
        renderings=RenderedResults(shelf, settings.engine),
        webhooks=webhooks,
        faults=faults,
        processing_time=settings.processing_time,
        start_task=tasks.create_task,
    )
    gate = UploadGate(keys, clock, is_signature_required=settings.is_signed_upload_required)
    limit = launch_limit(store, clock, settings.launch_limit_per_minute, settings.launch_burst)
    rooms = Handlers(
        project=ProjectEndpoints(settings.public_key, settings.is_autostore_enabled),
        uploads=UploadEndpoints(arrivals, files, gate, counters, webhooks.announce),
        files=files,
        pages=FileList(store),
        addons=AddonEndpoints(store, clock, files, removals, counters, limit),
        webhooks=webhooks,
        cdn=CdnEndpoints(files, shelf),
        control=Control(counters, faults, clock),
    )
    removals.resume()
    tasks.create_task(deliveries.work())
    return _dated(application(rooms, EndpointContext(counters, faults, files), RestGate(keys, clock).admit), clock)


def _dated(app: Starlette, clock: Clock) -> ASGIApp:
    """Put the sandbox's own time into the ``Date`` header, so that clients can see a moved clock."""

    async def app_with_date(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_date(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["date"] = format_datetime(clock.now(), usegmt=True)
            await send(message)

        await app(scope, receive, send_with_date)

    return app_with_date


class _SandboxServer(uvicorn.Server):
    """uvicorn inside somebody else's program: signals stay with the caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _serve_until_cancelled(app: ASGIApp, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # `endpoint` reports mistakes; uvicorn would also report every planned fault
        access_log=False,
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=0,
    )
    server = _SandboxServer(config)
    try:
        await server.serve(sockets=[listener])
    finally:
        if server.started:  # cancelled: uvicorn leaves its connections open then
            await server.shutdown(sockets=[listener])


@contextlib.contextmanager
def _listening(settings: SandboxSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG) as listener:
        yield listener


def _url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
