"""``/photos/N/photo`` and ``/photos/N/cutout``: a photo's own files, and small pictures of them.

A request names a photo by its number in the ledger and one of its two sides; where the file is, nobody can say from
outside. Small pictures are addressed by what they hold, so browsers keep them; what cannot be shown says why, as a
picture.
"""

import asyncio
import textwrap
from collections.abc import AsyncIterator
from html import escape
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo
from cutoutd.images.originals import Absence, Original, Side
from cutoutd.images.thumbnail_cache import ThumbnailSize
from cutoutd.images.thumbnails import MIME_TYPE, Thumbnails
from cutoutd.ledger.queries import selection
from cutoutd.web.context import PageContext
from cutoutd.web.live.before_after import version_of
from cutoutd.web.pages.forms import number_in

#: A browser keeps it to itself, and for good: another content has another address.
_KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}

#: A file opened by itself shows nothing but itself, whatever a browser takes it for.
_ALONE = {"Content-Security-Policy": "default-src 'none'; sandbox"}

_CHUNK_BYTES = 256 * 1024
_SENT_AT_ONCE = 4
_SIZES = {size.name.lower(): size for size in ThumbnailSize}


def image_routes(desk: PageContext, previews: Thumbnails) -> list[BaseRoute]:
    """A photo's files and their small pictures."""
    sending = asyncio.Semaphore(_SENT_AT_ONCE)

    async def show_preview(request: Request) -> Response:
        photo, side = await asked_photo(request, desk), _side(request)
        size = _SIZES.get(request.path_params["size"])
        if size is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        found = await previews.thumbnail(photo, side, size)
        if isinstance(found, Absence):
            return _placeholder(found.sentence)
        is_addressed = request.query_params.get("v") == version_of(photo, side)
        return Response(found, media_type=MIME_TYPE, headers=_KEPT if is_addressed else {})

    async def send_file(request: Request) -> Response:
        photo, side = await asked_photo(request, desk), _side(request)
        found = await previews.original(photo, side)
        if isinstance(found, Absence):
            return desk.pages.refuse(HTTPStatus.NOT_FOUND, "Nothing to show", found.sentence)
        way = "attachment" if "download" in request.query_params else "inline"
        headers = {
            "Content-Disposition": f"{way}; {_filename(_name_of(photo, side))}",
            "Content-Length": str(found.size_bytes),
            **_ALONE,
        }
        return StreamingResponse(_content(found, sending), headers=headers, media_type=found.format.mime_type)

    return [
        Route("/photos/{number}/{side}/{size}", show_preview, methods=["GET"]),
        Route("/photos/{number}/{side}", send_file, methods=["GET"]),
    ]


async def asked_photo(request: Request, desk: PageContext) -> Photo:
    """The photo that an address is about.

    Raises:
        HTTPException: 404, there is none.
    """
    number = number_in(request.path_params["number"])
    found = await desk.backend.ledger.query(selection.photos_with_ids, [number]) if number is not None else []
    if not found:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found[0]


def _side(request: Request) -> Side:
    try:
        return Side(request.path_params["side"])
    except ValueError:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None


async def _content(original: Original, sending: asyncio.Semaphore) -> AsyncIterator[bytes]:
    """As many bytes as were promised, of the file as it was opened; fewer if somebody cuts it off meanwhile."""
    left = original.size_bytes
    with original.content as file:
        async with sending:
            while left > 0 and (chunk := await asyncio.to_thread(file.read, min(left, _CHUNK_BYTES))):
                left -= len(chunk)
                yield chunk


def _name_of(photo: Photo, side: Side) -> str:
    return PurePosixPath((photo.bound.target if side is Side.CUTOUT else photo.identity.path) or "").name


def _filename(name: str) -> str:
    """RFC 6266: the name for all browsers since 2010, and a plain one for the others."""
    shown = printable(name)
    plain = "".join(sign if sign.isascii() and sign not in '"\\%' else "_" for sign in shown)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"


_LINE_CHARACTERS = 30
_LINE_HEIGHT_PX = 26


def _placeholder(sentence: str) -> Response:
    """A picture that says why there is none; colours that are read on light and dark ground alike."""
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
    return Response(picture, media_type="image/svg+xml", headers=_ALONE)
