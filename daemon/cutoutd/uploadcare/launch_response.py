"""The response to the one call that costs money, also if only its head arrived."""

from pydantic import ValidationError

from cutoutd.uploadcare.error_mapping import launch_error_for
from cutoutd.uploadcare.responses import MAX_MESSAGE_CHARACTERS, LaunchReply, Response, parse

_REQUEST_ID_HEADER = "X-Uploadcare-Request-Id"


def parse_launch(response: Response) -> str:
    """Return the ``request_id`` of the launched removal.

    Raises:
        UnreachableError: the response does not tell if a removal was launched.
        CutoutdError: the launch was refused; ``launch_error_for`` maps the reason.
    """
    if not response.is_success:
        raise launch_error_for(response)
    return parse(LaunchReply, response).request_id


def request_id_in(head: Response) -> str | None:
    """Return the ``request_id`` from the header that repeats it (docs/uploadcare.md 5), or None.

    The header serves if the body did not arrive whole.
    """
    if not head.is_success:
        return None
    try:
        return LaunchReply.model_validate({"request_id": head.headers.get(_REQUEST_ID_HEADER)}).request_id
    except ValidationError:
        return None


def trace_note(head: Response | None) -> str:
    """Return the identifiers by which Uploadcare's support can find a lost call, or an empty text."""
    if head is None:
        return ""
    trace = head.headers.get(_REQUEST_ID_HEADER)
    return (
        f" (HTTP {head.status}, {_REQUEST_ID_HEADER} {trace[:MAX_MESSAGE_CHARACTERS]})"
        if trace
        else f" (HTTP {head.status})"
    )
