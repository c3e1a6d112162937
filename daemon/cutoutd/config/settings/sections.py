"""The sections of the configuration beside the folders: account, watching, pace, money, page, log."""

from pydantic import Field, SecretStr

from cutoutd.config.types.choices import (
    LogFormat,
    LogLevel,
    NotifyReason,
    RemoteCleanup,
    WatchMode,
)
from cutoutd.config.types.frozen_model import FrozenModel
from cutoutd.config.types.text_types import (
    AbsolutePath,
    BaseUrl,
    CommandWords,
    Currency,
    HookUrl,
    HostName,
    Listen,
    ListenAddress,
    PublicKey,
)
from cutoutd.config.types.units import Amount, Duration, Size


class WebhookSettings(FrozenModel):
    """Webhook messages, with which Uploadcare announces finished removals instead of being polled."""

    url: HookUrl | None = None
    """The public address at which Uploadcare reaches web.listen, for `cutoutd webhook create`."""
    secret_file: AbsolutePath | None = Field(default=None, repr=False)
    """A file with the signing secret, at most 32 characters; if left out, `cutoutd webhook create` makes one."""


class Account(FrozenModel):
    """The project at Uploadcare and the addresses of the service, as users write them: without the secret."""

    public_key: PublicKey
    """The project's public key; UPLOADCARE_PUBLIC_KEY wins over it."""
    secret_key_file: AbsolutePath | None = Field(default=None, repr=False)  # because people put the secret itself here
    """A file with the project's secret key, not readable by everyone; UPLOADCARE_SECRET_KEY wins over it."""
    api_base: BaseUrl = "https://api.uploadcare.com/"
    """Address of the REST API; UPLOADCARE_API_BASE wins over it."""
    upload_base: BaseUrl = "https://upload.uploadcare.com/"
    """Address of the Upload API; UPLOADCARE_UPLOAD_BASE wins over it."""
    cdn_base: BaseUrl | None = None
    """Address of the CDN, which cutoutd normally finds by itself; UPLOADCARE_CDN_BASE wins over it."""
    remote_cleanup: RemoteCleanup = RemoteCleanup.DELETE
    """Source and result at Uploadcare after the cutout is in place: delete or keep."""


class AccountWithSecret(Account):
    """The account with its secret, which no ``repr`` shows."""

    secret_key: SecretStr


class WatchSettings(FrozenModel):
    """The detection of new photos, and of the moment when a file is finished."""

    mode: WatchMode = WatchMode.AUTO
    """Kernel events where the file system delivers them (auto), everywhere (events), or nowhere (polling)."""
    rescan_interval_s: Duration = Field(default=60.0, gt=0, le=86_400, validation_alias="rescan_interval")
    """Pause between two full scans of the trees."""
    stability_delay_s: Duration = Field(default=2.0, ge=0, le=3_600, validation_alias="stability_delay")
    """A file of unknown completeness counts as finished after this time without a change."""


class Concurrency(FrozenModel):
    """The amount of work at the same time."""

    uploads: int = Field(default=4, ge=1, le=256)
    """Photos uploaded at the same time."""
    removals: int = Field(default=64, ge=1, le=10_000)
    """Removals running at Uploadcare at the same time."""
    downloads: int = Field(default=4, ge=1, le=256)
    """Cutouts downloaded at the same time."""


class RateLimit(FrozenModel):
    """The rate of launches."""

    launches_per_minute: int = Field(default=600, ge=1, le=100_000)
    """At most this many removals are launched in a minute; a lower limit of your plan is learned and remembered."""


class Limits(FrozenModel):
    """The limits on spending without approval, and on the use of disk and memory."""

    per_day: int | None = Field(default=None, ge=1)
    """Launched removals in a calendar day of this machine's time zone; no limit if left out."""
    per_month: int | None = Field(default=None, ge=1)
    """Launched removals in a calendar month; no limit if left out."""
    confirm_over: int | None = Field(default=500, ge=1)
    """A folder with more unpaid photos than this waits for `cutoutd approve`; null: it never waits."""
    min_free_bytes: Size = Field(default=1_000_000_000, gt=0, validation_alias="min_free_space")
    """Nothing is paid for while the disk of an output or the state folder has less free space."""
    picture_memory_bytes: Size = Field(default=512_000_000, gt=0, validation_alias="picture_memory")
    """Memory for decoded pictures; they wait for each other within it, and a larger one is decoded alone."""

    @property
    def is_counting(self) -> bool:
        """True if launches count against a limit."""
        return self.per_day is not None or self.per_month is not None


class Price(FrozenModel):
    """Uploadcare's prices in the project's plan; used only to show past and future costs."""

    operations_per_removal: int | None = Field(default=None, ge=0)
    """Operations of one removal besides its requests, which Uploadcare does not publish; unknown if left out."""
    per_1000_operations: Amount | None = Field(default=None, gt=0)
    """Price of 1,000 operations in your currency, e.g. 0.50; no money is shown if left out."""
    currency: Currency | None = None
    """The currency of that price as amounts show it, e.g. EUR or $; "in money" if left out."""


class NotifySettings(FrozenModel):
    """The command that tells people about incidents."""

    command: CommandWords | None = None
    """Run once for each incident, with JSON on standard input; a text or a list of words, run without a shell."""
    on: tuple[NotifyReason, ...] = tuple(NotifyReason)
    """halt: nothing is sent; failed: photos failed; held: approval is needed; limit: one is reached."""


class LogSettings(FrozenModel):
    """The log on standard output."""

    level: LogLevel = LogLevel.INFO
    """The lowest level that is still written."""
    format: LogFormat = LogFormat.AUTO
    """text, json, or auto: entries with fields in systemd's journal, text elsewhere."""


class WebSettings(FrozenModel):
    """The page of the running cutoutd."""

    listen: ListenAddress | None = Listen("127.0.0.1", 8717)
    """Address and port on this machine; null: neither page nor health is served."""
    hosts: tuple[HostName, ...] = ()
    """Names of the page behind a reverse proxy with TLS; other names than these and web.listen's own are refused."""
    token_file: AbsolutePath | None = None
    """A file with the page's token, not readable by everyone; if left out, cutoutd makes one in state_dir."""
