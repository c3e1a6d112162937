"""The flash message: the result of a command, shown once on the next page. A signed cookie carries it there."""

from collections.abc import Sequence
from http import HTTPStatus

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cutoutd.control.messages import CommandResult
from cutoutd.core.logs import printable
from cutoutd.web.access.hosts import is_encrypted, port_of
from cutoutd.web.access.tokens import Tokens

_LIFETIME_S = 60

#: A cookie holds 4 kB.
_MAX_SENTENCES = 6
_MAX_CHARACTERS = 250


@dataclass(frozen=True)
class FlashMessage:
    """The sentences about a command."""

    done: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


_MESSAGES = TypeAdapter(FlashMessage)


def redirect_with_flash_message(request: Request, address: str, tokens: Tokens, result: CommandResult) -> Response:
    """Return a redirect to a page that shows a command's result. A reload of that page repeats nothing."""
    message = FlashMessage(_shortened(result.done), _shortened(result.refused))
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    signed = tokens.sign(_MESSAGES.dump_json(message).decode())
    response.set_cookie(
        _name(request),
        signed,
        max_age=_LIFETIME_S,
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_encrypted(request.headers),
    )
    return response


def read_flash_message(request: Request, tokens: Tokens) -> FlashMessage | None:
    """Return the message; None if there is none, or it was shown already."""
    text = tokens.verify(request.cookies.get(_name(request), ""))
    return _MESSAGES.validate_json(text) if text else None


def delete_flash_message(request: Request, response: Response) -> None:
    """Delete the message, because it was shown."""
    secure = is_encrypted(request.headers)
    response.delete_cookie(_name(request), path="/", httponly=True, samesite="strict", secure=secure)


def _name(request: Request) -> str:
    return f"cutoutd_said_{port_of(request.headers.get('host', ''))}"


def _shortened(sentences: Sequence[str]) -> tuple[str, ...]:
    shown = [printable(sentence)[:_MAX_CHARACTERS] for sentence in sentences[:_MAX_SENTENCES]]
    more = len(sentences) - len(shown)
    return (*shown, f"and {more:,} more") if more else tuple(shown)
