"""The decision if a refusal is about the whole project or about one photo. Pure.

`SCOPES` says how much a kind of refusal tells by itself. `decide` adds the experience with other photos. If others are
accepted, it is not about the project. If several photos are refused in a row, it is not about one of them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from cutoutd.core.errors import (
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

#: So many different photos in a row, with no other accepted, show that a refusal is about the project.
MANY_PHOTOS = 3

#: A download refused so often while others were accepted is about its file, and tells nothing of the project.
_SURELY_ALONE = 2

#: More refused photos than this are not remembered.
_MOST_REMEMBERED = 1000


class RefusalScope(Enum):
    """The meaning of a kind of refusal by itself."""

    PROJECT = auto()  #: certainly about the project
    LIKELY_PROJECT = auto()  #: about the project, unless others are accepted
    UNSURE = auto()  #: about a photo or about the project


class Verdict(Enum):
    """The consequence of a refusal."""

    HALT = auto()  #: nothing is sent any more
    WAIT = auto()  #: the photo waits, because others will show what it is about
    PHOTO = auto()  #: it is about this photo alone


#: Each kind of refusal. The request that was refused makes no difference, except as its error tells.
SCOPES: Mapping[type[HaltError], RefusalScope] = {
    KeysRefusedError: RefusalScope.PROJECT,  # 401 on any request; at an upload: a text about keys or signatures
    ClockWrongError: RefusalScope.PROJECT,  # 401 on any request, with a date that is far off
    VersionRefusedError: RefusalScope.PROJECT,  # 406 on any request
    AccountBlockedError: RefusalScope.LIKELY_PROJECT,  # 402 on any request; 403 on a question; upload texts about it
    AddonRefusedError: RefusalScope.LIKELY_PROJECT,  # 403 and 404 on a launch
    DeliveryRefusedError: RefusalScope.UNSURE,  # 401 and 403 on a download
    UploadsRefusedError: RefusalScope.UNSURE,  # 400 at an upload: types of files; 403 with any other text
}


@dataclass(frozen=True, slots=True)
class Experience:
    """The knowledge at one more refusal of a photo."""

    photos: int = 1  #: the different photos that were refused since one was accepted, with this one
    times: int = 1  #: how often this photo was refused since one was accepted, with this time
    alone: int = 0  #: how often others were accepted after a refusal of this photo, before the next one


def decide(scope: RefusalScope, known: Experience) -> Verdict:
    """Return the consequence of a refusal."""
    is_common = known.photos >= MANY_PHOTOS
    match scope:
        case RefusalScope.PROJECT:
            return Verdict.HALT
        case RefusalScope.LIKELY_PROJECT if known.alone == 0 or is_common or known.times > 1:
            return Verdict.HALT
        case (
            RefusalScope.LIKELY_PROJECT
        ):  # twice, because a failure is final, and accounts are mended and blocked again
            return Verdict.PHOTO if known.alone > 1 else Verdict.WAIT
        case RefusalScope.UNSURE if known.alone and not is_common:
            return Verdict.PHOTO
        case RefusalScope.UNSURE:
            return Verdict.HALT if is_common or known.times > 1 else Verdict.WAIT


@dataclass(slots=True)
class _OfKind:
    """The experience with one kind of request."""

    accepted: int = 0
    in_a_row: Counter[int] = field(default_factory=Counter)  # by photo: since the last acceptance
    seen_accepted: dict[int, int] = field(default_factory=dict)  # by photo: at its last refusal
    alone: Counter[int] = field(default_factory=Counter)


class Refusals:
    """The experience with all kinds of requests since the start."""

    def __init__(self) -> None:
        self._kinds = {kind: _OfKind() for kind in RefusableRequest}

    def refuse(self, kind: RefusableRequest, photo_id: int) -> Experience:
        """Note a refusal of a photo; return what is known with it."""
        of_kind = self._kinds[kind]
        if len(of_kind.seen_accepted) >= _MOST_REMEMBERED:
            of_kind.seen_accepted.clear()
            of_kind.alone.clear()
        if of_kind.seen_accepted.get(photo_id, of_kind.accepted) < of_kind.accepted:
            of_kind.alone[photo_id] += 1
        of_kind.seen_accepted[photo_id] = of_kind.accepted
        of_kind.in_a_row[photo_id] += 1
        known = {photo_id, *of_kind.in_a_row}
        if kind is RefusableRequest.DOWNLOAD:  # of the others the consequence is a failure, so more care is taken
            known -= {each for each, times in of_kind.alone.items() if times >= _SURELY_ALONE}
        return Experience(len(known), of_kind.in_a_row[photo_id], of_kind.alone[photo_id])

    def accept(self, kind: RefusableRequest, photo_id: int | None = None) -> None:
        """Note an accepted request, and its photo if that is known: then it has no refusals any more."""
        of_kind = self._kinds[kind]
        of_kind.accepted += 1
        of_kind.in_a_row.clear()
        if photo_id is not None:
            of_kind.seen_accepted.pop(photo_id, None)
            of_kind.alone.pop(photo_id, None)

    def suspects(self, kind: RefusableRequest) -> frozenset[int]:
        """Return the photos that were refused more than once; of very many, none.

        However many they are, each may be refused for itself, and only another photo can show it.
        """
        refused = self._kinds[kind].in_a_row
        if len(refused) > _MOST_REMEMBERED:
            return frozenset()
        return frozenset(photo_id for photo_id, times in refused.items() if times > 1)
