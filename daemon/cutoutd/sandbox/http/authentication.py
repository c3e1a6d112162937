"""Authentication of requests: REST signatures, the ``Accept`` header, and upload signatures.

The checks follow the published description. They use none of pyuploadcare's code, because else a mistake of that client
would cancel itself out.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from starlette.requests import Request

from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.http.responses import REST_TYPE, HttpRefusal

DATE_WINDOW = timedelta(minutes=15)  # Uploadcare's OpenAPI description: "MUST NOT exceed the 15-minute offset"
WRONG_ACCEPT = "Incorrect Accept header provided. Make sure to specify API version. Refer to REST API docs for details."
WRONG_CREDENTIALS = "Incorrect authentication credentials."
WRONG_SIGNATURE = "Invalid signature. Please check your Secret key."


@dataclass(frozen=True, slots=True)
class Keys:
    """The project's pair of keys."""

    public: str
    secret: str


class RestAuthentication:
    """The check of REST requests: they name the API version and prove that they know the secret key."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def admit(self, request: Request) -> None:
        """Raise ``HttpRefusal`` (406, 401) unless the request may pass.

        The whole body is read, because it is part of the signature. The service forbids ``Uploadcare.Simple`` over
        plain HTTP; the sandbox allows it, because it listens on loopback.
        """
        if REST_TYPE not in (part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")):
            raise HttpRefusal(406, WRONG_ACCEPT)
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        public, colon, proof = credentials.strip().partition(":")
        if scheme not in {"Uploadcare", "Uploadcare.Simple"} or not colon:
            raise HttpRefusal(401, WRONG_CREDENTIALS)
        if public != self._keys.public:
            raise HttpRefusal(401, f"Public key {public} not found.")
        if scheme == "Uploadcare.Simple":
            self._require_secret(proof)
        else:
            await self._require_signature(request, proof)

    def _require_secret(self, proof: str) -> None:
        if not hmac.compare_digest(proof.encode(), self._keys.secret.encode()):
            raise HttpRefusal(401, "Secret key not found.")

    async def _require_signature(self, request: Request, proof: str) -> None:
        date = request.headers.get("x-uploadcare-date") or request.headers.get("date", "")
        self._require_recent(date)
        query = request.scope["query_string"]
        uri = request.scope["raw_path"].decode() + (f"?{query.decode()}" if query else "")
        body_md5 = hashlib.md5(await request.body(), usedforsecurity=False).hexdigest()
        signed = "\n".join((request.method, body_md5, request.headers.get("content-type", ""), date, uri))
        expected = hmac.new(self._keys.secret.encode(), signed.encode(), "sha1").hexdigest()
        if not hmac.compare_digest(expected.encode(), proof.encode()):
            raise HttpRefusal(401, WRONG_SIGNATURE)

    def _require_recent(self, date: str) -> None:
        """Refuse an old date. The service's sentence for it is unknown; of its four, this one fits a date."""
        moment = read_date(date)
        if moment is None or abs(self._clock.now() - moment) > DATE_WINDOW:
            raise HttpRefusal(401, WRONG_CREDENTIALS)


def read_date(text: str) -> datetime | None:
    """Read an RFC 2822 date in GMT, or return None; pyuploadcare's comma after the year is allowed."""
    weekday, _, rest = text.partition(",")
    try:
        moment = parsedate_to_datetime(f"{weekday},{rest.replace(',', '')}")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


class UploadAuthentication:
    """The check of upload forms: the public key, and the signature if it is given or required."""

    def __init__(self, keys: Keys, clock: Clock, *, is_signature_required: bool) -> None:
        self._keys = keys
        self._clock = clock
        self._is_signature_required = is_signature_required

    def require_key(self, public: str | None, field: str) -> None:
        """Raise ``HttpRefusal`` (403) unless the form field holds the project's public key."""
        if not public:
            raise HttpRefusal(403, f"{field} is required.", code="ProjectPublicKeyRequiredError")
        if public != self._keys.public:
            raise HttpRefusal(403, f"{field} is invalid.", code="ProjectPublicKeyInvalidError")

    def require_signature(self, signature: str | None, expire: str | None) -> None:
        """Raise ``HttpRefusal`` (400, 403) unless both are right and in time, or absent and not required."""
        if not (signature or expire or self._is_signature_required):
            return
        if not signature:
            raise HttpRefusal(400, "`signature` is required.", code="SignatureRequiredError")
        if not expire:
            raise HttpRefusal(400, "`expire` is required.", code="SignatureExpirationRequiredError")
        if not expire.isdecimal():
            raise HttpRefusal(400, "`expire` must be a UNIX timestamp.", code="SignatureExpirationInvalidError")
        if int(expire) < self._clock.now().timestamp():
            raise HttpRefusal(403, "Expired signature.", code="SignatureExpirationError")
        expected = hmac.new(self._keys.secret.encode(), expire.encode(), "sha256").hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise HttpRefusal(403, "Invalid signature.", code="SignatureInvalidError")
