"""The sandbox put together and served: the entry point for ``cutoutd sandbox``, ``cutoutd try`` and tests.

One call of ``serve`` is one sandbox on one port; its state is below its state folder.
"""

import asyncio
import contextlib
import socket
import uuid
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
from cutoutd.sandbox.api.rate_limit import launch_limit
from cutoutd.sandbox.api.removals import Removals
from cutoutd.sandbox.api.resources.copies import CopyEndpoints
from cutoutd.sandbox.api.resources.groups import GroupEndpoints
from cutoutd.sandbox.api.resources.labels import LabelEndpoints
from cutoutd.sandbox.api.resources.project import ProjectEndpoints
from cutoutd.sandbox.api.routes import Handlers, application
from cutoutd.sandbox.api.uploads.direct import UploadEndpoints
from cutoutd.sandbox.api.uploads.from_url import FromUrlEndpoints
from cutoutd.sandbox.api.uploads.intake import Intake
from cutoutd.sandbox.api.uploads.multipart import MultipartEndpoints
from cutoutd.sandbox.api.uploads.url_fetch import UrlFetcher
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
REQUEST_ID_HEADER = "X-Uploadcare-Request-Id"


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
            app = build_app(settings, store, tasks, url)
            on_ready(url)
            await _serve_until_cancelled(app, listener)


def build_app(settings: SandboxSettings, store: Store, tasks: asyncio.TaskGroup, url: str) -> ASGIApp:
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
    intake, cdn = Intake(ingest, counters, webhooks.queue_messages), CdnEndpoints(files, blobs)
    fetcher = UrlFetcher(frozenset(settings.from_url_hosts))
    from_url = FromUrlEndpoints(intake, authentication, store.url_uploads, clock, fetcher, tasks.create_task)
    handlers = Handlers(
        project=ProjectEndpoints(settings.public_key, settings.is_autostore_enabled),
        uploads=UploadEndpoints(intake, files, authentication),
        multipart=MultipartEndpoints(intake, authentication, store.multiparts, clock, settings.secret_key),
        from_url=from_url,
        groups=GroupEndpoints(store, clock, authentication, cdn),
        labels=LabelEndpoints(store, files, webhooks.queue_change),
        copies=CopyEndpoints(store, blobs, clock, files),
        files=files,
        file_list=FileList(store),
        addons=AddonEndpoints(store, clock, files, removals, counters, limit),
        webhooks=webhooks,
        cdn=cdn,
        control=ControlEndpoints(counters, faults, clock),
    )
    removals.resume()
    from_url.resume()
    tasks.create_task(sender.run())
    return _with_common_headers(
        application(handlers, EndpointContext(counters, faults, files), RestAuthentication(keys, clock).admit), clock
    )


def _with_common_headers(app: Starlette, clock: Clock) -> ASGIApp:
    """Give each response the sandbox's own time, because clients must see a moved clock, and a request id."""

    async def app_with_headers(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["date"] = format_datetime(clock.now(), usegmt=True)
                headers.setdefault(REQUEST_ID_HEADER, str(uuid.uuid4()))
            await send(message)

        await app(scope, receive, send_with_headers)

    return app_with_headers


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
