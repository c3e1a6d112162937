"""The whole configuration: as users write it, and as the program uses it."""

from pathlib import Path

from pydantic import Field

from cutoutd.config.settings.folders import FolderDefaults, FolderSettings
from cutoutd.config.settings.sections import (
    Account,
    AccountWithSecret,
    Concurrency,
    Limits,
    LogSettings,
    NotifySettings,
    Price,
    RateLimit,
    WatchSettings,
    WebhookSettings,
    WebSettings,
)
from cutoutd.config.types.frozen_model import FrozenModel
from cutoutd.config.types.text_types import (
    AbsolutePath,
)


class CommonSettings(FrozenModel):
    """The sections that are the same in the file and in the program."""

    state_dir: AbsolutePath = Path("/var/lib/cutoutd")
    """The folder of the ledger; outside all inputs and outputs, on a local disk."""
    control_socket: AbsolutePath | None = None
    """The Unix socket for commands to the running cutoutd; in $RUNTIME_DIRECTORY or state_dir if left out."""
    folders: tuple[FolderSettings, ...] = Field(min_length=1)
    """The folders; at least one."""
    watch: WatchSettings = WatchSettings()
    """Detection of new and finished photos."""
    concurrency: Concurrency = Concurrency()
    """Amount of work at the same time."""
    rate_limit: RateLimit = RateLimit()
    """Rate of launched removals."""
    limits: Limits = Limits()
    """Limits on spending without approval, and on the use of the disk."""
    price: Price = Price()
    """Uploadcare's prices, as far as you know them."""
    notify: NotifySettings = NotifySettings()
    """Command that tells people about incidents."""
    web: WebSettings = WebSettings()
    """Page of the running cutoutd."""
    webhook: WebhookSettings = WebhookSettings()
    """Webhook messages, with which Uploadcare announces finished removals."""
    log: LogSettings = LogSettings()
    """Log on standard output."""


class Settings(CommonSettings):
    """The whole configuration, ready for use."""

    uploadcare: AccountWithSecret
    """The account and where its service lives."""


class ConfigurationFile(CommonSettings):
    """The configuration as users write it: without the secret, and with shared keys of folders in one place."""

    uploadcare: Account
    """The project at Uploadcare."""
    folder_defaults: FolderDefaults = FolderDefaults()
    """Keys that all folders share; a folder's own key wins."""
