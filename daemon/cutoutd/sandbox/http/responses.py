"""The service's responses: content types, and the form of a refusal on each of its three hosts.

Bodies and headers are as docs/uploadcare.md 5 records them. Handlers return these or raise ``HttpRefusal``;
``endpoint`` turns a refusal into the response of its host.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

REST_TYPE = "application/vnd.uploadcare-v0.7+json"
NOT_FOUND = "Not found."


class HttpRefusal(Exception):  # noqa: N818 - a refusal is one of the service's responses, not a mistake of ours
    """A refusal by the service.

    Attributes:
        status: HTTP status.
        body: A sentence, or for REST the whole JSON object, because field errors have no ``detail``.
        code: The Upload API's name of the error, shown with ``?jsonerrors=1``.
        retry_after_s: Sent as ``Retry-After`` when given.
    """

    def __init__(
        self, status: int, body: str | Mapping[str, object], *, code: str = "", retry_after_s: int | None = None
    ) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """The header ``Retry-After`` in whole seconds, if it is given."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


_USUAL_SENTENCES = {
    401: "Incorrect authentication credentials.",
    403: "You do not have permission to perform this action.",  # not on record
    404: NOT_FOUND,
    409: "Concurrent call attempted",
    413: "The size of the request is too large.",
}


def usual_refusal(status: int, *, retry_after_s: int | None = None) -> HttpRefusal:
    """Return the refusal that the service most often gives with this status."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return throttled(retry_after_s)
    return HttpRefusal(
        status, _USUAL_SENTENCES.get(status, "The sandbox was told to fail."), retry_after_s=retry_after_s
    )


def throttled(retry_after_s: int | None) -> HttpRefusal:
    """Return the 429; without a number of seconds it has no ``Retry-After``."""
    expected = "" if retry_after_s is None else f" Expected available in {retry_after_s} seconds."
    return HttpRefusal(
        429, "Request was throttled." + expected, code="RequestThrottledError", retry_after_s=retry_after_s
    )


def not_found() -> HttpRefusal:
    """Return REST's 404, for unknown files, malformed UUIDs and unknown add-ons alike."""
    return HttpRefusal(404, NOT_FOUND)


def rest(body: object, status: int = 200) -> Response:
    """Return a REST response; its media type has no charset, because a client compares the whole string."""
    return Response(json.dumps(body, ensure_ascii=False), status, media_type=REST_TYPE)


def plain_json(body: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return ``application/json``, as ``/base/``, ``/info/`` and accepted executions do."""
    return JSONResponse(body, headers=headers)


def refuse_rest(_request: Request, refusal: HttpRefusal) -> Response:
    """Return REST's refusal: ``{"detail": sentence}``, or the field errors as they are."""
    body = {"detail": refusal.body} if isinstance(refusal.body, str) else refusal.body
    response = rest(body, refusal.status)
    response.headers.update(refusal.headers)
    return response


def refuse_upload(request: Request, refusal: HttpRefusal) -> Response:
    """Return the Upload API's refusal: plain text, or with ``?jsonerrors=1`` status 200 and an ``error`` object."""
    # Without the seconds that REST names, because Uploadcare's OpenAPI description has none here.
    text = "Request was throttled." if refusal.status == HTTPStatus.TOO_MANY_REQUESTS else str(refusal.body)
    if request.query_params.get("jsonerrors") == "1":
        error = {"content": text, "status_code": refusal.status, "error_code": refusal.code}
        return JSONResponse({"error": error}, headers=refusal.headers)
    return PlainTextResponse(text, refusal.status, headers=refusal.headers)


def refuse_storage(_request: Request, refusal: HttpRefusal) -> Response:
    """Return the refusal of the storage that takes parts: XML, as Amazon S3 writes it."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(refusal.code)}</Code>'
        f"<Message>{escape(str(refusal.body))}</Message></Error>"
    )
    return Response(body, refusal.status, media_type="application/xml", headers=refusal.headers)


async def read_json(request: Request) -> object:
    """Return the JSON of a REST request. Raises the 400 refusal for anything else."""
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise HttpRefusal(400, f"JSON parse error - {error}") from error


def refuse_cdn(_request: Request, refusal: HttpRefusal) -> Response:
    """Return the CDN's refusal. Its text is not on record; only the status counts."""
    return PlainTextResponse(str(refusal.body), refusal.status, headers=refusal.headers)
