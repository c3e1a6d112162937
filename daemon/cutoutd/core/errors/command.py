"""Errors that end a command or prevent a start: configuration, control, page, ledger, webhook, and backup."""

from cutoutd.core.errors.root import CutoutdError


class ConfigurationError(CutoutdError):
    """The configuration has faults; each of ``faults`` is a sentence with file, line, column, and key."""

    title = "The configuration has faults"

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class ControlError(CutoutdError):
    """A command was not executed: the running cutoutd did not get it, or cannot execute it now."""

    title = "The command was not carried out"


class ControlRefusedError(ControlError):
    """This user may not use the control socket of the running cutoutd."""

    title = "The control socket may not be used"


class PageError(CutoutdError):
    """The running cutoutd serves no page."""

    title = "There is no page"


class PageRefusedError(PageError):
    """This user may not read the page's token."""

    title = "The page's token may not be read"


class LedgerError(CutoutdError):
    """The ledger cannot be used."""

    title = "The ledger cannot be used"


class LedgerMissingError(LedgerError):
    """The state folder holds no ledger."""

    title = "There is no ledger"
    default_advice = (
        "cutoutd makes it at its first start. If there was one before, do not start cutoutd yet: put the backup in its"
        " place, or run: cutoutd rebuild."
    )


class LedgerRemovedError(LedgerError):
    """The ledger's file was removed or replaced; everything stored now would be lost."""

    title = "The ledger is gone"
    default_advice = (
        "Nothing is sent or paid for. Stop cutoutd, and put the ledger or its backup in its place, or run cutoutd"
        " rebuild. Start cutoutd only then: without its ledger it would pay for every photo again."
    )


class PhotoMovedOnError(LedgerError):
    """Another fact about the photo was stored first, so this one does not follow."""


class LedgerBusyError(LedgerError):
    """Another running instance holds this ledger."""

    title = "Another instance is running"
    default_advice = "Stop it first, or give this one its own state_dir."


class TreesInUseError(CutoutdError):
    """Another running instance works on one of the folders, with a ledger of its own."""

    title = "Another instance works on the same folders"
    default_advice = "Both would pay for each photo. Stop one of the two, or give this one other folders."


class LedgerNewerError(LedgerError):
    """A newer cutoutd wrote the ledger, and this one does not understand it."""

    title = "The ledger is from a newer version"
    default_advice = "Install that version again, or restore the backup made before the upgrade."


class BackupRefusedError(CutoutdError):
    """A backup may not be written to the place that was asked for."""

    title = "No backup was made"


class WebhookRefusedError(CutoutdError):
    """Uploadcare refused to set up a webhook."""

    title = "Uploadcare refused the webhook"


class LedgerDamagedError(LedgerError):
    """The file is no ledger, or its pages are inconsistent."""

    title = "The ledger is damaged"
    default_advice = (
        "Photos and cutouts are untouched. Stop cutoutd, and move ledger.sqlite with its -wal and -shm files away. Put"
        " a backup in their place (made by cutoutd backup), or without a backup run: cutoutd rebuild."
    )
