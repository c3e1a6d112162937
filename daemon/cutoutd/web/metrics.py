"""``/metrics``, for Prometheus and what reads its format. No token: it tells numbers and the folders' names."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.monitoring import Metering


def metrics_routes(metering: Metering) -> list[BaseRoute]:
    """The one route."""

    async def tell(request: Request) -> Response:
        text, media_type = metering.write(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": media_type})

    return [Route("/metrics", tell, methods=["GET"])]
