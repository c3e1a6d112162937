"""The internet of a world: every request of the product and of the service goes through here.

The service is the real sandbox application, in memory. A request is carried out in the service's own life, so that it
goes on when the client gives up or is killed.
"""

import asyncio
import contextvars
import json
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx2
from starlette.types import ASGIApp

from simulation.machine.loop import life
from simulation.service.faults import ANSWERS, Answer, Effect, Fault, json_answer
from simulation.service.spoilt import giant, with_junk_pixels

SERVICE = "https://uploadcare.test/"
HOOK = "https://photos.test/hooks/uploadcare"

#: The time of a packet's way.
_SHORTEST_S, _LONGEST_S = 0.005, 0.08


class World(Protocol):
    """What the internet needs to know of its world."""

    context: contextvars.Context

    def trace(self, kind: str, text: str) -> None:
        """Note an event."""


@dataclass
class Execution:
    """A removal that the service accepted, and so bills."""

    request_id: str
    target: str
    at_s: float
    life: int
    answered_at_s: float | None = None  #: None: the response never reached the product
    sent_at_s: float = 0.0


@dataclass
class Internet:
    """The connections between product and service."""

    world: World
    rng: random.Random
    clock: Callable[[], float]
    service: ASGIApp | None = None
    page: ASGIApp | None = None  #: of the product that lives now
    page_context: contextvars.Context | None = None
    faults: list[Fault] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)  #: requests by kind and path
    cut_calls_s: list[float] = field(default_factory=list)  #: when the product gave up a paid call
    doomed: set[str] = field(default_factory=set)  #: UUIDs that some fault struck for good
    launches_at_s: list[float] = field(default_factory=list)  #: when each launch was sent, accepted or not
    uploads: dict[str, float | None] = field(default_factory=dict)  #: UUIDs, and when the product got to know them
    pages: int = 0  #: of a list without an end
    under_way: int = 0  #: requests of the product without a response yet

    async def carry(self, request: httpx2.Request) -> httpx2.Response:
        """Carry a request to its server, and the response back."""
        kind = kind_of(request)
        self.asked[kind, request.url.path] += 1
        fault = self._fault_on(kind, request.url.path)
        if fault is not None and fault.only_every:
            self.doomed.add(request.url.path.strip("/").rpartition("/")[2])
        self.world.trace("request", f"{kind} {request.url.path}{f' {fault}' if fault else ''}")
        limits = request.extensions.get("timeout") or {}
        if fault is not None and fault.effect is Effect.REFUSED:
            raise httpx2.ConnectError("refused", request=request) from ConnectionRefusedError(111, "Connection refused")
        if fault is not None and fault.effect is Effect.NO_ROUTE:
            await asyncio.sleep(limits.get("connect") or 10.0)
            raise httpx2.ConnectTimeout("no route", request=request)
        if kind == "execute":
            self.launches_at_s.append(self.clock())
        exchange = _Exchange(self, kind, request, await request.aread(), life.get(), self.clock())
        self.under_way += kind != "hook"
        try:
            await self.transit()
            return await (exchange.succeed() if fault is None else exchange.meet(fault))
        except asyncio.CancelledError:
            if kind == "execute":
                self.cut_calls_s.append(self.clock())
            raise
        finally:
            self.under_way -= kind != "hook"

    async def strike(self, fault: dict[str, object]) -> None:
        """Add a fault to the service's removals, by its own control route."""
        assert self.service is not None
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.service), base_url=SERVICE) as client:
            await client.post("_sandbox/faults", json=fault)

    def _fault_on(self, kind: str, path: str) -> Fault | None:
        for fault in self.faults:
            is_meant = (not fault.on or kind in fault.on) and fault.is_about(path)
            if is_meant and self.rng.random() < fault.rate:
                return fault
        return None

    async def transit(self) -> None:
        """Let the time of a packet's way pass."""
        await asyncio.sleep(self.rng.uniform(_SHORTEST_S, _LONGEST_S))


@dataclass
class _Exchange:
    """One request at its server."""

    internet: Internet
    kind: str
    request: httpx2.Request
    content: bytes
    client: int
    sent_at_s: float
    execution: Execution | None = None
    upload: str = ""  #: UUID

    async def succeed(self) -> httpx2.Response:
        """Carry the request out, and give the response to the client."""
        return self._received(await self._wait_for(self._begin()))

    async def meet(self, fault: Fault) -> httpx2.Response:
        """Carry the request out, or not, as the fault says."""
        match fault.effect:
            case Effect.RESET:
                raise httpx2.ReadError("reset", request=self.request)
            case Effect.HELD:
                self._begin(before_s=fault.seconds)
                raise httpx2.ReadError("reset", request=self.request)
            case Effect.SILENT:
                return await self._wait_for(None)
            case Effect.DEAF:
                self._begin()
                return await self._wait_for(None)
            case Effect.LATE:
                return self._received(await self._wait_for(self._begin(before_s=fault.seconds)))
            case Effect.SLOW:
                return self._received(await self._wait_for(self._begin(after_s=fault.seconds)))
            case Effect.ANSWER:
                return _response(ANSWERS[fault.answer])
            case _:
                return await self._spoil(fault, await self._wait_for(self._begin()))

    async def _spoil(self, fault: Fault, response: httpx2.Response) -> httpx2.Response:
        """Return what becomes of the response of a request that was carried out."""
        match fault.effect:
            case Effect.LOST:
                text = "Server disconnected without sending a response."
                raise httpx2.RemoteProtocolError(text, request=self.request)
            case Effect.ENDLESS:
                return _response(self._endless())
            case Effect.ACTED_ANSWER:
                return _response(ANSWERS[fault.answer])
            case Effect.JUNK | Effect.GIANT:
                sound = await response.aread()
                body = giant() if fault.effect is Effect.GIANT else with_junk_pixels(sound)
                headers = {**response.headers, "content-length": str(len(body))}
                return httpx2.Response(response.status_code, headers=headers, stream=httpx2.ByteStream(body))
            case Effect.CUT:
                stream = _CutBody(response, self.request)
                return httpx2.Response(response.status_code, headers=response.headers.raw, stream=stream)
            case _:
                return await self.succeed()

    def _endless(self) -> Answer:
        """Return a page of a list that never ends: one more file, and the address of the next page."""
        self.internet.pages += 1
        made = str(uuid.UUID(int=self.internet.rng.getrandbits(128), version=4))
        file = {"uuid": made, "original_filename": "x.png", "datetime_uploaded": "2033-05-18T03:33:20.000000Z"}
        following = f"{SERVICE}files/?from={self.internet.pages}"
        return json_answer(200, {"next": following, "previous": None, "total": 10**6, "results": [file]})

    def _begin(self, *, before_s: float = 0.0, after_s: float = 0.0) -> asyncio.Task[httpx2.Response]:
        """Have the request carried out in the server's life, whatever becomes of the client."""
        work = self._serve(before_s, after_s)
        return asyncio.get_running_loop().create_task(work, context=self._context())

    async def _wait_for(self, task: asyncio.Task[httpx2.Response] | None) -> httpx2.Response:
        """Return the response, or raise the client's time-out."""
        read_s = (self.request.extensions.get("timeout") or {}).get("read") or 30.0
        if task is None:
            await asyncio.sleep(read_s)
        else:
            await asyncio.wait({task}, timeout=read_s)
            if task.done():
                return task.result()
        raise httpx2.ReadTimeout("no answer", request=self.request)

    def _received(self, response: httpx2.Response) -> httpx2.Response:
        """Note that the client has the response."""
        if self.execution is not None:
            self.execution.answered_at_s = self.internet.clock()
        if self.upload:
            self.internet.uploads[self.upload] = self.internet.clock()
        return response

    def _context(self) -> contextvars.Context:
        own = self.internet.page_context if self.kind == "hook" else self.internet.world.context
        return (own or self.internet.world.context).copy()

    async def _serve(self, before_s: float, after_s: float) -> httpx2.Response:
        await asyncio.sleep(before_s)
        app = self.internet.page if self.kind == "hook" else self.internet.service
        if app is None:
            raise httpx2.ConnectError("no server", request=self.request)
        copy = httpx2.Request(
            self.request.method, self.request.url, headers=self.request.headers.raw, content=self.content
        )
        response = await httpx2.ASGITransport(app, raise_app_exceptions=False).handle_async_request(copy)
        body = b"".join([part async for part in response.stream])  # type: ignore[union-attr]
        self.internet.world.trace("answer", f"{self.kind} {response.status_code}")
        if self.kind == "execute" and response.status_code == httpx2.codes.OK:
            self._note_execution(body)
        if self.kind == "upload" and response.status_code == httpx2.codes.OK:
            self.upload = str(next(iter(json.loads(body).values())))
            self.internet.uploads[self.upload] = None
        await asyncio.sleep(after_s)
        await self.internet.transit()
        return httpx2.Response(response.status_code, headers=response.headers.raw, stream=httpx2.ByteStream(body))

    def _note_execution(self, body: bytes) -> None:
        target = str(json.loads(self.content)["target"])
        request_id = str(json.loads(body)["request_id"])
        self.execution = Execution(request_id, target, self.internet.clock(), self.client, sent_at_s=self.sent_at_s)
        self.internet.executions.append(self.execution)


@dataclass
class _CutBody(httpx2.AsyncByteStream):
    """The first half of a body; then the connection breaks."""

    response: httpx2.Response
    request: httpx2.Request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = b"".join([part async for part in self.response.stream])  # type: ignore[union-attr]
        yield body[: len(body) // 2]
        raise httpx2.ReadError("broken off", request=self.request)


def _response(answer: Answer) -> httpx2.Response:
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    return httpx2.Response(answer.status, headers=headers, stream=httpx2.ByteStream(answer.body))


def kind_of(request: httpx2.Request) -> str:
    """Return the kind of a request, in the sandbox's own words; "hook" is a message to the product."""
    path, method = request.url.path, request.method
    if request.url.host != "uploadcare.test":
        return "hook"
    if path.startswith("/addons/"):
        return "execute" if method == "POST" else "status"
    if path == "/files/storage/":
        return "delete" if method == "DELETE" else "store"
    if path.startswith("/files/"):
        return "files" if path == "/files/" else "file"
    if path in {"/base/", "/project/"}:
        return "upload" if path == "/base/" else "project"
    return "webhooks" if path.startswith("/webhooks/") else "cdn"


def carrier_of(internet: Internet) -> Callable[..., Coroutine[Any, Any, httpx2.Response]]:
    """Return the method that takes the place of that of httpx2's own transport."""

    async def handle_async_request(_: httpx2.AsyncHTTPTransport, request: httpx2.Request) -> httpx2.Response:
        return await internet.carry(request)

    return handle_async_request
