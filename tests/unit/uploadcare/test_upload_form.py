import asyncio
import hashlib
import io
import os
import tracemalloc
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.core.blocking import BlockingCalls
from cutoutd.core.errors import DiskError, SupersededError
from cutoutd.uploadcare.files import UploadForm

FIELDS = {"UPLOADCARE_PUB_KEY": "demopublickey", "UPLOADCARE_STORE": "0"}


async def sent_by(form: UploadForm) -> bytes:
    return b"".join([piece async for piece in form])


@given(st.binary(max_size=2000), st.text(min_size=1, max_size=40))
def test_the_form_is_the_http_librarys_own(content: bytes, name: str) -> None:
    """Only the file's bytes are streamed; form, headers and length are what the library makes of the same fields."""
    form = UploadForm(FIELDS, io.BytesIO(content), name=name, size_bytes=len(content))
    body = asyncio.run(sent_by(form))
    boundary = form.headers["Content-Type"].partition("boundary=")[2]
    shown_name = name.encode("utf-8", "replace").decode()
    expected = httpx2.Request(
        "POST",
        "http://form",
        data=FIELDS,
        files={"file": (shown_name, content)},
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert body == expected.read()
    assert form.headers["Content-Length"] == str(len(body))
    assert form.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("difference", [-1, 1, 1_000_000])
def test_a_changed_length_ends_the_upload(difference: int) -> None:
    """A form that promised another length than the file has is never completed."""
    content = b"x" * 600_000
    form = UploadForm(FIELDS, io.BytesIO(content), name="a.jpg", size_bytes=len(content) + difference)
    with pytest.raises(SupersededError) as caught:
        asyncio.run(sent_by(form))
    assert caught.value.code == "changed"


def test_a_source_that_cannot_be_read_is_the_disks_matter() -> None:
    """A mount that goes away during the upload delays the photo, and is not blamed on the network."""
    # The first page of a process is never mapped, and the kernel says of it what it says of a broken disk.
    with Path("/proc/self/mem").open("rb") as unreadable:
        form = UploadForm(FIELDS, unreadable, name="a.jpg", size_bytes=100)
        with pytest.raises(DiskError, match="Input/output error"):
            asyncio.run(sent_by(form))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Sending 12 MB holds one block and a piece or two of it, not the file."""
    (tmp_path / "a.jpg").touch()
    os.truncate(tmp_path / "a.jpg", 12_000_000)

    async def play() -> int:
        with (tmp_path / "a.jpg").open("rb") as content:
            tracemalloc.start()
            form = UploadForm(FIELDS, content, name="a.jpg", size_bytes=12_000_000)
            async for _ in form:
                pass
            return tracemalloc.get_traced_memory()[1]

    try:
        assert asyncio.run(play()) < 3_000_000
    finally:
        tracemalloc.stop()


def test_nothing_is_held_while_the_answer_is_waited_for() -> None:
    """Many uploads may wait for a silent service, with a copy of 12 MB or an open file each."""
    content = io.BytesIO(b"x" * 3_000_000)

    async def play() -> tuple[bool, int]:
        calls = BlockingCalls(at_once=1)
        form = UploadForm(FIELDS, content, name="a.jpg", size_bytes=3_000_000, calls=calls)
        tracemalloc.start()
        async for _ in form:
            pass
        return await calls.run(lambda: content.closed), tracemalloc.get_traced_memory()[0]

    try:
        is_closed, held_bytes = asyncio.run(play())
    finally:
        tracemalloc.stop()
    assert is_closed
    assert held_bytes < 300_000
