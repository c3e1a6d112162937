"""Rows of the ledger as values, and values as rows."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import RowMapping

from cutoutd.core.photo import (
    BoundSettings,
    Ending,
    Fact,
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

_IDENTITY_COLUMNS = [field.name for field in fields(Identity)]

#: The columns of each group of a photo's values, in the order of its attributes.
_GROUPS: tuple[tuple[str, type, tuple[str, ...]], ...] = tuple(
    (group, kind, tuple(column for column, (owner, _) in COLUMNS.items() if owner == group))
    for group, kind in (
        ("picture", Picture),
        ("bound", BoundSettings),
        ("upload", Upload),
        ("launch", Launch),
        ("cutout", PublishedCutout),
    )
)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a photo's history."""

    photo_id: int
    folder: str
    path: str
    at_s: float
    from_state: State | None
    to_state: State
    detail: Mapping[str, Any]

    @property
    def order(self) -> str | None:
        """The order that made it so; None for what happened by itself."""
        if self.from_state in {State.REJECTED, State.FAILED}:
            return "retried"
        # What became of a published photo's source or cutout stands there too, and nobody ordered it.
        return "reprocessed" if (self.from_state, self.to_state) == (State.PUBLISHED, State.ACCEPTED) else None


def photo_from(row: RowMapping) -> Photo:
    """The photo in a row of the photos table."""
    return Photo(
        id=row["id"],
        state_at_s=row["state_at_s"],
        identity=Identity(**{name: row[name] for name in _IDENTITY_COLUMNS}),
        state=State(row["state"]),
        wait=Wait(
            WaitKind(row["wait_kind"]),
            row["wait_until_s"],
            row["wait_attempts"],
            row["wait_reason"],
            row["wait_for"],
        ),
        ending=Ending(
            row["code"],
            row["sentence"],
            row["advice"],
            State(row["failed_state"]) if row["failed_state"] else None,
        ),
        source=SourceStatus(
            row["is_source_due"],
            SourceResult(row["source_result"]) if row["source_result"] else None,
            row["source_sentence"],
            row["archived_path"],
            row["source_missing_since_s"],
        ),
        note=row["note"],
        **{group: kind(*(row[column] for column in columns)) for group, kind, columns in _GROUPS},
    )


def event_from(row: RowMapping) -> Event:
    """The event in a row of the events table, joined with its photo's folder and path."""
    return Event(
        photo_id=row["photo_id"],
        folder=row["folder"],
        path=row["path"],
        at_s=row["at_s"],
        from_state=State(row["from_state"]) if row["from_state"] else None,
        to_state=State(row["to_state"]),
        detail=json.loads(row["detail"]),
    )


def wait_values(wait: Wait) -> dict[str, Any]:
    """The columns of a wait."""
    return {
        "wait_kind": wait.kind,
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
    """The columns of an identity."""
    return asdict(identity)


#: Names in the detail of events, which ``cutoutd history --json`` shows: users have them, so they stay.
_DETAIL_NAMES = {
    "failed_state": "failed_at",
    "previous_parameters": "earlier_parameters",
    "reprocess_started_s": "anew_since_s",
}


def detail_values(fact: Fact) -> dict[str, Any]:
    """Return what an event tells of a fact, under the names that users have."""
    return {_DETAIL_NAMES.get(name, name): value for name, value in fact_values(fact).items()}


def fact_values(fact: Fact) -> dict[str, Any]:
    """The columns that a fact brings; named alike by design."""
    return asdict(fact)
