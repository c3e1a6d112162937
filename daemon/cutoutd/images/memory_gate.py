"""Heavy work in its turn: files of hundreds of megabytes, and their pixels, are held in memory one at a time.

Everything usual goes through asyncio's own threads, side by side.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from cutoutd.config.settings import LARGEST_UPLOAD_BYTES

P = ParamSpec("P")
T = TypeVar("T")

_one_after_another = ThreadPoolExecutor(max_workers=1, thread_name_prefix="heavy")


async def run_exclusive(size_bytes: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the work answers, done in a thread; work on a file too large to be sent as it is waits for its turn.

    Cancelled, it goes on in its thread to its end, like everything in threads.
    """
    task = partial(work, *args, **kwargs)
    if size_bytes <= LARGEST_UPLOAD_BYTES:
        return await asyncio.to_thread(task)
    return await asyncio.get_running_loop().run_in_executor(_one_after_another, task)
