"""The configuration as frozen and checked values, which ``config.loader`` reads from YAML.

Only tests and `cutoutd try` build them by hand; `cutoutd schema` prints the docstrings of the attributes.
"""

from cutoutd.config.settings.folders import LARGEST_UPLOAD_BYTES, FolderDefaults, Folders, FolderSettings
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
from cutoutd.config.settings.settings import CommonSettings, ConfigurationFile, Settings

__all__ = [
    "LARGEST_UPLOAD_BYTES",
    "Account",
    "AccountWithSecret",
    "CommonSettings",
    "Concurrency",
    "ConfigurationFile",
    "FolderDefaults",
    "FolderSettings",
    "Folders",
    "Limits",
    "LogSettings",
    "NotifySettings",
    "Price",
    "RateLimit",
    "Settings",
    "WatchSettings",
    "WebSettings",
    "WebhookSettings",
]
