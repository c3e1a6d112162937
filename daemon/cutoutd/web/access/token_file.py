"""Where the page's token is kept: a private file, made at the first start. It is in no log and no process list."""

import os
import secrets
import stat
from pathlib import Path

from cutoutd.config.settings import CommonSettings
from cutoutd.core.atomic_write import replaced
from cutoutd.core.errors import PageError, PageRefusedError

TOKEN_NAME = "page-token"  # noqa: S105  the file's name

#: As random as 32 bytes are; the link is made for clicking, not for typing.
_BYTES = 32
_MOST_BYTES = 4_096
_SHORTEST = 16


def place_of(settings: CommonSettings) -> Path:
    """Where the token is."""
    return settings.web.token_file or settings.state_dir / TOKEN_NAME


def token_for(settings: CommonSettings) -> str:
    """The token; made now if cutoutd keeps it itself and there is none yet. The caller holds the ledger. Blocking.

    Raises:
        PageError: it cannot be read, cannot be made, or is no secret.
    """
    place = place_of(settings)
    if settings.web.token_file is None and not place.exists():
        try:
            with replaced(place, mode=0o600) as file:
                file.write(f"{secrets.token_urlsafe(_BYTES)}\n".encode())
        except OSError as error:
            raise PageError(f"the page's token {place} cannot be written: {error.strerror}") from error
    return read_token(settings)


def read_token(settings: CommonSettings) -> str:
    """The token as it stands. Blocking.

    Raises:
        PageRefusedError: this user may not read it.
        PageError: there is none, or it is no secret.
    """
    place = place_of(settings)
    try:
        with place.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_MOST_BYTES).decode("ascii", "replace").strip()
    except PermissionError as error:
        raise PageRefusedError(f"{place} belongs to the user that cutoutd runs as", advice=_WHO_MAY) from error
    except OSError as error:
        raise PageError(f"the page's token {place} cannot be read: {error.strerror}", advice=_MAKE_ONE) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise PageError(f"everyone on this machine may read {place}", advice=f"Run: chmod o= {place}")
    if len(text) < _SHORTEST or not set(text) <= _ALLOWED:
        raise PageError(f"{place} must hold one word of at least {_SHORTEST} letters and digits", advice=_MAKE_ONE)
    return text


_ALLOWED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")

_WHO_MAY = "Use that user (sudo -u cutoutd cutoutd page) or root."
_MAKE_ONE = "Leave web.token_file out, and cutoutd makes one; or write one, readable by nobody else."
