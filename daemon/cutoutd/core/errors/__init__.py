"""All errors as one tree; each branch has its own next step.

Faults in cutoutd itself are no CutoutdError, and do not belong here.

    CutoutdError
    ├── PhotoError                   ends this photo; all others continue
    │   ├── RejectedError            local validation refused the file; final until the file changes
    │   ├── FailedError              the service or the disk refused for good
    │   └── SupersededError          the file changed or disappeared unpaid, or a newer version was published first
    ├── DelayError                   the same step is tried again later, without help
    │   ├── UnreachableError         no connection, or no usable response; nothing was done
    │   │   ├── NeverSentError       not one byte of the request left this machine
    │   │   └── NotDeliveredError    the CDN does not have what Uploadcare has
    │   ├── DuplicateInProgressError another photo with the same content is being paid for
    │   ├── ThrottledError           the service asked for fewer requests
    │   │   └── PausedError          so nothing is sent yet
    │   ├── RefusedForNowError       the service refused a request of this photo, and maybe of no other one
    │   ├── NotReadyError            the service still processes the upload
    │   ├── UploadGoneError          the upload has expired, and must be sent again
    │   ├── RemovalLockedError       the add-on already works on this upload
    │   ├── ResultGoneError          the cutout is no longer at the service
    │   ├── ResultDamagedError       the cutout arrived, and is no whole PNG
    │   ├── ResponseLostError        a paid call was sent, and its response was lost
    │   ├── LimitReachedError        the configured number of launches is reached
    │   ├── UnapprovedError          the folder has more new photos than may go without approval
    │   └── DiskError                the disk is full, or cannot be written now
    │       ├── SourceUnavailableError  the photo's folder is unavailable, or its file cannot be read now
    │       │   └── SourceInUseError a program has the photo's file open for writing
    │       ├── TreeUnavailableError an output is not mounted, or its mounts have just changed
    │       ├── PlaceError           the place of a cutout cannot be made or written now
    │       │   ├── FolderBlockedError  a file or a link stands in the place of a mirrored folder
    │       │   └── NameRefusedError    the output's file system takes no such name
    │       └── LedgerLockedError    another program keeps the ledger locked
    ├── HaltError                    stops all photos until a person acts; no photo is to blame
    │   ├── KeysRefusedError
    │   ├── ClockWrongError
    │   ├── AddonRefusedError
    │   ├── AccountBlockedError
    │   ├── DeliveryRefusedError
    │   ├── UploadsRefusedError
    │   └── VersionRefusedError
    ├── ConfigurationError           the configuration has faults; all of them are listed
    ├── ControlError                 the running cutoutd did not get a command, or did not execute it
    │   └── ControlRefusedError      this user may not use the control socket
    ├── PageError                    no page is served, and why
    │   └── PageRefusedError         this user may not read the page's token
    ├── WebhookRefusedError          Uploadcare refused to set up a webhook
    ├── TreesInUseError              another instance works on the same folders
    ├── BackupRefusedError           a backup may not be written to that place
    └── LedgerError                  the ledger cannot be used
        ├── LedgerMissingError
        ├── LedgerRemovedError
        ├── LedgerBusyError
        ├── LedgerNewerError
        ├── PhotoMovedOnError        another fact about the photo was stored first
        └── LedgerDamagedError

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
    PhotoMovedOnError,
    TreesInUseError,
    WebhookRefusedError,
)
from cutoutd.core.errors.halt import (
    AccountBlockedError,
    AddonRefusedError,
    ClockWrongError,
    DeliveryRefusedError,
    HaltError,
    KeysRefusedError,
    RefusableRequest,
    UploadsRefusedError,
    VersionRefusedError,
)
from cutoutd.core.errors.photo import (
    CONTENT_REJECTIONS,
    PICTURE_REJECTIONS,
    FailedError,
    PhotoError,
    RejectedError,
    RejectionCode,
    SupersededError,
)
from cutoutd.core.errors.retryable import (
    DelayError,
    DiskError,
    DuplicateInProgressError,
    FolderBlockedError,
    LedgerLockedError,
    LimitReachedError,
    NameRefusedError,
    NeverSentError,
    NotDeliveredError,
    NotReadyError,
    PausedError,
    PlaceError,
    RefusedForNowError,
    RemovalLockedError,
    ResponseLostError,
    ResultDamagedError,
    ResultGoneError,
    SourceInUseError,
    SourceUnavailableError,
    ThrottledError,
    TreeUnavailableError,
    UnapprovedError,
    UnreachableError,
    UploadGoneError,
)
from cutoutd.core.errors.root import CutoutdError

__all__ = [
    "CONTENT_REJECTIONS",
    "PICTURE_REJECTIONS",
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
    "NameRefusedError",
    "NeverSentError",
    "NotDeliveredError",
    "NotReadyError",
    "PageError",
    "PageRefusedError",
    "PausedError",
    "PhotoError",
    "PhotoMovedOnError",
    "PlaceError",
    "RefusableRequest",
    "RefusedForNowError",
    "RejectedError",
    "RejectionCode",
    "RemovalLockedError",
    "ResponseLostError",
    "ResultDamagedError",
    "ResultGoneError",
    "SourceInUseError",
    "SourceUnavailableError",
    "SupersededError",
    "ThrottledError",
    "TreeUnavailableError",
    "TreesInUseError",
    "UnapprovedError",
    "UnreachableError",
    "UploadGoneError",
    "UploadsRefusedError",
    "VersionRefusedError",
    "WebhookRefusedError",
]
