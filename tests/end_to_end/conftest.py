"""One sandbox for all journeys, and a place of its own for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """The shared sandbox with nothing counted and no faults."""
    shared_sandbox.clear_counters()
    yield shared_sandbox
    shared_sandbox.clear_faults()


@pytest.fixture
def place(tmp_path: Path, sandbox: SandboxProcess) -> Place:
    return Place(tmp_path / "shop", sandbox.url)
