"""Log lines: for people on a terminal, for machines in a journal, and never obeying what a file is called."""

import json
import logging
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.logs import configure_logging, log_event, log_fault, printable, register_secret
from cutoutd.core.logs.deduplication import Deduplicator
from cutoutd.core.logs.formatters import format_text, supports_colour
from cutoutd.core.logs.record import LogLine
from support.ledgers import identity
from support.processes.sandbox_process import SOURCE_ROOT

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
    configure_logging(level, log_format, lines.append)
    return lines


def test_text_is_one_sentence_with_its_photo() -> None:
    """Time, the photo, the sentence; a warning says that it is one."""
    lines = lines_of("text")
    log_event("published", "published as a.png", about=PHOTO)
    log_event("rejected", "rejected: it is empty", about=PHOTO, level=logging.WARNING)
    log_event("started", "watching 2 folders")
    assert [line.partition(" ")[2] for line in lines] == [
        "products/sub/a.jpg: published as a.png",
        "WARNING: products/sub/a.jpg: rejected: it is empty",
        "watching 2 folders",
    ]


def test_json_has_a_stable_shape() -> None:
    """One object per line: at, level, action, folder and path where there is a photo, message."""
    lines = lines_of("json")
    log_event("published", "published as a.png", about=PHOTO)
    log_event("halted", "keys refused", level=logging.ERROR)
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
        log_event("rejected", f"{name} is empty", about=identity(name))
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
    log_fault("internal_fault", "a fault", fault, about=PHOTO)
    told = json.loads(lines[0])
    assert (told["level"], told["action"], told["path"]) == ("error", "internal_fault", "sub/a.jpg")
    assert "in break_down" in told["trace"]
    lines = lines_of("text")
    log_fault("internal_fault", "a fault", fault)
    first, *trace = lines[0].split("\n")
    assert first.endswith("ERROR: a fault")
    assert all(line.isprintable() for line in trace)
    assert trace[-1] == "ValueError: broken \\x1b[31m"


def test_levels_are_kept() -> None:
    """Only what is at least as important as wished is said."""
    lines = lines_of("text", level="warning")
    log_event("published", "published")
    log_event("rejected", "rejected", level=logging.WARNING)
    assert len(lines) == 1


def said_by(program: str, stdout: Path, **environment: str) -> list[str]:
    """What a process writes to a file, with JOURNAL_STREAM naming that very file as systemd would."""
    with stdout.open("wb") as stream:
        stat = os.fstat(stream.fileno())
        named = {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}", "PYTHONPATH": str(SOURCE_ROOT)}
        subprocess.run(
            [sys.executable, "-c", program], stdout=stream, env={**os.environ, **named, **environment}, check=True
        )
    return stdout.read_text().splitlines()


GREET = "import logging\nfrom cutoutd.core.logs import *\nconfigure_logging('debug', 'auto')\n"


def test_without_a_journal_socket_lines_carry_their_priority(tmp_path: Path) -> None:
    """JSON behind systemd's own mark, so that ``journalctl -p warning`` works with any journal."""
    program = GREET + "import cutoutd.core.logs.journald as j; from pathlib import Path; j._SOCKET = Path('/nowhere')\n"
    program += "log_event('a', 'x'); log_event('b', 'y', level=logging.ERROR); log_event('c', 'z', level=logging.DEBUG)"
    lines = said_by(program, tmp_path / "journal")
    assert [line[:3] for line in lines] == ["<6>", "<3>", "<7>"]
    assert json.loads(lines[0][3:])["message"] == "x"


def test_an_inherited_variable_makes_no_journal(tmp_path: Path) -> None:
    """A child whose output goes to a file of its own writes text there, whatever JOURNAL_STREAM says."""
    lines = said_by(GREET + "log_event('a', 'hello')", tmp_path / "file", JOURNAL_STREAM="8:1234")
    assert lines[0].endswith(" hello")


def fields_of(datagram: bytes) -> dict[str, str]:
    """A journal entry, read as its protocol says: name, line feed, length, content, line feed."""
    fields = {}
    while datagram:
        name, _, rest = datagram.partition(b"\n")
        length = int.from_bytes(rest[:8], "little")
        fields[name.decode()] = rest[8 : 8 + length].decode()
        datagram = rest[8 + length + 1 :]
    return fields


def test_the_journal_gets_fields(tmp_path: Path) -> None:
    """Sentence, priority, action, folder, path and photo number are fields of their own; no name can add another."""
    address = tmp_path / "socket"
    program = (
        GREET
        + f"import cutoutd.core.logs.journald as j; from pathlib import Path; j._SOCKET = Path({str(address)!r})\n"
        "from cutoutd.core.photo import *\n"
        "name = Identity('shop', 'a\\nPRIORITY=0.jpg', 1, 2, 3, 4)\n"
        "log_event('rejected', 'it is empty', about=Photo(7, name, State.REJECTED, 0.0), level=logging.WARNING)\n"
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(address))
        assert said_by(program, tmp_path / "out") == []
        fields = fields_of(journal.recv(65_536))
    assert fields == {
        "MESSAGE": "shop/a\\nPRIORITY=0.jpg: it is empty",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "cutoutd",
        "CUTOUTD_ACTION": "rejected",
        "CUTOUTD_SENTENCE": "it is empty",
        "CUTOUTD_FOLDER": "shop",
        "CUTOUTD_PATH": "a\nPRIORITY=0.jpg",
        "CUTOUTD_PHOTO": "7",
    }


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning is yellow and an error red on a terminal; nowhere else, and not with NO_COLOR."""
    line = LogLine(0.0, logging.WARNING, "halted", "keys refused")
    assert "\x1b[33m" in format_text(line, is_coloured=True)
    assert "\x1b[31m" in format_text(replace(line, level=logging.ERROR), is_coloured=True)
    assert "\x1b" not in format_text(line)
    ours, theirs = pty.openpty()
    with open(theirs, "w") as terminal, open(ours, "rb"):  # noqa: PTH123  descriptors, no paths
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        assert supports_colour(terminal)
        monkeypatch.setenv("NO_COLOR", "1")
        assert not supports_colour(terminal)


def test_what_repeats_is_counted() -> None:
    """Of faults that differ in a number at most, the first is told at once, the rest as one number in ten minutes."""
    repetition = Deduplicator()
    line = LogLine(
        0.0, logging.WARNING, "waiting", "Uploadcare cannot be reached: no connection within 10 s", "shop", "a"
    )
    told = [
        repetition.should_write(replace(line, message=line.message.replace("10", str(n))), n) for n in range(10, 23)
    ]
    assert told == [True] + [False] * 12
    assert list(repetition.summaries_due(600.0)) == []
    (summary,) = repetition.summaries_due(610.0)
    assert summary.message.endswith("(12 more times in 10 min)")
    assert (summary.folder, summary.path) == ("", "")
    assert list(repetition.summaries_due(1210.0)) == []
    assert repetition.should_write(line, 1211.0)


def test_facts_and_money_are_never_counted_away() -> None:
    """A thousand rejections are a thousand lines, and so are removals that may have been paid for twice."""
    repetition = Deduplicator()
    for action in ("rejected", "failed", "possible_double_charge", "halted"):
        line = LogLine(0.0, logging.WARNING, action, "the same sentence")
        assert all(repetition.should_write(line, 0.0) for _ in range(3))


def test_secrets_are_taken_out_of_every_form() -> None:
    """The key, and signatures of either kind, in a message or in a trace."""
    register_secret("s3cr3t-k3y")
    for log_format in ("text", "json"):
        lines = lines_of(log_format)
        log_event(
            "odd", "key s3cr3t-k3y; Authorization: Uploadcare demopublickey:0123456789abcdef0123456789abcdef01234567"
        )
        log_fault("internal_fault", "odd", ValueError("s3cr3t-k3y, signature=0123456789abcdef0123456789abcdef"))
        written = "\n".join(lines)
        assert "s3cr3t" not in written
        assert "0123456789abcdef" not in written
        assert written.count("[hidden]") == 4


def test_libraries_that_write_headers_are_quiet() -> None:
    """No level of ours makes the HTTP libraries write requests, which hold signatures."""
    lines_of("text", level="debug")
    for name in ("httpx2", "httpcore2", "pyuploadcare"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_line_reaches_a_pipe(encoding: str) -> None:
    """Whatever standard output can encode, no line is lost to a name it cannot."""
    program = (
        "from cutoutd.core.logs import log_event, log_fault, configure_logging\n"
        "configure_logging('info', 'text')\n"
        "log_event('a', 'ä 🦊 \\udcff')\n"
        "log_fault('b', 'fault', ValueError('\\udcff'))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE_ROOT), "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert done.stderr == b""
    first, second, *_ = done.stdout.decode(encoding).splitlines()
    assert first.endswith("\\udcff")
    assert second.endswith("ERROR: fault")
