"""The table of routes: every path of the service and its handler, all at the root of one port."""

from collections.abc import Awaitable, Callable, Iterable
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
from cutoutd.sandbox.api.resources import unserved
from cutoutd.sandbox.api.resources.copies import CopyEndpoints
from cutoutd.sandbox.api.resources.groups import GroupEndpoints
from cutoutd.sandbox.api.resources.labels import LabelEndpoints
from cutoutd.sandbox.api.resources.project import ProjectEndpoints
from cutoutd.sandbox.api.uploads.direct import UploadEndpoints
from cutoutd.sandbox.api.uploads.from_url import FromUrlEndpoints
from cutoutd.sandbox.api.uploads.multipart import PART_PATH, MultipartEndpoints
from cutoutd.sandbox.api.webhooks import WebhookEndpoints
from cutoutd.sandbox.control_api import ControlEndpoints
from cutoutd.sandbox.http.request_kinds import EndpointKind
from cutoutd.sandbox.http.responses import (
    NOT_FOUND,
    HttpRefusal,
    refuse_cdn,
    refuse_rest,
    refuse_storage,
    refuse_upload,
)

CONTROL = "/_sandbox"


@dataclass(frozen=True, slots=True)
class Handlers:
    """The handlers of all routes."""

    project: ProjectEndpoints
    uploads: UploadEndpoints
    multipart: MultipartEndpoints
    from_url: FromUrlEndpoints
    groups: GroupEndpoints
    labels: LabelEndpoints
    copies: CopyEndpoints
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
    labels, copies, groups = handlers.labels, handlers.copies, handlers.groups
    table: list[tuple[str, str, EndpointKind, Handler]] = [
        ("GET", "/project/", EndpointKind.PROJECT, handlers.project.show),
        ("GET", "/files/", EndpointKind.FILES, file_list.show),
        ("PUT", "/files/storage/", EndpointKind.STORE, files.store_many),
        ("DELETE", "/files/storage/", EndpointKind.DELETE, files.delete_many),
        ("POST", "/files/local_copy/", EndpointKind.COPY, copies.copy_locally),
        ("POST", "/files/remote_copy/", EndpointKind.COPY, copies.copy_away),
        ("POST", "/files/search/", EndpointKind.UNSERVED, unserved.search_files),
        ("GET", "/files/{uuid}/", EndpointKind.FILE, files.show),
        ("PUT", "/files/{uuid}/storage/", EndpointKind.STORE, files.store_one),
        ("DELETE", "/files/{uuid}/storage/", EndpointKind.DELETE, files.delete_one),
        ("GET", "/files/{uuid}/metadata/", EndpointKind.LABELS, labels.show_metadata),
        ("GET", "/files/{uuid}/metadata/{key}/", EndpointKind.LABELS, labels.show_key),
        ("PUT", "/files/{uuid}/metadata/{key}/", EndpointKind.LABELS, labels.set_key),
        ("DELETE", "/files/{uuid}/metadata/{key}/", EndpointKind.LABELS, labels.delete_key),
        ("GET", "/files/{uuid}/tags/", EndpointKind.LABELS, labels.show_tags),
        ("PUT", "/files/{uuid}/tags/", EndpointKind.LABELS, labels.set_tags),
        ("PATCH", "/files/{uuid}/tags/", EndpointKind.LABELS, labels.change_tags),
        ("GET", "/groups/", EndpointKind.GROUPS, groups.list),
        ("GET", "/groups/{group}/", EndpointKind.GROUPS, groups.show),
        ("DELETE", "/groups/{group}/", EndpointKind.GROUPS, groups.delete),
        ("POST", "/convert/document/", EndpointKind.UNSERVED, unserved.convert_document),
        ("GET", "/convert/document/{path:path}", EndpointKind.UNSERVED, unserved.convert_document),
        ("POST", "/convert/video/", EndpointKind.UNSERVED, unserved.convert_video),
        ("GET", "/convert/video/{path:path}", EndpointKind.UNSERVED, unserved.convert_video),
        ("POST", "/addons/{addon}/execute/", EndpointKind.EXECUTE, addons.execute),
        ("GET", "/addons/{addon}/execute/status/", EndpointKind.STATUS, addons.status),
        ("GET", "/webhooks/", EndpointKind.WEBHOOKS, webhooks.show),
        ("POST", "/webhooks/", EndpointKind.WEBHOOKS, webhooks.create),
        ("DELETE", "/webhooks/unsubscribe/", EndpointKind.WEBHOOKS, webhooks.unsubscribe),
        ("PUT", "/webhooks/{id}/", EndpointKind.WEBHOOKS, webhooks.update),
        ("DELETE", "/webhooks/{id}/", EndpointKind.WEBHOOKS, webhooks.delete),
    ]
    return _routes(table, host, context)


def _routes(
    table: Iterable[tuple[str, str, EndpointKind, Handler]], host: ApiHost, context: EndpointContext
) -> list[BaseRoute]:
    return [Route(path, Endpoint(kind, host, handler, context), methods=[verb]) for verb, path, kind, handler in table]


def _upload(handlers: Handlers, context: EndpointContext) -> list[BaseRoute]:
    host = ApiHost(refuse_upload, _admit_all, is_billed=True)
    storage = ApiHost(refuse_storage, _admit_all, is_billed=False)
    multipart, from_url, groups = handlers.multipart, handlers.from_url, handlers.groups
    table: list[tuple[str, str, EndpointKind, Handler]] = [
        ("POST", "/base/", EndpointKind.UPLOAD, handlers.uploads.upload),
        ("GET", "/info/", EndpointKind.INFO, handlers.uploads.info),
        ("POST", "/multipart/start/", EndpointKind.MULTIPART, multipart.start),
        ("POST", "/multipart/complete/", EndpointKind.MULTIPART, multipart.complete),
        ("POST", "/from_url/", EndpointKind.FROM_URL, from_url.upload),
        ("GET", "/from_url/status/", EndpointKind.FROM_URL, from_url.status),
        ("POST", "/group/", EndpointKind.GROUPS, groups.create),
        ("POST", "/group//", EndpointKind.GROUPS, groups.create),  # because pyuploadcare 6.3.0 writes it so
        ("GET", "/group/info/", EndpointKind.GROUPS, groups.info),
    ]
    part = Endpoint(EndpointKind.PART, storage, multipart.receive_part, context)
    return [*_routes(table, host, context), Route(PART_PATH, part, methods=["PUT"])]


def _cdn(handlers: Handlers, context: EndpointContext) -> list[BaseRoute]:
    host = ApiHost(refuse_cdn, _admit_all, is_billed=False)
    table: list[tuple[str, str, EndpointKind, Handler]] = [
        ("GET", "/{uuid}/", EndpointKind.CDN, handlers.cdn.fetch),
        ("GET", "/{uuid}/{filename}", EndpointKind.CDN, handlers.cdn.fetch),
        ("GET", "/{group}/nth/{number:int}/", EndpointKind.CDN, handlers.groups.fetch_member),
        ("GET", "/{uuid}/-/{operations:path}", EndpointKind.CDN, unserved.transform_picture),
    ]
    return _routes(table, host, context)


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
