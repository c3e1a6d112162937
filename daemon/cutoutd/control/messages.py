"""The messages on the control socket: commands, queries, their results, and the JSON of each.

A new message is a class here and a branch in ``executor`` (a command) or in ``server`` (a query).
"""

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote_to_bytes

from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter

from cutoutd.config.settings import Limits, Price
from cutoutd.core.logs import printable
from cutoutd.core.photo import State
from cutoutd.ledger import Event
from cutoutd.status.status import Status

#: Both ends allow this much time. Resuming half a million photos takes less.
COMMAND_TIMEOUT_S = 600.0

#: A text that names a file. JSON carries UTF-8 only, so other bytes travel percent-encoded.
WireText = Annotated[
    str,
    PlainValidator(lambda text: os.fsdecode(unquote_to_bytes(str(text)))),
    PlainSerializer(lambda name: quote(os.fsencode(name))),
]


@dataclass(frozen=True, slots=True)
class RetryCommand:
    """Let failed, rejected and waiting photos go on."""

    paths: tuple[WireText, ...] = ()  #: without paths and numbers: every photo that failed
    photo_ids: tuple[int, ...] = ()  #: photos by their numbers in the ledger
    max_removals: int | None = None  #: more payable removals than this: nothing is done; None: no bound
    kind: Literal["retry"] = "retry"


@dataclass(frozen=True, slots=True)
class DismissCommand:
    """Show rejected and failed photos as such no more, until ``retry`` brings them back."""

    paths: tuple[WireText, ...] = ()
    photo_ids: tuple[int, ...] = ()  #: photos by their numbers in the ledger
    states: tuple[State, ...] = ()  #: all photos at these states
    dry_run: bool = False  #: True: only report the number
    kind: Literal["dismiss"] = "dismiss"


@dataclass(frozen=True, slots=True)
class GiveUpCommand:
    """Wait no longer for removals that hang."""

    paths: tuple[WireText, ...] = ()
    dry_run: bool = False  #: True: only report the effect
    photo_ids: tuple[int, ...] = ()  #: photos by their numbers in the ledger
    kind: Literal["give_up"] = "give_up"


@dataclass(frozen=True, slots=True)
class ApproveCommand:
    """Let photos go on that wait for approval."""

    folder: str | None = None  #: None: every folder in which photos wait for approval
    dry_run: bool = False  #: True: only report the cost
    max_removals: int | None = None  #: at most this many photos are approved, the oldest first; None: all
    last_id: int | None = None  #: photos that came later are not meant, because they were not shown; None: all
    paths: tuple[WireText, ...] = ()  #: photos with doubtful cutouts, if ``folder`` is no folder's name
    photo_ids: tuple[int, ...] = ()  #: the same, by their numbers in the ledger; no folder is approved then
    kind: Literal["approve"] = "approve"


class Scope(StrEnum):
    """The photos that ``reprocess`` selects."""

    NAMED = "named"  #: photos that the user names and pays for
    MISSING = "missing"  #: photos that have no cutout in the output any more
    CHANGED = "changed"  #: photos made with other parameters than their folder has now


@dataclass(frozen=True, slots=True)
class ReprocessCommand:
    """Make the cutouts of published photos again."""

    paths: tuple[WireText, ...] = ()  #: only with ``Scope.NAMED``, like the numbers
    scope: Scope = Scope.NAMED
    dry_run: bool = False  #: True: only report the effect
    max_removals: int | None = None  #: more payable removals than this: nothing is done; None: no bound
    photo_ids: tuple[int, ...] = ()  #: photos by their numbers in the ledger
    kind: Literal["reprocess"] = "reprocess"


@dataclass(frozen=True, slots=True)
class PauseCommand:
    """Begin nothing new."""

    reason: WireText = ""  #: shown in the status; empty: no reason
    kind: Literal["pause"] = "pause"


@dataclass(frozen=True, slots=True)
class ResumeCommand:
    """Go on after a pause."""

    kind: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True)
class TrustCommand:
    """Take the trees of a folder as they are mounted now, and what is missing there for removed."""

    folder: str
    kind: Literal["trust"] = "trust"


@dataclass(frozen=True, slots=True)
class ReloadCommand:
    """Read the configuration again and use it."""

    kind: Literal["reload"] = "reload"


Command = (
    RetryCommand
    | DismissCommand
    | GiveUpCommand
    | ReprocessCommand
    | ApproveCommand
    | PauseCommand
    | ResumeCommand
    | TrustCommand
    | ReloadCommand
)


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """Return the status."""

    kind: Literal["status"] = "status"


@dataclass(frozen=True, slots=True)
class PhotoName:
    """One way to read a name that the user wrote."""

    folder: WireText | None
    path: WireText


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Return the last events, oldest first."""

    photos: tuple[PhotoName, ...] | None  #: the first name that a photo has counts; None: the events of all photos
    limit: int
    kind: Literal["history"] = "history"


@dataclass(frozen=True, slots=True)
class PageLinkQuery:
    """Return the link to the page."""

    kind: Literal["page_link"] = "page_link"


@dataclass(frozen=True, slots=True)
class InstanceQuery:
    """Return which cutoutd this is."""

    kind: Literal["instance"] = "instance"


Message = Annotated[Command | StatusQuery | HistoryQuery | PageLinkQuery | InstanceQuery, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command, in sentences for the user."""

    done: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()  #: each photo or name that was left alone, with the reason
    payable: int = 0  #: this many removals may have to be paid for
    last_id: int = 0  #: a dry run of ``approve``: the newest photo that it counted
    is_idle: bool = False  #: True: there was nothing to do
    is_done: bool = True  #: False: ``done`` describes a dry run


@dataclass(frozen=True, slots=True)
class CommandError:
    """The reason for which a message as a whole was refused."""

    sentence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class PageLink:
    """The page's address and token, or the reason for which there is no page."""

    address: str = ""
    token: str = ""
    trouble: str = ""
    advice: str = ""
    hosts: tuple[str, ...] = ()  #: names of the page behind a reverse proxy with TLS


@dataclass(frozen=True, slots=True)
class RunningInstance:
    """A running cutoutd: the file it was started with, and the part of the settings in force that commands need."""

    config_file: WireText  #: absolute; empty: it was not started with a file
    state_dir: WireText
    folders: tuple[tuple[str, WireText, WireText], ...]  #: name, input and output of each
    limits: Limits
    price: Price


MESSAGES: TypeAdapter[Message] = TypeAdapter(Message)
RESULTS = TypeAdapter(CommandResult)
ERRORS = TypeAdapter(CommandError)
STATUSES = TypeAdapter(Status)
HISTORIES = TypeAdapter(list[Event])
PAGE_LINKS = TypeAdapter(PageLink)
INSTANCES = TypeAdapter(RunningInstance)


def encode_reply(form: TypeAdapter[Any], value: object) -> bytes:
    """Return the value as JSON. A name that is not UTF-8 is written as it is shown to the user."""
    return json.dumps(_shown(form.dump_python(value, mode="json"))).encode()


def _shown(value: Any) -> Any:  # noqa: ANN401  anything that JSON can hold
    match value:
        case str():
            return value if _is_utf8(value) else printable(value)
        case dict():
            return {_shown(key): _shown(each) for key, each in value.items()}
        case list() | tuple():
            return [_shown(each) for each in value]
        case _:
            return value


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
