import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from cutoutd.core.errors import ResultDamagedError, UnreachableError
from cutoutd.uploadcare.delivery import CdnBase, copy_body, require_image
from cutoutd.uploadcare.responses import RemoteFile

UUID = "21975c81-7f57-4c7a-aef9-acfe28779f78"
COMPUTED = "https://1s4oyld5dc.ucarecd.net/"


def file_at(url: str | None) -> RemoteFile:
    return RemoteFile.model_validate(
        {
            "uuid": UUID,
            "is_ready": True,
            "datetime_uploaded": "2026-11-22T10:00:00.000000Z",
            "datetime_removed": None,
            "size": 1,
            "original_file_url": url,
        }
    )


def response(*pieces: bytes, **headers: str) -> httpx2.Response:
    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(200, headers=named, content=stream(), request=httpx2.Request("GET", "https://cdn.test/"))


async def nowhere(_: bytes) -> None:
    pass


def poured(answer: httpx2.Response) -> int:
    return asyncio.run(copy_body(answer, nowhere))


def test_hosts_come_in_order() -> None:
    """Configured before learned before computed."""
    cdn = CdnBase(None, COMPUTED)
    assert not cdn.is_known
    assert cdn.url_of(UUID) == f"{COMPUTED}{UUID}/"
    cdn.learn(file_at(f"https://ucarecdn.com/{UUID}/photo.png"))
    assert cdn.is_known
    assert cdn.host == "ucarecdn.com"
    configured = CdnBase("https://pictures.example.com/cdn", COMPUTED)
    configured.learn(file_at(f"https://ucarecdn.com/{UUID}/photo.png"))
    assert configured.url_of(UUID) == f"https://pictures.example.com/cdn/{UUID}/"


@pytest.mark.parametrize("url", [None, "", f"ftp://x/{UUID}/", f"/{UUID}/", "https://elsewhere.test/"])
def test_odd_urls_teach_nothing(url: str | None) -> None:
    """A deleted file has no URL, and one without the UUID says nothing about others."""
    cdn = CdnBase(None, COMPUTED)
    cdn.learn(file_at(url))
    assert not cdn.is_known


@pytest.mark.parametrize("kind", ["image/png", "image/webp", "application/octet-stream", "IMAGE/PNG; x=y", ""])
def test_pictures_and_bytes_are_let_through(kind: str) -> None:
    """Whether it is a sound PNG is for publishing to say."""
    require_image(response(content_type=kind))


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json"])
def test_pages_are_not(kind: str) -> None:
    """A login page is told by its type, without its parameters."""
    with pytest.raises(UnreachableError, match=rf"delivered {kind.partition(';')[0]} instead"):
        require_image(response(content_type=kind))


def test_lengths_are_held_against_the_promise() -> None:
    """Fewer or more bytes than promised are no cutout; without a promise any length is."""
    assert poured(response(b"ab", b"c", content_length="3")) == 3
    assert poured(response(b"abc")) == 3
    for promised in ("2", "4"):
        with pytest.raises(UnreachableError, match=f"delivered 3 of {promised} bytes"):
            poured(response(b"abc", content_length=promised))


def test_nothing_is_no_cutout() -> None:
    """An empty file is fetched again."""
    with pytest.raises(ResultDamagedError, match="empty"):
        poured(response(content_length="0"))


def test_endless_deliveries_end() -> None:
    """A body beyond every cutout's length is cut off, and no more of it reaches the disk."""
    kept: list[bytes] = []

    async def keep(piece: bytes) -> None:
        kept.append(piece)

    with pytest.raises(ResultDamagedError, match="more than 10 bytes"):
        asyncio.run(copy_body(response(b"12345678", b"9ab", b"c"), keep, max_bytes=10))
    assert kept == [b"12345678"]
