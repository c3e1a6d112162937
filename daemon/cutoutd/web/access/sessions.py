"""The sessions of the page: one for each browser that opened the link, until it expires or all are ended.

The file holds hashes, so that a copy of it opens nothing. It survives a restart. Removing it ends all sessions, as
``cutoutd page --sign-out`` does.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cutoutd.core.atomic_write import replaced
from cutoutd.core.blocking import local_calls
from cutoutd.core.photo.longest_lead import DAY_S
from cutoutd.core.rights import read_own_file
from cutoutd.web.access.tokens import Tokens

SESSIONS_NAME = "page-sessions.json"

#: Two weeks. The link begins another session.
SESSION_S = 14 * DAY_S

#: The oldest session ends for one more.
_MAX_SESSIONS = 200
_MAX_FILE_BYTES = 100_000

#: A removed file is noticed within this time.
_LOOK_EVERY_S = 1.0

_RANDOM_BYTES = 32

_ENDS = TypeAdapter(dict[str, float])


class Sessions:
    """The sessions in force.

    Args:
        state_dir: the folder of the file.
        tokens: hash the sessions; another token ends them all.
        clock: Unix time.
    """

    def __init__(self, state_dir: Path, tokens: Tokens, clock: Callable[[], float] = time.time) -> None:
        self._file = state_dir / SESSIONS_NAME
        self._tokens = tokens
        self._clock = clock
        self._ends_at_s: dict[str, float] = {}
        self._seen: tuple[int, int] | None = None
        self._looked_at_s = float("-inf")

    async def start(self) -> str:
        """Return the value for the cookie of a new session."""
        value = secrets.token_urlsafe(_RANDOM_BYTES)
        await self._look()
        now_s = self._clock()
        kept = sorted(self._valid(now_s).items(), key=lambda end: end[1])[1 - _MAX_SESSIONS :]
        self._ends_at_s = dict(kept) | {self._tokens.hash_session(value): now_s + SESSION_S}
        await local_calls.run(self._write)
        return value

    async def is_valid(self, value: str) -> bool:
        """Return True if a cookie's value belongs to a session in force. Its hash is compared, not the value."""
        if not value:
            return False
        if time.monotonic() - self._looked_at_s >= _LOOK_EVERY_S:
            await self._look()
        return self._tokens.hash_session(value) in self._valid(self._clock())

    async def end_all(self) -> None:
        """End all sessions of all browsers."""
        self._ends_at_s = {}
        await local_calls.run(end_all_sessions, self._file.parent)

    def _valid(self, now_s: float) -> dict[str, float]:
        """Return the sessions in force. One that ends later than a new one would is of a clock that was wrong."""
        return {name: end_s for name, end_s in self._ends_at_s.items() if now_s < end_s <= now_s + SESSION_S}

    async def _look(self) -> None:
        await local_calls.run(self._read)
        self._looked_at_s = time.monotonic()

    def _read(self) -> None:
        """Take the file's sessions if it changed. A file that cannot be read ends them all."""
        if self._seen is not None and self._seen == self._present():
            return
        self._ends_at_s = {}
        with suppress(OSError, ValidationError):
            self._ends_at_s = _ENDS.validate_json(read_own_file(self._file, _MAX_FILE_BYTES))
        self._seen = self._present()

    def _write(self) -> None:
        with suppress(OSError):  # the session then lasts until the next look
            with replaced(self._file, mode=0o600) as file:
                file.write(_ENDS.dump_json(self._ends_at_s))
            self._seen = self._present()

    def _present(self) -> tuple[int, int] | None:
        try:
            status = self._file.lstat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns


def end_all_sessions(state_dir: Path) -> None:
    """Remove the file, so that every browser needs the link again. Blocking.

    Raises:
        OSError: it cannot be removed.
    """
    (state_dir / SESSIONS_NAME).unlink(missing_ok=True)
