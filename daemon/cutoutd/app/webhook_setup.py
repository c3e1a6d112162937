"""The setup of our webhook at Uploadcare, its list, and its removal: the work of ``cutoutd webhook``.

The secret is stored on this machine before Uploadcare gets it. A crash in between leaves a secret without a webhook,
and the next ``create`` uses it. No photo is touched.
"""

import ipaddress
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

from pydantic import SecretStr

from cutoutd.app.webhook_secret import (
    WebhookSubscription,
    delete_subscription,
    load_subscription,
    signing_secret_for,
    store_subscription,
)
from cutoutd.config.settings import Settings
from cutoutd.core.blocking import local_calls
from cutoutd.core.errors import WebhookRefusedError
from cutoutd.core.logs import register_secret
from cutoutd.uploadcare.client import open_uploadcare
from cutoutd.uploadcare.webhooks import EVENT, RemoteWebhook, WebhookApi

#: 32 characters, the most that Uploadcare accepts (docs/uploadcare.md 3).
_SECRET_BYTES = 16

_LOCAL_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


class SetupResult(Enum):
    """The change that ``subscribe`` made."""

    CREATED = auto()
    UPDATED = auto()  #: the webhook was switched off, or had another secret
    UNCHANGED = auto()


@dataclass(frozen=True, slots=True)
class ListedWebhook:
    """A webhook of the project."""

    webhook: RemoteWebhook
    is_ours: bool


async def subscribe(settings: Settings, url: str) -> SetupResult:
    """Let Uploadcare send signed messages about finished removals to ``url``; a repetition changes nothing.

    Another webhook of ours is deleted.

    Raises:
        WebhookRefusedError: the address is not public, or Uploadcare refuses, in its own words.
        ValueError: the configured secret file cannot be used.
        DiskError: the state folder cannot be written.
    """
    _require_public(url, settings)
    before = await local_calls.run(load_subscription, settings.state_dir)
    secret = await local_calls.run(signing_secret_for, settings) or SecretStr(secrets.token_hex(_SECRET_BYTES))
    register_secret(secret.get_secret_value())
    await local_calls.run(store_subscription, settings.state_dir, WebhookSubscription(url=url, secret=secret))
    async with _open_webhooks(settings) as webhooks:
        present = [webhook for webhook in await webhooks.list_all() if webhook.event == EVENT]
        setup = await _set_up(webhooks, [webhook for webhook in present if webhook.target_url == url], url, secret)
        for webhook in present:
            if before is not None and webhook.target_url == before.url != url:
                await webhooks.delete(webhook)
    return setup


async def _set_up(webhooks: WebhookApi, present: Sequence[RemoteWebhook], url: str, secret: SecretStr) -> SetupResult:
    if not present:
        await webhooks.create(url, secret)
        return SetupResult.CREATED
    if present[0].is_active and present[0].signing_secret == secret:
        return SetupResult.UNCHANGED
    await webhooks.update(present[0], secret)
    return SetupResult.UPDATED


async def list_webhooks(settings: Settings) -> list[ListedWebhook]:
    """Return every webhook of the project."""
    our_urls = await _our_urls(settings)
    async with _open_webhooks(settings) as webhooks:
        return [ListedWebhook(webhook, _is_ours(webhook, our_urls)) for webhook in await webhooks.list_all()]


async def unsubscribe(settings: Settings) -> list[RemoteWebhook]:
    """Delete our webhooks, here and at Uploadcare, and return those that existed.

    Uploadcare comes first: a crash in between leaves a secret that signs nothing any more.

    Raises:
        DiskError: the state folder cannot be written.
    """
    our_urls = await _our_urls(settings)
    async with _open_webhooks(settings) as webhooks:
        found = [webhook for webhook in await webhooks.list_all() if _is_ours(webhook, our_urls)]
        for webhook in found:
            await webhooks.delete(webhook)
    await local_calls.run(delete_subscription, settings.state_dir)
    return found


@asynccontextmanager
async def _open_webhooks(settings: Settings) -> AsyncIterator[WebhookApi]:
    async with open_uploadcare(settings.uploadcare, connections=1) as uploadcare:
        yield uploadcare.webhooks


async def _our_urls(settings: Settings) -> set[str]:
    subscription = await local_calls.run(load_subscription, settings.state_dir)
    return {url for url in (settings.webhook.url, subscription.url if subscription else None) if url is not None}


def _is_ours(webhook: RemoteWebhook, urls: set[str]) -> bool:
    return webhook.event == EVENT and webhook.target_url in urls


def _require_public(url: str, settings: Settings) -> None:
    """Raise unless Uploadcare can reach the address; a sandbox on this machine reaches this machine."""
    if not _is_public(urlsplit(settings.uploadcare.api_base).hostname or ""):
        return
    host = urlsplit(url).hostname or ""
    if not _is_public(host):
        msg = f"Uploadcare cannot reach {host}, which only this machine or this network knows"
        raise WebhookRefusedError(msg, advice="Give the public https:// address of a reverse proxy before web.listen.")


def _is_public(host: str) -> bool:
    """Return True if a host may be known on the internet."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_LOCAL_NAMES)
