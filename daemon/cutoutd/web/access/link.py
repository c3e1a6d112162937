"""The link to the page: asked of the running daemon over its control socket, which says who may have it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.config.settings import Common
from cutoutd.control.client import ask
from cutoutd.control.server import json_response
from cutoutd.core.errors import PageError
from cutoutd.ledger import is_held
from cutoutd.status.live_state import LiveState, read_live_state
from cutoutd.web.access.token_file import read_token


@dataclass(frozen=True, slots=True)
class PageLink:
    """What the daemon answers: where the page is and its token, or why there is none."""

    address: str = ""
    token: str = ""
    trouble: str = ""
    advice: str = ""


_LINKS = TypeAdapter(PageLink)

_TRIES, _TRY_EVERY_S = 20, 0.1


def link_routes(settings: Callable[[], Common], live: Callable[[], LiveState]) -> list[BaseRoute]:
    """``POST /page``, for whoever may give orders: whoever has the link can do no more than that."""

    async def tell(_request: Request) -> Response:
        try:
            link = await asyncio.to_thread(_link, settings(), await _address(live))
        except PageError as error:
            link = PageLink(trouble=error.sentence, advice=error.advice)
        return Response(_LINKS.dump_json(link), media_type="application/json")

    return [Route("/page", json_response(tell), methods=["POST"])]


async def _address(live: Callable[[], LiveState]) -> str | None:
    """While cutoutd starts or reloads, it is asked for the link before it listens."""
    for _ in range(_TRIES):
        if live().web_address is not None:
            break
        await asyncio.sleep(_TRY_EVERY_S)
    return live().web_address


def link_to_page(settings: Common) -> str:
    """The link to the page of the running daemon. Blocking.

    Raises:
        PageError: there is no page, and why.
        ControlRefusedError, ControlError: this user may not ask, or the daemon did not answer.
        PageRefusedError, LedgerError: it takes no orders, and this user may not look for the link without it.
    """
    answer = ask(settings, "/page", b"")
    link = _link_without_asking(settings) if answer is None else _understood(answer)
    if link.trouble:
        raise PageError(link.trouble, advice=link.advice)
    address = link.address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    return f"{address}/?token={link.token}"


def _link_without_asking(settings: Common) -> PageLink:
    """Nobody runs, or the one who does could not make its control socket."""
    live = read_live_state(settings.state_dir) if is_held(settings.state_dir) else None
    if live is None and settings.web.listen is not None:
        raise PageError("cutoutd is not running", advice="Start it: cutoutd run (without --once).")
    return _link(settings, live.web_address if live else None)


def _link(settings: Common, address: str | None) -> PageLink:
    if settings.web.listen is None:
        raise PageError("web.listen is null, so nobody listens", advice="Set it, for instance to 127.0.0.1:8717.")
    if address is None:
        host, port = settings.web.listen
        raise PageError(f"cutoutd could not listen on {host}:{port}", advice=_TAKEN)
    return PageLink(address, read_token(settings))


_TAKEN = "Another program has the port, or it is `run --once`: the log says why. Set web.listen to a free port."


def _understood(answer: bytes) -> PageLink:
    try:
        return _LINKS.validate_json(answer)
    except ValidationError as error:
        msg = "the running cutoutd answered in a way that this version does not understand"
        raise PageError(msg, advice="Restart it, so that it is of the same version as this command.") from error
