import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes.systemd_machine import Machine


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One machine for all tests of a worker."""
    if os.geteuid() != 0:
        pytest.skip("booting a systemd needs root")
    if shutil.which("unshare") is None or not Path("/lib/systemd/systemd").exists():
        pytest.skip("this machine has no systemd to boot")
    machine = Machine(f"cutoutd-{os.getpid()}", tmp_path_factory.mktemp("machine"))
    try:
        machine.__enter__()
    except AssertionError as error:
        if any(word in str(error) for word in ("Operation not permitted", "no cgroup2 mount", "Permission denied")):
            pytest.skip(f"this machine does not let even root mount what a systemd needs: {error}")
        raise
    try:
        machine.prepare()
        yield machine
    finally:
        machine.__exit__()


@pytest.fixture
def machine(booted: Machine) -> Machine:
    """The machine with cutoutd installed and running, in whatever order tests come."""
    if not booted.has("/etc/cutoutd/config.yaml"):
        booted.install()
        booted.hurry()
    booted.run("systemctl", "start", "cutoutd")
    return booted


@pytest.fixture
def bare(booted: Machine) -> Iterator[Machine]:
    """The machine without cutoutd, and without it again afterwards."""
    booted.purge()
    yield booted
    booted.purge()
