"""Whether Uploadcare's announcements still reach this machine, and what is done when they do not.

While they come, removals are rarely asked about; when they stop (a proxy changed, Uploadcare switched the webhook off
after failures), those under way are asked about as if nothing had been going to be announced, and a line says why.
Which it is, ``reliance`` judges; this module looks at its judgement.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import every
from cutoutd.ledger import Ledger
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.uploadcare.client import UploadcareClient
from cutoutd.uploadcare.webhooks import RemoteWebhook

_LOOK_EVERY_S = 1.0


class WebhookMonitor:
    """Watches over the announcements of one running service.

    Args:
        ledger: what is under way.
        uploadcare: asked about the webhook once when its messages stop: one operation.
        pace: whose judgement is followed.
        tell: called when photos are to be asked about sooner.
    """

    def __init__(
        self, ledger: Ledger, uploadcare: UploadcareClient, pace: PollSchedule, tell: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._uploadcare = uploadcare
        self._pace = pace
        self._tell = tell
        self._was_on = False

    async def run(self, url: Callable[[], str | None]) -> None:
        """Look until cancelled.

        Args:
            url: Where Uploadcare was told to send to, None while nobody would take it; ValueError if that cannot be
                known. Blocking.
        """
        await every(_LOOK_EVERY_S, lambda: self._look(url), partial(log_error, "ledger_trouble"))

    async def _look(self, current_url: Callable[[], str | None]) -> None:
        try:
            url = await asyncio.to_thread(current_url)
        except ValueError as error:
            log_event(
                "webhook_unready",
                f"webhook.secret_file {error}; webhook messages are refused until it is readable",
                level=logging.WARNING,
            )
            return
        reliance = self._pace.reliance
        if url is not None and not reliance.is_expected:
            reliance.expect(time.time())
        elif url is None:
            reliance.expect_nothing()
        if self._was_on and not reliance.is_trusted:
            await self._ledger.waits.poll_without_webhooks(self._pace.usual_wait_s())
            self._tell()
            if url is not None:
                log_event("webhook_silent", f"{_SILENT}; {await self._reason(url)}", level=logging.WARNING)
        elif reliance.is_trusted and not self._was_on:
            log_event("webhook_heard", "webhook messages arrive, so polling is suspended")
        self._was_on = reliance.is_trusted

    async def _reason(self, url: str) -> str:
        try:
            webhooks = await self._uploadcare.webhooks.list_all()
        except CutoutdError as error:
            return f"Uploadcare could not be asked about the webhook: {error.sentence}"
        return missing_webhook_reason(url, webhooks)


_SILENT = "removals finished without a webhook message, so polling has resumed"


def missing_webhook_reason(url: str, webhooks: Sequence[RemoteWebhook]) -> str:
    """What Uploadcare's list of webhooks says about messages that do not come, and what to do."""
    ours = [webhook for webhook in webhooks if webhook.target_url == url]
    if not ours:
        return f"Uploadcare knows no webhook to {url}: run cutoutd webhook create"
    if not any(webhook.is_active for webhook in ours):
        return "Uploadcare has switched the webhook off, as it does after failures: run cutoutd webhook create"
    return "the webhook is active at Uploadcare, so see whether its messages get through the proxy to web.listen"
