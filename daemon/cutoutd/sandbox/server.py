"""The sandbox put together and served: the entry point for ``cutoutd sandbox``, ``cutoutd try`` and tests.

One call of ``serve`` is one sandbox on one port; its state is below its state folder.
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
from cutoutd.sandbox.api.webhook_sender import WebhookSender
from cutoutd.sandbox.api.webhooks import WebhookEndpoints
from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.control_api import ControlEndpoints
from cutoutd.sandbox.counters import Counters
from cutoutd.sandbox.faults.plan import FaultPlan
from cutoutd.sandbox.http.authentication import Keys, RestAuthentication, UploadAuthentication
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
        settings: The settings of this sandbox.
        on_ready: Called once with the base URL, which ends in a slash, as soon as the port is open.

    Raises:
        OSError: The port is taken, or the state folder cannot be written.

    A kill loses at most the requests in progress. Removals and undelivered webhook messages go on at the next start
    with the same state folder.
    """
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    with _listening(settings) as listener, contextlib.closing(Store(settings.state_dir / "sandbox.sqlite")) as store:
        url = _url_of(listener)
        async with asyncio.TaskGroup() as tasks:
            app = _build_app(settings, store, tasks, url)
            on_ready(url)
            await _serve_until_cancelled(app, listener)


def _build_app(settings: SandboxSettings, store: Store, tasks: asyncio.TaskGroup, url: str) -> ASGIApp:
    """Make every part, and resume the work of an earlier process."""
    clock, blobs, faults = Clock(), BlobStore(settings.state_dir), FaultPlan(settings.faults)
    keys = Keys(settings.public_key, settings.secret_key)
    counters = Counters(store, settings.operations_per_removal)
    sender = WebhookSender(store, clock, counters)
    webhooks = WebhookEndpoints(store, clock, sender, settings.public_key, url)
    files = FileEndpoints(store, blobs, clock, webhooks.queue_messages)
    ingest = Ingest(store, blobs, clock, settings.is_autostore_enabled)
    removals = Removals(
        ingest=ingest,
        files=files,
        results=RenderedResults(blobs, settings.engine),
        webhooks=webhooks,
        faults=faults,
        processing_time=settings.processing_time,
        start_task=tasks.create_task,
    )
    authentication = UploadAuthentication(keys, clock, is_signature_required=settings.is_signed_upload_required)
    limit = launch_limit(store, clock, settings.launch_limit_per_minute, settings.launch_burst)
    handlers = Handlers(
        project=ProjectEndpoints(settings.public_key, settings.is_autostore_enabled),
        uploads=UploadEndpoints(ingest, files, authentication, counters, webhooks.queue_messages),
        files=files,
        file_list=FileList(store),
        addons=AddonEndpoints(store, clock, files, removals, counters, limit),
        webhooks=webhooks,
        cdn=CdnEndpoints(files, blobs),
        control=ControlEndpoints(counters, faults, clock),
    )
    removals.resume()
    tasks.create_task(sender.run())
    return _with_date_header(
        application(handlers, EndpointContext(counters, faults, files), RestAuthentication(keys, clock).admit), clock
    )


def _with_date_header(app: Starlette, clock: Clock) -> ASGIApp:
    """Put the sandbox's own time into the ``Date`` header, because clients must see a moved clock."""

    async def app_with_date(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_date(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["date"] = format_datetime(clock.now(), usegmt=True)
            await send(message)

        await app(scope, receive, send_with_date)

    return app_with_date


class _SandboxServer(uvicorn.Server):
    """uvicorn as a part of a larger program: signals stay with the caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signal."""
        yield


async def _serve_until_cancelled(app: ASGIApp, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # because uvicorn would report every planned fault; `endpoint` reports real ones
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
