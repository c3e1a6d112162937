"""The notification command: what it gets, what it must not get, and that it can hold up nobody."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.config.types.choices import NotifyReason
from cutoutd.monitoring.incidents import Incident
from cutoutd.monitoring.notify_command import NotifyCommand, environment, message_of
from support.processes.daemon_process import eventually

HALT = Incident(NotifyReason.HALT, "refused: “no”", "look", 3)


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def send(messenger: NotifyCommand, times: int = 1) -> None:
    async def scene() -> None:
        for _ in range(times):
            await messenger.send(HALT, 0.0)

    asyncio.run(scene())


def test_an_incident_arrives_as_json(tmp_path: Path) -> None:
    """On standard input, whole, with the documented keys."""
    send(NotifyCommand(python(f"import sys; open({str(tmp_path / 'told')!r}, 'w').write(sys.stdin.read())")))
    told = json.loads((tmp_path / "told").read_text())
    assert told == json.loads(message_of(HALT, 0.0))
    assert told == {
        "kind": "halt",
        "folder": None,
        "sentence": "refused: “no”",
        "advice": "look",
        "photos": 3,
        "at": "1970-01-01T00:00:00+00:00",
    }


def test_foreign_words_arrive_escaped() -> None:
    """The command may put them into a mail or on a terminal, so no name adds a header or a colour."""
    evil = "a\x1b[31m\r\nBcc: all@example.com\u202e.jpg"
    told = json.loads(message_of(replace(HALT, sentence=evil, advice=evil), 0.0))
    assert told["sentence"].isprintable()
    assert told["advice"].isprintable()
    assert "Bcc" in told["sentence"]


def test_secrets_stay_here() -> None:
    """Neither the key nor the place where systemd keeps it is in the command's environment; the rest is."""
    secrets = {"UPLOADCARE_SECRET_KEY": "hush", "CREDENTIALS_DIRECTORY": "/run/credentials"}
    assert environment({**secrets, "PATH": "/bin"}) == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("command", "time_limit_s", "reason"),
    [
        (["/nowhere/at/all"], 60.0, "it cannot be run: No such file or directory"),
        (python("raise SystemExit(3)"), 60.0, "it ended with 3"),
        (python("import time; time.sleep(600)"), 1.0, "it ran for more than 1 s and was ended"),
        (python("while True: print('x' * 65536)"), 1.0, "it ran for more than 1 s and was ended"),
    ],
    ids=["missing", "failing", "hanging", "talkative"],
)
def test_a_command_that_fails_is_told_once(
    caplog: pytest.LogCaptureFixture, command: list[str], time_limit_s: float, reason: str
) -> None:
    """However often it fails, it is said once, with the reason; nothing is raised."""
    send(NotifyCommand(command, time_limit_s=time_limit_s), times=2)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].endswith(reason)


def test_nobody_is_left_behind(tmp_path: Path) -> None:
    """What the command started and did not wait for is ended with it, and cannot hold it up beyond its limit."""
    (tmp_path / "tell").write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path / 'pid'}\n")
    (tmp_path / "tell").chmod(0o700)
    send(NotifyCommand([str(tmp_path / "tell")], time_limit_s=3.0))
    status = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/status")
    eventually(lambda: not status.exists() or "State:\tZ" in status.read_text())
