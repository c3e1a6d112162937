"""The check of the ``Host`` header against the page's own names: the listener's, and ``web.hosts``. Pure.

Only that header tells a foreign page from ours after DNS rebinding: its name points at this machine. An address cannot
be rebound, a name can. The port does not matter, because a tunnel (ssh -L) may have another one.
"""

import ipaddress
import re
from collections.abc import Collection, Mapping

from cutoutd.config.types.text_types import Listen

_HOST = re.compile(r"(?:\[(?P<address>[0-9a-fA-F:.]+)\]|(?P<name>[\w.-]+))(?::(?P<port>\d+))?", re.ASCII)


def is_own(host: str, listen: Listen, hosts: Collection[str] = ()) -> bool:
    """Return True if a ``Host`` header names the listener, or is one of the configured ``hosts``."""
    name = name_of(host)
    if name in hosts:
        return True
    if name == "localhost":
        return listen.is_loopback or _is_any(listen)
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    if address.is_loopback:
        return listen.is_loopback or _is_any(listen)
    return _is_any(listen) or name == listen.host


def name_of(host: str) -> str:
    """Return the host without its port and without the brackets of an IPv6 address; empty if it is malformed."""
    found = _HOST.fullmatch(host)
    return (found["address"] or found["name"]).lower() if found else ""


def port_of(host: str) -> str:
    """Return the port that the browser sees, which keeps the cookies of several cutoutds apart."""
    found = _HOST.fullmatch(host)
    return (found["port"] if found else None) or "80"


def is_browser_at_plain_address(headers: Mapping[str, str]) -> bool:
    """Return True if a browser opens a page at this machine's plain address, which all its ports share.

    Only browsers send this header, and they find every name below ``localhost`` by themselves. Other programs may not.
    """
    name = name_of(headers.get("host", ""))
    is_plain = name == "localhost" or _is_loopback(name)
    return is_plain and headers.get("sec-fetch-mode") == "navigate"


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_origin_of(origin: str, host: str) -> bool:
    """Return True if an ``Origin`` header names the requested host. A proxy may have added https."""
    return origin in {f"http://{host}", f"https://{host}"}


def is_encrypted(headers: Mapping[str, str]) -> bool:
    """Return True if a reverse proxy says that the browser came over TLS.

    Any client can say so; then its own cookies come back over TLS only, and nothing else changes.
    """
    return headers.get("x-forwarded-proto", "").lower() == "https"


def _is_any(listen: Listen) -> bool:
    return listen.host != "localhost" and ipaddress.ip_address(listen.host).is_unspecified
