"""Steps that look first whether Uploadcare has told by itself what they are there to find out.

An announcement was signed by Uploadcare and names the upload and the launch, so nothing has to be asked or compared;
whether the result is a picture is seen when it is published, as always.
"""

from collections.abc import Awaitable, Callable

from cutoutd.core.photo import Photo, ResultFromWebhook
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import webhook_results
from cutoutd.pipeline.completion.poll_schedule import PollSchedule

Step = Callable[[Photo], Awaitable[Photo]]


class WebhookResults:
    """Takes up results that were announced."""

    def __init__(self, ledger: Ledger, pace: PollSchedule) -> None:
        self._ledger = ledger
        self._pace = pace

    def before(self, step: Step) -> Step:
        """The step, unless the photo's result was announced; a crash in between leaves it announced."""

        async def take_up_or_step(photo: Photo) -> Photo:
            return await self._take_up(photo) or await step(photo)

        return take_up_or_step

    def before_paying_again(self, step: Step) -> Step:
        """The step, unless the photo was launched before and that launch's result was announced at last."""
        look_first = self.before(step)

        async def take_up_or_step(photo: Photo) -> Photo:
            return await (step if photo.launch.unclear_since_s is None else look_first)(photo)

        return take_up_or_step

    async def _take_up(self, photo: Photo) -> Photo | None:
        found = await self._ledger.query(webhook_results.result_for, photo)
        if found is None:
            return None
        announcement, announced_at_s = found
        self._pace.on_webhook(photo, announced_at_s)
        return await self._ledger.record_until_stored(
            photo, ResultFromWebhook(announcement.result_uuid, announcement.request_id)
        )
