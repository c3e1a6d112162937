"""The mapping from Uploadcare's error responses to our errors.

This is the one module that reads status codes and the service's own messages. Each function returns the error, and the
caller raises it. A response that is not Uploadcare's, such as a proxy's page, becomes UnreachableError. Statuses and
messages: docs/uploadcare.md 2, 3 and 5.
"""

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
    RefusableRequest,
    RemovalLockedError,
    ThrottledError,
    UnreachableError,
    UploadsRefusedError,
    VersionRefusedError,
)
from cutoutd.uploadcare.bounded_json import read_json
from cutoutd.uploadcare.responses import LOGIN_PAGE_ADVICE, Response, http_date_s, permanent_failure, shown

#: Used if a response has no Retry-After (docs/uploadcare.md 3).
_DEFAULT_RETRY_AFTER_S = 30.0

#: The longest pause that is kept and said; a request after it finds out if the service wants more.
MAX_RETRY_AFTER_S = 3600.0

#: Digits enough to see that a number of seconds is beyond that.
_MAX_DIGITS = 12

#: Uploadcare accepts signatures within 15 minutes (docs/uploadcare.md 3). The margin covers rounding and slow replies.
_REFUSED_SKEW_S = 15 * 60.0 - 30.0

#: A smaller difference of the clocks is not mentioned.
_NOTABLE_SKEW_S = 120.0

#: Statuses of a refused launch that do not concern the photo: keys, payment, version, time-out, throttle.
_NOT_ABOUT_THE_PHOTO = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}

#: A gateway says so that it got no answer in time; the service may get the request all the same. Those from 520 on are
#: the own words of some gateways for that.
_GAVE_UP = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
_FIRST_GATEWAY_OWN = 520

#: The Upload API's messages about keys and signatures; other reasons share these statuses.
_KEYS_STATUSES = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_KEYS_MESSAGE = re.compile(r"signature|expire|PUB_KEY|marked as removed", re.IGNORECASE)

#: The Upload API's messages about the account, and the one about the types of files that the project accepts. Any other
#: 400 is about the photo; a 403 may be about either.
_ACCOUNT_MESSAGE = re.compile(r"\baccount\b|\bpaid\b|payment|limits", re.IGNORECASE)
_TYPES_MESSAGE = re.compile(r"file types?\b.*\b(not allowed|forbidden)", re.IGNORECASE)

#: The wait before the next try on a locked upload. Its removal takes seconds, or has died and keeps the lock for long.
_LOCK_RETRY_S = 60.0


def error_for(response: Response) -> CutoutdError:
    """Return the error for an error response of any REST call; no photo is to blame."""
    return _on(RefusableRequest.QUESTION, _error_for(response))


def _error_for(response: Response) -> CutoutdError:
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(response)
    message = service_message(response)
    if message is None:
        return _unknown_response(response)
    quote = f'{response.host} said {response.status}: "{message}"'
    match response.status:
        case HTTPStatus.UNAUTHORIZED:
            return _keys_refused(response, quote)
        case HTTPStatus.PAYMENT_REQUIRED | HTTPStatus.FORBIDDEN:
            return AccountBlockedError(quote)
        case HTTPStatus.NOT_ACCEPTABLE:
            return VersionRefusedError(quote)
    return UnreachableError(quote)


def is_answer(response: Response) -> bool:
    """Return True if Uploadcare answered a question, also with a no about what was asked for."""
    if response.is_success:
        return True
    is_no = response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
    return is_no and service_message(response) is not None


def require_success(response: Response) -> Response:
    """Return the response if it reports success.

    Raises:
        CutoutdError: the error that ``error_for`` returns.
    """
    if not response.is_success:
        raise error_for(response)
    return response


def launch_error_for(response: Response) -> CutoutdError:
    """Return the error for a refused launch; UnreachableError means that the outcome is unknown."""
    return _on(RefusableRequest.LAUNCH, _launch_error_for(response))


def _launch_error_for(response: Response) -> CutoutdError:
    message = service_message(response)
    if message is None or response.status in _NOT_ABOUT_THE_PHOTO or not httpx2.codes.is_client_error(response.status):
        return _error_for(response)
    match response.status:
        case HTTPStatus.FORBIDDEN | HTTPStatus.NOT_FOUND:
            return AddonRefusedError(f'{response.host} said {response.status}: "{message}"')
        case HTTPStatus.CONFLICT:
            return RemovalLockedError(
                f'Uploadcare refused the removal: {response.status} "{message}"', retry_after_s=_LOCK_RETRY_S
            )
    return permanent_failure(response, f'Uploadcare refused the removal: {response.status} "{message}"')


def may_come_late(head: Response | None) -> bool:
    """Return True if a gateway may still hold a call with this answer, or none, and deliver it later."""
    return head is None or head.status in _GAVE_UP or head.status >= _FIRST_GATEWAY_OWN


def upload_error_for(response: Response) -> CutoutdError:
    """Return the error for a refused upload; the Upload API replies in plain text."""
    return _on(RefusableRequest.UPLOAD, _upload_error_for(response))


def _upload_error_for(response: Response) -> CutoutdError:
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(response)
    if response.media_type != "text/plain" or not response.text:
        return _unknown_response(response)
    quote = f'{response.host} said {response.status}: "{response.text}"'
    is_about_keys = response.status in _KEYS_STATUSES and _KEYS_MESSAGE.search(response.text)
    if response.status == HTTPStatus.UNAUTHORIZED or is_about_keys:
        return _keys_refused(response, quote)
    return _no_to_upload(response, quote)


def _no_to_upload(response: Response, quote: str) -> CutoutdError:
    """Return the error for a refused upload with a message that is not about keys."""
    match response.status:
        case HTTPStatus.PAYMENT_REQUIRED:
            return AccountBlockedError(quote)
        case HTTPStatus.FORBIDDEN if response.text != "Upload failed.":
            is_about_account = _ACCOUNT_MESSAGE.search(response.text)
            return AccountBlockedError(quote) if is_about_account else UploadsRefusedError(quote)
        case HTTPStatus.BAD_REQUEST if _TYPES_MESSAGE.search(response.text):
            return UploadsRefusedError(quote)
        case HTTPStatus.BAD_REQUEST | HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return FailedError("upload_refused", f'Uploadcare refused the upload: {response.status} "{response.text}"')
    return UnreachableError(quote)


def delivery_error_for(response: Response) -> CutoutdError:
    """Return the error for a cutout that the CDN does not deliver; the caller handles a missing file (404, 410)."""
    return _on(RefusableRequest.DOWNLOAD, _delivery_error_for(response))


def _delivery_error_for(response: Response) -> CutoutdError:
    match response.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _throttled(response)
        case HTTPStatus.PAYMENT_REQUIRED:
            return AccountBlockedError(f"{response.host} wants payment before it delivers (402)")
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return DeliveryRefusedError(f"{response.host} refused to deliver the cutout ({response.status})")
    return UnreachableError(f"{response.host} answered {response.status} instead of the cutout")


def service_message(response: Response) -> str | None:
    """Return the service's message, or None if the body is not the service's.

    The message is ``detail``, or texts for each faulty field.
    """
    try:
        fields = read_json(response.body)
    except ValueError:
        return None
    if not isinstance(fields, dict) or not fields:
        return None
    texts = {name: _flat(value) for name, value in fields.items()}
    parts = [text if name == "detail" else f"{name}: {text}" for name, text in texts.items()]
    return shown("; ".join(parts)) if any(texts.values()) else None


def _on(request: RefusableRequest, error: CutoutdError) -> CutoutdError:
    """Return the error; a halt begins with this kind of request, and the next accepted one of it ends the halt."""
    return error.on(request) if isinstance(error, HaltError) else error


def _flat(value: object) -> str:
    """Return a field's text or texts as one; ``read_json`` has bounded their depth."""
    if isinstance(value, list):
        return " ".join(_flat(member) for member in value)
    return str(value)


def _keys_refused(response: Response, quote: str) -> HaltError:
    """Return the error for refused keys, after a comparison of the clocks.

    An expired signature gets the same status as a wrong key, so a wrong clock is named first.
    """
    skew = clock_skew_sentence(response.clock_skew_s)
    if skew is None:
        return KeysRefusedError(quote)
    if abs(response.clock_skew_s or 0.0) < _REFUSED_SKEW_S:
        return KeysRefusedError(f"{quote}; {skew}, which it still accepts")
    return ClockWrongError(f"{skew}, and it refuses signatures from 15 minutes on; {quote}")


def clock_skew_sentence(clock_skew_s: float | None) -> str | None:
    """Return a sentence about this machine's wrong clock, or None if it is nearly right or nothing is known."""
    if clock_skew_s is None or abs(clock_skew_s) < _NOTABLE_SKEW_S:
        return None
    direction = "ahead of" if clock_skew_s > 0 else "behind"
    return f"this machine's clock is {abs(clock_skew_s) / 60:.0f} minutes {direction} Uploadcare's"


def _throttled(response: Response) -> ThrottledError:
    """Return the error for a 429, whatever its body, because the limiter in front of Uploadcare replies as well."""
    asked_s = _retry_after_s(response)
    retry_after_s = min(asked_s, MAX_RETRY_AFTER_S)
    more = "" if retry_after_s == asked_s else "more than "
    return ThrottledError(
        f"{response.host} asks for {more}{retry_after_s:.0f} s of patience", retry_after_s=retry_after_s
    )


def _retry_after_s(response: Response) -> float:
    header = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+", header, re.ASCII):
        return float(header[:_MAX_DIGITS])
    retry_at_s = http_date_s(header)
    if retry_at_s is not None:
        server_now_s = response.received_at_s - (response.clock_skew_s or 0.0)
        return max(0.0, retry_at_s - server_now_s)
    expected = re.search(r"available in ([0-9]{1,9}) second", response.text)
    return float(expected[1]) if expected else _DEFAULT_RETRY_AFTER_S


def _unknown_response(response: Response) -> UnreachableError:
    """Return the error for a response that Uploadcare did not give, or that reports trouble on its side."""
    if httpx2.codes.is_server_error(response.status):
        return UnreachableError(f"{response.host} is in trouble: it answered {response.status}")
    media_type = response.media_type or "an unnamed type"
    return UnreachableError(
        f"{response.host} answered {response.status} with {media_type} that is not Uploadcare's",
        advice=LOGIN_PAGE_ADVICE,
    )
