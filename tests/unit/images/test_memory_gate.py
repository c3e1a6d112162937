"""Heavy work: one at a time, while everything usual goes on beside it."""

import asyncio
import threading

from cutoutd.config.settings import LARGEST_UPLOAD_BYTES
from cutoutd.images.memory_gate import run_gated


def test_heavy_files_go_one_after_another() -> None:
    """Of five large files no two are in memory at once; small ones do not wait for them."""
    under_way, most, lock, is_open = [0], [0], threading.Lock(), threading.Event()

    def work() -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        assert is_open.wait(30)
        with lock:
            under_way[0] -= 1

    async def scene() -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(5):
                tasks.create_task(run_gated(LARGEST_UPLOAD_BYTES + 1, work))
            assert await run_gated(LARGEST_UPLOAD_BYTES, lambda: "beside them") == "beside them"
            is_open.set()

    asyncio.run(scene())
    assert most[0] == 1
