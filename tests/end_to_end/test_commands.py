"""What the commands show and how they end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cutoutd.cli import app
from support.images.drawn_photos import put
from support.processes.daemon_process import Place, command
from support.processes.fork_client import ENVIRONMENT
from support.processes.sandbox_process import SECRET_KEY, SandboxProcess

DEMO_CDN_HOST = "1s4oyld5dc.ucarecd.net"  # docs/uploadcare.md 3: computed from "demopublickey"

COMMANDS = ("run", "check", "status", "history", "retry", "reprocess", "schema", "sandbox", "try")


def test_check_finds_all_well(place: Place) -> None:
    """On a sound installation check finds nothing to do, keys and clock included."""
    ended = place.command("check")
    assert ended.returncode == 0, ended.stdout
    for words in ("keys", "clock", str(place.input), str(place.output), "CDN host"):
        assert words in ended.stdout


def test_check_offline_names_the_cdn_host(tmp_path: Path) -> None:
    """With cdn_base left out the host is computed from the public key, and nobody is asked."""
    place = Place(tmp_path / "shop", "http://127.0.0.1:9/")  # where nobody listens
    place.configure(uploadcare={"public_key": "demopublickey", "cdn_base": None})
    ended = place.command("check", "--offline")
    assert ended.returncode == 0, ended.stdout
    assert DEMO_CDN_HOST in ended.stdout


def test_check_is_3_for_refused_keys(place: Place) -> None:
    """A wrong secret key is found, with advice."""
    place.write_secret("not-the-secret-key")
    ended = place.command("check")
    assert ended.returncode == 3
    assert "Check public_key and the secret key" in ended.stdout


def test_check_is_1_for_a_fault_of_the_machine(place: Place) -> None:
    """An input that is not there is a fault, with advice."""
    place.input.rmdir()
    ended = place.command("check", "--json")
    assert ended.returncode == 1
    (fault,) = [finding for finding in json.loads(ended.stdout) if finding["level"] == "fault"]
    assert fault["subject"] == "folders.shop.input"
    assert fault["advice"]


def test_status_and_history_tell_what_happened(place: Place) -> None:
    """Status counts photos and names the troubled ones; history tells every fact of one photo in order."""
    put(place.input / "Grüße/a.jpg")
    put(place.input / "empty.jpg", b"")
    assert place.run_once().returncode == 1
    status = place.status()
    assert status["running"] is False
    assert (status["folders"]["shop"]["published"], status["folders"]["shop"]["rejected"]) == (1, 1)
    assert [(photo["path"], photo["code"]) for photo in status["troubled"]] == [("empty.jpg", "empty")]
    shown = place.command("status").stdout
    assert "cutoutd is not running" in shown
    assert "empty.jpg" in shown
    told = place.command("history", "Grüße/a.jpg", "--json").stdout.splitlines()
    facts = ["discovered", "accepted", "uploaded", "removal_intended", "removal_started", "removal_finished"]
    assert [json.loads(line)["to_state"] for line in told] == [*facts, "published"]
    assert "Grüße/a.jpg" in place.command("history").stdout
    unknown = place.command("history", "b.jpg").stderr
    assert "Nothing is known of b.jpg" in unknown
    assert "not its cutout or its folder" in unknown


def test_status_before_the_first_run(place: Place) -> None:
    """Before the first run there is nothing to tell, and that is no fault."""
    ended = place.command("status")
    assert ended.returncode == 0
    assert "No photo has been found yet" in ended.stdout


def test_schema_is_json() -> None:
    """The schema of the configuration is JSON Schema and knows the folders."""
    assert "folders" in json.loads(CliRunner().invoke(app, ["schema"]).stdout)["properties"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps(name: str) -> None:
    """Each command explains itself."""
    helped = CliRunner().invoke(app, [name, "--help"])
    assert helped.exit_code == 0
    assert "usage" in helped.stdout.lower()


def test_version() -> None:
    """The version is told."""
    assert command("--version").stdout.startswith("cutoutd ")


def test_an_internal_fault_is_70(tmp_path: Path) -> None:
    """A fault in cutoutd itself ends with its own exit code and the trace that a report needs."""
    broken = "from cutoutd import cli; cli.app = lambda: 1 / 0; cli.main()"
    ended = subprocess.run(
        [sys.executable, "-c", broken], env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 70
    assert "ZeroDivisionError" in ended.stderr


def test_the_secret_key_is_nowhere(place: Place, sandbox: SandboxProcess) -> None:
    """Neither the log at its most talkative, nor the ledger, nor what is told to status holds the secret key."""
    place.configure(log={"level": "debug", "format": "json"})
    sandbox.set_faults({"kind": "status", "status": 503, "on": "status", "times": 1})
    put(place.input / "a.jpg")
    put(place.input / "empty.jpg", b"")
    with place.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        daemon.stop()
    assert SECRET_KEY not in daemon.output
    for file in (file for file in (*place.state.rglob("*"), *place.output.rglob("*")) if file.is_file()):
        assert SECRET_KEY.encode() not in file.read_bytes(), file
