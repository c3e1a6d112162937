"""The route ``GET /project/``: the name, key and setting of the project."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.http.responses import rest


@dataclass(frozen=True, slots=True)
class ProjectEndpoints:
    """The handler for the one project of a sandbox."""

    public_key: str
    is_autostore_enabled: bool

    async def show(self, _request: Request) -> Response:
        """``GET /project/``."""
        return rest(
            {
                "collaborators": [],
                "name": "cutoutd sandbox",
                "pub_key": self.public_key,
                "autostore_enabled": self.is_autostore_enabled,
            }
        )
