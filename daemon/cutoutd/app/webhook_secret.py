"""The webhook of this machine: its address at Uploadcare, and the secret that signs its messages.

``cutoutd webhook create`` writes both to a private file in the state folder. Each message reads it, so that nothing
needs a restart. A secret file in the configuration wins over the stored secret.
"""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer

from cutoutd.config.secrets import read_signing_secret
from cutoutd.config.settings import CommonSettings
from cutoutd.core.atomic_write import replaced
from cutoutd.core.errors import DiskError
from cutoutd.core.logs import register_secret
from cutoutd.core.rights import read_own_file

SUBSCRIPTION_NAME = "webhook.json"
_MAX_BYTES = 100_000


class WebhookSubscription(BaseModel):
    """One webhook of this machine."""

    model_config = ConfigDict(frozen=True)

    url: str
    secret: SecretStr

    @field_serializer("secret")
    def _reveal(self, secret: SecretStr) -> str:
        return secret.get_secret_value()


def load_subscription(state_dir: Path) -> WebhookSubscription | None:
    """Return the subscription that ``cutoutd webhook create`` stored, or None. Blocking."""
    try:
        return WebhookSubscription.model_validate_json(read_own_file(state_dir / SUBSCRIPTION_NAME, _MAX_BYTES))
    except (OSError, ValidationError):
        return None


def signing_secret_for(settings: CommonSettings) -> SecretStr | None:
    """Return the secret that signs messages, or None if no webhook was set up; no log will show it. Blocking.

    Raises:
        ValueError: the configured file cannot be used.
    """
    if settings.webhook.secret_file is not None:
        secret: SecretStr | None = read_signing_secret(settings.webhook.secret_file)
    else:
        subscription = load_subscription(settings.state_dir)
        secret = subscription.secret if subscription else None
    if secret is not None:
        register_secret(secret.get_secret_value())
    return secret


def expected_url(settings: CommonSettings) -> str | None:
    """Return the address of our webhook, or None if no webhook was set up. Blocking.

    Raises:
        ValueError: the configured secret file cannot be used.
    """
    if signing_secret_for(settings) is None:
        return None
    subscription = load_subscription(settings.state_dir)
    return subscription.url if subscription else settings.webhook.url


def store_subscription(state_dir: Path, subscription: WebhookSubscription) -> None:
    """Replace the stored subscription; only the state folder's owner can read it, also if root writes it. Blocking.

    Raises:
        DiskError: the state folder cannot be written.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replaced(state_dir / SUBSCRIPTION_NAME, mode=0o600) as file:
            file.write(subscription.model_dump_json().encode())
            owner = state_dir.stat()
            if owner.st_uid != os.geteuid():  # where only root reaches the folder
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    except OSError as error:
        msg = f"the webhook cannot be stored in {state_dir}: {error.strerror}"
        raise DiskError(msg, advice="Run the command as root, or as the user that cutoutd runs as.") from error


def delete_subscription(state_dir: Path) -> None:
    """Delete the stored subscription. Blocking.

    Raises:
        DiskError: the state folder cannot be written.
    """
    try:
        (state_dir / SUBSCRIPTION_NAME).unlink(missing_ok=True)
    except OSError as error:
        msg = f"{state_dir / SUBSCRIPTION_NAME} cannot be removed: {error.strerror}"
        raise DiskError(msg, advice="Run the command as root, or as the user that cutoutd runs as.") from error
