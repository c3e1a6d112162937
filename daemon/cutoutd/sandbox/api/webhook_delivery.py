"""Sending webhook messages: signed, and again until somebody says 2xx.

Owns the queue's working off and the retry steps; it must not word messages (``webhooks``). Messages wait in the store,
so a kill loses none; one that was taken but not yet crossed out is sent again, as the real service may do.
"""

import asyncio
import hashlib
import hmac
import logging
from dataclasses import replace
from datetime import timedelta

import httpx2

from cutoutd.sandbox.clock import Clock, as_text, from_text
from cutoutd.sandbox.counters import Counters
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.rows import Delivery

FIRST_RETRY_S = 0.5  # the real service waits longer; its steps are not published
LONGEST_RETRY_S = 60.0
GIVE_UP_H = 72  # Uploadcare's documentation: deliveries are retried for up to 72 hours
ANSWER_WITHIN_S = 10.0

_log = logging.getLogger(__name__)


class WebhookDelivery:
    """The queue of webhook messages."""

    def __init__(self, store: Store, clock: Clock, counters: Counters) -> None:
        self._store = store
        self._clock = clock
        self._counters = counters
        self._news = asyncio.Event()
        self._under_way: set[int] = set()

    def add(self, delivery: Delivery) -> None:
        """Queue a message."""
        self._store.add_delivery(delivery)
        self._news.set()

    async def work(self) -> None:
        """Deliver for ever."""
        async with (
            httpx2.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False) as client,
            asyncio.TaskGroup() as attempts,
        ):
            while True:
                self._news.clear()
                self._deliver_due(client, attempts)
                await self._wait()

    def _deliver_due(self, client: httpx2.AsyncClient, attempts: asyncio.TaskGroup) -> None:
        """Begin an attempt for each message that is due: one that hangs holds up no other."""
        now = as_text(self._clock.now())
        for delivery in self._store.deliveries():
            if delivery.due <= now and delivery.id not in self._under_way:
                self._under_way.add(delivery.id)
                attempts.create_task(self._attempt(client, delivery))

    async def _attempt(self, client: httpx2.AsyncClient, delivery: Delivery) -> None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                is_taken = await self._is_taken(client, delivery)
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            _log.info("webhook %s: %s", delivery.webhook_id, error)
            is_taken = False
        finally:
            self._under_way.discard(delivery.id)
        if is_taken:
            self._store.drop_delivery(delivery.id)
        else:
            self._postpone(delivery)
        self._news.set()

    async def _wait(self) -> None:
        """Sleep until there is news or the next message is due."""
        waiting = [delivery for delivery in self._store.deliveries() if delivery.id not in self._under_way]
        if not waiting:
            await self._news.wait()
            return
        pause_s = (from_text(waiting[0].due) - self._clock.now()).total_seconds()
        try:
            async with asyncio.timeout(max(0.0, min(pause_s, 1.0))):  # at least every second: a test may move the clock
                await self._news.wait()
        except TimeoutError:
            pass

    async def _is_taken(self, client: httpx2.AsyncClient, delivery: Delivery) -> bool:
        """Send it once. One whose webhook was deleted or switched off meanwhile is never sent."""
        webhook = self._store.webhook(delivery.webhook_id)
        if webhook is None or not webhook.is_active:
            return True
        body = delivery.body.encode()
        headers = {"Content-Type": "application/json", "User-Agent": "cutoutd-sandbox"}
        if webhook.signing_secret:
            headers["X-Uc-Signature"] = f"v1={sign(webhook.signing_secret, body)}"
        self._counters.operation()
        answer = await client.post(webhook.target_url, content=body, headers=headers)
        if answer.is_success:
            self._counters.delivered(webhook.event)
        return answer.is_success

    def _postpone(self, delivery: Delivery) -> None:
        if delivery.created < self._clock.ago(hours=GIVE_UP_H):
            self._store.drop_delivery(delivery.id)
            return
        pause_s = min(FIRST_RETRY_S * 2 ** min(delivery.attempts, 16), LONGEST_RETRY_S)
        due = as_text(self._clock.now() + timedelta(seconds=pause_s))
        self._store.postpone_delivery(replace(delivery, attempts=delivery.attempts + 1, due=due))


def sign(secret: str, body: bytes) -> str:
    """The value behind ``v1=`` in ``X-Uc-Signature``."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
