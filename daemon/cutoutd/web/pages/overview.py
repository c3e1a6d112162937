"""``/``: how many photos stand where, what waits for a person, and what was spent, at one glance."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.web.context import PageContext
from cutoutd.web.live.server_sent_events import PARTS


def overview_routes(desk: PageContext) -> list[BaseRoute]:
    """The overview."""

    async def show(request: Request) -> Response:
        glance = await desk.status_cache.now()
        return desk.pages.show(request, "overview.html", title="Overview", parts=PARTS, glance=glance)

    return [Route("/", show, methods=["GET"])]
