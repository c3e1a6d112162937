"""The connections to Uploadcare's servers: one pool for each kind of request, so that no kind delays another.

Connections use HTTP/1.1 only, because one reset of a shared HTTP/2 connection would lose all its launches. Proxies and
certificates come from the environment and the system. Addresses of this machine never go through a proxy.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httpx2

from cutoutd import __version__
from cutoutd.config.settings import AccountWithSecret
from cutoutd.uploadcare.throttling import Throttle

#: A launch uses a connection that is new or was in use this short time ago. The server may have closed an older one:
#: then a lost launch and a lost response look the same.
_LAUNCH_KEEPALIVE_S = 1.0

#: Shorter than the usual idle time-outs of web services (60 s and more).
_KEEPALIVE_S = 30.0

_THIS_MACHINE = ("all://127.0.0.1", "all://localhost", "all://[::1]")


@dataclass(frozen=True, slots=True)
class Connections:
    """The HTTP clients by use, each with the base of its URLs.

    Only ``deliveries`` follows redirects, because an API that redirects is a login page of the local network.
    """

    calls: httpx2.AsyncClient
    launches: httpx2.AsyncClient
    uploads: httpx2.AsyncClient
    deliveries: httpx2.AsyncClient
    throttle: Throttle  #: for every kind but launches, which have a rate of their own


@asynccontextmanager
async def open_connections(
    auth: httpx2.Auth, account: AccountWithSecret, connections: int
) -> AsyncIterator[Connections]:
    """Open pools of at most ``connections`` each, and close them at the end; requests to the REST API are signed."""
    client = partial(
        httpx2.AsyncClient,
        verify=httpx2.create_ssl_context(),
        headers={"User-Agent": f"cutoutd/{__version__}"},
        mounts=dict.fromkeys(_THIS_MACHINE),
    )
    normal = httpx2.Limits(max_connections=connections, keepalive_expiry=_KEEPALIVE_S)
    short = httpx2.Limits(max_connections=connections, keepalive_expiry=_LAUNCH_KEEPALIVE_S)
    async with AsyncExitStack() as stack:
        yield Connections(
            calls=await stack.enter_async_context(client(limits=normal, auth=auth, base_url=account.api_base)),
            launches=await stack.enter_async_context(client(limits=short, auth=auth, base_url=account.api_base)),
            uploads=await stack.enter_async_context(client(limits=normal, base_url=account.upload_base)),
            deliveries=await stack.enter_async_context(client(limits=normal, follow_redirects=True)),
            throttle=Throttle(),
        )
