"""The private file of the page's token, made at the first start. No log and no process list shows the token."""

import os
import secrets
import stat
from pathlib import Path

from cutoutd.config.settings import CommonSettings
from cutoutd.core.atomic_write import replaced
from cutoutd.core.errors import PageError, PageRefusedError

TOKEN_NAME = "page-token"  # noqa: S105  the file's name

#: The number of random bytes. The link is for clicking, so it may be long.
_RANDOM_BYTES = 32
_MAX_BYTES = 4_096
_MIN_CHARACTERS = 16


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
        with path.open("rb") as file:
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


_ALLOWED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")

_ALLOWED_USERS = "Use that user (sudo -u cutoutd cutoutd page) or root."
_MAKE_ONE = "Leave web.token_file out, and cutoutd makes one; or write one that no other user can read."
