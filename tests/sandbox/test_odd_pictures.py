"""Pictures with odd metadata, and files that only look like pictures: an answer in the service's form, never a 500."""

import io
import zlib
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from cutoutd.sandbox.storage.blobs import examine
from support.images.hostile_images import segment, tiff, with_chunks, with_segments
from support.images.photographs import chunk, encoded, exif, jpeg, png
from support.processes.sandbox_process import Finish, Launch, SandboxProcess, Upload

GARBAGE = [
    b"",
    b"LoremIpsum",
    b"MM\x13*\0\0\0\x08",
    b"MM\0*\0\0\0\x08\xff\xff",
    tiff((0x0112, 3, 0xFFFFFFFF, 8))[6:],
    tiff((0x0112, 5, 1, 8))[6:],
    tiff((0x8769, 4, 1, 8), (0x0112, 2, 4, 0x36363636))[6:],
    bytes(range(256)) * 8,
]


def product() -> Image.Image:
    picture = Image.new("RGB", (240, 160), "white")
    picture.paste("red", (80, 40, 160, 120))
    return picture


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: repr(garbage[:12]))
def test_odd_exif_is_looked_at_once_and_changes_nothing(
    garbage: bytes, upload: Upload, launch: Launch, finish: Finish, rest: httpx2.Client
) -> None:
    """The upload is accepted as a picture without orientation, and its removal is done."""
    for content in (with_exif(encoded(product(), "JPEG"), garbage), with_exif(encoded(product(), "PNG"), garbage)):
        source = upload(content)
        image = rest.get(f"/files/{source}/").json()["content_info"]["image"]
        assert (image["width"], image["height"], image["orientation"]) == (240, 160, None)
        assert finish(launch(source))["status"] == "done"


def with_exif(content: bytes, garbage: bytes) -> bytes:
    if content.startswith(b"\xff\xd8"):
        return content[:2] + segment(0xE1, b"Exif\0\0" + garbage) + content[2:]
    return content[:33] + chunk(b"eXIf", garbage) + content[33:]


@pytest.mark.parametrize(
    "content",
    [
        png((200, 200)).replace(b"IDAT", b"IDaT"),
        png((200, 200))[:33] + chunk(b"IDAT", zlib.compress(b"\0")) + png((200, 200))[-12:],
        png((200, 200))[:33] + chunk(b"IDAT", b"no deflate data") + png((200, 200))[-12:],
        encoded(Image.effect_noise((300, 300), 80), "JPEG")[:4000],
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        with_chunks(chunk(b"pHYs", b"", crc=1)),
        with_segments(segment(0xEE, b"Adobe")),
    ],
)
def test_a_picture_that_cannot_be_decoded_ends_in_an_error_of_the_service(
    content: bytes, upload: Upload, launch: Launch, finish: Finish, sandbox: SandboxProcess
) -> None:
    """The upload is taken, the removal ends as ``error`` with code and title, and no trace of Python is printed."""
    status = finish(launch(upload(content, name="odd.png")))
    assert status["status"] == "error"
    assert status["details"]["code"] in {"unreadable_file", "unsupported_file_type"}
    assert status["details"]["title"]


@pytest.mark.parametrize(
    ("content", "orientation"),
    [
        (jpeg(exif=exif(6)), 6),
        (png(exif=exif(8)), 8),
        (png()[:-12] + chunk(b"eXIf", exif(3)[6:]) + png()[-12:], 3),
        (jpeg(), None),
        (encoded(Image.new("RGB", (8, 8)), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))]), None),
    ],
)
def test_the_orientation_is_read_when_the_file_comes_in(
    tmp_path: Path, content: bytes, orientation: int | None
) -> None:
    """Also behind the pixels of a PNG, which are not decoded for it."""
    (tmp_path / "a").write_bytes(content)
    info = examine(tmp_path / "a", "a.jpg")
    assert info.image is not None
    assert f'"orientation": {orientation or "null"},' in info.image
    assert info.mime_type == f"image/{Image.open(io.BytesIO(content)).format.lower()}".replace("mpo", "jpeg")  # type: ignore[union-attr] # a picture


def test_a_large_picture_is_a_picture(tmp_path: Path) -> None:
    """The largest that cutoutd takes has 250 megapixels; the decoder's own limit is lower."""
    size = (15_800, 15_800)
    header = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big") + b"\1\0\0\0\0"
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    (tmp_path / "a").write_bytes(content)
    info = examine(tmp_path / "a", "a.png")
    assert info.image is not None
    assert '"width": 15800' in info.image
