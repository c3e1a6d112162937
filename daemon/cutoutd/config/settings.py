"""The configuration as the program sees it: frozen and checked.

It holds values only. Reading them from YAML, with line and column for every fault, is done beside it; nobody else
builds settings by hand except tests and `cutoutd try`. The attributes' docstrings are what `cutoutd schema` prints.

The configuration as users write it: without the secret, and with what folders share said once.

The section ``webhook``: where Uploadcare's messages arrive, and what they are signed with.
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
    """How Uploadcare tells of finished removals by itself, so that it need not be asked."""

    url: HookUrl | None = None
    """The public address at which Uploadcare reaches web.listen, for `cutoutd webhook create`."""
    secret_file: AbsolutePath | None = Field(default=None, repr=False)
    """A file with the signing secret, at most 32 characters; `cutoutd webhook create` makes one if left out."""


#: Uploadcare takes "up to 12 MB" (UPLOADCARE.md section 1); read generously, that is 12 MiB.
LARGEST_UPLOAD_BYTES = 12_582_912


class Account(FrozenModel):
    """The project at Uploadcare and where its service lives, as users write it: without the secret."""

    public_key: PublicKey
    """The project's public key; UPLOADCARE_PUBLIC_KEY wins over it."""
    secret_key_file: AbsolutePath | None = Field(default=None, repr=False)  # people put the secret itself here
    """A file with the project's secret key, not readable by everyone; UPLOADCARE_SECRET_KEY wins over it."""
    api_base: BaseUrl = "https://api.uploadcare.com/"
    """Where the REST API lives; UPLOADCARE_API_BASE wins over it."""
    upload_base: BaseUrl = "https://upload.uploadcare.com/"
    """Where the Upload API lives; UPLOADCARE_UPLOAD_BASE wins over it."""
    cdn_base: BaseUrl | None = None
    """Where cutouts are fetched from, normally found out by itself; UPLOADCARE_CDN_BASE wins over it."""
    remote_cleanup: RemoteCleanup = RemoteCleanup.DELETE
    """What becomes of source and result at Uploadcare after the cutout is in place: delete or keep."""


class AccountWithSecret(Account):
    """The account with its secret, which no ``repr`` shows."""

    secret_key: SecretStr


class FolderDefaults(FrozenModel):
    """What a folder may say and all folders may share."""

    output: AbsolutePath | None = None
    """The tree where cutouts appear, if the folders share one."""
    recursive: bool = True
    """Whether photos in the input's subfolders are taken too."""
    exclude: tuple[ExclusionPattern, ...] = ()
    """Patterns of files and folders that are left alone; temporary and system files are left alone anyway."""
    parameters: RemoveBg = Field(default=RemoveBg(), validation_alias="remove_bg")
    """How Uploadcare cuts out: its own parameter names; what is left out keeps the service's default."""
    filename: FilenameTemplate = "{stem}.png"
    """Name of the cutout: {stem} is the photo's name without, {name} with its extension."""
    max_upload_bytes: Size = Field(default=12_000_000, gt=0, le=LARGEST_UPLOAD_BYTES, validation_alias="max_size")
    """Larger photos are rejected or shrunk; Uploadcare takes at most 12 MB (12 MiB, generously read)."""
    oversize: Oversize = Oversize.REJECT
    """Photos over max_size: reject them, or send a smaller copy (shrink); the photo itself stays as it is."""
    on_conflict: OnConflict = OnConflict.RENAME
    """When two photos would get the same cutout path: rename the later cutout, or skip the later photo."""
    on_failure: OnFailure = OnFailure.NOTE
    """Beside the place of a cutout that could not be made: note (a .failed.txt that says why) or none."""
    provenance: Provenance = Provenance.XATTR
    """How cutouts carry where they came from, for cutoutd rebuild: xattr (bytes unchanged), png_text or none."""
    on_success: OnSuccess = OnSuccess.KEEP
    """The photo itself once its cutout is published: keep it, move it to the archive, trash it, or delete it."""
    archive: AbsolutePath | None = None
    """The tree that on_success: move moves photos to, mirrored; outside all inputs and outputs."""
    on_source_removed: OnSourceRemoved = OnSourceRemoved.KEEP
    """The cutout of a photo that somebody removed or renamed: keep it, or delete it unless it was changed."""


class FolderSettings(FolderDefaults):
    """One configured pair: an input tree, its mirrored output tree, and what to do with its photos."""

    name: FolderName
    """What this folder is called in all output; unique."""
    input: AbsolutePath
    """The tree where photos arrive; relative paths start at the configuration file's folder."""
    output: AbsolutePath
    """The tree where cutouts appear, mirrored; never inside an input, nor an input inside it."""


class WatchSettings(FrozenModel):
    """How new photos are noticed and when a file counts as finished."""

    mode: WatchMode = WatchMode.AUTO
    """Kernel events where the file system delivers them (auto), everywhere (events), or nowhere (polling)."""
    rescan_interval_s: Duration = Field(default=60.0, gt=0, le=86_400, validation_alias="rescan_interval")
    """Pause between two full looks at the trees."""
    stability_delay_s: Duration = Field(default=2.0, ge=0, le=3_600, validation_alias="stability_delay")
    """How long a file of unknown completeness must stand still before it counts as finished."""


class Concurrency(FrozenModel):
    """How much is done at the same time."""

    uploads: int = Field(default=4, ge=1, le=256)
    """Photos sent at the same time."""
    removals: int = Field(default=64, ge=1, le=10_000)
    """Removals running at Uploadcare at the same time."""
    downloads: int = Field(default=4, ge=1, le=256)
    """Cutouts fetched at the same time."""


class RateLimit(FrozenModel):
    """How fast removals are launched."""

    launches_per_minute: int = Field(default=600, ge=1, le=100_000)
    """Never more removals launched in a minute; what your plan allows below that is learned and remembered."""


class Limits(FrozenModel):
    """What may be spent before a person has to agree, and what the disk must still have."""

    per_day: int | None = Field(default=None, ge=1)
    """Removals launched in a calendar day of this machine's time zone; no limit if left out."""
    per_month: int | None = Field(default=None, ge=1)
    """Removals launched in a calendar month; no limit if left out."""
    confirm_over: int | None = Field(default=500, ge=1)
    """A folder with more photos than this that are not paid for waits for `cutoutd approve`; null: it never does."""
    min_free_bytes: Size = Field(default=1_000_000_000, gt=0, validation_alias="min_free_space")
    """Nothing is paid for while an output's or the state folder's disk has less room than this."""

    @property
    def is_counting(self) -> bool:
        """Whether launches are counted against a limit."""
        return self.per_day is not None or self.per_month is not None


class Price(FrozenModel):
    """What Uploadcare charges by the project's plan; only for showing what was and will be spent."""

    operations_per_removal: int | None = Field(default=None, ge=0)
    """Operations that a removal costs besides its requests, which Uploadcare does not publish; unknown if left out."""
    per_1000_operations: Amount | None = Field(default=None, gt=0)
    """What 1,000 operations cost, in your currency, e.g. 0.50; no money is shown if left out."""


class NotifySettings(FrozenModel):
    """Whom to tell when a person should look."""

    command: CommandWords | None = None
    """Run once for each incident, with JSON on standard input: a text or a list of words; no shell runs it."""
    on: tuple[NotifyReason, ...] = tuple(NotifyReason)
    """halt: nothing is sent; failed: photos came to nothing; held: approval is needed; limit: one is reached."""


class LogSettings(FrozenModel):
    """What is written to standard output."""

    level: LogLevel = LogLevel.INFO
    """The least important message that is still written."""
    format: LogFormat = LogFormat.AUTO
    """text, json, or auto: entries with fields in systemd's journal, text elsewhere."""


class WebSettings(FrozenModel):
    """Where the running cutoutd can be looked at."""

    listen: ListenAddress | None = Listen("127.0.0.1", 8717)
    """Address and port on this machine; null: nobody listens, and there is neither page nor health."""
    token_file: AbsolutePath | None = None
    """A file with the page's token, not readable by everyone; left out, cutoutd makes one in state_dir."""


class CommonSettings(FrozenModel):
    """The sections that users write and the program reads alike."""

    state_dir: AbsolutePath = Path("/var/lib/cutoutd")
    """Where the ledger lives; outside all inputs and outputs, on a local disk."""
    control_socket: AbsolutePath | None = None
    """The Unix socket on which the running cutoutd takes orders; in $RUNTIME_DIRECTORY or state_dir if left out."""
    folders: tuple[FolderSettings, ...] = Field(min_length=1)
    """The folders; at least one."""
    watch: WatchSettings = WatchSettings()
    """How new photos are noticed and when a file counts as finished."""
    concurrency: Concurrency = Concurrency()
    """How much is done at the same time."""
    rate_limit: RateLimit = RateLimit()
    """How fast removals are launched."""
    limits: Limits = Limits()
    """What may be spent, and what the disk must still have."""
    price: Price = Price()
    """What Uploadcare charges, as far as you know."""
    notify: NotifySettings = NotifySettings()
    """Whom to tell when a person should look."""
    web: WebSettings = WebSettings()
    """Where the running cutoutd can be looked at."""
    webhook: WebhookSettings = WebhookSettings()
    """How Uploadcare tells of finished removals by itself."""
    log: LogSettings = LogSettings()
    """What is written to standard output."""


class Settings(CommonSettings):
    """The whole configuration, ready for use."""

    uploadcare: AccountWithSecret
    """The account and where its service lives."""


class ConfigurationFile(CommonSettings):
    """The whole configuration file."""

    uploadcare: Account
    """The project at Uploadcare."""
    folder_defaults: FolderDefaults = FolderDefaults()
    """What a folder may say and all folders share, said once; a folder's own word wins."""


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
