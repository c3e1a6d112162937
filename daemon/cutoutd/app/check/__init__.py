"""``cutoutd check``: faults of this machine and of the account, found before the first photo.

Faults of the configuration file itself belong in ``config``.
"""

from cutoutd.app.check.approval import check_batches
from cutoutd.app.check.as_user import as_user
from cutoutd.app.check.finding import CheckReport, Finding, Level
from cutoutd.app.check.kernel import KernelFiles
from cutoutd.app.check.machine import check_machine
from cutoutd.app.check.uploadcare import check_uploadcare
from cutoutd.config.settings import Settings
from cutoutd.core.blocking import local_calls
from cutoutd.uploadcare.client import open_uploadcare

__all__ = ["CheckReport", "Finding", "KernelFiles", "Level", "check_all"]


async def check_all(
    settings: Settings, *, is_offline: bool, user: str | None = None, kernel: KernelFiles | None = None
) -> CheckReport:
    """Check the machine and, unless offline, the keys, the add-on and the clock at Uploadcare.

    Args:
        settings: the whole configuration.
        is_offline: send nothing.
        user: the user to check the folders as; for root only.
        kernel: the kernel's files.

    Raises:
        LookupError: there is no such user.
        PermissionError: only root can act as another user.
    """
    found = await local_calls.run(_check_machine_as, user, settings, kernel)
    async with open_uploadcare(settings.uploadcare, connections=1) as uploadcare:
        found += (Finding(Level.GOOD, "CDN host", uploadcare.cdn_host),)
        if is_offline:
            return CheckReport(found)
        service = await check_uploadcare(uploadcare, settings.uploadcare.api_base)
    return CheckReport(found + service.findings, service.halt_error)


def _check_machine_as(user: str | None, settings: Settings, kernel: KernelFiles | None) -> tuple[Finding, ...]:
    with as_user(user):
        return (*check_machine(settings, kernel), *check_batches(settings))
