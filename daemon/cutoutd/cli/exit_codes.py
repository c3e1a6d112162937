"""The exit codes of the commands, and the one table from errors to codes."""

from enum import IntEnum
from typing import TYPE_CHECKING

from cutoutd.core.errors import (
    AddonRefusedError,
    BackupRefusedError,
    ConfigurationError,
    ControlRefusedError,
    CutoutdError,
    DiskError,
    HaltError,
    KeysRefusedError,
    LedgerBusyError,
    LedgerDamagedError,
    LedgerLockedError,
    LedgerNewerError,
    PageRefusedError,
    TreesInUseError,
    WebhookRefusedError,
)

if TYPE_CHECKING:  # because the table is needed before anything heavy is imported
    from cutoutd.app.run_once import RunOutcome


class ExitCode(IntEnum):
    """The exit codes of all commands, documented in docs/commands.md; scripts rely on them."""

    SUCCESS = 0
    SOME_NOT_PUBLISHED = 1
    USAGE = 2
    REFUSED = 3
    BUSY = 4
    HELD = 5
    LEDGER = 6
    CONTROL = 7
    DISK = 8
    INTERNAL = 70
    INTERRUPTED = 130


#: The first match counts, so special errors stand before general ones.
_CODES: tuple[tuple[type[CutoutdError], ExitCode], ...] = (
    (ConfigurationError, ExitCode.USAGE),
    (BackupRefusedError, ExitCode.USAGE),
    (KeysRefusedError, ExitCode.REFUSED),
    (AddonRefusedError, ExitCode.REFUSED),
    (WebhookRefusedError, ExitCode.REFUSED),
    (HaltError, ExitCode.HELD),
    (LedgerBusyError, ExitCode.BUSY),
    (TreesInUseError, ExitCode.BUSY),
    (ControlRefusedError, ExitCode.CONTROL),
    (PageRefusedError, ExitCode.CONTROL),
    (LedgerLockedError, ExitCode.BUSY),
    (LedgerDamagedError, ExitCode.LEDGER),
    (LedgerNewerError, ExitCode.LEDGER),
    (DiskError, ExitCode.DISK),
    (CutoutdError, ExitCode.SOME_NOT_PUBLISHED),
)


def code_for(error: CutoutdError) -> ExitCode:
    """Return the exit code of a command that ends with this error."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


def code_after(outcome: "RunOutcome") -> ExitCode:
    """Return the exit code of ``run --once``."""
    if outcome.is_interrupted:
        return ExitCode.INTERRUPTED
    if outcome.halt is not None:
        return code_for(outcome.halt)
    if outcome.held or outcome.missing or outcome.pause:
        return ExitCode.HELD
    is_incomplete = outcome.rejected or outcome.failed or outcome.may_have_missed
    return ExitCode.SOME_NOT_PUBLISHED if is_incomplete else ExitCode.SUCCESS
