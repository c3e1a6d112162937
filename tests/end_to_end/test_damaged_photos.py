"""Photos with damage that a cheap look sees, and sound ones with odd side data: through the real daemon."""

import hashlib
import zlib
from io import BytesIO

from PIL import Image

from cutoutd.images.structure.png_chunks import walk_chunks
from support.images.drawn_photos import put
from support.images.photographs import chunk, photograph
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

HEADER_END = 33
JPEG = photograph("coffee")


def png() -> bytes:
    file = BytesIO()
    Image.open(BytesIO(JPEG)).save(file, "PNG")
    return file.getvalue()


def with_data(content: bytes, data: bytes) -> bytes:
    """The PNG with other pixel data, and right checksums."""
    return content[:HEADER_END] + chunk(b"IDAT", data) + content[-12:]


def rows_of(content: bytes) -> bytes:
    data = (one for one in walk_chunks(BytesIO(content)) if one.type == b"IDAT")
    return zlib.decompress(b"".join(content[one.content_start : one.content_end] for one in data))


def test_no_damaged_photo_is_paid_for(place: Place, sandbox: SandboxProcess) -> None:
    """Its structure is whole, but not its pixels: it is rejected with a sentence, and nothing is sent."""
    whole = png()
    rows = rows_of(whole)
    scan = JPEG.index(b"\xff\xda") + 14
    damaged = {
        "empty.png": with_data(whole, b""),
        "short.png": with_data(whole, zlib.compress(rows[: len(rows) // 2])),
        "no pixels.jpg": JPEG[:scan] + b"\xff\xd9",
        "zeros.jpg": JPEG[: scan + 20] + bytes(len(JPEG) - scan - 22) + b"\xff\xd9",
        "half.jpg": JPEG[: len(JPEG) // 2].rstrip(b"\xff") + b"\xff\xd9",
    }
    for path, content in damaged.items():
        put(place.input / path, content)
    ended = place.run_once()
    assert ended.returncode == 1
    for path in damaged:
        (photo,) = place.versions(path)
        assert photo.ending.code == "damaged", path
        assert (photo.ending.sentence or "").startswith("it is damaged: "), path
        assert "PNG file" not in place.note(path), path
    assert sandbox.counters()["requests"] == {}


def test_odd_side_data_cost_no_photo_its_cutout(place: Place, sandbox: SandboxProcess) -> None:
    """Each is accepted for its pixels; what a strict service would refuse is left out of what is sent."""
    whole = png()
    large = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2_000_000)))
    odd = {
        "pHYs.png": whole[:HEADER_END] + chunk(b"pHYs", b"\0" * 9, crc=1) + whole[HEADER_END:],
        "iCCP.png": whole[:HEADER_END] + chunk(b"iCCP", b"a\0\1profile") + whole[HEADER_END:],
        "text.png": whole[:-12] + chunk(b"tEXt", b"a\0b", crc=1) + whole[-12:],
        "zTXt.png": whole[:HEADER_END] + large + whole[HEADER_END:],
        "no end.jpg": JPEG[:-2],
    }
    for path, content in odd.items():
        put(place.input / path, content)
    ended = place.run_once()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for path in odd:
        (photo,) = place.versions(path)
        assert photo.state == "published", path
    assert place.versions("no end.jpg")[0].note == "its end marker is missing, and its pixels are whole"
    sent = sandbox.counters()["uploads_by_sha256"]
    assert not sent.keys() & {hashlib.sha256(content).hexdigest() for content in odd.values()}
    assert all(count == 1 for count in sandbox.counters()["executes_by_sha256"].values())
