"""A photo and its facts: what is already true of it, in which order facts may follow, and how each is told to people.

A photo's state is its last fact; resuming is doing the step after it. There is no "doing" state, so nothing has to be
cleaned up after a crash. Values only: nothing in here reads a file, asks a service or writes a ledger.
"""

from cutoutd.photo.facts import (
    Accepted,
    Ended,
    Fact,
    Failed,
    LaunchRefused,
    LaunchUnclear,
    Published,
    Rejected,
    RemovalFinished,
    RemovalIntended,
    RemovalStarted,
    ResultFound,
    ResultLost,
    Superseded,
    UploadAbandoned,
    Uploaded,
    UploadExpired,
)
from cutoutd.photo.photo import NO_WAIT, Identity, Photo, Version, Wait, known
from cutoutd.photo.states import AT_REST, TRANSITIONS, UNDER_WAY, State

__all__ = [
    "AT_REST",
    "NO_WAIT",
    "TRANSITIONS",
    "UNDER_WAY",
    "Accepted",
    "Ended",
    "Fact",
    "Failed",
    "Identity",
    "LaunchRefused",
    "LaunchUnclear",
    "Photo",
    "Published",
    "Rejected",
    "RemovalFinished",
    "RemovalIntended",
    "RemovalStarted",
    "ResultFound",
    "ResultLost",
    "State",
    "Superseded",
    "UploadAbandoned",
    "UploadExpired",
    "Uploaded",
    "Version",
    "Wait",
    "known",
]
