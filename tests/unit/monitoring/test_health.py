"""Whether it is alive and ready, as machines ask."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from starlette.applications import Starlette

from cutoutd.app.composition import Service, open_service
from cutoutd.config.types.text_types import Listen
from cutoutd.core.errors import DiskError
from cutoutd.monitoring.health import HealthCheck
from cutoutd.web.listener import Listener
from cutoutd.web.monitoring_routes import health_routes
from support.folders import folder_in, settings_in

NOWHERE = "http://127.0.0.1:9/"


@asynccontextmanager
async def asked(place: Path) -> AsyncIterator[tuple[Service, httpx2.AsyncClient]]:
    """A service that is not yet at work, and somebody who asks it."""
    async with open_service(settings_in(place, NOWHERE, folder_in(place))) as service:
        health = HealthCheck(
            service.watchers.folders,
            service.workers.pool,
            service.core.breaker,
            service.core.pause,
            service.watchers.availability,
        )
        listener = Listener(Listen("127.0.0.1", 0))
        served = Starlette(routes=health_routes(health))
        async with listener.open(served), httpx2.AsyncClient(trust_env=False) as client:
            client.base_url = httpx2.URL(listener.address or "")
            yield service, client


async def reasons(client: httpx2.AsyncClient) -> list[str]:
    answer = await client.get("/readyz")
    assert (answer.status_code == 200) is answer.json()["ready"]
    return [reason["code"] for reason in answer.json()["reasons"]]


def test_it_is_ready_once_its_folders_are_looked_at(tmp_path: Path) -> None:
    """Starting before, stopping as soon as nothing further is begun; alive all the time."""

    async def play() -> None:
        async with asked(tmp_path) as (service, client):
            assert await reasons(client) == ["starting"]
            looking = asyncio.create_task(service.watchers.folders[0].run())
            await service.watchers.folders[0].wait_until_started()
            assert await reasons(client) == []
            service.workers.pool.stop()
            assert await reasons(client) == ["stopping"]
            assert (await client.get("/healthz")).status_code == 200
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking

    asyncio.run(play())


def test_who_is_stuck_is_not_alive(tmp_path: Path) -> None:
    """The same that would keep the watchdog unfed, named."""

    async def play() -> None:
        async with asked(tmp_path) as (service, client):
            service.workers.pool.steps.heartbeats.beat("lane upload", rest_s=-1000.0)
            answer = await client.get("/healthz")
            assert (answer.status_code, answer.json()) == (503, {"alive": False, "stuck": ["lane upload"]})

    asyncio.run(play())


def test_a_ledger_that_takes_nothing_is_not_ready(tmp_path: Path) -> None:
    """Facts cannot be stored, so nothing goes on; the next that is stored ends it."""

    async def play() -> None:
        async with asked(tmp_path) as (service, client):
            service.core.ledger.trouble = DiskError("no space left")
            assert "ledger" in await reasons(client)
            await service.core.ledger.remember("key", "value")
            assert "ledger" not in await reasons(client)

    asyncio.run(play())
