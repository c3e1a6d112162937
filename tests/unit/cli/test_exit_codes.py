"""What a command's end means to a script."""

from dataclasses import replace

import pytest

from cutoutd.app.run_once import RunOutcome
from cutoutd.cli.exit_codes import ExitCode, code_after, code_for
from cutoutd.core import errors
from cutoutd.core.errors import (
    AccountBlockedError,
    AddonRefusedError,
    ConfigurationError,
    CutoutdError,
    KeysRefusedError,
)
from cutoutd.pipeline.scheduling.pause import Pause
from cutoutd.watch.passed_over.passed_over import PassedOver, PassedOverReason

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CutoutdError)]
OWN_CODES = {
    "ConfigurationError": 2,
    "BackupRefusedError": 2,
    "KeysRefusedError": 3,
    "AddonRefusedError": 3,
    "WebhookRefusedError": 3,
    "LedgerBusyError": 4,
    "TreesInUseError": 4,
    "HaltError": 5,
    "AccountBlockedError": 5,
    "UploadsRefusedError": 5,
    "DeliveryRefusedError": 5,
    "VersionRefusedError": 5,
    "ClockWrongError": 5,
    "ControlRefusedError": 7,
    "PageRefusedError": 7,
    "LedgerDamagedError": 6,
    "LedgerNewerError": 6,
    "LedgerLockedError": 4,
    "DiskError": 8,
    "SourceUnavailableError": 8,
    "FolderBlockedError": 8,
    "TreeUnavailableError": 8,
    "PlaceError": 8,
    "NameRefusedError": 8,
    "SourceInUseError": 8,
}
UNREADABLE = PassedOver("shop", PassedOverReason.UNREADABLE, 1, ("set",), "Permission denied")
COPIES = PassedOver("shop", PassedOverReason.CONFLICT_COPY, 1, ("a.sync-conflict-20261129-101500-ABCDEFG.jpg",))
WELL = RunOutcome(published=3, rejected=0, failed=0, held=0, missing=0, halt=None, is_interrupted=False)


def error_of(kind: type[CutoutdError]) -> CutoutdError:
    if kind is ConfigurationError:
        return ConfigurationError(("a fault",))
    if kind is errors.LimitReachedError:
        return errors.LimitReachedError("sentence", until_s=0.0)
    return kind("code", "sentence") if issubclass(kind, errors.PhotoError) else kind("sentence")


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_its_code(kind: type[CutoutdError]) -> None:
    """Whatever ends a command, its code is the documented one; what has none of its own is 1."""
    assert code_for(error_of(kind)) == OWN_CODES.get(kind.__name__, 1)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ExitCode.SUCCESS),
        ({"published": 0}, ExitCode.SUCCESS),
        ({"rejected": 1}, ExitCode.SOME_NOT_PUBLISHED),
        ({"failed": 1}, ExitCode.SOME_NOT_PUBLISHED),
        ({"passed_over": (UNREADABLE,)}, ExitCode.SOME_NOT_PUBLISHED),
        ({"passed_over": (COPIES,)}, ExitCode.SUCCESS),
        ({"held": 1, "rejected": 1}, ExitCode.HELD),
        ({"missing": 1}, ExitCode.HELD),
        ({"pause": Pause("", 0.0)}, ExitCode.HELD),
        ({"halt": KeysRefusedError("401"), "held": 1}, ExitCode.REFUSED),
        ({"halt": AddonRefusedError("403")}, ExitCode.REFUSED),
        ({"halt": AccountBlockedError("403")}, ExitCode.HELD),
        ({"is_interrupted": True, "held": 1, "halt": KeysRefusedError("401")}, ExitCode.INTERRUPTED),
    ],
)
def test_the_gravest_of_a_run_counts(changes: dict[str, object], code: ExitCode) -> None:
    """Interrupted, halted, held, not all published, well: the first that is true is the code."""
    assert code_after(replace(WELL, **changes)) == code


def test_the_codes_are_a_contract() -> None:
    """Scripts rely on the numbers."""
    assert {code.name: code.value for code in ExitCode} == {
        "SUCCESS": 0,
        "SOME_NOT_PUBLISHED": 1,
        "USAGE": 2,
        "REFUSED": 3,
        "BUSY": 4,
        "HELD": 5,
        "LEDGER": 6,
        "CONTROL": 7,
        "DISK": 8,
        "INTERNAL": 70,
        "INTERRUPTED": 130,
    }
