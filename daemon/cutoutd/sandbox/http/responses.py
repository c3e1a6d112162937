"""The forms of the service's answers: content types, and how each of the three faces says no.

Owns bodies and headers that UPLOADCARE.md section 5 records; it must not decide anything. Handlers return these or
raise a ``Refusal``; ``endpoint`` turns the refusal into an answer of the face that was asked.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

REST_TYPE = "application/vnd.uploadcare-v0.7+json"
NOT_FOUND = "Not found."


class HttpRefusal(Exception):  # noqa: N818 - the service's no is one of its answers, not a mistake of ours
    """The service says no.

    Attributes:
        status: HTTP status.
        body: A sentence, or for REST the whole JSON object (field errors have no ``detail``).
        code: Upload API's machine-readable name, shown with ``?jsonerrors=1``.
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
        """``Retry-After`` in whole seconds, or nothing."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


_USUAL_SENTENCES = {
    401: "Incorrect authentication credentials.",
    403: "You do not have permission to perform this action.",  # not on record
    404: NOT_FOUND,
    409: "Concurrent call attempted",
    413: "The size of the request is too large.",
}


def usual_refusal(status: int, *, retry_after_s: int | None = None) -> HttpRefusal:
    """The refusal the service most often gives with a status."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return throttled(retry_after_s)
    return HttpRefusal(
        status, _USUAL_SENTENCES.get(status, "The sandbox was told to fail."), retry_after_s=retry_after_s
    )


def throttled(retry_after_s: int | None) -> HttpRefusal:
    """429; without a number of seconds also without ``Retry-After``."""
    expected = "" if retry_after_s is None else f" Expected available in {retry_after_s} seconds."
    return HttpRefusal(
        429, "Request was throttled." + expected, code="RequestThrottledError", retry_after_s=retry_after_s
    )


def not_found() -> HttpRefusal:
    """REST's 404, for unknown files, malformed UUIDs and unknown add-ons alike."""
    return HttpRefusal(404, NOT_FOUND)


def rest(body: object, status: int = 200) -> Response:
    """A REST answer: the vendor's media type, without a charset (their JavaScript client compares the whole string)."""
    return Response(json.dumps(body, ensure_ascii=False), status, media_type=REST_TYPE)


def plain_json(body: object, headers: Mapping[str, str] | None = None) -> Response:
    """The answer of ``/base/``, ``/info/`` and of an add-on that agreed: ``application/json``."""
    return JSONResponse(body, headers=headers)


def refuse_rest(_request: Request, refusal: HttpRefusal) -> Response:
    """REST's no: ``{"detail": sentence}`` or the field errors as they are."""
    body = {"detail": refusal.body} if isinstance(refusal.body, str) else refusal.body
    answer = rest(body, refusal.status)
    answer.headers.update(refusal.headers)
    return answer


def refuse_upload(request: Request, refusal: HttpRefusal) -> Response:
    """Upload API's no: plain text, or with ``?jsonerrors=1`` status 200 and an ``error`` object."""
    # The Upload API's 429 names no seconds in its text (Uploadcare's OpenAPI description), REST's does.
    text = "Request was throttled." if refusal.status == HTTPStatus.TOO_MANY_REQUESTS else str(refusal.body)
    if request.query_params.get("jsonerrors") == "1":
        error = {"content": text, "status_code": refusal.status, "error_code": refusal.code}
        return JSONResponse({"error": error}, headers=refusal.headers)
    return PlainTextResponse(text, refusal.status, headers=refusal.headers)


def refuse_cdn(_request: Request, refusal: HttpRefusal) -> Response:
    """The CDN's no. Its text is not on record; only the status counts."""
    return PlainTextResponse(str(refusal.body), refusal.status, headers=refusal.headers)
