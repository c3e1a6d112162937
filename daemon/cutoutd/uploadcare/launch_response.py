"""The answer to the one call that costs money, read for all it is worth: also what is left of one that was spoilt."""

from pydantic import ValidationError

from cutoutd.uploadcare.error_mapping import launch_error_for
from cutoutd.uploadcare.responses import MAX_MESSAGE_CHARACTERS, LaunchReply, Response, parse

_REQUEST_ID_HEADER = "X-Uploadcare-Request-Id"


def parse_launch(response: Response) -> str:
    """The removal that was launched.

    Raises:
        UnreachableError: the answer does not tell whether one was.
        CutoutdError: it was refused, as ``launch_refusal`` says.
    """
    if not response.is_success:
        raise launch_error_for(response)
    return parse(LaunchReply, response).request_id


def request_id_in(heading: Response) -> str | None:
    """The removal that was launched, from the header that repeats it (UPLOADCARE.md 5), where the body was spoilt."""
    if not heading.is_success:
        return None
    try:
        return LaunchReply.model_validate({"request_id": heading.headers.get(_REQUEST_ID_HEADER)}).request_id
    except ValidationError:
        return None


def trace_note(heading: Response | None) -> str:
    """What support at Uploadcare can find a lost call by."""
    if heading is None:
        return ""
    trace = heading.headers.get(_REQUEST_ID_HEADER)
    return (
        f" (HTTP {heading.status}, {_REQUEST_ID_HEADER} {trace[:MAX_MESSAGE_CHARACTERS]})"
        if trace
        else f" (HTTP {heading.status})"
    )
