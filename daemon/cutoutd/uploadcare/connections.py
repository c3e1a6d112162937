"""The signed connections to Uploadcare's servers: one pool for each kind of request, so that no kind delays another.

Connections use HTTP/1.1 only, because one reset of a shared HTTP/2 connection would lose all its launches. Proxies and
certificates come from the environment and the system. Addresses of this machine never go through a proxy.

Signatures, the add-on's name and the CDN prefix come from pyuploadcare. No other module imports it, because its import
takes 0.3 s. Its synchronous client is not used: it would need a thread for each waiting photo. Its response models are
not used either: they drop fields that users need.
"""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httpx2
from pydantic import SecretStr
from pyuploadcare.api.addon_entities import AddonLabels
from pyuploadcare.api.api import UploadAPI
from pyuploadcare.api.auth import UploadcareAuth
from pyuploadcare.conf import DEFAULT_SUBDOMAIN_PATTERN
from pyuploadcare.helpers import get_cname_prefix

from cutoutd import __version__
from cutoutd.config.settings import AccountWithSecret
from cutoutd.uploadcare.throttling import Throttle

API_VERSION = "0.7"
REMOVE_BG = AddonLabels.REMOVE_BG.value

#: Uploadcare checks the signature after the whole upload has arrived, so it must outlive the slowest upload.
_UPLOAD_SIGNATURE_LIFE_S = 1800

#: A launch uses a connection that is new or was in use this short time ago. The server may have closed an older one:
#: then a lost launch and a lost response look the same.
_LAUNCH_KEEPALIVE_S = 1.0

#: Shorter than the usual idle time-outs of web services (60 s and more).
_KEEPALIVE_S = 30.0

_THIS_MACHINE = ("all://127.0.0.1", "all://localhost", "all://[::1]")


class Signer:
    """The signer of one project's requests; the secret leaves it only as a signature."""

    def __init__(self, public_key: str, secret_key: SecretStr) -> None:
        self.public_key = public_key
        self._secret_key = secret_key

    @property
    def request_auth(self) -> httpx2.Auth:
        """The signature of each REST request over its body, date and path; the secret itself is never sent."""
        auth: httpx2.Auth = UploadcareAuth(self.public_key, self._secret_key.get_secret_value(), API_VERSION)
        return auth

    def upload_fields(self) -> dict[str, str]:
        """Return the form fields that identify and sign an upload; a project may demand the signature."""
        expire = int(time.time()) + _UPLOAD_SIGNATURE_LIFE_S
        signature = UploadAPI.generate_secure_signature(self._secret_key.get_secret_value(), expire)
        return {"UPLOADCARE_PUB_KEY": self.public_key, "signature": signature, "expire": str(expire)}


def computed_cdn_base(public_key: str) -> str:
    """Return the address of the CDN for a project without a domain of its own."""
    base: str = DEFAULT_SUBDOMAIN_PATTERN.format(prefix=get_cname_prefix(public_key))
    return base


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
