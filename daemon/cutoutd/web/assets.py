"""The stylesheet, the script and the icon: read once, served under names that change with their content.

Nothing is ever looked up on disk for a request, so no path in it can lead anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    name: str
    content: bytes
    media_type: str

    @property
    def address(self) -> str:
        """Where it is served; another content has another address."""
        return f"/static/{sha256(self.content).hexdigest()[:12]}/{self.name}"


class Assets:
    """All of them, by name."""

    def __init__(self) -> None:
        found = {asset.name: asset for asset in _shipped()}
        self._addresses = {name: asset.address for name, asset in found.items()}
        self._served = {asset.address: asset for asset in found.values()}

    def address(self, name: str) -> str:
        """For templates: where a file of the ``static`` folder is served."""
        return self._addresses[name]

    def routes(self) -> list[BaseRoute]:
        """``/static/…``."""
        return [Route("/static/{rest:path}", self._serve, methods=["GET"])]

    async def _serve(self, request: Request) -> Response:
        asset = self._served.get(request.url.path)
        if asset is None:
            return Response(status_code=404)
        return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": _FOR_EVER})


def _shipped() -> Iterator[Asset]:
    for file in (files("cutoutd.web") / "static").iterdir():
        media_type = _TYPES.get(f".{file.name.rpartition('.')[2]}")
        if media_type is not None:
            yield Asset(file.name, file.read_bytes(), media_type)
