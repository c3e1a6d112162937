"""The configuration as frozen and checked values.

``config.loader`` reads them from YAML; only tests and `cutoutd try` build them by hand. `cutoutd schema` prints the
docstrings of the attributes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, SecretStr

from cutoutd.config.choices import (
    LogFormat,
    LogLevel,
    NotifyReason,
    OnConflict,
    OnFailure,
    OnSourceRemoved,
    OnSuccess,
    Oversize,
    Provenance,
    RemoteCleanup,
    WatchMode,
)
from cutoutd.config.frozen_model import FrozenModel
from cutoutd.config.remove_bg import RemoveBg
from cutoutd.config.text_types import (
    AbsolutePath,
    BaseUrl,
    CommandWords,
    ExclusionPattern,
    FilenameTemplate,
    FolderName,
    HookUrl,
    Listen,
    ListenAddress,
    PublicKey,
)
from cutoutd.config.units import Amount, Duration, Size
from cutoutd.core.errors import SourceUnavailableError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo


class WebhookSettings(FrozenModel):
    """Webhook messages, with which Uploadcare announces finished removals instead of being polled."""

    url: HookUrl | None = None
    """The public address at which Uploadcare reaches web.listen, for `cutoutd webhook create`."""
    secret_file: AbsolutePath | None = Field(default=None, repr=False)
    """A file with the signing secret, at most 32 characters; if left out, `cutoutd webhook create` makes one."""


#: Uploadcare takes "up to 12 MB" (docs/uploadcare.md 1); read generously, that is 12 MiB.
LARGEST_UPLOAD_BYTES = 12_582_912


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


class FolderDefaults(FrozenModel):
    """The keys of a folder that all folders may share."""

    output: AbsolutePath | None = None
    """The tree where cutouts appear, if the folders share one."""
    recursive: bool = True
    """Take photos in the input's subfolders as well."""
    exclude: tuple[ExclusionPattern, ...] = ()
    """Patterns of files and folders to ignore; temporary and system files are ignored anyway."""
    parameters: RemoveBg = Field(default=RemoveBg(), validation_alias="remove_bg")
    """Parameters of the removal in Uploadcare's own names; keys left out keep the service's default."""
    filename: FilenameTemplate = "{stem}.png"
    """Name of the cutout: {stem} is the photo's name without, {name} with its extension."""
    max_upload_bytes: Size = Field(default=12_000_000, gt=0, le=LARGEST_UPLOAD_BYTES, validation_alias="max_size")
    """Larger photos are rejected or shrunk; Uploadcare accepts at most 12 MB (12 MiB, generously read)."""
    oversize: Oversize = Oversize.REJECT
    """Photos over max_size: reject them, or send a smaller copy (shrink); the photo itself stays as it is."""
    on_conflict: OnConflict = OnConflict.RENAME
    """When two photos would get the same cutout path: rename the later cutout, or skip the later photo."""
    on_failure: OnFailure = OnFailure.NOTE
    """In place of a cutout that could not be made: note (a .failed.txt with the reason) or none."""
    provenance: Provenance = Provenance.XATTR
    """Record of the source in each cutout, for cutoutd rebuild: xattr (bytes unchanged), png_text or none."""
    on_success: OnSuccess = OnSuccess.KEEP
    """The photo itself after its cutout is published: keep it, move it to the archive, trash it, or delete it."""
    archive: AbsolutePath | None = None
    """The tree that on_success: move moves photos to, mirrored; outside all inputs and outputs."""
    on_source_removed: OnSourceRemoved = OnSourceRemoved.KEEP
    """The cutout of a photo that was removed or renamed: keep it, or delete it unless it was edited."""


class FolderSettings(FolderDefaults):
    """One configured pair: an input tree, its mirrored output tree, and the treatment of its photos."""

    name: FolderName
    """The folder's name in all output; unique."""
    input: AbsolutePath
    """The tree where photos arrive; relative paths start at the configuration file's folder."""
    output: AbsolutePath
    """The tree where cutouts appear, mirrored; never inside an input, nor an input inside it."""


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
    """The limits on spending without approval, and on the use of the disk."""

    per_day: int | None = Field(default=None, ge=1)
    """Launched removals in a calendar day of this machine's time zone; no limit if left out."""
    per_month: int | None = Field(default=None, ge=1)
    """Launched removals in a calendar month; no limit if left out."""
    confirm_over: int | None = Field(default=500, ge=1)
    """A folder with more unpaid photos than this waits for `cutoutd approve`; null: it never waits."""
    min_free_bytes: Size = Field(default=1_000_000_000, gt=0, validation_alias="min_free_space")
    """Nothing is paid for while the disk of an output or the state folder has less free space."""

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
    token_file: AbsolutePath | None = None
    """A file with the page's token, not readable by everyone; if left out, cutoutd makes one in state_dir."""


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


#: The wait of a photo without a configured folder. A reload that brings the folder back ends it sooner.
_FOLDER_MISSING_WAIT_S = 3600.0


@dataclass(frozen=True)
class Folders(Mapping[str, FolderSettings]):
    """The configured folders by name."""

    by_name: Mapping[str, FolderSettings]

    def __getitem__(self, name: str) -> FolderSettings:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def of(self, photo: Photo) -> FolderSettings:
        """Return the configured folder of a photo.

        Raises:
            SourceUnavailableError: the folder is not configured, or its input is not the tree of the photo.
        """
        folder = self.by_name.get(photo.identity.folder)
        if folder is None:
            sentence = f'its folder "{photo.identity.folder}" is no longer in the configuration'
            raise SourceUnavailableError(sentence, retry_after_s=_FOLDER_MISSING_WAIT_S)
        if photo.identity.input not in {"", str(folder.input)}:
            found_in = printable(photo.identity.input)
            sentence = f'it was found in {found_in}, which is no longer the input of "{folder.name}"'
            raise SourceUnavailableError(sentence, retry_after_s=_FOLDER_MISSING_WAIT_S)
        return folder
