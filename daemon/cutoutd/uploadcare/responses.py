"""What Uploadcare says when all is well, as values; every other answer is the business of ``refusals``.

An answer that does not have the recorded shape is none at all (a portal's page, a proxy's JSON), so reading one raises
UnreachableError: never a photo's fault. Shapes: Uploadcare's OpenAPI files and recorded answers (UPLOADCARE.md 2, 5).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cutoutd.core.errors import FailedError, UnreachableError

Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]

#: Words of the service are shown to people; a page that is none of its own must not fill their screen.
MAX_MESSAGE_CHARACTERS = 300

LOGIN_PAGE_ADVICE = "If this lasts, look whether a login page or a proxy of your network answers in Uploadcare's place."


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response, its body read."""

    host: str
    status: int
    headers: httpx2.Headers
    body: bytes
    received_at_s: float

    @property
    def is_success(self) -> bool:
        """Whether the status says that what was asked was done."""
        return httpx2.codes.is_success(self.status)

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def clock_skew_s(self) -> float | None:
        """How far this machine's clock is ahead of the server's; None where the answer tells no date."""
        served_at_s = http_date_s(self.headers.get("date", ""))
        return None if served_at_s is None else self.received_at_s - served_at_s

    @property
    def text(self) -> str:
        """The body as one short line."""
        return " ".join(self.body.decode("utf-8", "replace").split())[:MAX_MESSAGE_CHARACTERS]


def http_date_s(text: str) -> float | None:
    """The Unix time of a date in a header; None if it is none."""
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC).timestamp()


class Reply(BaseModel):
    """The base of what is read from a JSON body; fields that we do not use may come and go."""

    model_config = ConfigDict(frozen=True, extra="ignore")


AnyReply = TypeVar("AnyReply", bound=Reply)


def parse(kind: type[AnyReply], response: Response) -> AnyReply:
    """Read a successful response.

    Raises:
        UnreachableError: it has not the shape that Uploadcare gives it, so it is not Uploadcare's.
    """
    try:
        return kind.model_validate_json(response.body)
    except ValidationError as error:
        kind_of_page = response.media_type or "an unnamed type"
        msg = f"{response.host} answered {response.status} with {kind_of_page} that is not Uploadcare's answer"
        raise UnreachableError(msg, advice=LOGIN_PAGE_ADVICE) from error


class UploadReply(Reply):
    """``POST /base/``: the form's field name, and the UUID given to it."""

    file: Uuid


class LaunchReply(Reply):
    """``POST /addons/remove_bg/execute/``."""

    request_id: Uuid


class ProjectReply(Reply):
    """``GET /project/``."""

    name: str
    pub_key: str


class RemoteFile(Reply):
    """A file at Uploadcare: a source or a result. A deleted one is still described, with ``removed_at`` set."""

    uuid: Uuid
    is_ready: bool
    uploaded_at: datetime = Field(alias="datetime_uploaded")
    removed_at: str | None = Field(alias="datetime_removed")
    size_bytes: int = Field(alias="size")
    mime_type: str | None = None
    original_file_url: str | None = None
    #: What add-ons noted on the file; ``remove_bg`` stands on the source and says only that it ran.
    appdata: dict[str, Any] | None = None

    @property
    def has_run_remove_bg(self) -> bool:
        """Whether the add-on has finished on this file at some time; only sources say so."""
        return "remove_bg" in (self.appdata or {})

    @property
    def is_removed(self) -> bool:
        """Whether it was deleted, or expired."""
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
    """How far a removal is, in the service's own words."""

    IN_PROGRESS = "in_progress"
    DONE = "done"
    ERROR = "error"
    UNKNOWN = "unknown"  #: not known yet (a lag of seconds), or no longer (after about 24 hours)


@dataclass(frozen=True, slots=True)
class RemovalStatus:
    """A removal as one poll found it."""

    progress: Progress
    result_uuid: str | None = None  #: set when done
    failure: FailedError | None = None  #: set when the service gave a permanent no, in its own code and words


class _Result(Reply):
    file_id: Uuid


class _Details(Reply):
    code: str | None = None
    title: str | None = None


class _StatusReply(Reply):
    status: Progress


class _DoneReply(Reply):
    result: _Result


class _ErrorReply(Reply):
    details: _Details


class BatchReply(Reply):
    """``DELETE`` or ``PUT /files/storage/``; ``problems`` names the files that were not there any more."""

    problems: dict[str, str] = {}


def parse_removal_status(response: Response) -> RemovalStatus:
    """Read the answer to a poll from its raw JSON, because published models leave ``details`` out.

    Raises:
        UnreachableError: it is no status, or it says done and names no result.
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
    """A permanent no with the optional ``details: {code, title}`` that the service gave for it."""
    try:
        details = _ErrorReply.model_validate_json(response.body).details
    except ValidationError:
        details = _Details()
    reason = f": {details.title or details.code}" if details.title or details.code else ""
    return FailedError(details.code or "removal_failed", sentence + reason)
