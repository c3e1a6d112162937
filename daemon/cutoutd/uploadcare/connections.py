"""The signed connections to Uploadcare's servers: a pool and, after a 429, a pause for each kind of request.

So no kind delays another. The block that met the 429 begins the pause, and later blocks keep it. ``WorkerPool`` begins
no step that needs a paused kind. Launches have a rule of their own, which also learns a rate from refusals: see
``launch_rate``. A pause ends with the process. The photo keeps its own wait in the ledger, so a restart sends at most
one request too early.

Connections use HTTP/1.1 only, because one reset of a shared HTTP/2 connection would lose all its launches. Proxies and
certificates come from the environment and the system. Addresses of this machine never go through a proxy.

Signatures, the add-on's name and the CDN prefix come from pyuploadcare. No other module imports it, because its import
takes 0.3 s. Its synchronous client is not used: it would need a thread for each waiting photo. Its response models are
not used either: they drop fields that users need.
"""

import logging
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.request import getproxies

import httpx2
from pydantic import SecretStr
from pyuploadcare.api.addon_entities import AddonLabels
from pyuploadcare.api.api import UploadAPI
from pyuploadcare.api.auth import UploadcareAuth
from pyuploadcare.conf import DEFAULT_SUBDOMAIN_PATTERN
from pyuploadcare.helpers import get_cname_prefix

from cutoutd import __version__
from cutoutd.config.settings import AccountWithSecret
from cutoutd.core.errors import PausedError, ThrottledError
from cutoutd.core.logs import log_event
from cutoutd.uploadcare.addresses import Reach, guarded_transport
from cutoutd.uploadcare.error_mapping import MAX_RETRY_AFTER_S

API_VERSION = "0.7"
REMOVE_BG = AddonLabels.REMOVE_BG.value

#: Uploadcare checks the signature after the whole upload has arrived, so it must outlive the slowest upload.
_UPLOAD_SIGNATURE_LIFE_S = 1800

#: A launch uses a connection that is new or was in use this short time ago. The server may have closed an older one:
#: then a lost launch and a lost response look the same.
_LAUNCH_KEEPALIVE_S = 1.0

#: A launch connection ends with a reset. Else the kernel goes on for minutes to send a launch that was given up. Then
#: Uploadcare may accept it long after the search for it.
_RESET_AT_END = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

#: Shorter than the usual idle time-outs of web services (60 s and more).
_KEEPALIVE_S = 30.0

_THIS_MACHINE = ("all://127.0.0.1", "all://localhost", "all://[::1]")


class RequestKind(StrEnum):
    """The kinds of request that Uploadcare throttles separately."""

    UPLOADS = "uploads"
    CALLS = "questions"  #: every REST call but the launch itself
    DOWNLOADS = "downloads"

    @property
    def phrase(self) -> str:
        """The kind in words for people."""
        return "requests about files and removals" if self is RequestKind.CALLS else self.value


class Throttle:
    """The pauses in force, by kind of request."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open_at_s: dict[RequestKind, float] = {}

    def remaining_s(self, request_kind: RequestKind) -> float:
        """Return the seconds until a request of this kind may be sent; 0 if it may be sent now."""
        return max(0.0, self._open_at_s.get(request_kind, 0.0) - self._clock())

    def ends(self) -> dict[str, float]:
        """Return the end of each pause as Unix time, rounded so that two calls in a row agree."""
        left = {kind.value: self.remaining_s(kind) for kind in RequestKind}
        return {kind: round(time.time() + left_s) for kind, left_s in left.items() if left_s > 0}

    @contextmanager
    def obey(self, request_kind: RequestKind) -> Iterator[None]:
        """Guard a block that sends a request of this kind; a ThrottledError in it begins or extends the pause.

        Raises:
            PausedError: the kind is paused, and nothing was sent.
        """
        if (left_s := self.remaining_s(request_kind)) > 0:
            msg = f"Uploadcare asked for patience with {request_kind.phrase}; nothing is sent for {left_s:.0f} s yet"
            raise PausedError(msg, retry_after_s=left_s)
        try:
            yield
        except ThrottledError as error:
            self._begin(request_kind, error)
            raise

    def _begin(self, request_kind: RequestKind, error: ThrottledError) -> None:
        is_news = self.remaining_s(request_kind) == 0
        pause_s = min(error.retry_after_s or 0.0, MAX_RETRY_AFTER_S)
        self._open_at_s[request_kind] = max(self._open_at_s.get(request_kind, 0.0), self._clock() + pause_s)
        if is_news:
            log_event(
                "paused",
                f"{error.sentence}; all {request_kind.phrase} wait that long, and then go on by themselves",
                level=logging.WARNING,
            )


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

    None follows redirects by itself: an API that redirects is a login page of the local network, and ``addresses``
    follows those of deliveries.
    """

    calls: httpx2.AsyncClient
    launches: httpx2.AsyncClient
    uploads: httpx2.AsyncClient
    deliveries: httpx2.AsyncClient
    throttle: Throttle  #: for every kind but launches, which have a rate of their own


@asynccontextmanager
async def open_connections(
    auth: httpx2.Auth, account: AccountWithSecret, connections: int | None
) -> AsyncIterator[Connections]:
    """Open pools of at most ``connections`` each, and close them at the end; requests to the REST API are signed.

    None: of any size.
    """
    verify = httpx2.create_ssl_context()
    client = partial(
        httpx2.AsyncClient,
        verify=verify,
        headers={"User-Agent": f"cutoutd/{__version__}"},
        # No cookie is kept. Uploadcare needs none, and one that is odd would spoil every later request.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        mounts=dict.fromkeys(_THIS_MACHINE),
    )
    normal = httpx2.Limits(max_connections=connections, keepalive_expiry=_KEEPALIVE_S)
    short = httpx2.Limits(max_connections=connections, keepalive_expiry=_LAUNCH_KEEPALIVE_S)
    guarded = guarded_transport(verify, normal, Reach(account.api_base, account.upload_base, account.cdn_base))
    async with AsyncExitStack() as stack:
        yield Connections(
            calls=await stack.enter_async_context(client(limits=normal, auth=auth, base_url=account.api_base)),
            launches=await stack.enter_async_context(
                client(auth=auth, base_url=account.api_base, limits=short, transport=_launch_transport(verify, short))
            ),
            uploads=await stack.enter_async_context(client(limits=normal, base_url=account.upload_base)),
            deliveries=await stack.enter_async_context(client(limits=normal, transport=guarded)),
            throttle=Throttle(),
        )


def _launch_transport(verify: ssl.SSLContext, limits: httpx2.Limits) -> httpx2.AsyncHTTPTransport | None:
    """Return the transport of launches; None behind a proxy, which sends them on by itself."""
    if getproxies():
        return None
    return httpx2.AsyncHTTPTransport(verify=verify, limits=limits, socket_options=[_RESET_AT_END])
