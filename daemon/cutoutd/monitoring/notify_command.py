"""The user's notification command. It gets the incident as JSON and can never hold up photos.

It runs without a shell, without secrets in its environment, and with a time limit. Its output goes to the debug log.
"""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from cutoutd.core.logs import log_event, printable
from cutoutd.monitoring.incidents import Incident

_TIME_LIMIT_S = 60.0
_KILL_TIMEOUT_S = 5.0
_CHUNK_BYTES = 65_536
_MAX_OUTPUT_BYTES = 4_000

#: The secret key, and the folder in which systemd keeps it.
_SECRETS = frozenset({"UPLOADCARE_SECRET_KEY", "CREDENTIALS_DIRECTORY"})


class NotifyCommand:
    """Runs one command. A failure is logged once, and again only after a success."""

    def __init__(self, command: Sequence[str], *, time_limit_s: float = _TIME_LIMIT_S) -> None:
        self._command = tuple(command)
        self._time_limit_s = time_limit_s
        self._has_failed = False

    async def send(self, incident: Incident, now_s: float) -> None:
        """Run the command with an incident on its standard input, up to the time limit. Never raises."""
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
            await _kill(process)
            raise
        log_event("notified", f"notify.command wrote: {output}", level=logging.DEBUG)
        return f"it ended with {process.returncode}" if process.returncode else None


def message_of(incident: Incident, now_s: float) -> str:
    """Return the documented JSON that the command reads.

    Foreign words are escaped, because they may become the subject of a mail.
    """
    return json.dumps(
        {
            "kind": incident.kind,
            "folder": incident.folder,
            "sentence": printable(incident.sentence),
            "advice": printable(incident.advice),
            "photos": incident.photos,
            "at": datetime.fromtimestamp(now_s, UTC).isoformat(timespec="seconds"),
        }
    )


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return cutoutd's environment without its secrets."""
    return {name: value for name, value in environ.items() if name not in _SECRETS}


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill the command and its children. The group's number cannot be reused while one of them lives."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_KILL_TIMEOUT_S):
            # Read the rest of the output, because the pipe closes only then.
            while process.stdout is not None and await process.stdout.read(_CHUNK_BYTES):
                continue
            await process.wait()


async def _converse(process: asyncio.subprocess.Process, message: bytes) -> str:
    if process.stdin is None or process.stdout is None:
        return ""
    with suppress(ConnectionError):  # the command may not read its input
        process.stdin.write(message)
        await process.stdin.drain()
    process.stdin.close()
    output = b""
    while piece := await process.stdout.read(_CHUNK_BYTES):
        output = (output + piece)[:_MAX_OUTPUT_BYTES]
    await process.wait()
    return output.decode(errors="replace").strip()
