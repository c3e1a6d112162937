"""What an order came to, told on the page that follows it: carried there by a sealed cookie that lives for seconds."""

from collections.abc import Sequence
from http import HTTPStatus

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cutoutd.control.messages import CommandResult
from cutoutd.core.logs import printable
from cutoutd.web.access.hosts import port_of
from cutoutd.web.access.tokens import Tokens

_LIVES_FOR_S = 60

#: A cookie holds 4 kB.
_MOST_SENTENCES = 6
_MOST_CHARACTERS = 250


@dataclass(frozen=True)
class FlashMessage:
    """Sentences about an order."""

    done: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


_SAID = TypeAdapter(FlashMessage)


def see_other(request: Request, address: str, key: Tokens, answer: CommandResult) -> Response:
    """Send the browser on to a page that tells what an order came to; going back or reloading repeats nothing."""
    said = FlashMessage(_shortened(answer.done), _shortened(answer.refused))
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    sealed = key.sign(_SAID.dump_json(said).decode())
    response.set_cookie(_name(request), sealed, max_age=_LIVES_FOR_S, path="/", httponly=True, samesite="strict")
    return response


def flash_message_of(request: Request, key: Tokens) -> FlashMessage | None:
    """What the last order came to; None when that was told already."""
    text = key.verified(request.cookies.get(_name(request), ""))
    return _SAID.validate_json(text) if text else None


def forget(request: Request, response: Response) -> None:
    """It is told now."""
    response.delete_cookie(_name(request), path="/", httponly=True, samesite="strict")


def _name(request: Request) -> str:
    return f"cutoutd_said_{port_of(request.headers.get('host', ''))}"


def _shortened(sentences: Sequence[str]) -> tuple[str, ...]:
    told = [printable(sentence)[:_MOST_CHARACTERS] for sentence in sentences[:_MOST_SENTENCES]]
    more = len(sentences) - len(told)
    return (*told, f"and {more:,} more") if more else tuple(told)
