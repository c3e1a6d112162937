"""Whether it is alive and ready, for what watches over machines; what that means is ``fitness``' business.

``/metrics``, for Prometheus and what reads its format. No token: it tells numbers and the folders' names.
"""

from dataclasses import asdict
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cutoutd.monitoring import MetricsExposition
from cutoutd.monitoring.health import HealthCheck


def metrics_routes(metering: MetricsExposition) -> list[BaseRoute]:
    """The one route."""

    async def tell(request: Request) -> Response:
        text, media_type = metering.write(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": media_type})

    return [Route("/metrics", tell, methods=["GET"])]


def health_routes(fitness: HealthCheck) -> list[BaseRoute]:
    """``/healthz`` and ``/readyz``: 200 or 503, and why."""

    async def tell_life(_request: Request) -> Response:
        stuck = fitness.stuck()
        status = HTTPStatus.SERVICE_UNAVAILABLE if stuck else HTTPStatus.OK
        return JSONResponse({"alive": not stuck, "stuck": stuck}, status, _FRESH)

    async def tell_readiness(_request: Request) -> Response:
        verdict = fitness.readiness()
        status = HTTPStatus.OK if verdict.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        told = {"ready": verdict.is_ready, "reasons": verdict.reasons, "notes": verdict.notes}
        return JSONResponse({key: _plain(value) for key, value in told.items()}, status, _FRESH)

    return [
        Route("/healthz", tell_life, methods=["GET"]),
        Route("/readyz", tell_readiness, methods=["GET"]),
    ]


_FRESH = {"Cache-Control": "no-store"}


def _plain(value: object) -> object:
    return [asdict(each) for each in value] if isinstance(value, tuple) else value
