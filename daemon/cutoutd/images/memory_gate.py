"""The gate for large files: work on hundreds of megabytes and their pixels is done for one file at a time.

All other work runs side by side in the threads of asyncio.
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


async def run_gated(size_bytes: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do the work in a thread, and return its result. Work on a file too large for an upload waits for its turn.

    After a cancellation the thread goes on to its end.
    """
    task = partial(work, *args, **kwargs)
    if size_bytes <= LARGEST_UPLOAD_BYTES:
        return await asyncio.to_thread(task)
    return await asyncio.get_running_loop().run_in_executor(_one_after_another, task)
