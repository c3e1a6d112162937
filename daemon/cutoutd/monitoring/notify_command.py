"""Runs the user's notification command: what happened goes in as JSON, nothing that it does can hold up photos.

No shell, no secrets in its environment, a time limit. What it writes is for the log at debug.
"""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from cutoutd.core.logs import log_event
from cutoutd.monitoring.incidents import Incident

_TIME_LIMIT_S = 60.0
_END_WITHIN_S = 5.0
_PIECE_BYTES = 65_536
_KEPT_BYTES = 4_000

#: The secret key, and where systemd keeps it.
_SECRETS = frozenset({"UPLOADCARE_SECRET_KEY", "CREDENTIALS_DIRECTORY"})


class NotifyCommand:
    """Runs one command; that it fails is said once, until it went well again."""

    def __init__(self, command: Sequence[str], *, time_limit_s: float = _TIME_LIMIT_S) -> None:
        self._command = tuple(command)
        self._time_limit_s = time_limit_s
        self._has_failed = False

    async def send(self, incident: Incident, now_s: float) -> None:
        """Run the command with an incident on its standard input, to its end or the time limit. Raises nothing."""
        try:
            async with asyncio.timeout(self._time_limit_s):
                fault = await self._run(message_of(incident, now_s).encode())
        except TimeoutError:
            fault = f"it ran for more than {self._time_limit_s:g} s and was ended"
        except OSError as error:
            fault = f"it cannot be run: {error.strerror or error}"
        if fault and not self._has_failed:
            log_event("notify_failed", f"notify.command {self._command[0]}: {fault}", level=logging.WARNING)
        self._has_failed = fault is not None

    async def _run(self, message: bytes) -> str | None:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment(os.environ),
            start_new_session=True,
        )
        try:
            output = await _converse(process, message)
        except BaseException:
            await _end(process)
            raise
        log_event("notified", f"notify.command wrote: {output}", level=logging.DEBUG)
        return f"it ended with {process.returncode}" if process.returncode else None


def message_of(incident: Incident, now_s: float) -> str:
    """The documented JSON that the command reads."""
    return json.dumps(
        {
            "kind": incident.kind,
            "folder": incident.folder,
            "sentence": incident.sentence,
            "advice": incident.advice,
            "photos": incident.photos,
            "at": datetime.fromtimestamp(now_s, UTC).isoformat(timespec="seconds"),
        }
    )


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the command may know of cutoutd's own environment."""
    return {name: value for name, value in environ.items() if name not in _SECRETS}


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it and what it started. While any of them lives, nobody else can have the number of their group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_WITHIN_S):
            # What it wrote last: the pipe is closed when all of it is read.
            while process.stdout is not None and await process.stdout.read(_PIECE_BYTES):
                continue
            await process.wait()


async def _converse(process: asyncio.subprocess.Process, message: bytes) -> str:
    if process.stdin is None or process.stdout is None:
        return ""
    with suppress(ConnectionError):  # a command that does not read it
        process.stdin.write(message)
        await process.stdin.drain()
    process.stdin.close()
    output = b""
    while piece := await process.stdout.read(_PIECE_BYTES):
        output = (output + piece)[:_KEPT_BYTES]
    await process.wait()
    return output.decode(errors="replace").strip()
