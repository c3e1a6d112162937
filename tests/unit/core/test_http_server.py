"""The listeners for HTTP: how many may be connected at once."""

import asyncio
import itertools
import socket

from starlette.responses import PlainTextResponse

from cutoutd.core.http_server import serve_http

_CROWD = 200
_LET_IN = 128


async def _is_hung_up(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


def test_a_crowd_of_silent_connections_is_hung_up_on() -> None:
    """Each takes a file that a photo may need, so those beyond what a listener can use are let go of at once."""

    async def play() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with serve_http(PlainTextResponse("here"), listener, head_timeout_s=3600.0):
                host, port = listener.getsockname()
                crowd = [await asyncio.open_connection(host, port) for _ in range(_CROWD)]
                waits = [asyncio.create_task(_is_hung_up(reader)) for reader, _ in crowd]
                async with asyncio.timeout(30):
                    for hung_up in itertools.islice(asyncio.as_completed(waits), _CROWD - _LET_IN):
                        assert await hung_up
                for wait in waits:
                    wait.cancel()
                for _, writer in crowd:
                    writer.close()
                await asyncio.gather(*waits, return_exceptions=True)

    asyncio.run(play())
