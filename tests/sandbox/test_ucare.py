"""``ucare``, the command line of Uploadcare's Python client, unchanged, against the sandbox.

Its ``upload_from_url`` cannot print its own answer in 6.3.0, with any server, so ``test_pyuploadcare`` does that.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.processes.sandbox_process import PUBLIC_KEY, SECRET_KEY, SandboxProcess

BIG_BYTES = 11 * 1024 * 1024
Ucare = Callable[..., str]


@pytest.fixture
def ucare(sandbox: SandboxProcess, tmp_path: Path) -> Ucare:
    """Runs the command line with the sandbox's addresses and keys; configuration files and HOME are a test's own."""
    places = ("--api_base", sandbox.url, "--upload_base", sandbox.url)
    program = (sys.executable, "-m", "pyuploadcare.ucare_cli.main")
    keys = ("--pub_key", PUBLIC_KEY, "--secret", SECRET_KEY)

    def run(*arguments: str) -> str:
        command = [*program, *keys, *places, *arguments]
        environment = {"HOME": str(tmp_path), "NO_PROXY": "*"}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def shown(text: str) -> Any:  # noqa: ANN401 - whatever the program prints
    return json.loads(text)


@pytest.fixture
def photo_file(tmp_path: Path, photo: bytes) -> Path:
    path = tmp_path / "cup.jpg"
    path.write_bytes(photo)
    return path


@pytest.fixture
def uploaded(ucare: Ucare, tmp_path: Path) -> dict[str, Any]:
    """A file over 10 MB, so sent in parts."""
    path = tmp_path / "big.bin"
    path.write_bytes(b"cutout " * (BIG_BYTES // 7))
    info: dict[str, Any] = shown(ucare("upload", str(path), "--info", "--metadata", "pet=cat", "--tags", "Red", "big"))
    return info


def test_large_file(ucare: Ucare, uploaded: dict[str, Any], sandbox: SandboxProcess) -> None:
    """A file over 10 MB goes in parts, with metadata and tags; it is listed, stored and deleted."""
    assert (uploaded["size"], uploaded["metadata"]) == (BIG_BYTES // 7 * 7, {"pet": "cat"})
    assert sandbox.counters()["requests"]["part"] == 3
    assert shown(ucare("get_file_tags", uploaded["uuid"])) == ["red", "big"]
    assert uploaded["uuid"] in [file["uuid"] for file in shown(ucare("list_files"))]
    ucare("store", "--nowait", uploaded["uuid"])  # waiting calls a boolean in 6.3.0, whatever the server says
    assert shown(ucare("get", uploaded["uuid"]))["datetime_stored"]
    ucare("delete", "--nowait", uploaded["uuid"])
    assert shown(ucare("get", uploaded["uuid"]))["datetime_removed"]


def test_group(ucare: Ucare, uploaded: dict[str, Any], photo_file: Path) -> None:
    """Two files become a group, which is listed."""
    small = shown(ucare("upload", str(photo_file), "--info"))
    group = shown(ucare("create_group", small["uuid"], uploaded["uuid"]))
    assert [file["uuid"] for file in group["files"]] == [small["uuid"], uploaded["uuid"]]
    assert group["id"] in [one["id"] for one in shown(ucare("list_groups"))]


def test_refusals_are_told(ucare: Ucare, uploaded: dict[str, Any]) -> None:
    """What the sandbox has no stand-in for is told in a sentence."""
    conversion = ucare("convert_document", uploaded["uuid"], "--format", "pdf")
    assert "Document conversion feature is not available for this project." in conversion
    assert "Only public IPs are allowed." in ucare("upload_from_url", "http://169.254.169.254/latest/")
