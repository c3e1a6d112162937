"""What passes: the same step is tried again later, and nobody has to act."""

from cutoutd.core.errors.root import CutoutdError


class DelayError(CutoutdError):
    """The same step may succeed later; ``retry_after_s`` is the service's own wish, where it gave one."""

    title = "Waiting"

    def __init__(self, sentence: str, *, retry_after_s: float | None = None, advice: str = "") -> None:
        super().__init__(sentence, advice=advice)
        self.retry_after_s = retry_after_s


class UnreachableError(DelayError):
    """Uploadcare could not be reached or gave no usable answer; nothing was carried out that costs money."""

    title = "Uploadcare cannot be reached"
    default_advice = "Nothing to do: cutoutd tries again by itself."


class NeverSentError(UnreachableError):
    """There was no connection to send anything over, so whatever was asked has definitely not been done."""


class DuplicateInProgressError(DelayError):
    """The same picture is being paid for at another path; its cutout will be reused here."""

    title = "Waiting for the same picture"


class ThrottledError(DelayError):
    """Uploadcare asked for fewer requests."""

    title = "Uploadcare asked to slow down"
    default_advice = "Nothing to do: cutoutd waits as long as Uploadcare asked for."


class NotReadyError(DelayError):
    """Uploadcare is still taking the upload in; asking again costs an operation, paying is still ahead."""

    title = "Uploadcare is still taking the photo in"
    default_advice = "Nothing to do: cutoutd looks again by itself."


class UploadGoneError(DelayError):
    """The upload is not, or no longer, in the project (unstored files live 24 hours): repeating the step is no use."""

    title = "The upload has expired"
    default_advice = "Nothing to do: cutoutd sends the photo anew, nothing was paid for it."


class RemovalLockedError(DelayError):
    """The add-on is already running on this upload (409), so this launch was not accepted; an earlier one may run."""

    title = "A removal of this photo is already running"
    default_advice = "Nothing to do: Uploadcare lifts the lock when that removal ends, or within a day if it died."


class ResultGoneError(DelayError):
    """The cutout was paid for, and is no longer at Uploadcare."""

    title = "The cutout is gone from Uploadcare"


class ResponseLostError(DelayError):
    """A paid call was sent and no parsed answer came back, so it may have been carried out: never repeat it blindly."""

    title = "Uploadcare's answer was lost"
    default_advice = "cutoutd does not pay a second time by itself."


class LimitReachedError(DelayError):
    """The configuration allows no more launches before ``until_s``, Unix time."""

    title = "A limit is reached"
    default_advice = "Nothing to do: cutoutd goes on by itself; or raise the limit and restart it."

    def __init__(self, sentence: str, *, until_s: float) -> None:
        super().__init__(sentence)
        self.until_s = until_s


class UnapprovedError(DelayError):
    """A folder has more photos to pay for than go without a person's approval."""

    title = "Waiting for approval"


class DiskError(DelayError):
    """The disk said no in a way that may pass: full, read-only, permission lost."""

    title = "The disk cannot be written"
    default_advice = "Free space or mend the permissions; cutoutd goes on by itself."


class SourceUnavailableError(DiskError):
    """The photo's file cannot be had for now, which is not its fault: its folder stands by, or refuses to be read."""

    title = "The photo's file is away"
    default_advice = "Mount it or mend the permissions; cutoutd goes on by itself."


class FolderBlockedError(DiskError):
    """A file or a symbolic link stands in an output tree where a mirrored folder belongs."""

    default_advice = "Move it away (links inside an output are not followed), or rename the photo's folder."


class LedgerLockedError(DiskError):
    """Another program has the ledger's database locked; a fact that money was spent on waits for it."""

    title = "The ledger is locked"
    default_advice = (
        "Close the program that has it open, for example sqlite3 (fuser -v names it); cutoutd goes on then."
    )
