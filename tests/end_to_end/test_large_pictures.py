"""Large pictures in small files: their pixels take the memory, and the budget holds for them."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from support.images.drawn_photos import put
from support.images.photographs import exif
from support.processes.daemon_process import Place

SIDE = 4_000
NAMES = [f"{number}.png" for number in range(4)]


def lying_png(name: str) -> bytes:
    """16 megapixels in some kilobytes: 128 MB while it is turned."""
    picture = Image.new("RGB", (SIDE, SIDE), (240, 240, 236))
    picture.paste((60 * int(name[0]), 30, 30), (1000, 1000, 3000, 2500))
    file = io.BytesIO()
    picture.save(file, "PNG", exif=exif(6), compress_level=1)
    return file.getvalue()


def most_memory_mb(process: int) -> int:
    """The most that a process ever held."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1000


def test_large_pictures_stay_within_the_memory(place: Place) -> None:
    """Four at once take 512 MB; with a budget of 150 MB they are turned one after another, and all are published."""
    place.configure(limits={"picture_memory": "150 MB"}, concurrency={"uploads": 4})
    with ThreadPoolExecutor(2) as threads:
        for name, content in zip(NAMES, threads.map(lying_png, NAMES), strict=True):
            put(place.input / name, content)
    with place.start_cold() as daemon:
        daemon.wait_for("published", *NAMES)
        assert most_memory_mb(daemon.pid) < 330
