"""The connections to Uploadcare's servers: one pool for each kind of call, so that none of them waits for another.

HTTP/1.1 only: a shared HTTP/2 connection would lose all its exchanges, launches included, with one reset. Proxies and
certificates come from the environment and the system; this machine itself is never reached through a proxy.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httpx2

from cutoutd import __version__
from cutoutd.config.settings import AccountWithSecret
from cutoutd.uploadcare.throttling import Throttle

#: A launch goes over a connection that is new or was in use this short time ago: on an older one, closed meanwhile by
#: the server, the loss of the call and the loss of its answer look the same.
_JUST_USED_S = 1.0

#: Shorter than the idle time-outs in use before web services (commonly 60 s and up).
_KEPT_ALIVE_S = 30.0

_THIS_MACHINE = ("all://127.0.0.1", "all://localhost", "all://[::1]")


@dataclass(frozen=True, slots=True)
class Connections:
    """HTTP clients by use, with the base of their URLs.

    Only deliveries follow redirects: an API that moves is a portal's trick.
    """

    calls: httpx2.AsyncClient
    launches: httpx2.AsyncClient
    uploads: httpx2.AsyncClient
    deliveries: httpx2.AsyncClient
    throttle: Throttle  #: kept by all but launches, which have their rate


@asynccontextmanager
async def open_connections(
    auth: httpx2.Auth, account: AccountWithSecret, connections: int
) -> AsyncIterator[Connections]:
    """Make the pools, of at most ``connections`` each; the REST API's requests are signed. Closes them at the end."""
    client = partial(
        httpx2.AsyncClient,
        verify=httpx2.create_ssl_context(),
        headers={"User-Agent": f"cutoutd/{__version__}"},
        mounts=dict.fromkeys(_THIS_MACHINE),
    )
    kept = httpx2.Limits(max_connections=connections, keepalive_expiry=_KEPT_ALIVE_S)
    just_used = httpx2.Limits(max_connections=connections, keepalive_expiry=_JUST_USED_S)
    async with AsyncExitStack() as stack:
        yield Connections(
            calls=await stack.enter_async_context(client(limits=kept, auth=auth, base_url=account.api_base)),
            launches=await stack.enter_async_context(client(limits=just_used, auth=auth, base_url=account.api_base)),
            uploads=await stack.enter_async_context(client(limits=kept, base_url=account.upload_base)),
            deliveries=await stack.enter_async_context(client(limits=kept, follow_redirects=True)),
            throttle=Throttle(),
        )
