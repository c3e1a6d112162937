"""What a person sent with a button: small, and read within seconds."""

import asyncio
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

#: A form of ours is a few names and numbers.
_MOST_BYTES = 64_000
_MOST_FIELDS = 1_000
_MOST_DIGITS = 18  # more than anything is counted to, and what a database's integer holds
_RECEIVED_WITHIN_S = 10.0


class FormError(Exception):
    """What came is no form of ours; ``status`` is the answer's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Form:
    """The fields of a form.

    Args:
        fields: every value of each name.
    """

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """A field's first value; empty when it was not sent."""
        return self._fields.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """All values of a field."""
        return self._fields.get(name, [])

    def number(self, name: str) -> int | None:
        """A field that holds a whole number; None when it does not."""
        return number_in(self.one(name))


def number_in(text: str) -> int | None:
    """The whole number that somebody sent; None when it is none, or larger than any of ours."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


def form_of(request: Request) -> Form:
    """The form of a request that the gate let in."""
    form: Form = request.state.form
    return form


async def read_form(request: Request) -> Form:
    """Read a form's body.

    Raises:
        FormError: it is too large, too slow or no form.
    """
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise FormError(415, "Only forms are taken here.")
    try:
        text = (await _body(request)).decode("ascii")
        return Form(parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise FormError(400, "This is no form of this page's.") from error


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_RECEIVED_WITHIN_S):
            async for piece in request.stream():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise FormError(413, "That is more than a form of this page's holds.")
    except (TimeoutError, ClientDisconnect) as error:
        raise FormError(408, "The form did not arrive in time.") from error
    return bytes(body)
