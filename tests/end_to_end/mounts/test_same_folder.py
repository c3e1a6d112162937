"""One folder under two mounts: cutouts would be taken for photos, so nothing is paid for."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts")


@contextmanager
def bound(folder: Path, place: Path) -> Iterator[None]:
    """The folder under a second name."""
    place.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["mount", "--bind", folder, place], check=False).returncode:
        pytest.skip("this machine does not let even root mount")
    try:
        yield
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize(("source", "below"), [("in", "out"), ("in/sub", "out/2026/sub"), ("out", "in/deep/er")])
def test_it_is_refused_at_the_start(own_place: Place, own_sandbox: SandboxProcess, source: str, below: str) -> None:
    """By ``run``, ``run --once`` and ``check``, at every level, with a sentence that names both trees."""
    for folder in (own_place.home / source, own_place.output):
        folder.mkdir(parents=True, exist_ok=True)
    put(own_place.input / "a.jpg")
    with bound(own_place.home / source, own_place.home / below):
        refused = [own_place.run_once(), own_place.command("run"), own_place.command("check", "--offline")]
    assert [answer.returncode for answer in refused] == [2, 2, 1]
    for answer in refused:
        told = answer.stdout + answer.stderr
        assert f"({own_place.input})" in told, told
        assert f"({own_place.output})" in told, told
    assert own_sandbox.counters()["requests"].get("execute", 0) == 0


def test_it_is_noticed_while_it_runs(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """The folder is unavailable, says what to do, and goes on by itself once they are apart again."""
    own_place.configure(watch={"rescan_interval": "1h", "stability_delay": "300ms"})
    put(own_place.input / "a.jpg")
    with own_place.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        with bound(own_place.output, own_place.input / "again"):
            daemon.wait_for("standby")
            (told,) = eventually(lambda: own_place.status()["standby"])
            assert "lies inside the input" in told["reason"]
            assert told["advice"].startswith("Unmount one of the two")
            put(own_place.output / "stray.jpg")
        daemon.wait_for("standby_over")
        put(own_place.input / "b.jpg")
        daemon.wait_for("published", "b.jpg")
    assert own_sandbox.counters()["requests"]["execute"] == 2


def test_a_reload_into_it_is_refused(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """Also when the second name is of a folder that stays as it is."""
    new = own_place.home / "new"
    trees = {"name": "shop", "input": str(own_place.input), "output": str(own_place.output)}
    with bound(own_place.input, new), own_place.start() as daemon:
        daemon.wait_for("started")
        own_place.configure(
            folders=[trees, {"name": "new", "input": str(new), "output": str(own_place.home / "new-out")}]
        )
        answer = own_place.command("reload")
        assert answer.returncode == 2
        assert "two folders would take the same photos" in answer.stderr
    assert own_sandbox.counters()["requests"].get("execute", 0) == 0
