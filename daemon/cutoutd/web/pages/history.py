"""A photo's history in words: each event with its time and its details. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutoutd.core.logs import printable
from cutoutd.core.photo import AT_UPLOADCARE, State
from cutoutd.images.validation import format_size
from cutoutd.ledger import Event

_TITLES = {
    State.DISCOVERED: "Found",
    State.ACCEPTED: "Accepted",
    State.REJECTED: "Rejected",
    State.UPLOADED: "Uploaded",
    State.REMOVAL_INTENDED: "About to launch the removal",
    State.REMOVAL_STARTED: "Removal launched",
    State.REMOVAL_FINISHED: "Removal finished",
    State.PUBLISHED: "Published",
    State.SUPERSEDED: "Superseded",
    State.FAILED: "Failed",
    State.DISMISSED: "Dismissed by a person",
}

_COMMAND_TITLES = {
    "dismissed": "Dismissed by a person",
    "retried": "Retried by a person",
    "reprocessed": "Ordered to be made again",
}

#: A photo goes back when a launch was not made, or when an upload or a result is gone.
_WAYS_BACK: Mapping[tuple[State | None, State], str] = {
    (State.REMOVAL_INTENDED, State.UPLOADED): "To be launched again",
    **{(state, State.ACCEPTED): "To be sent again" for state in AT_UPLOADCARE},
}

#: What is told of a launch that stays open, by the first of these values that its event has.
_OPEN_LAUNCH_TITLES = {
    "lost_because": "The answer to the launch was lost",
    "locked_since_s": "An earlier launch of the upload still runs",
    "unclear_since_s": "Upload deleted, so that no late launch is paid for",
}

#: The labels of a fact's values, in their order. Other values follow under their own names.
_LABELS = {
    "sentence": "What happened",
    "damaged": "Arrived damaged",
    "advice": "What to do",
    "code": "Code",
    "size_bytes": "Size",
    "parameters": "Parameters",
    "target": "Cutout",
    "cutout_bytes": "Size of the cutout",
    "sent_as": "Sent as",
    "note": "Note",
    "source_result": "Source",
    "source_sentence": "Source",
    "doubt": "Doubt",
    "lost_because": "Answer lost",
    "source_uuid": "Upload",
    "request_id": "Removal",
    "result_uuid": "Result",
    "sha256": "SHA-256 of the photo",
    "picture_sha256": "SHA-256 of its picture",
    "cutout_sha256": "SHA-256 of the cutout",
    "reused_from": "Cutout of photo number",
}

#: Shown together, or of no use to a reader.
_HIDDEN = frozenset(
    {
        "width",
        "height",
        "sent_width",
        "sent_height",
        "sent_within",
        "output",
        "orientation",
        "is_disputed",
        "is_source_due",
        "locked_since_s",
        "noticed_at_s",
        "unclear_since_s",
    }
)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """An event in the history."""

    at_s: float  #: Unix time
    state: State
    title: str
    details: tuple[tuple[str, str], ...]


def history_entry(event: Event) -> HistoryEntry:
    """Return an entry of a photo's history."""
    title = _COMMAND_TITLES.get(event.order or "") or _title(event)
    return HistoryEntry(event.at_s, event.to_state, title, tuple(_details(event.detail)))


def _title(event: Event) -> str:
    if event.from_state != event.to_state:
        return _WAYS_BACK.get((event.from_state, event.to_state)) or _TITLES[event.to_state]
    told = (title for name, title in _OPEN_LAUNCH_TITLES.items() if event.detail.get(name))
    return next(told, f"Still {event.to_state.phrase}")


def parameters_in_words(parameters: str | None) -> list[str]:
    """Return the remove_bg parameters one by one; an empty list means Uploadcare's defaults."""
    values: dict[str, Any] = json.loads(parameters or "{}")
    return [printable(f"{name}: {_word(value)}") for name, value in values.items()]


def _details(detail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if detail.get("width") and detail.get("height"):
        yield "Pixels", f"{detail['width']:,} x {detail['height']:,}"
    if detail.get("sent_width") and detail.get("sent_height"):
        yield "Pixels sent", f"{detail['sent_width']:,} x {detail['sent_height']:,}"
    for name in sorted(detail.keys() - _HIDDEN, key=_rank):
        value = detail[name]
        if value is not None and value is not False and value != "":
            yield _LABELS.get(name, name), _in_words(name, value)


def _rank(name: str) -> tuple[int, str]:
    names = list(_LABELS)
    return (names.index(name) if name in _LABELS else len(names), name)


def _in_words(name: str, value: Any) -> str:  # noqa: ANN401  anything that JSON can hold
    if name.endswith("_bytes") and isinstance(value, int):
        return format_size(value)
    if name.endswith("parameters"):
        return ", ".join(parameters_in_words(value)) or "none: Uploadcare's defaults"
    return printable(_word(value))


def _word(value: Any) -> str:  # noqa: ANN401  as above
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
