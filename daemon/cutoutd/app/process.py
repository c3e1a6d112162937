"""What works beside the photos and must not cost any: a fault in it is told, and it begins anew.

Only for what looks on or listens: the page's news, monitoring's numbers, the ear for announcements. Whatever pays,
publishes or deletes stays out of here: a fault in it ends cutoutd, and the next start goes on at each last fact.
"""

import asyncio
from collections.abc import Awaitable, Callable

from cutoutd.core.logs import say_fault

#: A fault that comes every time costs a line a minute.
_AGAIN_AFTER_S = 60.0


async def beside(what: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run until it ends or is cancelled; ``what`` says in the log what a fault stopped."""
    while True:
        try:
            await run()
        except Exception as fault:  # noqa: BLE001  the one broad except of the sideline: no photo waits for a number
            say_fault("internal_fault", f"a fault in cutoutd itself stopped {what} for a minute; photos go on", fault)
        else:
            return
        await asyncio.sleep(_AGAIN_AFTER_S)
