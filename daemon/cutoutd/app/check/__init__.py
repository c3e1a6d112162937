"""``cutoutd check``: what would go wrong on this machine, found before a photo does.

Each finding says what to do. It changes nothing, except that it tries out whether folders can be written.
"""

import asyncio

from cutoutd.app.check.as_user import as_user
from cutoutd.app.check.finding import CheckReport, Finding, Level
from cutoutd.app.check.machine import check_machine
from cutoutd.app.check.uploadcare import check_uploadcare
from cutoutd.config.settings import Settings
from cutoutd.uploadcare.client import open_uploadcare

__all__ = ["CheckReport", "Finding", "Level", "check_all"]


async def check_all(settings: Settings, *, is_offline: bool, user: str | None = None) -> CheckReport:
    """Look at the machine and, unless offline, ask Uploadcare whether it takes the keys and agrees on the time.

    Args:
        settings: the whole configuration.
        is_offline: ask nobody.
        user: whose eyes to see the folders with; for root only.

    Raises:
        LookupError: there is no such user.
        PermissionError: only root can see as somebody else.
    """
    found = await asyncio.to_thread(_looked_around, settings, user)
    async with open_uploadcare(settings.uploadcare, connections=1) as uploadcare:
        found += (Finding(Level.GOOD, "CDN host", uploadcare.cdn_host),)
        if is_offline:
            return CheckReport(found)
        asked = await check_uploadcare(uploadcare, settings.uploadcare.api_base)
    return CheckReport(found + asked.findings, asked.halt_error)


def _looked_around(settings: Settings, user: str | None) -> tuple[Finding, ...]:
    with as_user(user):
        return tuple(check_machine(settings))
