"""Everything that can go wrong, as one tree; each branch says who has to act.

    CutoutdError
    ├── PhotoError                 this photo alone; every other photo goes on
    │   ├── RejectedError          local validation said no: final until the file changes
    │   ├── FailedError            the service or the disk gave a permanent no
    │   └── SupersededError        the file changed or vanished before it was paid for; nobody's fault
    ├── DelayError                 nobody has to act: try the same step again later
    │   ├── UnreachableError       nothing was carried out: no connection, or an answer that is none
    │   │   └── NeverSentError     not one byte of the request left this machine
    │   ├── TwinPaysError          another photo with the same content is being paid for
    │   ├── ThrottledError         the service asked for patience
    │   ├── NotReadyError          the service is still taking in what was sent
    │   ├── SourceGoneError        the upload is gone from the service: it has to be sent anew
    │   ├── RemovalLockedError     the add-on is already at work on this upload
    │   ├── ResultGoneError        the cutout is no longer at the service
    │   ├── UnansweredError        a paid call was sent and no answer came: it may have been carried out
    │   ├── LimitReachedError      as many launches as the configuration allows were made
    │   ├── UnapprovedError        more new photos than the configuration lets through without a person's word
    │   └── DiskError              the disk is full or cannot be written for now
    │       ├── SourceAwayError    the photo's folder stands by, or its file cannot be read for now
    │       ├── FolderBlockedError something else stands where a mirrored folder belongs
    │       └── LedgerLockedError  another program has locked the ledger for longer than it should
    ├── HaltError                  the whole service stands still until a person acts; no photo is blamed
    │   ├── KeysRefusedError
    │   ├── ClockWrongError
    │   ├── AddonRefusedError
    │   ├── AccountBlockedError
    │   ├── DeliveryRefusedError
    │   └── VersionRefusedError
    ├── ConfigurationError         the configuration has faults; all of them are listed
    ├── ControlError               an order to the running cutoutd could not be given, or was not carried out
    │   └── ControlRefusedError    this user may not use the control socket
    ├── BackupRefusedError         a backup is not to be written where it was asked for
    └── LedgerError                the ledger cannot be used
        ├── LedgerBusyError
        ├── LedgerNewerError
        └── LedgerDamagedError

Each carries a ``title`` (a few words), the exception's text (a sentence with the facts: which file, which number) and
``advice`` (what to do next). Vendor and system errors are translated into this tree once, at the edge that met them.
"""

from enum import StrEnum
from typing import ClassVar


class CutoutdError(Exception):
    """The root: an error whose text was written for a person."""

    title: ClassVar[str] = "Something went wrong"
    default_advice: ClassVar[str] = ""

    def __init__(self, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice or self.default_advice


class PhotoError(CutoutdError):
    """One photo cannot go on; ``code`` is stable and shown for support."""

    def __init__(self, code: str, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence, advice=advice)
        self.code = code


class RejectionCode(StrEnum):
    """Why a photo was not accepted; stable, documented in the README."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    NOT_A_PICTURE = "not_a_picture"
    OTHER_FORMAT = "other_format"
    TOO_MANY_PIXELS = "too_many_pixels"
    BAD_DIMENSIONS = "bad_dimensions"
    TARGET_TAKEN = "target_taken"
    NAME_TOO_LONG = "name_too_long"


class RejectedError(PhotoError):
    """Local validation refused the photo before anything left this machine."""

    title = "Not accepted"


class FailedError(PhotoError):
    """The service or the disk gave a permanent no for this photo."""

    title = "Failed"


class SupersededError(PhotoError):
    """The file changed or vanished before payment; its next version, if any, is a new photo."""

    title = "Superseded"


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


class TwinPaysError(DelayError):
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


class SourceGoneError(DelayError):
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


class UnansweredError(DelayError):
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


class SourceAwayError(DiskError):
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


class HaltError(CutoutdError):
    """The whole service must stand still; ``reason`` is a stable slug."""

    reason: ClassVar[str] = "halted"


class KeysRefusedError(HaltError):
    """Uploadcare does not accept the keys (401)."""

    title = "Uploadcare refused the keys"
    reason = "keys_refused"
    default_advice = "Check public_key and the secret key against the project's API keys at Uploadcare."


class ClockWrongError(HaltError):
    """Signatures carry a date, and this machine's is so far off that Uploadcare refuses them."""

    title = "This machine's clock is wrong"
    reason = "clock_wrong"
    default_advice = "Set this machine's clock (for instance: timedatectl set-ntp true); cutoutd goes on by itself."


class AddonRefusedError(HaltError):
    """The remove_bg add-on is not available to this project (403 or 404 on execute)."""

    title = "Uploadcare refused the remove_bg add-on"
    reason = "addon_refused"
    default_advice = "Enable the Remove background add-on for the project at Uploadcare; free plans lack it."


class AccountBlockedError(HaltError):
    """The account is blocked, unpaid or over its limits."""

    title = "Uploadcare blocked the account"
    reason = "account_blocked"
    default_advice = "Look at the project's billing page at Uploadcare."


class DeliveryRefusedError(HaltError):
    """The CDN does not hand out results to this project (403): paying for more of them would be in vain."""

    title = "Uploadcare refused to deliver the cutout"
    reason = "delivery_refused"
    default_advice = (
        "If the project demands signed CDN URLs, switch that off at Uploadcare, or point uploadcare.cdn_base "
        "at a host that delivers without a token; if it does not, look at the project's billing page."
    )


class VersionRefusedError(HaltError):
    """Uploadcare no longer speaks the version of the REST API that this program speaks (406)."""

    title = "Uploadcare refused the API version"
    reason = "version_refused"
    default_advice = "Install a newer cutoutd."


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


class LedgerError(CutoutdError):
    """The ledger cannot be used."""

    title = "The ledger cannot be used"


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


class LedgerDamagedError(LedgerError):
    """The file is no ledger, or its pages do not hold together."""

    title = "The ledger is damaged"
    default_advice = (
        "Photos and cutouts are untouched. Stop cutoutd, move ledger.sqlite and its -wal and -shm files away, and put a"
        " backup in their place (cutoutd backup made it); or without one, run: cutoutd rebuild."
    )
