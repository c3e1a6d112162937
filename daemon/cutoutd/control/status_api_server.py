"""The daemon's end, on its control socket."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.config.settings import Common
from cutoutd.control.server import answering, body_of
from cutoutd.control.status_api import EVENTS, QUESTIONS, STATUSES, written
from cutoutd.core.photo_selector import Address
from cutoutd.ledger import Ledger
from cutoutd.status.live_state import Live
from cutoutd.status.status import read_history, status_in


def enquiry_routes(ledger: Ledger, settings: Callable[[], Common], live: Callable[[], Live]) -> list[BaseRoute]:
    """``POST /status`` and ``/history``, for whoever may connect."""

    async def tell_status(_request: Request) -> Response:
        now = settings()
        return _json(written(STATUSES, await ledger.ask(status_in, live(), now.limits, now.price)))

    async def tell_history(request: Request) -> Response:
        question = QUESTIONS.validate_json(await body_of(request))
        places = question.places
        addresses = None if places is None else [Address(place.folder, place.path) for place in places]
        events = await asyncio.to_thread(read_history, settings().state_dir, addresses, question.limit)
        return _json(written(EVENTS, events))

    return [
        Route("/status", answering(tell_status), methods=["POST"]),
        Route("/history", answering(tell_history), methods=["POST"]),
    ]


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
