"""The page's secret token: the private file that holds it, and the values that are derived from it.

The file is made at the first start. No log and no process list shows the token. It stands only in the link. Forms and
the page's host name hold derived values, which do not reveal the token. All comparisons take constant time.
"""

import hmac
import os
import secrets
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

from cutoutd.config.settings import CommonSettings
from cutoutd.core.atomic_write import replaced
from cutoutd.core.errors import PageError, PageRefusedError

TOKEN_NAME = "page-token"  # noqa: S105  the file's name

#: The number of random bytes. The link is for clicking, so it may be long.
_RANDOM_BYTES = 32
_MAX_BYTES = 4_096
_MIN_CHARACTERS = 16
_HOST_CHARACTERS = 12

_ALLOWED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")

_ALLOWED_USERS = "Use that user (sudo -u cutoutd cutoutd page) or root."
_MAKE_ONE = "Leave web.token_file out, and cutoutd makes one; or write one that no other user can read."


class Tokens:
    """Compares and derives values, without revealing the token.

    Args:
        token: the secret of the link.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        #: A host of the page's own on this machine, because browsers share cookies between all ports of one host.
        #: Nothing else knows the name, so no other port can be visited by it.
        self.host = f"cutoutd-{self._derive('host')[:_HOST_CHARACTERS]}.localhost"

    def is_token(self, text: str) -> bool:
        """Return True if the text is the link's token."""
        return hmac.compare_digest(text.encode(), self._token)

    def hash_session(self, value: str) -> str:
        """Return the form in which a session is stored."""
        return self._derive(f"session {value}")

    def form_of(self, session: str) -> str:
        """Return the value in the forms of a session, which no other site and no other session can know."""
        return self._derive(f"form {session}")

    def is_form(self, text: str, session: str) -> bool:
        """Return True if the text is the value in the forms of this session."""
        return hmac.compare_digest(text.encode(), self.form_of(session).encode())

    def sign(self, text: str) -> str:
        """Return the text for a cookie, signed, so that no other program can write it."""
        body = urlsafe_b64encode(text.encode()).decode()
        return f"{body}.{self._derive(body)}"

    def verify(self, signed: str) -> str:
        """Return the text that was signed; empty if the signature is not ours."""
        body, _, signature = signed.partition(".")
        if not hmac.compare_digest(signature.encode(), self._derive(body).encode()):
            return ""
        return urlsafe_b64decode(body).decode()

    def _derive(self, purpose: str) -> str:
        return hmac.new(self._token, b"cutoutd " + purpose.encode(), sha256).hexdigest()


def token_path(settings: CommonSettings) -> Path:
    """Return the path of the token's file."""
    return settings.web.token_file or settings.state_dir / TOKEN_NAME


def ensure_token(settings: CommonSettings) -> str:
    """Return the token. Make one if there is none and no file is configured. Blocking.

    The caller holds the ledger, so no other process makes one meanwhile.

    Raises:
        PageError: it cannot be read or made, or it is not secret.
    """
    path = token_path(settings)
    if settings.web.token_file is None and not path.exists():
        try:
            with replaced(path, mode=0o600) as file:
                file.write(f"{secrets.token_urlsafe(_RANDOM_BYTES)}\n".encode())
        except OSError as error:
            raise PageError(f"the page's token {path} cannot be written: {error.strerror}") from error
    return read_token(settings)


def read_token(settings: CommonSettings) -> str:
    """Return the token from the file. Blocking.

    Raises:
        PageRefusedError: this user may not read it.
        PageError: there is none, or it is not secret.
    """
    path = token_path(settings)
    try:
        # A file of our own is no link; one that the configuration names may be one, as secrets of containers are.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if settings.web.token_file else os.O_NOFOLLOW)
        with os.fdopen(os.open(path, flags), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_MAX_BYTES).decode("ascii", "replace").strip()
    except PermissionError as error:
        raise PageRefusedError(f"{path} belongs to the user that cutoutd runs as", advice=_ALLOWED_USERS) from error
    except OSError as error:
        raise PageError(f"the page's token {path} cannot be read: {error.strerror}", advice=_MAKE_ONE) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise PageError(f"everyone on this machine may read {path}", advice=f"Run: chmod o= {path}")
    if len(text) < _MIN_CHARACTERS or not set(text) <= _ALLOWED:
        raise PageError(f"{path} must hold one word of at least {_MIN_CHARACTERS} letters and digits", advice=_MAKE_ONE)
    return text
