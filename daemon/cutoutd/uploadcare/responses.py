"""Uploadcare's successful responses as values; ``error_mapping`` reads all others.

A response without the recorded shape is not Uploadcare's (a login page, a proxy's JSON). Parsing it raises
UnreachableError, which blames no photo. Texts that people will see are printable from here on, and short. Shapes: the
OpenAPI files and recorded responses (docs/uploadcare.md 2, 5).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, TypeVar

import httpx2
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from cutoutd.core.errors import FailedError, UnreachableError
from cutoutd.core.logs import printable
from cutoutd.uploadcare.bounded_json import read_json

Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]

#: The most that is shown of a message of the service; a foreign page must not fill the screen.
MAX_MESSAGE_CHARACTERS = 300

#: The longest slug of a refusal, and the longest media type, that is shown.
_MAX_WORD_CHARACTERS = 100

#: The longest date of HTTP has 29 characters.
_MAX_DATE_CHARACTERS = 64

#: A year outside is no date of the service's: it reports what happened lately.
_YEARS = range(2000, 2200)

LOGIN_PAGE_ADVICE = "If this lasts, look whether a login page or a proxy of your network answers in Uploadcare's place."


def shown(text: str, max_characters: int = MAX_MESSAGE_CHARACTERS) -> str:
    """Return a text of the service as one short, printable line."""
    return printable(" ".join(text[: 4 * max_characters].split()))[:max_characters]


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its whole body."""

    host: str
    status: int
    headers: httpx2.Headers
    body: bytes
    received_at_s: float

    @property
    def is_success(self) -> bool:
        """True if the status reports success."""
        return httpx2.codes.is_success(self.status)

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return shown(self.headers.get("content-type", "").partition(";")[0].lower(), _MAX_WORD_CHARACTERS)

    @property
    def clock_skew_s(self) -> float | None:
        """The lead of this machine's clock over the server's; None if the response has no date."""
        served_at_s = http_date_s(self.headers.get("date", ""))
        return None if served_at_s is None else self.received_at_s - served_at_s

    @property
    def text(self) -> str:
        """The body as one short, printable line."""
        return shown(self.body.decode("utf-8", "replace"))


def http_date_s(text: str) -> float | None:
    """Return the Unix time of a date header, or None if the text is no date, or an absurd one."""
    try:
        date = parsedate_to_datetime(text[:_MAX_DATE_CHARACTERS])
    except (ValueError, TypeError, OverflowError, IndexError):  # the library's answers to absurd numbers
        return None
    return date.replace(tzinfo=date.tzinfo or UTC).timestamp() if date.year in _YEARS else None


def _near(date: datetime) -> datetime:
    if date.year not in _YEARS:
        msg = f"the year {date.year} is absurd"
        raise ValueError(msg)
    return date


#: A date of the service's, which always names its zone.
ServiceDate = Annotated[AwareDatetime, AfterValidator(_near)]

#: A text of the service's that people will see.
ServiceText = Annotated[str, AfterValidator(shown)]

_ServiceWord = Annotated[str, AfterValidator(partial(shown, max_characters=_MAX_WORD_CHARACTERS))]


class Reply(BaseModel):
    """The base of values that are read from a JSON body; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


AnyReply = TypeVar("AnyReply", bound=BaseModel)


def parse(model: type[AnyReply], response: Response) -> AnyReply:
    """Return a successful response as a value.

    Raises:
        UnreachableError: the response has another shape than Uploadcare's.
    """
    try:
        return read_reply(model, response.body)
    except ValueError as error:
        media_type = response.media_type or "an unnamed type"
        msg = f"{response.host} answered {response.status} with {media_type} that is not Uploadcare's answer"
        raise UnreachableError(msg, advice=LOGIN_PAGE_ADVICE) from error


def read_reply(model: type[AnyReply], body: bytes) -> AnyReply:
    """Return a JSON body as a value.

    Raises:
        ValueError: it is beyond the bounds of ``bounded_json``, or of another shape.
    """
    read_json(body)
    return model.model_validate_json(body, strict=True)


class UploadReply(Reply):
    """``POST /base/``: the form's field name, and the UUID of its file."""

    file: Uuid


class LaunchReply(Reply):
    """``POST /addons/remove_bg/execute/``."""

    request_id: Uuid


class ProjectReply(Reply):
    """``GET /project/``."""

    name: ServiceText
    pub_key: ServiceText


class RemoteFile(Reply):
    """A file at Uploadcare: a source or a result.

    Uploadcare still describes a deleted file, with ``removed_at`` set.
    """

    uuid: Uuid
    is_ready: bool
    uploaded_at: ServiceDate = Field(alias="datetime_uploaded")
    removed_at: str | None = Field(alias="datetime_removed")
    size_bytes: int = Field(alias="size", ge=0)
    mime_type: str | None = None
    original_file_url: str | None = None
    #: Notes of add-ons on the file; ``remove_bg`` notes on the source that it has run, and nothing else.
    appdata: dict[str, Any] | None = None

    @property
    def has_run_remove_bg(self) -> bool:
        """True if the add-on has ever finished on this file; only sources record it."""
        return "remove_bg" in (self.appdata or {})

    @property
    def is_removed(self) -> bool:
        """True if the file was deleted or has expired."""
        return self.removed_at is not None


class FilesPage(Reply):
    """One page of ``GET /files/``."""

    next: str | None
    results: list[RemoteFile]


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """The project that the keys belong to."""

    name: str
    public_key: str
    clock_skew_s: float | None  #: positive: this machine's clock is ahead


class Progress(StrEnum):
    """The progress of a removal, in the service's own words."""

    IN_PROGRESS = "in_progress"
    DONE = "done"
    ERROR = "error"
    UNKNOWN = "unknown"  #: not known yet (for some seconds), or no longer (after about 24 hours)


@dataclass(frozen=True, slots=True)
class RemovalStatus:
    """The state of a removal at one poll."""

    progress: Progress
    result_uuid: str | None = None  #: set when done
    failure: FailedError | None = None  #: set when the service gave a final refusal, with its own code and words


class _Result(Reply):
    file_id: Uuid


class _Details(Reply):
    code: _ServiceWord | None = None
    title: ServiceText | None = None


class _StatusReply(Reply):
    status: Progress


class _DoneReply(Reply):
    result: _Result


class _ErrorReply(Reply):
    details: _Details


class BatchReply(Reply):
    """``DELETE`` or ``PUT /files/storage/``; ``problems`` names the files that no longer exist."""

    problems: dict[str, str] = {}


def parse_removal_status(response: Response) -> RemovalStatus:
    """Return the status from a poll's raw JSON, because published models leave ``details`` out.

    Raises:
        UnreachableError: the response is no status, or reports done without a result.
    """
    progress = parse(_StatusReply, response).status
    if progress is Progress.DONE:
        return RemovalStatus(progress, result_uuid=parse(_DoneReply, response).result.file_id)
    if progress is Progress.ERROR:
        return RemovalStatus(
            progress, failure=permanent_failure(response, "Uploadcare could not remove the background")
        )
    return RemovalStatus(progress)


def permanent_failure(response: Response, sentence: str) -> FailedError:
    """Return the error for a final refusal, with the service's optional ``details: {code, title}``."""
    try:
        details = read_reply(_ErrorReply, response.body).details
    except ValueError:
        details = _Details()
    reason = f": {details.title or details.code}" if details.title or details.code else ""
    return FailedError(details.code or "removal_failed", sentence + reason)
