"""A request with two lengths, as a smuggler sends it past a proxy."""

import asyncio
import socket

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from cutoutd.core.http_server import serve_http


def test_a_request_with_two_lengths_is_refused_and_the_connection_closed() -> None:
    """The second request inside its body is never looked at."""
    asked: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await PlainTextResponse("yes")(scope, receive, send)

    async def ask() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with serve_http(app, listener):
                reader, writer = await asyncio.open_connection(*listener.getsockname())
                writer.write(
                    b"POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"0\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\n"
                )
                answer = await asyncio.wait_for(reader.read(), 20)
                writer.close()
        return answer

    answer = asyncio.run(ask())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert asked == []
