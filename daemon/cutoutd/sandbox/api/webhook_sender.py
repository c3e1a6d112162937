"""The sender of webhook messages: it signs them, and repeats them until a 2xx response.

Messages wait in the database, so that a kill loses none. A kill between response and deletion sends one again, as the
real service may do.
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

FIRST_RETRY_S = 0.5  # the real service waits longer, for unpublished times
LONGEST_RETRY_S = 60.0
GIVE_UP_H = 72  # Uploadcare's documentation: deliveries are retried for up to 72 hours
RESPONSE_WITHIN_S = 10.0

_log = logging.getLogger(__name__)


class WebhookSender:
    """The sender of the queued webhook messages."""

    def __init__(self, store: Store, clock: Clock, counters: Counters) -> None:
        self._store = store
        self._clock = clock
        self._counters = counters
        self._wake_up = asyncio.Event()
        self._under_way: set[int] = set()

    def add(self, delivery: Delivery) -> None:
        """Queue a message."""
        self._store.deliveries.add(delivery)
        self._wake_up.set()

    async def run(self) -> None:
        """Send messages until cancelled."""
        async with (
            httpx2.AsyncClient(timeout=RESPONSE_WITHIN_S, trust_env=False) as client,
            asyncio.TaskGroup() as attempts,
        ):
            while True:
                self._wake_up.clear()
                self._deliver_due(client, attempts)
                await self._wait()

    def _deliver_due(self, client: httpx2.AsyncClient, attempts: asyncio.TaskGroup) -> None:
        """Start an attempt for each message that is due, because one that hangs must not delay the others."""
        now = as_text(self._clock.now())
        for delivery in self._store.deliveries.waiting():
            if delivery.due <= now and delivery.id not in self._under_way:
                self._under_way.add(delivery.id)
                attempts.create_task(self._attempt(client, delivery))

    async def _attempt(self, client: httpx2.AsyncClient, delivery: Delivery) -> None:
        try:
            async with asyncio.timeout(RESPONSE_WITHIN_S):
                is_delivered = await self._send(client, delivery)
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            _log.info("webhook %s: %s", delivery.webhook_id, error)
            is_delivered = False
        finally:
            self._under_way.discard(delivery.id)
        if is_delivered:
            self._store.deliveries.delete(delivery.id)
        else:
            self._postpone(delivery)
        self._wake_up.set()

    async def _wait(self) -> None:
        """Sleep until a message is added or due."""
        waiting = [delivery for delivery in self._store.deliveries.waiting() if delivery.id not in self._under_way]
        if not waiting:
            await self._wake_up.wait()
            return
        pause_s = (from_text(waiting[0].due) - self._clock.now()).total_seconds()
        try:
            # At most a second, because a test may move the clock.
            async with asyncio.timeout(max(0.0, min(pause_s, 1.0))):
                await self._wake_up.wait()
        except TimeoutError:
            pass

    async def _send(self, client: httpx2.AsyncClient, delivery: Delivery) -> bool:
        """Send a message once; return True if it was delivered, or if its webhook is gone or inactive."""
        webhook = self._store.webhooks.find(delivery.webhook_id)
        if webhook is None or not webhook.is_active:
            return True
        body = delivery.body.encode()
        headers = {"Content-Type": "application/json", "User-Agent": "cutoutd-sandbox"}
        if webhook.signing_secret:
            headers["X-Uc-Signature"] = f"v1={sign(webhook.signing_secret, body)}"
        self._counters.count_operation()
        response = await client.post(webhook.target_url, content=body, headers=headers)
        if response.is_success:
            self._counters.count_delivery(webhook.event)
        return response.is_success

    def _postpone(self, delivery: Delivery) -> None:
        if delivery.created < self._clock.ago(hours=GIVE_UP_H):
            self._store.deliveries.delete(delivery.id)
            return
        pause_s = min(FIRST_RETRY_S * 2 ** min(delivery.attempts, 16), LONGEST_RETRY_S)
        due = as_text(self._clock.now() + timedelta(seconds=pause_s))
        self._store.deliveries.postpone(replace(delivery, attempts=delivery.attempts + 1, due=due))


def sign(secret: str, body: bytes) -> str:
    """Return the value behind ``v1=`` in ``X-Uc-Signature``."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
