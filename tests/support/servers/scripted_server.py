"""Small TCP servers that answer as no sandbox would: byte by byte what a test says, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr

from cutoutd.config.settings import AccountWithSecret as Settings
from cutoutd.uploadcare.transport import Timeouts, TimeoutSet

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

SECRET_KEY = "7d3f-very-secret-key"  # noqa: S105 - of no account


def patience(bounds: Timeouts) -> TimeoutSet:
    """The same with every kind of request."""
    return TimeoutSet(call=bounds, launch=bounds, transfer=bounds)


#: Each short in one thing only, so that on a busy machine no other time-out comes first; the last in nothing, for
#: servers that answer: 30 s are far more than any answer takes.
SHORT_READ = patience(Timeouts(overall_s=30.0, connect_s=30.0, read_s=0.2, write_s=30.0))
SHORT_OVERALL = patience(Timeouts(overall_s=2.0, connect_s=30.0, read_s=30.0, write_s=30.0))
PATIENT = patience(Timeouts(overall_s=30.0, connect_s=30.0, read_s=30.0, write_s=30.0))


def settings_for(url: str, **others: str) -> Settings:
    """An account whose three services live at one address."""
    bases = {"api_base": url, "upload_base": url} | others
    return Settings(public_key="demopublickey", secret_key=SecretStr(SECRET_KEY), **bases)


@asynccontextmanager
async def served_by(handler: Handler) -> AsyncIterator[str]:
    """A server that treats each connection as ``handler`` says; the value is its base URL."""
    under_way: set[asyncio.Task[None]] = set()

    async def treat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client had enough, or the test is over: that is what some tests are about
        finally:
            writer.close()
            under_way.discard(task)

    server = await asyncio.start_server(treat, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way)
        await server.wait_closed()


@dataclass
class Script:
    """Answers each request with the next of the given raw answers, the last one for ever; keeps what was asked.

    An answer of None resets the connection instead.
    """

    answers: list[bytes | None]
    requests: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head + await reader.readexactly(length_of(head)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            writer.transport.abort()
            return
        writer.write(answer)
        await writer.drain()


def answer(status: int, body: str | bytes, kind: str = "application/json", **headers: str) -> bytes:
    """A whole HTTP answer; header names with underscores."""
    content = body.encode() if isinstance(body, str) else body
    lines = {"content-type": kind, "content-length": str(len(content)), "connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


def length_of(head: bytes) -> int:
    """How long the body after a request's head is."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
