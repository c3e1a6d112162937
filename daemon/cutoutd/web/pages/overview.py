"""``/``: the overview, with the numbers of photos, the notices, and the costs."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.web.context import PageContext
from cutoutd.web.live.server_sent_events import PARTS


def overview_routes(context: PageContext) -> list[BaseRoute]:
    """Return the route of the overview."""

    async def show(request: Request) -> Response:
        overview = await context.status_cache.now()
        return context.renderer.respond(request, "overview.html", title="Overview", parts=PARTS, overview=overview)

    return [Route("/", show, methods=["GET"])]
