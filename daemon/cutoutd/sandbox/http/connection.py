"""The TCP connection under a request, for faults that no proper HTTP response can play.

``server`` makes uvicorn use ``CuttableProtocol``. Effects get the connection of their request from ``connection_of``.
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
    """The connection of one client."""

    transport: asyncio.Transport

    async def hang_up(self, receive: Receive) -> None:
        """Send the bytes written so far and close in order; return when the connection is gone."""
        self.transport.close()
        await _wait_until_gone(receive)

    async def reset(self, receive: Receive) -> None:
        """Close with a TCP reset; return when the connection is gone."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()
        await _wait_until_gone(receive)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def connection_of(scope: Scope) -> ConnectionControl:
    """Return the connection of a request."""
    connection: ConnectionControl = scope["extensions"][_EXTENSION]
    return connection


class CuttableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which hands the connection to the application as an ASGI extension."""

    def connection_made(  # type: ignore[override] # uvicorn narrows asyncio's argument, and so does this
        self, transport: asyncio.Transport
    ) -> None:
        """Wrap the application for this connection."""
        super().connection_made(transport)
        app: ASGIApp = self.app
        connection = ConnectionControl(transport)

        async def app_with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = connection
            await app(scope, receive, send)

        self.app = app_with_connection
