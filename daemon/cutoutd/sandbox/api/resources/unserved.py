"""The refusals of what has no stand-in: conversions, searches, and operations on pictures.

Each says why in a sentence, because a 404 would look like a mistake of the client.
"""

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.http.responses import HttpRefusal


async def convert_document(_request: Request) -> Response:
    """Every path below ``/convert/document/``: the service's own refusal of a project without the feature."""
    raise HttpRefusal(400, "Document conversion feature is not available for this project.")


async def convert_video(_request: Request) -> Response:
    """Every path below ``/convert/video/``: the service's own refusal of a project without the feature."""
    raise HttpRefusal(400, "Video conversion feature is not available for this project.")


async def search_files(_request: Request) -> Response:
    """``POST /files/search/``."""
    raise HttpRefusal(400, "The sandbox does not search files: list them with GET /files/.")


async def transform_picture(_request: Request) -> Response:
    """``GET /{uuid}/-/{operations}``."""
    raise HttpRefusal(400, "The sandbox does not transform pictures: fetch the file without operations.")
