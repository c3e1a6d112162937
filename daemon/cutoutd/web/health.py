"""Whether it is alive, for what watches over machines."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route


def health_routes() -> list[BaseRoute]:
    """``/healthz``."""
    return [Route("/healthz", _live, methods=["GET"])]


async def _live(_request: Request) -> Response:
    return JSONResponse({"alive": True})
