import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cutoutd.sandbox.__main__ import main
from cutoutd.sandbox.settings import ProcessingTime
from support.processes.sandbox_process import SOURCE_ROOT, SandboxProcess


def run(*options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE_ROOT)}
    command = [sys.executable, "-m", "cutoutd.sandbox", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)


@pytest.mark.parametrize(
    "options",
    [
        ("--fault", "earthquake"),
        ("--fault", "unknown=3"),
        ("--processing-time", "soon"),
        ("--processing-time", "-1"),
        ("--processing-time", "lognormal:1"),
        ("--engine", "magic"),
    ],
)
def test_wrong_options_are_explained(options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option ends with status 2 and names itself."""
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_help_names_what_was_typed_and_where_the_address_goes() -> None:
    """The usage names ``cutoutd sandbox``, and the help names the keys of the configuration that take its address."""
    shown = " ".join(run("--help").stdout.split())
    assert shown.startswith("usage: cutoutd sandbox ")
    assert "uploadcare.api_base, upload_base and cdn_base" in shown


def test_taken_port(tmp_path: Path) -> None:
    """A port in use ends with status 1 and one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("--port", str(taken.getsockname()[1]), "--state-dir", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("sandbox: ")
    assert done.stderr.count("\n") == 1


def test_sigterm_ends_it_quickly_even_with_a_stalled_request(tmp_path: Path) -> None:
    """An open request and a long removal do not keep the sandbox from ending."""
    with SandboxProcess(tmp_path, "--fault", "stall,on=project") as sandbox:
        port = int(sandbox.url.rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /project/ HTTP/1.1\r\nHost: sandbox\r\n\r\n")
            while not sandbox.counters()["requests"].get("project"):
                pass
            sandbox.stop()  # raises if it waits for the request


def test_processing_time_forms() -> None:
    """A number is exact; lognormal is spread around its median."""
    assert ProcessingTime.parse("2.5").draw_s() == 2.5
    spread = ProcessingTime.parse("lognormal:2:0.5")
    drawn = sorted(spread.draw_s() for _ in range(2001))
    assert drawn[0] < 1.5 < drawn[1000] < 2.5 < drawn[-1]
