"""The forms that the page's buttons send: small, and read within seconds."""

import asyncio
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

from cutoutd.core.http_server import BodyTooLargeError, read_body

#: A form of ours is a few names and numbers.
_MAX_BYTES = 64_000
_MAX_FIELDS = 1_000
_MAX_DIGITS = 18  # more than any count, and within a database's integer
_RECEIVE_TIMEOUT_S = 10.0


class FormError(Exception):
    """The body is not a form of ours; ``status`` is the response's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Form:
    """The fields of a form.

    Args:
        fields: all values of each name.
    """

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """Return a field's first value; empty if it was not sent."""
        return self._fields.get(name, [""])[0]

    def number(self, name: str) -> int | None:
        """Return the whole number in a field; None if it holds none."""
        return number_in(self.one(name))


def number_in(text: str) -> int | None:
    """Return the whole number in a text; None if it holds none, or one that is too large."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if is_number else None


def form_of(request: Request) -> Form:
    """Return the form of a request that the access guard let pass."""
    form: Form = request.state.form
    return form


async def read_form(request: Request) -> Form:
    """Return the form in a request's body.

    Raises:
        FormError: it is too large, too slow, or not a form.
    """
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise FormError(415, "Only forms are accepted here.")
    try:
        text = (await _read_body(request)).decode("ascii")
        return Form(parse_qs(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise FormError(400, "This is not a form of this page.") from error


async def _read_body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(_RECEIVE_TIMEOUT_S):
            return await read_body(request, _MAX_BYTES)
    except BodyTooLargeError as error:
        raise FormError(413, "That is more than a form of this page holds.") from error
    except (TimeoutError, ClientDisconnect) as error:
        raise FormError(408, "The form did not arrive in time.") from error
