"""Rows as values, and values as the columns of rows."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import itemgetter
from typing import Any

from sqlalchemy import Row

from cutoutd.core.photo import (
    BoundSettings,
    Ending,
    Identity,
    Launch,
    Photo,
    Picture,
    PublishedCutout,
    SourceOutcome,
    SourceResult,
    SourceStatus,
    State,
    Upload,
    Wait,
    WaitKind,
)
from cutoutd.core.photo.photo import COLUMNS
from cutoutd.ledger.schema.tables import photos

_IDENTITY_COLUMNS = [field.name for field in fields(Identity)]

_POSITIONS = {column.name: number for number, column in enumerate(photos.columns)}


def _picker(names: Iterable[str]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    return itemgetter(*(_POSITIONS[name] for name in names))


def _group(kind: str) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    return _picker(column for column, (group, _) in COLUMNS.items() if group == kind)


# A row is read by position, because a look-up by name takes longer than making the value.
_ID, _STATE_AT_S, _NOTE = (_POSITIONS[name] for name in ("id", "state_at_s", "note"))
_IDENTITY = _picker(_IDENTITY_COLUMNS)
_WAIT = _picker(("wait_until_s", "wait_attempts", "wait_reason", "wait_for"))
_PICTURE, _BOUND, _UPLOAD, _LAUNCH, _CUTOUT = map(_group, ("picture", "bound", "upload", "launch", "cutout"))
_SOURCE = _picker(("is_source_due", "source_sentence", "archived_path", "source_missing_since_s"))
_ENDING = _picker(("code", "sentence", "advice"))
_ENUM_VALUES = _picker(("state", "wait_kind", "source_result", "failed_state"))


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a photo's history."""

    id: int  #: later events have higher numbers
    photo_id: int
    folder: str
    path: str
    at_s: float
    from_state: State | None
    to_state: State
    detail: Mapping[str, Any]

    @property
    def order(self) -> str | None:
        """The command that made it so; None if it happened by itself."""
        if self.to_state is State.DISMISSED:
            return "dismissed"
        if self.from_state in {State.REJECTED, State.FAILED, State.DISMISSED} and self.to_state is not State.SUPERSEDED:
            return "retried"
        # An event about a published photo's source or cutout has these states too, but no command behind it.
        return "reprocessed" if (self.from_state, self.to_state) == (State.PUBLISHED, State.ACCEPTED) else None


def photo_from(row: Row[*tuple[Any, ...]]) -> Photo:
    """Return the photo in a row of ``select(photos)``."""
    state, wait_kind, source_result, failed_state = _ENUM_VALUES(row)
    is_due, source_sentence, archived_path, missing_since_s = _SOURCE(row)
    code, sentence, advice = _ENDING(row)
    result = SourceResult(source_result) if source_result else None
    return Photo(
        row[_ID],
        Identity(*_IDENTITY(row)),
        State(state),
        row[_STATE_AT_S],
        Wait(WaitKind(wait_kind), *_WAIT(row)),
        Picture(*_PICTURE(row)),
        BoundSettings(*_BOUND(row)),
        Upload(*_UPLOAD(row)),
        Launch(*_LAUNCH(row)),
        PublishedCutout(*_CUTOUT(row)),
        SourceStatus(is_due, result, source_sentence, archived_path, missing_since_s),
        Ending(code, sentence, advice, State(failed_state) if failed_state else None),
        row[_NOTE],
    )


def event_from(row: Row[*tuple[Any, ...]]) -> Event:
    """Return the event in a row of the events table, joined with its photo's folder and path."""
    return Event(
        id=row.id,
        photo_id=row.photo_id,
        folder=row.folder,
        path=row.path,
        at_s=row.at_s,
        from_state=State(row.from_state) if row.from_state else None,
        to_state=State(row.to_state),
        detail=json.loads(row.detail),
    )


def wait_values(wait: Wait) -> dict[str, Any]:
    """Return the columns of a wait."""
    return {
        "wait_kind": wait.kind.value,
        "wait_until_s": wait.until_s,
        "wait_attempts": wait.attempts,
        "wait_reason": wait.reason,
        "wait_for": wait.for_photo,
    }


def source_values(outcome: SourceOutcome) -> dict[str, Any]:
    """Return the columns of a source that left its place."""
    return {
        "source_result": outcome.result,
        "source_sentence": outcome.sentence,
        "archived_path": outcome.archived_path,
    }


def identity_values(identity: Identity) -> dict[str, Any]:
    """Return the columns of an identity."""
    return {name: getattr(identity, name) for name in _IDENTITY_COLUMNS}
