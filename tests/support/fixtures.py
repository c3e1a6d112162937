"""The fixtures of the whole suite: sandboxes, places beside them, and folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cutoutd.config.settings import FolderSettings
from support.clocks import Clock
from support.folders import folder_in
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The one sandbox of this worker process."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """The shared sandbox with nothing counted, no faults, and the right time."""
    shared_sandbox.clear_counters()
    yield shared_sandbox
    shared_sandbox.clear_faults()
    shared_sandbox.move_clock(0)


@pytest.fixture
def place(tmp_path: Path, sandbox: SandboxProcess) -> Place:
    """A shop's trees, state folder and configuration, beside the shared sandbox."""
    return Place(tmp_path / "shop", sandbox.url)


@pytest.fixture
def own_sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SandboxProcess]:
    """A sandbox for one test alone, with the options of its marker ``sandbox_options``."""
    marker = request.node.get_closest_marker("sandbox_options")
    with SandboxProcess(tmp_path / "sandbox", *(marker.args if marker else ())) as sandbox:
        yield sandbox


@pytest.fixture
def own_place(tmp_path: Path, own_sandbox: SandboxProcess) -> Place:
    """A shop's trees, state folder and configuration, beside the test's own sandbox."""
    return Place(tmp_path / "shop", own_sandbox.url)


@pytest.fixture
def folder(tmp_path: Path) -> FolderSettings:
    """A configured folder with its two trees."""
    return folder_in(tmp_path)


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves."""
    return Clock()
