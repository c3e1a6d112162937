"""What stops a command, or keeps cutoutd from starting: configuration, orders, ledger, backup."""

from cutoutd.core.errors.root import CutoutdError


class ConfigurationError(CutoutdError):
    """The configuration has faults; ``faults`` holds one ready sentence each, with file, line, column and key."""

    title = "The configuration has faults"

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class ControlError(CutoutdError):
    """An order was not carried out: the running cutoutd could not be asked, or cannot do it now."""

    title = "The order was not carried out"


class ControlRefusedError(ControlError):
    """This user may not use the control socket of the running cutoutd."""

    title = "The control socket may not be used"


class PageError(CutoutdError):
    """There is nothing to look at in a browser."""

    title = "There is no page"


class PageRefusedError(PageError):
    """This user may not read the page's token."""

    title = "The page's token may not be read"


class LedgerError(CutoutdError):
    """The ledger cannot be used."""

    title = "The ledger cannot be used"


class LedgerMissingError(LedgerError):
    """There is none, or not yet."""

    title = "There is no ledger"
    default_advice = (
        "It is made when cutoutd first runs. If there was one, do not start cutoutd before its backup is in its place,"
        " or this has run: cutoutd rebuild."
    )


class LedgerRemovedError(LedgerError):
    """Another file, or none, is where the ledger was opened; nothing that is stored now would be found again."""

    title = "The ledger is gone"
    default_advice = (
        "Nothing is sent or paid for. Stop cutoutd, put the ledger or its backup in place, or run cutoutd rebuild; only"
        " then start it again: without its ledger it would pay for everything anew."
    )


class LedgerBusyError(LedgerError):
    """Another running instance holds this ledger."""

    title = "Another instance is running"
    default_advice = "Stop it first, or give this one its own state_dir."


class LedgerNewerError(LedgerError):
    """The ledger was written by a newer cutoutd, whose facts this one does not understand."""

    title = "The ledger is from a newer version"
    default_advice = "Install that version again, or restore the backup made before the upgrade."


class BackupRefusedError(CutoutdError):
    """A backup is not to be written where it was asked for."""

    title = "No backup was made"


class WebhookRefusedError(CutoutdError):
    """Uploadcare does not set a webhook up as it was asked to."""

    title = "Uploadcare refused the webhook"


class LedgerDamagedError(LedgerError):
    """The file is no ledger, or its pages do not hold together."""

    title = "The ledger is damaged"
    default_advice = (
        "Photos and cutouts are untouched. Stop cutoutd, move ledger.sqlite and its -wal and -shm files away, and put a"
        " backup in their place (cutoutd backup made it); or without one, run: cutoutd rebuild."
    )
