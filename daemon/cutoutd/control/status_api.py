"""What is asked and what is answered, on the wire. Names that are no UTF-8 come as they are shown to people."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from cutoutd.control.messages import Named
from cutoutd.core.logs import printable
from cutoutd.ledger import Event
from cutoutd.status.status import Status


@dataclass(frozen=True, slots=True)
class Place:
    """One way to read a name, on the wire."""

    folder: Named | None
    path: Named


@dataclass(frozen=True, slots=True)
class HistoryQuestion:
    """What happened to the photo at the first of these places that is one's; None: to all."""

    places: tuple[Place, ...] | None
    limit: int


QUESTIONS = TypeAdapter(HistoryQuestion)
STATUSES = TypeAdapter(Status)
EVENTS = TypeAdapter(list[Event])


def written(form: TypeAdapter[Any], value: object) -> str:
    """The value as JSON."""
    return json.dumps(_shown(form.dump_python(value, mode="json")))


def _shown(value: Any) -> Any:  # noqa: ANN401  anything that JSON can hold
    """With every text as people are shown it: JSON holds no bytes that are no UTF-8, file names do."""
    match value:
        case str():
            return value if _is_text(value) else printable(value)
        case dict():
            return {_shown(key): _shown(each) for key, each in value.items()}
        case list() | tuple():
            return [_shown(each) for each in value]
        case _:
            return value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
