"""What can be ordered, and what comes back: small values, and their JSON on the wire.

A new order is a class here and its branch in ``clerk``; the socket and its two ends know none of them.
"""

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import quote, unquote_to_bytes

from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter

#: Half a million photos are taken up in less; both ends keep to it.
CARRIED_OUT_WITHIN_S = 600.0

#: What a person wrote, mostly to name a photo. JSON holds no bytes that are no UTF-8, file names do.
Named = Annotated[
    str,
    PlainValidator(lambda text: os.fsdecode(unquote_to_bytes(str(text)))),
    PlainSerializer(lambda name: quote(os.fsencode(name))),
]


@dataclass(frozen=True, slots=True)
class RetryCommand:
    """Let failed, rejected and waiting photos go on."""

    paths: tuple[Named, ...] = ()  #: neither these nor numbers: every photo that failed
    photo_ids: tuple[int, ...] = ()  #: photos by their numbers in the ledger
    kind: Literal["retry"] = "retry"


@dataclass(frozen=True, slots=True)
class ApproveCommand:
    """Let photos go on that wait because they are many."""

    folder: str | None = None  #: None: every folder in which photos wait for approval
    dry_run: bool = False  #: only say what it would cost
    max_removals: int | None = None  #: so many photos are approved, those that came first; None: all
    kind: Literal["approve"] = "approve"


class Scope(StrEnum):
    """Whose cutouts are made anew."""

    NAMED = "named"  #: a person wants it, and pays for it
    MISSING = "missing"  #: the cutout is no longer in the output
    CHANGED = "changed"  #: the folder's parameters are others by now


@dataclass(frozen=True, slots=True)
class ReprocessCommand:
    """Make cutouts of published photos anew."""

    paths: tuple[Named, ...] = ()  #: with ``NAMED`` only, as are numbers
    scope: Scope = Scope.NAMED
    dry_run: bool = False  #: only say what would be done
    max_removals: int | None = None  #: nothing is done when more removals may have to be paid for; None: any number
    photo_ids: tuple[int, ...] = ()  #: photos by their numbers in the ledger
    kind: Literal["reprocess"] = "reprocess"


@dataclass(frozen=True, slots=True)
class PauseCommand:
    """Begin nothing new."""

    reason: Named = ""  #: for whoever looks; empty, there is none
    kind: Literal["pause"] = "pause"


@dataclass(frozen=True, slots=True)
class ResumeCommand:
    """Go on after a pause."""

    kind: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True)
class ReloadCommand:
    """Read the configuration anew and work by it."""

    kind: Literal["reload"] = "reload"


Command = Annotated[
    RetryCommand | ReprocessCommand | ApproveCommand | PauseCommand | ResumeCommand | ReloadCommand,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of an order, in sentences for people."""

    done: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()  #: what was not done, and why
    payable: int = 0  #: so many removals may have to be paid for
    is_idle: bool = False  #: there was nothing to do
    is_done: bool = True  #: otherwise ``done`` says what would be


@dataclass(frozen=True, slots=True)
class CommandError:
    """Why an order as a whole was not carried out, as the error tree tells it."""

    sentence: str
    advice: str = ""


ORDERS: TypeAdapter[Command] = TypeAdapter(Command)
ANSWERS = TypeAdapter(CommandResult)
REFUSALS = TypeAdapter(CommandError)
