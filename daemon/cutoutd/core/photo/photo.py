"""A photo as the ledger stores it: a version of a file, its last fact, and its wait."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from cutoutd.core.photo.facts import INTERNAL_FAULT, RESULT_DAMAGED, SENT_WHOLE, Fact
from cutoutd.core.photo.states import TRANSITIONS, State
from cutoutd.core.photo.wait import NO_WAIT, Wait


class SourceResult(StrEnum):
    """One word for each way, as the ledger stores it; a source that is where it was has none."""

    MOVED = "moved"  #: to the archive
    TRASHED = "trashed"  #: to the trash of the desktop
    DELETED = "deleted"
    GONE = "gone"  #: before on_success was applied, or by an on_success that a crash kept from being stored
    ABSENT = "absent"  #: when the ledger was rebuilt
    TAKEN = "taken"  #: in a way that only the sentence of an earlier version tells


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """The outcome of on_success for one source."""

    result: SourceResult | None  #: None: the file stays where it is
    sentence: str  #: to show; nothing depends on it
    archived_path: str | None = None  #: its place in the archive, absolute


T = TypeVar("T")
_RUNNING = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED})


def require_value(value: T | None) -> T:
    """Return a value that the photo's state promises.

    Raises:
        ValueError: the value is missing, so the ledger contradicts itself.
    """
    if value is None:
        raise ValueError("a photo lacks what its state says it has")
    return value


class Version(NamedTuple):
    """The values that distinguish two versions of a file; ctime is not among them, because a chmod changes it."""

    path: str
    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Identity:
    """One version of a file at a path in an input tree, as the file system describes it."""

    folder: str  #: the configured folder's name
    path: str  #: relative to the folder's input, with "/"; undecodable bytes as surrogate escapes
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    input: str = ""  #: the input root where it was found; the same folder may have another one later

    @property
    def version(self) -> Version:
        """The values that distinguish this version of the file from others."""
        return Version(self.path, self.size_bytes, self.mtime_ns, self.inode)


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture in the file, as validation saw it; everything is None before accepted."""

    sha256: str | None = None  #: of the whole file
    width: int | None = None  #: pixels, upright
    height: int | None = None  #: pixels, upright
    orientation: int | None = None  #: EXIF orientation, 1 to 8
    picture_sha256: str | None = None  #: of the picture itself; None too if an earlier version accepted it
    is_disputed: bool | None = None  #: True if other programs may read another orientation, or refuse it
    colours: str | None = None  #: the name of colours other than those of sRGB

    @property
    def pixels(self) -> int:
        """The number of pixels; 0 before accepted."""
        return (self.width or 0) * (self.height or 0)

    @property
    def identity(self) -> str | None:
        """The hash by which a picture is paid for: its own, or that of its file if it has none."""
        return self.picture_sha256 or self.sha256

    def is_same(self, other: "Picture") -> bool:
        """Return True if both are known to be one picture."""
        if self.picture_sha256 is not None and self.picture_sha256 == other.picture_sha256:
            return True
        return self.sha256 is not None and self.sha256 == other.sha256


@dataclass(frozen=True, slots=True)
class BoundSettings:
    """The settings that hold for the photo whatever the configuration says later; None before accepted."""

    parameters: str | None = None  #: remove_bg parameters, normalised JSON
    output: str | None = None  #: the output root, absolute
    target: str | None = None  #: relative to the output root; final at published
    sent_within: int = SENT_WHOLE  #: the file is sent as it is, or as a copy of at most so many bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """The file that was sent to Uploadcare."""

    source_uuid: str | None = None  #: None before uploaded, and again when it expired there
    width: int | None = None  #: of a smaller copy; None: the photo was sent in its own size
    height: int | None = None
    sent_as: str | None = None  #: a clause that says how a smaller copy was made


@dataclass(frozen=True, slots=True)
class Launch:
    """The paid call and its outcome."""

    request_id: str | None = None  #: Uploadcare's removal
    result_uuid: str | None = None  #: Uploadcare's file with the cutout
    unclear_since_s: float | None = None  #: Unix time of the last call with a lost response
    lost_because: str | None = None  #: what came instead of the response
    locked_since_s: float | None = None  #: Unix time since which Uploadcare says that a removal is running
    has_lost_outcome: bool = False  #: True if a paid call may have been made in vain
    noticed_at_s: float | None = None  #: Unix time at which the upload was found to have had a removal unknown here


@dataclass(frozen=True, slots=True)
class PublishedCutout:
    """The file at the photo's target."""

    sha256: str | None = None
    size_bytes: int | None = None
    reused_from: int | None = None  #: the photo with the original of this copy; None if this photo was paid for
    previous_parameters: str | None = None  #: of the cutout in place while another one is made
    reprocess_started_s: float | None = None  #: Unix time; only cutouts made since then are reused
    doubt: str | None = None  #: a ``Doubt``; None: it may replace its source, by itself or by a person's word


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The state of the photo's own file after its cutout was published."""

    is_due: bool = False  #: True if on_success has still to be applied
    result: SourceResult | None = None  #: the way in which the file left its place; None: it is where it was
    sentence: str | None = None  #: the same for people; nothing depends on it
    archived_path: str | None = None  #: its place in the archive, absolute
    missing_since_s: float | None = None  #: Unix time at which the file was first found removed


@dataclass(frozen=True, slots=True)
class Ending:
    """The reason why a photo was rejected, failed or superseded."""

    code: str | None = None  #: stable
    sentence: str | None = None
    advice: str | None = None
    failed_state: State | None = None  #: the state in which it failed, where a retry goes on


@dataclass(frozen=True, slots=True)
class Photo:
    """A row of the ledger, grouped by idea; None means that the fact which brings the value is not true yet."""

    id: int
    identity: Identity
    state: State
    state_at_s: float  #: Unix time of the last fact
    wait: Wait = NO_WAIT
    picture: Picture = Picture()
    bound: BoundSettings = BoundSettings()
    upload: Upload = Upload()
    launch: Launch = Launch()
    cutout: PublishedCutout = PublishedCutout()
    source: SourceStatus = SourceStatus()
    ending: Ending = Ending()
    note: str | None = None  #: something that a person should know although all is well

    @property
    def needs_copy(self) -> bool:
        """True if the file must not be sent as it is, because another program may show it turned."""
        return self.picture.orientation != 1 or bool(self.picture.is_disputed)

    @property
    def has_stranded_result(self) -> bool:
        """True if its paid cutout may stay at Uploadcare: it finds no place, is damaged, or a newer version has it."""
        if self.state is State.SUPERSEDED or (self.state is State.FAILED and self.ending.code == RESULT_DAMAGED):
            return self.launch.result_uuid is not None
        return self.state is State.REMOVAL_FINISHED and self.wait.may_last

    @property
    def sent_size(self) -> tuple[int, int]:
        """The width and height of the file that is sent, upright; those of the photo unless it was shrunk.

        Raises:
            ValueError: the photo is not accepted yet.
        """
        return (
            self.upload.width or require_value(self.picture.width),
            self.upload.height or require_value(self.picture.height),
        )

    @property
    def has_paid_removal(self) -> bool:
        """True if a removal was paid for, or may have been, and its result can still come without another payment."""
        ending = self.ending
        may_run = ending.code == INTERNAL_FAULT and ending.failed_state in _RUNNING
        return self.launch.result_uuid is not None or may_run

    @property
    def may_be_paid_for(self) -> bool:
        """True if an earlier launch without a known outcome may have been accepted."""
        return self.launch.has_lost_outcome or self.launch.unclear_since_s is not None

    @property
    def story(self) -> str:
        """The state in one clause, with what matters about it."""
        launch = self.launch
        if self.state in {State.REJECTED, State.FAILED, State.SUPERSEDED}:
            return f"{self.state}: {self.ending.sentence} [{self.ending.code}]"
        if self.state is State.PUBLISHED:
            return f"published as {self.bound.target}" + (f" ({self.note})" if self.note else "")
        if self.state is State.UPLOADED and self.upload.sent_as:
            return f"{self.state.phrase} ({self.upload.sent_as})"
        if self.state is State.REMOVAL_INTENDED and launch.locked_since_s is not None:
            return "refused, because a removal of this upload is running already; cutoutd looks for its result"
        if self.state is State.REMOVAL_INTENDED and launch.unclear_since_s is not None:
            return (
                f"launched, and the answer was lost ({launch.lost_because});"
                " cutoutd looks for the result, and pays nothing again"
            )
        return self.state.phrase

    def with_fact(self, fact: Fact, at_s: float) -> "Photo":
        """Return the photo after a fact; waiting ends with it.

        Raises:
            ValueError: the fact may not follow the photo's state.
        """
        if fact.state not in TRANSITIONS[self.state]:
            msg = f"photo {self.id}: {fact.state} may not follow {self.state}"
            raise ValueError(msg)
        values = asdict(fact)
        if fact.state is State.FAILED:
            values["failed_state"] = self.state
        return replace(self, state=fact.state, state_at_s=at_s, wait=NO_WAIT, **self._changes(values))

    def _changes(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return the attributes that change, by name."""
        changes: dict[str, Any] = {}
        groups: dict[str, dict[str, Any]] = {}
        for column, value in values.items():
            group, attribute = COLUMNS[column]
            (changes if group is None else groups.setdefault(group, {}))[attribute] = value
        return changes | {group: replace(getattr(self, group), **inner) for group, inner in groups.items()}


def _columns_of(group: str, kind: type, renamed: dict[str, str]) -> dict[str, tuple[str | None, str]]:
    return {renamed.get(field.name, field.name): (group, field.name) for field in fields(kind)}


#: Each column of the ledger by its place in a photo: group and attribute; None: the photo itself.
COLUMNS: dict[str, tuple[str | None, str]] = {
    "note": (None, "note"),
    **_columns_of("picture", Picture, {}),
    **_columns_of("bound", BoundSettings, {}),
    **_columns_of("upload", Upload, {"width": "sent_width", "height": "sent_height"}),
    **_columns_of("launch", Launch, {}),
    **_columns_of("cutout", PublishedCutout, {"sha256": "cutout_sha256", "size_bytes": "cutout_bytes"}),
    **_columns_of(
        "source",
        SourceStatus,
        {
            "is_due": "is_source_due",
            "result": "source_result",
            "sentence": "source_sentence",
            "missing_since_s": "source_missing_since_s",
        },
    ),
    **_columns_of("ending", Ending, {}),
}


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """One finished removal: its result, its upload, and its launch."""

    result_uuid: str
    source_uuid: str
    request_id: str
