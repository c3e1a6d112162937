"""Between cutoutd and the sandbox: passes bytes on and notes when each upload began to arrive."""

import asyncio
import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

#: The form's head names the file; it comes in the first bytes of the request.
_NAME = re.compile(rb'filename="([^"]+)"')
_HEAD_BYTES = 4096


class Relay:
    """A context manager; ``url`` takes the place of the address it leads to."""

    def __init__(self, to: str) -> None:
        address = urlsplit(to)
        self._to = (address.hostname, address.port)
        self._loop = asyncio.new_event_loop()
        self._started_s: dict[str, float] = {}
        self._server = self._loop.run_until_complete(asyncio.start_server(self._pass_on, "127.0.0.1", 0))
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def started_s(self) -> Mapping[str, float]:
        """When the first bytes of each upload came, Unix time, by the file's name."""
        return dict(self._started_s)

    async def _end(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection(*self._to)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, other_writer, is_watched=True))
                tasks.create_task(self._pump(other_reader, writer, is_watched=False))
        except* OSError:
            pass  # one side went away, which ends the other
        finally:
            other_writer.close()
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_watched: bool) -> None:
        while piece := await reader.read(1 << 18):
            if is_watched and (found := _NAME.search(piece[:_HEAD_BYTES])):
                self._started_s.setdefault(found.group(1).decode(), time.time())
            writer.write(piece)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()
