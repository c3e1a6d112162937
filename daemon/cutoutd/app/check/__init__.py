"""``cutoutd check``: what would go wrong on this machine, found before a photo does.

Each finding says what to do. It changes nothing, except that it tries out whether folders can be written.
"""

import asyncio

from cutoutd.app.check.as_user import seen_as
from cutoutd.app.check.finding import Finding, Level, Report
from cutoutd.app.check.machine import look_at_machine
from cutoutd.app.check.uploadcare import ask_service
from cutoutd.config.settings import Settings
from cutoutd.uploadcare.client import open_uploadcare

__all__ = ["Finding", "Level", "Report", "check_all"]


async def check_all(settings: Settings, *, is_offline: bool, user: str | None = None) -> Report:
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
            return Report(found)
        asked = await ask_service(uploadcare, settings.uploadcare.api_base)
    return Report(found + asked.findings, asked.refusal)


def _looked_around(settings: Settings, user: str | None) -> tuple[Finding, ...]:
    with seen_as(user):
        return tuple(look_at_machine(settings))
