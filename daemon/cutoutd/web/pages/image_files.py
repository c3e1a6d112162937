"""``/photos/N/photo`` and ``/photos/N/cutout``: a photo's own files, and small pictures of them.

A request names a photo by its number and one of its two sides. It cannot name a path. The address of a small picture
changes with its content, so browsers keep it. A file that cannot be shown is replaced by a picture of the reason.
"""

import asyncio
import textwrap
from collections.abc import AsyncIterator
from contextlib import suppress
from html import escape
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from cutoutd.core.blocking import BlockingCalls
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo
from cutoutd.images.originals import Absence, Original, Side
from cutoutd.images.thumbnail_cache import ThumbnailSize
from cutoutd.images.thumbnails import MIME_TYPE, Thumbnails
from cutoutd.ledger.queries import selection
from cutoutd.web.context import PageContext
from cutoutd.web.live.before_after import version_of
from cutoutd.web.pages.forms import number_in

#: A browser may keep the picture for ever, because another content has another address.
_CACHED = {"Cache-Control": "private, max-age=31536000, immutable"}

#: A file that is opened directly may load and run nothing, whatever the browser takes it for.
_SANDBOXED = {"Content-Security-Policy": "default-src 'none'; sandbox"}

_CHUNK_BYTES = 256 * 1024
_MAX_READS = 4
_SIZES = {size.name.lower(): size for size in ThumbnailSize}


def image_routes(context: PageContext, thumbnails: Thumbnails) -> list[BaseRoute]:
    """Return the routes of a photo's files and their small pictures."""
    sending = asyncio.Semaphore(_MAX_READS)

    async def show_thumbnail(request: Request) -> Response:
        photo, side = await requested_photo(request, context), _side(request)
        size = _SIZES.get(request.path_params["size"])
        if size is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        found = await thumbnails.thumbnail(photo, side, size)
        if isinstance(found, Absence):
            return _placeholder(found.sentence)
        is_addressed = request.query_params.get("v") == version_of(photo, side)
        return Response(found, media_type=MIME_TYPE, headers=_CACHED if is_addressed else {})

    async def send_file(request: Request) -> Response:
        photo, side = await requested_photo(request, context), _side(request)
        found = await thumbnails.original(photo, side)
        if isinstance(found, Absence):
            return context.renderer.refuse(HTTPStatus.NOT_FOUND, "Nothing to show", found.sentence)
        disposition = "attachment" if "download" in request.query_params else "inline"
        headers = {
            "Content-Disposition": f"{disposition}; {_filename(_name_of(photo, side))}",
            "Content-Length": str(found.size_bytes),
            **_SANDBOXED,
        }
        content = _content(found, thumbnails.calls_to(photo, side), sending)
        return StreamingResponse(content, headers=headers, media_type=found.format.mime_type)

    return [
        Route("/photos/{number}/{side}/{size}", show_thumbnail, methods=["GET"]),
        Route("/photos/{number}/{side}", send_file, methods=["GET"]),
    ]


async def requested_photo(request: Request, context: PageContext) -> Photo:
    """Return the photo that an address names.

    Raises:
        HTTPException: 404, there is none.
    """
    number = number_in(request.path_params["number"])
    found = await context.backend.ledger.query(selection.photos_with_ids, [number]) if number is not None else []
    if not found:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found[0]


def _side(request: Request) -> Side:
    try:
        return Side(request.path_params["side"])
    except ValueError:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None


async def _content(original: Original, calls: BlockingCalls, sending: asyncio.Semaphore) -> AsyncIterator[bytes]:
    """Yield the promised number of bytes of the open file; fewer if it is cut, or does not answer, meanwhile."""
    left, file = original.size_bytes, original.content
    try:
        async with sending:
            with suppress(TreeUnavailableError):
                while left > 0 and (chunk := await calls.run(file.read, min(left, _CHUNK_BYTES))):
                    left -= len(chunk)
                    yield chunk
    finally:
        calls.begin(file.close)


def _name_of(photo: Photo, side: Side) -> str:
    return PurePosixPath((photo.bound.target if side is Side.CUTOUT else photo.identity.path) or "").name


def _filename(name: str) -> str:
    """Return the name in both forms of RFC 6266, because browsers before 2010 only know the plain one."""
    shown = printable(name)
    plain = "".join(sign if sign.isascii() and sign not in '"\\%' else "_" for sign in shown)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"


_LINE_CHARACTERS = 30
_LINE_HEIGHT_PX = 26


def _placeholder(sentence: str) -> Response:
    """Return a picture with the reason as text, readable on light and on dark ground."""
    lines = textwrap.wrap(printable(sentence), _LINE_CHARACTERS)[:6]
    top = 180 - _LINE_HEIGHT_PX * (len(lines) - 1) / 2
    texts = "".join(
        f'<text x="240" y="{top + _LINE_HEIGHT_PX * number:.0f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 360" width="480" height="360">'
        '<rect width="480" height="360" fill="#ececef"/><g font-family="system-ui, sans-serif" font-size="20"'
        f' fill="#55555e" text-anchor="middle" dominant-baseline="middle">{texts}</g></svg>'
    )
    return Response(picture, media_type="image/svg+xml", headers=_SANDBOXED)
