"""Watches if webhook messages still arrive, and resumes polling when they do not.

While they arrive, removals are rarely polled. They stop when a proxy changes, or when Uploadcare switches the webhook
off after failures. Then the removals under way are polled on the normal schedule, and a log line says why.
`webhook_trust` judges if messages arrive; this module acts on it.
"""

import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import every
from cutoutd.ledger import Ledger
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.uploadcare.client import UploadcareClient
from cutoutd.uploadcare.webhooks import RemoteWebhook

_LOOK_EVERY_S = 1.0

_ASK_EVERY_S = 3600.0


class WebhookMonitor:
    """Acts on webhook messages that stop or return, for one running service.

    Args:
        ledger: holds the removals under way.
        uploadcare: asked about the webhook once when its messages stop: one operation.
        poll_schedule: knows if webhooks are trusted.
        wake: called when photos are to be polled sooner.
    """

    def __init__(
        self, ledger: Ledger, uploadcare: UploadcareClient, poll_schedule: PollSchedule, wake: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._uploadcare = uploadcare
        self._poll_schedule = poll_schedule
        self._wake = wake
        self._was_trusted = False
        self._asked_at_s = -math.inf
        self._last_reason = ""

    async def run(self, url: Callable[[], Awaitable[str | None]]) -> None:
        """Look until cancelled.

        Args:
            url: returns the URL to which Uploadcare is told to send messages; None while no message is taken there.
                It raises ValueError if the URL cannot be known.
        """
        await every(_LOOK_EVERY_S, lambda: self._look(url), partial(log_error, "ledger_trouble"))

    async def _look(self, current_url: Callable[[], Awaitable[str | None]]) -> None:
        try:
            url = await current_url()
        except ValueError as error:
            log_event(
                "webhook_unready",
                f"webhook.secret_file {error}; webhook messages are refused until it is readable",
                level=logging.WARNING,
            )
            return
        trust = self._poll_schedule.webhook_trust
        if url is not None and not trust.is_expected:
            trust.expect(time.time())
        elif url is None:
            trust.expect_nothing()
        if self._was_trusted and not trust.is_trusted:
            await self._ledger.waits.poll_without_webhooks(self._poll_schedule.usual_wait_s())
            self._wake()
            if url is not None:
                log_event("webhook_silent", f"{_SILENT}; {await self._reason(url)}", level=logging.WARNING)
        elif trust.is_trusted and not self._was_trusted:
            log_event("webhook_heard", "webhook messages arrive, so polling is suspended")
        self._was_trusted = trust.is_trusted

    async def _reason(self, url: str) -> str:
        """Return the reason why messages stopped; each look for it is billed, so the last one serves for an hour."""
        now_s = time.monotonic()
        if now_s - self._asked_at_s >= _ASK_EVERY_S:
            self._asked_at_s = now_s
            try:
                self._last_reason = missing_webhook_reason(url, await self._uploadcare.webhooks.list_all())
            except CutoutdError as error:
                self._last_reason = f"Uploadcare could not be asked about the webhook: {error.sentence}"
        return self._last_reason


_SILENT = "removals finished without a webhook message, so polling has resumed"


def missing_webhook_reason(url: str, webhooks: Sequence[RemoteWebhook]) -> str:
    """Return the reason why messages do not arrive, from Uploadcare's list of webhooks, and the remedy."""
    ours = [webhook for webhook in webhooks if webhook.target_url == url]
    if not ours:
        return f"Uploadcare knows no webhook to {url}: run cutoutd webhook create"
    if not any(webhook.is_active for webhook in ours):
        return "Uploadcare has switched the webhook off, as it does after failures: run cutoutd webhook create"
    return "the webhook is active at Uploadcare, so see whether its messages get through the proxy to web.listen"
