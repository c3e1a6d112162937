"""The table of routes: every path of the service and its handler, all at the root of one port."""

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
from cutoutd.sandbox.control_api import ControlEndpoints
from cutoutd.sandbox.http.request_kinds import EndpointKind
from cutoutd.sandbox.http.responses import NOT_FOUND, HttpRefusal, refuse_cdn, refuse_rest, refuse_upload

CONTROL = "/_sandbox"


@dataclass(frozen=True, slots=True)
class Handlers:
    """The handlers of all routes."""

    project: ProjectEndpoints
    uploads: UploadEndpoints
    files: FileEndpoints
    file_list: FileList
    addons: AddonEndpoints
    webhooks: WebhookEndpoints
    cdn: CdnEndpoints
    control: ControlEndpoints


def application(handlers: Handlers, context: EndpointContext, admit: Callable[[Request], Awaitable[None]]) -> Starlette:
    """Return the sandbox as an ASGI application.

    Args:
        handlers: The handlers of all routes.
        context: The parts that all endpoints share.
        admit: The authentication of REST requests.
    """
    routes = [
        *_rest(handlers, context, admit),
        *_upload(handlers, context),
        *_control(handlers.control),
        *_cdn(handlers, context),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _no_route})
    app.router.redirect_slashes = False  # because a path of the service without its slash is another path
    return app


def _rest(handlers: Handlers, context: EndpointContext, admit: Callable[[Request], Awaitable[None]]) -> list[BaseRoute]:
    host = ApiHost(refuse_rest, admit, is_billed=True)
    files, file_list, addons, webhooks = handlers.files, handlers.file_list, handlers.addons, handlers.webhooks
    table: list[tuple[str, str, EndpointKind, Handler]] = [
        ("GET", "/project/", EndpointKind.PROJECT, handlers.project.show),
        ("GET", "/files/", EndpointKind.FILES, file_list.show),
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
    return [Route(path, Endpoint(kind, host, handler, context), methods=[verb]) for verb, path, kind, handler in table]


def _upload(handlers: Handlers, context: EndpointContext) -> list[BaseRoute]:
    host = ApiHost(refuse_upload, _admit_all, is_billed=True)
    return [
        Route("/base/", Endpoint(EndpointKind.UPLOAD, host, handlers.uploads.upload, context), methods=["POST"]),
        Route("/info/", Endpoint(EndpointKind.INFO, host, handlers.uploads.info, context), methods=["GET"]),
    ]


def _cdn(handlers: Handlers, context: EndpointContext) -> list[BaseRoute]:
    endpoint = Endpoint(EndpointKind.CDN, ApiHost(refuse_cdn, _admit_all, is_billed=False), handlers.cdn.fetch, context)
    return [Route("/{uuid}/", endpoint, methods=["GET"]), Route("/{uuid}/{filename}", endpoint, methods=["GET"])]


def _control(control: ControlEndpoints) -> list[BaseRoute]:
    return [
        Route(f"{CONTROL}/counters", control.show_counters, methods=["GET"]),
        Route(f"{CONTROL}/counters", control.clear_counters, methods=["DELETE"]),
        Route(f"{CONTROL}/faults", control.show_faults, methods=["GET"]),
        Route(f"{CONTROL}/faults", control.add_faults, methods=["POST"]),
        Route(f"{CONTROL}/faults", control.clear_faults, methods=["DELETE"]),
        Route(f"{CONTROL}/clock", control.move_clock, methods=["POST"]),
    ]


async def _admit_all(_request: Request) -> None:
    """Admit every request: uploads are checked by their form, and the CDN is public."""


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = f'Method "{request.method}" not allowed.' if status == 405 else NOT_FOUND  # noqa: PLR2004 - HTTP's number
    return refuse_rest(request, HttpRefusal(status, sentence))
