"""Log lines: for people on a terminal, for machines in a journal, and never obeying what a file is called."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cutoutd.logs import printable, say, say_fault, set_up_logs
from ledgers import identity
from sandbox_process import SOURCE_ROOT

PHOTO = identity("sub/a.jpg")


@pytest.fixture(autouse=True)
def restored_logger() -> Iterator[None]:
    """The logger is the process's own; other tests listen to it as well."""
    logger = logging.getLogger("cutoutd")
    before = (logger.handlers, logger.propagate, logger.level)
    yield
    logger.handlers, logger.propagate, logger.level = before


def lines_of(log_format: str, level: str = "info") -> list[str]:
    """Everything said from here on."""
    lines: list[str] = []
    set_up_logs(level, log_format, lines.append)
    return lines


def test_text_is_one_sentence_with_its_photo() -> None:
    """Time, the photo, the sentence; a warning says that it is one."""
    lines = lines_of("text")
    say("published", "published as a.png", about=PHOTO)
    say("rejected", "rejected: it is empty", about=PHOTO, level=logging.WARNING)
    say("started", "watching 2 folders")
    assert [line.partition(" ")[2] for line in lines] == [
        "products/sub/a.jpg: published as a.png",
        "WARNING: products/sub/a.jpg: rejected: it is empty",
        "watching 2 folders",
    ]


def test_json_has_a_stable_shape() -> None:
    """One object per line: at, level, action, folder and path where there is a photo, message."""
    lines = lines_of("json")
    say("published", "published as a.png", about=PHOTO)
    say("halted", "keys refused", level=logging.ERROR)
    first, second = map(json.loads, lines)
    assert first.pop("at").endswith("+00:00")
    assert first == {
        "level": "info",
        "action": "published",
        "folder": "products",
        "path": "sub/a.jpg",
        "message": "published as a.png",
    }
    assert set(second) == {"at", "level", "action", "message"}


@pytest.mark.parametrize("name", ["a\nb.jpg", "\x1b[31mred.jpg", "\udcff.jpg", "\u202egpj.exe", "\x00"])
def test_a_name_cannot_write_lines_of_its_own(name: str) -> None:
    """Line feeds, terminal commands, writing direction and undecodable bytes in a name are spelled out."""
    for log_format in ("text", "json"):
        lines = lines_of(log_format)
        say("rejected", f"{name} is empty", about=identity(name))
        (line,) = lines
        assert line.isprintable()
        line.encode()
    assert printable("ä 🦊 a.jpg") == "ä 🦊 a.jpg"


def break_down() -> None:
    raise ValueError("broken \x1b[31m")


def test_a_fault_brings_its_trace() -> None:
    """A fault in cutoutd itself is told with where it happened, in one object or in readable lines."""
    with pytest.raises(ValueError, match="broken") as caught:
        break_down()
    fault = caught.value
    lines = lines_of("json")
    say_fault("internal_fault", "a fault", fault, about=PHOTO)
    told = json.loads(lines[0])
    assert (told["level"], told["action"], told["path"]) == ("error", "internal_fault", "sub/a.jpg")
    assert "in break_down" in told["trace"]
    lines = lines_of("text")
    say_fault("internal_fault", "a fault", fault)
    first, *trace = lines[0].split("\n")
    assert first.endswith("ERROR: a fault")
    assert all(line.isprintable() for line in trace)
    assert trace[-1] == "ValueError: broken \\x1b[31m"


def test_levels_are_kept() -> None:
    """Only what is at least as important as wished is said."""
    lines = lines_of("text", level="warning")
    say("published", "published")
    say("rejected", "rejected", level=logging.WARNING)
    assert len(lines) == 1


def test_auto_is_json_under_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Systemd names the journal in JOURNAL_STREAM; elsewhere lines are for people."""
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    at_hand = lines_of("auto")
    say("started", "hello")
    monkeypatch.setenv("JOURNAL_STREAM", "8:1234")
    in_journal = lines_of("auto")
    say("started", "hello")
    assert at_hand[0].endswith(" hello")
    assert json.loads(in_journal[0])["message"] == "hello"


def test_libraries_that_write_headers_are_quiet() -> None:
    """No level of ours makes the HTTP libraries write requests, which hold signatures."""
    lines_of("text", level="debug")
    for name in ("httpx2", "httpcore2", "pyuploadcare"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_line_reaches_a_pipe(encoding: str) -> None:
    """Whatever standard output can encode, no line is lost to a name it cannot."""
    program = (
        "from cutoutd.logs import say, say_fault, set_up_logs\n"
        "set_up_logs('info', 'text')\n"
        "say('a', 'ä 🦊 \\udcff')\n"
        "say_fault('b', 'fault', ValueError('\\udcff'))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE_ROOT), "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert done.stderr == b""
    first, second, *_ = done.stdout.decode(encoding).splitlines()
    assert first.endswith("\\udcff")
    assert second.endswith("ERROR: fault")
