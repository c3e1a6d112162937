"""Which request goes to which handler: the service's whole surface in one table, all at the root of one port.

Owns the paths; it must not answer anything itself but "not found" and "not allowed".
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.sandbox.api.addons import AddonEndpoints
from cutoutd.sandbox.api.cdn import CdnEndpoints
from cutoutd.sandbox.api.endpoint import ApiHost, Endpoint, EndpointContext, Handler
from cutoutd.sandbox.api.file_list import FileList
from cutoutd.sandbox.api.files import FileEndpoints
from cutoutd.sandbox.api.project import ProjectEndpoints
from cutoutd.sandbox.api.uploads import UploadEndpoints
from cutoutd.sandbox.api.webhooks import WebhookEndpoints
from cutoutd.sandbox.control_api import Control
from cutoutd.sandbox.http.request_kinds import EndpointKind
from cutoutd.sandbox.http.responses import NOT_FOUND, HttpRefusal, refuse_cdn, refuse_rest, refuse_upload

CONTROL = "/_sandbox"


@dataclass(frozen=True, slots=True)
class Handlers:
    """The parts that answer requests."""

    project: ProjectEndpoints
    uploads: UploadEndpoints
    files: FileEndpoints
    pages: FileList
    addons: AddonEndpoints
    webhooks: WebhookEndpoints
    cdn: CdnEndpoints
    control: Control


def application(rooms: Handlers, house: EndpointContext, admit: Callable[[Request], Awaitable[None]]) -> Starlette:
    """The sandbox as an ASGI application.

    Args:
        rooms: Who answers.
        house: What the endpoints share.
        admit: The check every REST request has to pass.
    """
    routes = [*_rest(rooms, house, admit), *_upload(rooms, house), *_control(rooms.control), *_cdn(rooms, house)]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _no_route})
    app.router.redirect_slashes = False  # the service's paths end in a slash; one without is another path
    return app


def _rest(rooms: Handlers, house: EndpointContext, admit: Callable[[Request], Awaitable[None]]) -> list[BaseRoute]:
    face = ApiHost(refuse_rest, admit, is_billed=True)
    files, pages, addons, webhooks = rooms.files, rooms.pages, rooms.addons, rooms.webhooks
    table: list[tuple[str, str, EndpointKind, Handler]] = [
        ("GET", "/project/", EndpointKind.PROJECT, rooms.project.show),
        ("GET", "/files/", EndpointKind.FILES, pages.show),
        ("PUT", "/files/storage/", EndpointKind.STORE, files.store_many),
        ("DELETE", "/files/storage/", EndpointKind.DELETE, files.delete_many),
        ("GET", "/files/{uuid}/", EndpointKind.FILE, files.show),
        ("PUT", "/files/{uuid}/storage/", EndpointKind.STORE, files.store_one),
        ("DELETE", "/files/{uuid}/storage/", EndpointKind.DELETE, files.delete_one),
        ("POST", "/addons/{addon}/execute/", EndpointKind.EXECUTE, addons.execute),
        ("GET", "/addons/{addon}/execute/status/", EndpointKind.STATUS, addons.status),
        ("GET", "/webhooks/", EndpointKind.WEBHOOKS, webhooks.show),
        ("POST", "/webhooks/", EndpointKind.WEBHOOKS, webhooks.create),
        ("DELETE", "/webhooks/unsubscribe/", EndpointKind.WEBHOOKS, webhooks.unsubscribe),
        ("PUT", "/webhooks/{id}/", EndpointKind.WEBHOOKS, webhooks.update),
        ("DELETE", "/webhooks/{id}/", EndpointKind.WEBHOOKS, webhooks.delete),
    ]
    return [Route(path, Endpoint(kind, face, answer, house), methods=[verb]) for verb, path, kind, answer in table]


def _upload(rooms: Handlers, house: EndpointContext) -> list[BaseRoute]:
    face = ApiHost(refuse_upload, _admit_anyone, is_billed=True)
    return [
        Route("/base/", Endpoint(EndpointKind.UPLOAD, face, rooms.uploads.take, house), methods=["POST"]),
        Route("/info/", Endpoint(EndpointKind.INFO, face, rooms.uploads.info, house), methods=["GET"]),
    ]


def _cdn(rooms: Handlers, house: EndpointContext) -> list[BaseRoute]:
    endpoint = Endpoint(EndpointKind.CDN, ApiHost(refuse_cdn, _admit_anyone, is_billed=False), rooms.cdn.fetch, house)
    return [Route("/{uuid}/", endpoint, methods=["GET"]), Route("/{uuid}/{filename}", endpoint, methods=["GET"])]


def _control(control: Control) -> list[BaseRoute]:
    return [
        Route(f"{CONTROL}/counters", control.show_counters, methods=["GET"]),
        Route(f"{CONTROL}/counters", control.forget_counters, methods=["DELETE"]),
        Route(f"{CONTROL}/faults", control.show_faults, methods=["GET"]),
        Route(f"{CONTROL}/faults", control.add_faults, methods=["POST"]),
        Route(f"{CONTROL}/faults", control.clear_faults, methods=["DELETE"]),
        Route(f"{CONTROL}/clock", control.move_clock, methods=["POST"]),
    ]


async def _admit_anyone(_request: Request) -> None:
    """Uploads prove themselves inside their form; the CDN is public."""


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = f'Method "{request.method}" not allowed.' if status == 405 else NOT_FOUND  # noqa: PLR2004 - HTTP's number
    return refuse_rest(request, HttpRefusal(status, sentence))
