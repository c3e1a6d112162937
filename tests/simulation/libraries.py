"""The libraries in a world: their sockets, threads and clocks lead into it; what is slow to make is made once."""

import asyncio
import os
import ssl
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx2
import httpx2._transports.asgi
import httpx2._transports.default
import pyuploadcare.api.auth
import sqlalchemy
from anyio._backends import _asyncio as anyio_backend
from sqlalchemy.engine import URL, Dialect, Engine
from sqlalchemy.pool import Pool

import cutoutd.sandbox.clock
from cutoutd.files import mounts
from cutoutd.ledger.sqlite import database
from simulation.machine.clock import TrueDatetime, VirtualDatetime
from simulation.service.internet import carrier_of
from simulation.world import World

#: SQL texts that any world of this process has compiled; they depend on the statement alone.
_compiled: dict[Any, Any] = {}


def lead_into(world: World) -> None:
    """Lead what the libraries do into this world, until another one begins."""
    httpx2.AsyncHTTPTransport.handle_async_request = carrier_of(world.internet)  # type: ignore[method-assign]
    httpx2.create_ssl_context = httpx2._transports.default.create_ssl_context = lambda *_, **__: _ssl_context()
    httpx2._transports.asgi.create_event = asyncio.Event  # else each request looks for a library that is not there
    pyuploadcare.api.auth.datetime = VirtualDatetime
    cutoutd.sandbox.clock.datetime = TrueDatetime  # type: ignore[misc]
    database.create_engine = _create_engine  # type: ignore[assignment]
    os.environ["XDG_DATA_HOME"] = str(world.root / "home")  # of the trash
    mounts.read_mounts.__defaults__ = (world.mount_table.file,)
    mounts.MountTable.__init__.__defaults__ = (world.mount_table.file,)  # type: ignore[misc]
    anyio_backend.AsyncIOBackend.run_sync_in_worker_thread = classmethod(_run_in_thread)


@cache
def _ssl_context() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _dialect() -> Dialect:
    return sqlalchemy.create_engine("sqlite://").dialect


def _create_engine(url: URL, poolclass: type[Pool], pool_size: int) -> Engine:
    """Make an engine that compiles no statement that an earlier one has compiled."""
    engine = sqlalchemy.create_engine(url, poolclass=poolclass, pool_size=pool_size)
    engine.dialect = _dialect()
    engine._compiled_cache = _compiled
    return engine


async def _run_in_thread(_: object, function: Callable[..., Any], args: tuple[Any, ...], **__: object) -> object:
    return await asyncio.to_thread(function, *args)
