"""The TCP connection under a request, for faults that no proper HTTP answer can play.

Owns cutting and resetting; it must not decide when. ``server`` makes uvicorn use ``CuttableProtocol``; ``effects``
fetches the wire of its request with ``wire_of``.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_EXTENSION = "cutoutd.sandbox.http.connection"
_LINGER_NOT = struct.pack("ii", 1, 0)  # SO_LINGER with zero seconds: closing sends RST instead of FIN


@dataclass(frozen=True, slots=True)
class ConnectionControl:
    """One client's connection."""

    transport: asyncio.Transport

    async def hang_up(self, receive: Receive) -> None:
        """Send what was written so far, then close in order; returns when the connection is gone."""
        self.transport.close()
        await _gone(receive)

    async def reset(self, receive: Receive) -> None:
        """Close with a TCP reset; returns when the connection is gone."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def wire_of(scope: Scope) -> ConnectionControl:
    """The connection a request came over."""
    wire: ConnectionControl = scope["extensions"][_EXTENSION]
    return wire


class CuttableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with the connection handed to the application as an ASGI extension."""

    def connection_made(  # type: ignore[override] # uvicorn narrows asyncio's argument, and so does this
        self, transport: asyncio.Transport
    ) -> None:
        """Wrap the application for this connection."""
        super().connection_made(transport)
        app: ASGIApp = self.app
        wire = ConnectionControl(transport)

        async def app_with_wire(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = wire
            await app(scope, receive, send)

        self.app = app_with_wire
