"""Errors that pass: the same step is tried again later, without help."""

from cutoutd.core.errors.root import CutoutdError


class DelayError(CutoutdError):
    """The same step may succeed later; ``retry_after_s`` is the service's own wish, if it gave one."""

    title = "Waiting"

    def __init__(self, sentence: str, *, retry_after_s: float | None = None, advice: str = "") -> None:
        super().__init__(sentence, advice=advice)
        self.retry_after_s = retry_after_s


class UnreachableError(DelayError):
    """Uploadcare did not get the request or gave no usable response; nothing was done that costs money."""

    title = "Uploadcare cannot be reached"
    default_advice = "Nothing to do: cutoutd tries again by itself."


class NeverSentError(UnreachableError):
    """There was no connection to send anything over, so the request was certainly not executed."""


class DuplicateInProgressError(DelayError):
    """Another photo with the same content is being paid for, or launched with other parameters."""

    title = "Waiting for the same picture"


class RefusedForNowError(DelayError):
    """Uploadcare refused a request of this photo, and maybe of no other one."""

    title = "Uploadcare refused a request of this photo"
    default_advice = "Nothing to do, if other photos go on. If none does, cutoutd halts and says why."


class ThrottledError(DelayError):
    """Uploadcare asked for fewer requests."""

    title = "Uploadcare asked to slow down"
    default_advice = "Nothing to do: cutoutd waits as long as Uploadcare asked for."


class PausedError(ThrottledError):
    """A pause that Uploadcare asked for is not over; nothing was sent."""


class NotReadyError(DelayError):
    """Uploadcare still processes the upload; asking again costs an operation, and nothing is paid yet."""

    title = "Uploadcare is still processing the upload"
    default_advice = "Nothing to do: cutoutd asks again by itself."


class UploadGoneError(DelayError):
    """The upload is not in the project, or no longer (unstored files live 24 hours); the next try sends it again."""

    title = "The upload has expired"
    default_advice = "Nothing to do: cutoutd sends the photo again; the expired upload was not paid for."


class RemovalLockedError(DelayError):
    """The add-on already works on this upload (409), so Uploadcare did not accept this launch.

    An earlier launch may still run.
    """

    title = "A removal of this photo is already running"
    default_advice = "Nothing to do: Uploadcare lifts the lock when that removal ends, or within a day if it died."


class NotDeliveredError(UnreachableError):
    """The CDN does not have the cutout, although Uploadcare does; each look for the reason costs an operation."""

    title = "The cutout is not delivered"


class ResultGoneError(DelayError):
    """The cutout was paid for, and is no longer at Uploadcare."""

    title = "The cutout is gone from Uploadcare"


class ResultDamagedError(DelayError):
    """The delivered cutout is no whole PNG of plausible size; its fetch is repeated a few times."""

    title = "The cutout arrived damaged"
    default_advice = "Nothing to do: cutoutd fetches it again, a few times."


class ResponseLostError(DelayError):
    """A paid call was sent and its response was lost; a blind repetition could pay twice.

    Args:
        sentence: the facts.
        may_come_late: False if the call got a whole answer, so that no gateway holds it any more.
    """

    title = "Uploadcare's answer was lost"
    default_advice = "cutoutd does not pay a second time by itself."

    def __init__(self, sentence: str, *, may_come_late: bool = True) -> None:
        super().__init__(sentence)
        self.may_come_late = may_come_late


class LimitReachedError(DelayError):
    """The configuration allows no more launches before ``until_s`` (Unix time)."""

    title = "A limit is reached"
    default_advice = "Nothing to do: cutoutd goes on by itself. To go on now, raise the limit and reload or restart it."

    def __init__(self, sentence: str, *, until_s: float) -> None:
        super().__init__(sentence)
        self.until_s = until_s


class UnapprovedError(DelayError):
    """The folder has more photos to pay for than the configuration allows without approval."""

    title = "Waiting for approval"


class DiskError(DelayError):
    """The disk refused in a way that may pass: it is full or read-only, or permissions are missing."""

    title = "The disk cannot be written"
    default_advice = "Free some space, or correct the permissions; cutoutd then goes on by itself."

    @property
    def advice_at_end(self) -> str:
        """The advice without the promise that it goes on by itself, because nothing runs any more."""
        is_own = self.advice != DiskError.default_advice
        return self.advice if is_own else "Free some space, or correct the permissions, and try again."


class SourceUnavailableError(DiskError):
    """The photo's file cannot be read now: its folder is unavailable, or refuses access."""

    title = "The photo's file cannot be read now"
    default_advice = "Mount its folder, or correct the permissions; cutoutd then goes on by itself."


class SourceInUseError(SourceUnavailableError):
    """A program has the photo's file open for writing, or changed it a moment ago where that cannot be told."""

    title = "The photo's file is still being written"
    default_advice = "Nothing to do: cutoutd goes on when its writer has closed it. fuser -v FILE names the program."


class TreeUnavailableError(DiskError):
    """Nothing may be written to an output now: its disk or share is not mounted, or its mounts have just changed."""

    title = "The output is unavailable"
    default_advice = "Mount it; cutoutd then goes on by itself."


class PlaceError(DiskError):
    """The place of a cutout cannot be made or written now: its disk is full, over a quota, read-only or away."""

    title = "The cutout finds no place"


class FolderBlockedError(PlaceError):
    """A file or a symbolic link stands in an output tree where a mirrored folder belongs."""

    default_advice = "Move it away, because links inside an output are not followed; or rename the photo's folder."


class NameRefusedError(PlaceError):
    """The file system of an output takes no such name, now or later; another name has to be used."""


class LedgerLockedError(DiskError):
    """Another program keeps the ledger's database locked; facts about spent money wait for it."""

    title = "The ledger is locked"
    default_advice = (
        "Close the program that has it open, for example sqlite3 (fuser -v names it); cutoutd then goes on by itself."
    )
