"""Which routes the listener has; each room brings its own."""

from starlette.applications import Starlette

from cutoutd.web.health import health_routes


def application() -> Starlette:
    """The application behind the listener."""
    return Starlette(routes=health_routes())
