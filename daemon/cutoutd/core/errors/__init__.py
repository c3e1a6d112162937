"""Everything that can go wrong, as one tree; each branch says who has to act.

    CutoutdError
    ├── PhotoError                 this photo alone; every other photo goes on
    │   ├── RejectedError          local validation said no: final until the file changes
    │   ├── FailedError            the service or the disk gave a permanent no
    │   └── SupersededError        the file changed or vanished before it was paid for; nobody's fault
    ├── DelayError                 nobody has to act: try the same step again later
    │   ├── UnreachableError       nothing was carried out: no connection, or an answer that is none
    │   │   └── NeverSentError     not one byte of the request left this machine
    │   ├── DuplicateInProgressError          another photo with the same content is being paid for
    │   ├── ThrottledError         the service asked for patience
    │   ├── NotReadyError          the service is still taking in what was sent
    │   ├── UploadGoneError        the upload is gone from the service: it has to be sent anew
    │   ├── RemovalLockedError     the add-on is already at work on this upload
    │   ├── ResultGoneError        the cutout is no longer at the service
    │   ├── ResponseLostError        a paid call was sent and no answer came: it may have been carried out
    │   ├── LimitReachedError      as many launches as the configuration allows were made
    │   ├── UnapprovedError        more new photos than the configuration lets through without a person's word
    │   └── DiskError              the disk is full or cannot be written for now
    │       ├── SourceUnavailableError    the photo's folder stands by, or its file cannot be read for now
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
    ├── PageError                  there is nothing to look at in a browser, and why
    │   └── PageRefusedError       this user may not read the page's token
    ├── WebhookRefusedError        Uploadcare does not set a webhook up as it was asked to
    ├── BackupRefusedError         a backup is not to be written where it was asked for
    └── LedgerError                the ledger cannot be used
        ├── LedgerMissingError
        ├── LedgerRemovedError
        ├── LedgerBusyError
        ├── LedgerNewerError
        └── LedgerDamagedError

Each carries a ``title`` (a few words), the exception's text (a sentence with the facts: which file, which number) and
``advice`` (what to do next). Vendor and system errors are translated into this tree once, at the edge that met them.
Rooms are named for who has to act: ``photos``, ``delays``, ``halts``, ``refusals``.
"""

from cutoutd.core.errors.command import (
    BackupRefusedError,
    ConfigurationError,
    ControlError,
    ControlRefusedError,
    LedgerBusyError,
    LedgerDamagedError,
    LedgerError,
    LedgerMissingError,
    LedgerNewerError,
    LedgerRemovedError,
    PageError,
    PageRefusedError,
    WebhookRefusedError,
)
from cutoutd.core.errors.halt import (
    AccountBlockedError,
    AddonRefusedError,
    ClockWrongError,
    DeliveryRefusedError,
    HaltError,
    KeysRefusedError,
    VersionRefusedError,
)
from cutoutd.core.errors.photo import FailedError, PhotoError, RejectedError, RejectionCode, SupersededError
from cutoutd.core.errors.retryable import (
    DelayError,
    DiskError,
    DuplicateInProgressError,
    FolderBlockedError,
    LedgerLockedError,
    LimitReachedError,
    NeverSentError,
    NotReadyError,
    RemovalLockedError,
    ResponseLostError,
    ResultGoneError,
    SourceUnavailableError,
    ThrottledError,
    UnapprovedError,
    UnreachableError,
    UploadGoneError,
)
from cutoutd.core.errors.root import CutoutdError

__all__ = [
    "AccountBlockedError",
    "AddonRefusedError",
    "BackupRefusedError",
    "ClockWrongError",
    "ConfigurationError",
    "ControlError",
    "ControlRefusedError",
    "CutoutdError",
    "DelayError",
    "DeliveryRefusedError",
    "DiskError",
    "DuplicateInProgressError",
    "FailedError",
    "FolderBlockedError",
    "HaltError",
    "KeysRefusedError",
    "LedgerBusyError",
    "LedgerDamagedError",
    "LedgerError",
    "LedgerLockedError",
    "LedgerMissingError",
    "LedgerNewerError",
    "LedgerRemovedError",
    "LimitReachedError",
    "NeverSentError",
    "NotReadyError",
    "PageError",
    "PageRefusedError",
    "PhotoError",
    "RejectedError",
    "RejectionCode",
    "RemovalLockedError",
    "ResponseLostError",
    "ResultGoneError",
    "SourceUnavailableError",
    "SupersededError",
    "ThrottledError",
    "UnapprovedError",
    "UnreachableError",
    "UploadGoneError",
    "VersionRefusedError",
    "WebhookRefusedError",
]
