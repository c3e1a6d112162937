"""Between cutoutd and the sandbox: passes bytes on and notes when each upload began to arrive."""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress

from bench.proxy import Proxy

#: The form's head names the file; it comes in the first bytes of the request.
_NAME = re.compile(rb'filename="([^"]+)"')
_HEAD_BYTES = 4096


class Relay(Proxy):
    """Passes bytes on."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self._started_s: dict[str, float] = {}

    @property
    def started_s(self) -> Mapping[str, float]:
        """When the first bytes of each upload came, Unix time, by the file's name."""
        return dict(self._started_s)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
