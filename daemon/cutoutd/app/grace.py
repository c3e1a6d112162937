"""How long a stop waits for steps under way: hardly, where it costs nothing, and long for the answer to a launch."""

import asyncio

from cutoutd.pipeline.scheduling.workers import Lanes

#: Steps get so long to finish; cut off, they are done again by the next run...
_FREE_S = 2.0

#: ...but for a launch: its answer, if it comes so late, spares a search for its result. Our unit waits for 30 s.
_PAID_S = 20.0


async def finish(lanes: Lanes, steps: asyncio.Task[None]) -> bool:
    """Begin no further step, and let those under way finish; False when some took too long and were cut off."""
    lanes.stop()
    await asyncio.wait({steps}, timeout=_FREE_S)
    has_cut_off = lanes.let_go()
    await asyncio.wait({steps}, timeout=_PAID_S - _FREE_S)
    return not steps.cancel() and not has_cut_off
