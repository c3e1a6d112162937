"""The routes for monitoring: ``/healthz``, ``/readyz`` and ``/metrics``.

They need no token, because they show only numbers and the folders' names.
"""

from dataclasses import asdict
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cutoutd.monitoring import MetricsExposition
from cutoutd.monitoring.health import HealthCheck

_NO_STORE = {"Cache-Control": "no-store"}


def health_routes(health: HealthCheck) -> list[BaseRoute]:
    """Return ``/healthz`` and ``/readyz``, which answer 200 or 503, with the reasons."""

    async def report_liveness(_request: Request) -> Response:
        stuck = health.stuck()
        status = HTTPStatus.SERVICE_UNAVAILABLE if stuck else HTTPStatus.OK
        return JSONResponse({"alive": not stuck, "stuck": stuck}, status, _NO_STORE)

    async def report_readiness(_request: Request) -> Response:
        readiness = health.readiness()
        status = HTTPStatus.OK if readiness.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        content = {
            "ready": readiness.is_ready,
            "reasons": [asdict(reason) for reason in readiness.reasons],
            "notes": [asdict(note) for note in readiness.notes],
        }
        return JSONResponse(content, status, _NO_STORE)

    return [
        Route("/healthz", report_liveness, methods=["GET"]),
        Route("/readyz", report_readiness, methods=["GET"]),
    ]


def metrics_routes(metrics: MetricsExposition) -> list[BaseRoute]:
    """Return ``/metrics``, in the format that Prometheus reads."""

    async def report_metrics(request: Request) -> Response:
        text, media_type = metrics.write(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": media_type})

    return [Route("/metrics", report_metrics, methods=["GET"])]
