"""The checks at Uploadcare: connection, keys, add-on, and clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from cutoutd.app.check.finding import CheckReport, Finding, Level
from cutoutd.core.errors import CutoutdError, HaltError
from cutoutd.uploadcare.client import UploadcareClient
from cutoutd.uploadcare.responses import ProjectInfo

#: Uploadcare refuses signatures of clocks that are further off (docs/uploadcare.md 3). Half of it gets a warning.
_REFUSED_SKEW_S = 15 * 60

_PROXY_TIMEOUT_S = 5.0
_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


async def check_uploadcare(uploadcare: UploadcareClient, api_base: str) -> CheckReport:
    """Ask at most three questions of one operation each; the first error ends the check."""
    found = [finding async for finding in _proxy(api_base)]
    try:
        project = await uploadcare.get_project()
        found += (Finding(Level.GOOD, "keys", f'accepted for the project "{project.name}"'), _clock(project))
        await uploadcare.require_addon()
    except CutoutdError as error:
        halt_error = error if isinstance(error, HaltError) else None
        advice = error.advice if halt_error else "Look at the network, then check again."
        title = error.title.removeprefix("Uploadcare ")  # because it is the subject of the finding
        found.append(Finding(Level.FAULT, "Uploadcare", f"{title}: {error.sentence}", advice))
        return CheckReport(tuple(found), halt_error)
    found.append(Finding(Level.GOOD, "add-on", "remove_bg was not refused to this project"))
    return CheckReport(tuple(found))


async def _proxy(api_base: str) -> AsyncIterator[Finding]:
    """Yield a finding about the proxy that the environment names for the API's address, if there is one."""
    address = urlsplit(api_base)
    proxy = getproxies().get(address.scheme) or getproxies().get("all")
    if proxy is None or not address.hostname or address.hostname in {"127.0.0.1", "localhost", "::1"}:
        return
    if proxy_bypass(address.hostname):
        return
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    place = f"{parts.hostname}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)}"  # without its user and password
    try:
        async with asyncio.timeout(_PROXY_TIMEOUT_S):
            _, writer = await asyncio.open_connection(parts.hostname, int(place.rpartition(":")[2]))
    except (OSError, TimeoutError) as error:
        reason = f"{place} cannot be reached: {str(error) or 'no answer'}"
        advice = f"Correct the variable {address.scheme}_proxy, or name the host in no_proxy."
        yield Finding(Level.FAULT, "proxy", reason, advice)
        return
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    yield Finding(Level.GOOD, "proxy", f"{place} can be reached")


def _clock(project: ProjectInfo) -> Finding:
    if project.clock_skew_s is None:
        return Finding(Level.WARNING, "clock", "Uploadcare's answer carried no date to compare with")
    skew_s = abs(project.clock_skew_s)
    side = "ahead of" if project.clock_skew_s > 0 else "behind"
    sentence = f"{skew_s:.0f} s {side} Uploadcare's"
    if skew_s < _REFUSED_SKEW_S / 2:
        return Finding(Level.GOOD, "clock", sentence)
    level = Level.FAULT if skew_s >= _REFUSED_SKEW_S else Level.WARNING
    return Finding(
        level,
        "clock",
        f"{sentence}; from 15 minutes on it refuses every request",
        "Set up NTP, for example systemd-timesyncd.",
    )
