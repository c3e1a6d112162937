"""The webhook of a world: subscribed at the service, and received by the product's own application."""

import contextvars
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from starlette.types import ASGIApp

from cutoutd.app.webhook_secret import WebhookSubscription, store_subscription
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.rows import StoredWebhook
from cutoutd.web.listener import Listener
from simulation.service.internet import HOOK
from simulation.world import World

_SECRET = "a webhook of a world"  # noqa: S105  worth nothing anywhere
_DATE = "2033-05-18T03:33:20.000000Z"


def subscribe(world: World, store: Store) -> None:
    """Do what ``cutoutd webhook create`` does, before the product starts."""
    webhook = StoredWebhook(
        id=0,
        event="file.uploaded",
        target_url=HOOK,
        is_active=1,
        signing_secret=_SECRET,
        created=_DATE,
        updated=_DATE,
    )
    store.webhooks.add(webhook)
    store_subscription(world.root / "state", WebhookSubscription(url=HOOK, secret=SecretStr(_SECRET)))


def connect(world: World) -> None:
    """Let the product listen in the world's internet, and not at a port of this machine."""

    @asynccontextmanager
    async def open_here(listener: Listener, app: ASGIApp) -> AsyncIterator[None]:
        if listener._listen is None:
            yield
            return
        listener._address = "http://127.0.0.1:8717"
        world.internet.page, world.internet.page_context = app, contextvars.copy_context()
        try:
            yield
        finally:
            listener._address = None
            if world.internet.page is app:
                world.internet.page = None

    Listener.open = open_here  # type: ignore[method-assign,assignment]
