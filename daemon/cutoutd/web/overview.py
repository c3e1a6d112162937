"""``/``: how many photos stand where, what waits for a person, and what was spent, at one glance."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.reporting import status_in
from cutoutd.web.desk import Desk


def overview_routes(desk: Desk) -> list[BaseRoute]:
    """The overview, and what can be ordered there."""

    async def show(request: Request) -> Response:
        settings = desk.office.settings()
        status = await desk.office.ledger.ask(status_in, desk.office.live(), settings.limits, settings.price)
        return desk.pages.show(request, "overview.html", title="Overview", overview=status)

    return [Route("/", show, methods=["GET"])]
