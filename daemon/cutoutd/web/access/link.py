"""The link to the page, which the command line gets from the running daemon over the control socket.

Each user of the control socket may have the link, because the page can do no more than the commands.
"""

import asyncio
from collections.abc import Callable

from cutoutd.config.settings import CommonSettings
from cutoutd.control.connection.client import decode_reply, send_message
from cutoutd.control.messages import PAGE_LINKS, PageLink, PageLinkQuery
from cutoutd.core.blocking import local_calls
from cutoutd.core.errors import PageError, PageRefusedError
from cutoutd.ledger import is_held
from cutoutd.status.live_state import LiveState, read_live_state
from cutoutd.web.access.sessions import end_all_sessions
from cutoutd.web.access.tokens import read_token

_TRIES, _TRY_EVERY_S = 20, 0.1

_PORT_TAKEN = "Another program has the port, or it is `run --once`: the log says why. Set web.listen to a free port."


async def page_link(settings: CommonSettings, live: Callable[[], LiveState]) -> PageLink:
    """Return the link, for the daemon's end of the control socket."""
    try:
        return await local_calls.run(_link, settings, await _address(live))
    except PageError as error:
        return PageLink(trouble=error.sentence, advice=error.advice)


def links_to_page(settings: CommonSettings) -> tuple[str, ...]:
    """Return the links to the page of the running daemon: here, then by each name of ``web.hosts``. Blocking.

    Raises:
        PageError: there is no page; the error says why.
        ControlRefusedError, ControlError: this user may not use the socket, or the daemon did not answer.
        PageRefusedError, LedgerError: the daemon has no socket, and this user may not read the files instead.
    """
    reply = send_message(PageLinkQuery(), settings)
    link = _link_from_files(settings) if reply is None else decode_reply(PAGE_LINKS, reply)
    if link.trouble:
        raise PageError(link.trouble, advice=link.advice)
    address = link.address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    return tuple(f"{each}/?token={link.token}" for each in (address, *(f"https://{host}" for host in link.hosts)))


def sign_out_everywhere(settings: CommonSettings) -> None:
    """End the sessions of all browsers; the running daemon notices within a second. Blocking.

    Raises:
        PageRefusedError: this user may not write the state folder.
    """
    try:
        end_all_sessions(settings.state_dir)
    except OSError as error:
        msg = f"the sessions in {settings.state_dir} cannot be ended: {error.strerror}"
        raise PageRefusedError(msg, advice="Use the user that cutoutd runs as, or root.") from error


async def _address(live: Callable[[], LiveState]) -> str | None:
    """Return the page's address. Wait a moment for it, because a daemon that starts or reloads has none yet."""
    for _ in range(_TRIES):
        if live().web_address is not None:
            break
        await asyncio.sleep(_TRY_EVERY_S)
    return live().web_address


def _link_from_files(settings: CommonSettings) -> PageLink:
    """Return the link without the socket: no daemon runs, or it could not make the socket."""
    live = read_live_state(settings.state_dir) if is_held(settings.state_dir) else None
    if live is None and settings.web.listen is not None:
        raise PageError("cutoutd is not running", advice="Start it: cutoutd run (without --once).")
    return _link(settings, live.web_address if live else None)


def _link(settings: CommonSettings, address: str | None) -> PageLink:
    if settings.web.listen is None:
        raise PageError("web.listen is null, so there is no page", advice="Set it, for instance to 127.0.0.1:8717.")
    if address is None:
        host, port = settings.web.listen
        raise PageError(f"cutoutd could not listen on {host}:{port}", advice=_PORT_TAKEN)
    return PageLink(address, read_token(settings), hosts=settings.web.hosts)
