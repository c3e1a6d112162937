"""Under which names the page is asked for. Pure.

A foreign page whose own name was made to point at this machine (DNS rebinding) is told from ours by the name in the
``Host`` header alone. An address cannot be rebound, only a name can; which port stands behind it does not matter,
because a tunnel (ssh -L) may have another one.
"""

import ipaddress
import re

from cutoutd.config.text_types import Listen

_HOST = re.compile(r"(?:\[(?P<address>[0-9a-fA-F:.]+)\]|(?P<name>[\w.-]+))(?::(?P<port>\d+))?", re.ASCII)


def is_own(host: str, listen: Listen) -> bool:
    """Whether a ``Host`` header names the listener."""
    name = name_of(host)
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
    """A ``Host`` header without its port, and without the brackets of an IPv6 address; empty for what is none."""
    found = _HOST.fullmatch(host)
    return (found["address"] or found["name"]).lower() if found else ""


def port_of(host: str) -> str:
    """The port that the browser sees, which keeps the cookies of several cutoutds apart."""
    found = _HOST.fullmatch(host)
    return (found["port"] if found else None) or "80"


def is_origin_of(origin: str, host: str) -> bool:
    """Whether an ``Origin`` header names the page that was asked for; https where a proxy added it."""
    return origin in {f"http://{host}", f"https://{host}"}


def _is_any(listen: Listen) -> bool:
    return listen.host != "localhost" and ipaddress.ip_address(listen.host).is_unspecified
