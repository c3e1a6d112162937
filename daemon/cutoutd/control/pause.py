"""``pause`` and ``resume``: a person has cutoutd begin nothing new for a while."""

from cutoutd.control.messages import Answer, Pause, Resume
from cutoutd.pipeline.scheduling.pause import Intermission


class Pausing:
    """Carries out ``pause`` and ``resume``."""

    def __init__(self, intermission: Intermission) -> None:
        self._intermission = intermission

    async def carry_out(self, order: Pause | Resume) -> Answer:
        """Pause or go on; either may be said twice. A crash leaves it as it was, or as ordered."""
        before = await self._intermission.recall()
        match order:
            case Pause() if before is not None and order.reason in {"", before.reason}:
                return Answer((f"{before.sentence} already",), is_idle=True)
            case Pause():
                return Answer(((await self._intermission.begin(order.reason)).sentence, _MEANING))
            case Resume() if before is None:
                return Answer(("nothing is paused",), is_idle=True)
            case Resume():
                await self._intermission.end()
                return Answer(("going on",))


_MEANING = (
    "nothing new is sent or launched before `cutoutd resume`; photos are still found and checked, and what is launched"
    " is finished and published"
)
