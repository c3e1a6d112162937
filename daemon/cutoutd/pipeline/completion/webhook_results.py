"""Webhook results: removals that Uploadcare reported as finished by itself, used instead of a request.

Uploadcare signs a webhook message, and the message names the upload and the launch. Therefore nothing has to be asked
or compared. The publish step verifies the file, as always.
"""

from cutoutd.core.photo import Photo, ResultFromWebhook
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import webhook_results
from cutoutd.pipeline.completion.poll_schedule import PollSchedule


class WebhookResults:
    """Turns stored webhook results into facts."""

    def __init__(self, ledger: Ledger, poll_schedule: PollSchedule) -> None:
        self._ledger = ledger
        self._poll_schedule = poll_schedule

    async def record_result_of(self, photo: Photo) -> Photo | None:
        """Record the removal as finished if a webhook result of the photo's upload is stored; else return None.

        A crash before the fact is stored keeps the webhook result, and the next attempt finds it.
        """
        if not self._ledger.waits.may_have_webhook_results:
            return None
        found = await self._ledger.query(webhook_results.result_for, photo)
        if found is None:
            return None
        result, received_at_s = found
        self._poll_schedule.on_webhook(photo, received_at_s)
        return await self._ledger.record_until_stored(photo, ResultFromWebhook(result.result_uuid, result.request_id))
