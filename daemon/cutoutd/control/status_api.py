"""What is asked and what is answered, on the wire. Names that are no UTF-8 come as they are shown to people.

The daemon's end, on its control socket.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.config.settings import Common
from cutoutd.control.messages import Named
from cutoutd.control.server import body_of, json_response
from cutoutd.core.logs import printable
from cutoutd.core.photo_selector import PhotoSelector
from cutoutd.ledger import Event, Ledger
from cutoutd.status.live_state import LiveState
from cutoutd.status.status import Status, read_history, status_in


@dataclass(frozen=True, slots=True)
class PhotoPlace:
    """One way to read a name, on the wire."""

    folder: Named | None
    path: Named


@dataclass(frozen=True, slots=True)
class HistoryQuestion:
    """What happened to the photo at the first of these places that is one's; None: to all."""

    places: tuple[PhotoPlace, ...] | None
    limit: int


QUESTIONS = TypeAdapter(HistoryQuestion)
STATUSES = TypeAdapter(Status)
EVENTS = TypeAdapter(list[Event])


def as_json_bytes(form: TypeAdapter[Any], value: object) -> str:
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


def status_routes(ledger: Ledger, settings: Callable[[], Common], live: Callable[[], LiveState]) -> list[BaseRoute]:
    """``POST /status`` and ``/history``, for whoever may connect."""

    async def tell_status(_request: Request) -> Response:
        now = settings()
        return _json(as_json_bytes(STATUSES, await ledger.query(status_in, live(), now.limits, now.price)))

    async def tell_history(request: Request) -> Response:
        question = QUESTIONS.validate_json(await body_of(request))
        places = question.places
        addresses = None if places is None else [PhotoSelector(place.folder, place.path) for place in places]
        events = await asyncio.to_thread(read_history, settings().state_dir, addresses, question.limit)
        return _json(as_json_bytes(EVENTS, events))

    return [
        Route("/status", json_response(tell_status), methods=["POST"]),
        Route("/history", json_response(tell_history), methods=["POST"]),
    ]


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
