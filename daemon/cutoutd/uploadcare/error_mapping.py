"""Uploadcare's refusals as errors of our tree: the one place that reads status codes and the service's own words.

Each function answers the error for an answer that is no success; the caller raises it. A refusal in words that are not
Uploadcare's (a proxy's page) is UnreachableError, whatever its status. Statuses and words: UPLOADCARE.md 2, 3 and 5.
"""

import json
import re
from http import HTTPStatus

import httpx2

from cutoutd.core.errors import (
    AccountBlockedError,
    AddonRefusedError,
    ClockWrongError,
    CutoutdError,
    DeliveryRefusedError,
    FailedError,
    HaltError,
    KeysRefusedError,
    RemovalLockedError,
    ThrottledError,
    UnreachableError,
    VersionRefusedError,
)
from cutoutd.uploadcare.responses import (
    LOGIN_PAGE_ADVICE,
    MAX_MESSAGE_CHARACTERS,
    Response,
    http_date_s,
    permanent_failure,
)

#: Uploadcare may leave Retry-After out (UPLOADCARE.md 3).
_DEFAULT_RETRY_AFTER_S = 30.0

#: Signatures are accepted within 15 minutes (UPLOADCARE.md 3); dates come in whole seconds, and answers take time.
_REFUSED_SKEW_S = 15 * 60.0 - 30.0

#: Below this a wrong clock is not worth a word.
_NOTABLE_SKEW_S = 120.0

#: Refusals of a launch that say nothing about the photo: keys, payment, version, time-out, throttle.
_NOT_ABOUT_THE_PHOTO = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}

#: How the Upload API speaks of keys and signatures, among its other reasons for the same statuses.
_KEYS_STATUSES = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_KEYS_WORDS = re.compile(r"signature|expire|PUB_KEY|marked as removed", re.IGNORECASE)

#: A locked upload has a removal running; it takes seconds, or is dead and stays locked for long.
_LOCK_LOOK_S = 60.0


def error_for(response: Response) -> CutoutdError:
    """The error for a refusal that blames no photo: what every REST call has in common."""
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(response)
    words = service_message(response)
    if words is None:
        return _unknown_response(response)
    said = f'{response.host} said {response.status}: "{words}"'
    match response.status:
        case HTTPStatus.UNAUTHORIZED:
            return _keys_refused(response, said)
        case HTTPStatus.PAYMENT_REQUIRED | HTTPStatus.FORBIDDEN:
            return AccountBlockedError(said)
        case HTTPStatus.NOT_ACCEPTABLE:
            return VersionRefusedError(said)
    return UnreachableError(said)


def launch_error_for(response: Response) -> CutoutdError:
    """The error for a refused launch; UnreachableError here means that the answer does not tell whether it was one."""
    words = service_message(response)
    if words is None or response.status in _NOT_ABOUT_THE_PHOTO or not httpx2.codes.is_client_error(response.status):
        return error_for(response)
    match response.status:
        case HTTPStatus.FORBIDDEN | HTTPStatus.NOT_FOUND:
            return AddonRefusedError(f'{response.host} said {response.status}: "{words}"')
        case HTTPStatus.CONFLICT:
            return RemovalLockedError(
                f'Uploadcare refused the removal: {response.status} "{words}"', retry_after_s=_LOCK_LOOK_S
            )
    return permanent_failure(response, f'Uploadcare refused the removal: {response.status} "{words}"')


def upload_error_for(response: Response) -> CutoutdError:
    """The error for a refused upload; the Upload API speaks plain text."""
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(response)
    if response.media_type != "text/plain" or not response.text:
        return _unknown_response(response)
    said = f'{response.host} said {response.status}: "{response.text}"'
    is_about_keys = response.status in _KEYS_STATUSES and _KEYS_WORDS.search(response.text)
    if response.status == HTTPStatus.UNAUTHORIZED or is_about_keys:
        return _keys_refused(response, said)
    match response.status:
        case HTTPStatus.PAYMENT_REQUIRED | HTTPStatus.FORBIDDEN if response.text != "Upload failed.":
            return AccountBlockedError(said)
        case HTTPStatus.BAD_REQUEST | HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return FailedError("upload_refused", f'Uploadcare refused the upload: {response.status} "{response.text}"')
    return UnreachableError(said)


def delivery_error_for(response: Response) -> CutoutdError:
    """The error for a cutout that the CDN does not hand out; a missing one (404, 410) is the caller's business."""
    match response.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _throttled(response)
        case HTTPStatus.PAYMENT_REQUIRED:
            return AccountBlockedError(f"{response.host} wants payment before it delivers (402)")
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return DeliveryRefusedError(f"{response.host} refused to deliver the cutout ({response.status})")
    return UnreachableError(f"{response.host} answered {response.status} instead of the cutout")


def service_message(response: Response) -> str | None:
    """What the service says is wrong: ``detail``, or a text for each faulty field; None if it is not the service's."""
    try:
        said = json.loads(response.body)
    except ValueError:
        return None
    if not isinstance(said, dict) or not said:
        return None
    parts = [_flat(value) if field == "detail" else f"{field}: {_flat(value)}" for field, value in said.items()]
    return "; ".join(parts)[:MAX_MESSAGE_CHARACTERS]


def _flat(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_flat(member) for member in value)
    return " ".join(str(value).split())


def _keys_refused(response: Response, said: str) -> HaltError:
    """A signature out of its time looks like a wrong key, so the clocks are compared before the key is blamed."""
    skew = clock_skew_sentence(response.clock_skew_s)
    if skew is None:
        return KeysRefusedError(said)
    if abs(response.clock_skew_s or 0.0) < _REFUSED_SKEW_S:
        return KeysRefusedError(f"{said}; {skew}, which it still accepts")
    return ClockWrongError(f"{skew}, and it refuses signatures from 15 minutes on; {said}")


def clock_skew_sentence(clock_skew_s: float | None) -> str | None:
    """How wrong this machine's clock is; None when it is near enough or nothing is known."""
    if clock_skew_s is None or abs(clock_skew_s) < _NOTABLE_SKEW_S:
        return None
    direction = "ahead of" if clock_skew_s > 0 else "behind"
    return f"this machine's clock is {abs(clock_skew_s) / 60:.0f} minutes {direction} Uploadcare's"


def _throttled(response: Response) -> ThrottledError:
    """429 counts as Uploadcare's whatever its body: the limiter in front of it answers too."""
    retry_after_s = _retry_after_s(response)
    sentence = f"{response.host} asks for {retry_after_s:g} s of patience"
    return ThrottledError(sentence, retry_after_s=retry_after_s)


def _retry_after_s(response: Response) -> float:
    wish = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", wish):
        return float(wish)
    resume_at_s = http_date_s(wish)
    if resume_at_s is not None:
        served_at_s = response.received_at_s - (response.clock_skew_s or 0.0)
        return max(0.0, resume_at_s - served_at_s)
    expected = re.search(r"available in (\d{1,9}) second", response.text)
    return float(expected[1]) if expected else _DEFAULT_RETRY_AFTER_S


def _unknown_response(response: Response) -> UnreachableError:
    """An answer that Uploadcare did not give, or that tells of trouble at its side."""
    if httpx2.codes.is_server_error(response.status):
        return UnreachableError(f"{response.host} is in trouble: it answered {response.status}")
    kind = response.media_type or "an unnamed type"
    return UnreachableError(
        f"{response.host} answered {response.status} with {kind} that is not Uploadcare's", advice=LOGIN_PAGE_ADVICE
    )
