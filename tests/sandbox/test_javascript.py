"""Uploadcare's own JavaScript clients against the sandbox, where Node and they are installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox_process import PUBLIC_KEY, SECRET_KEY, SandboxProcess

SCRIPT = Path(__file__).with_name("javascript_clients.mjs")
PACKAGES = ("rest-client", "upload-client")


@pytest.fixture
def node_modules() -> Path:
    """The folder that $NODE_MODULES names; tests install nothing themselves."""
    folder = Path(os.environ.get("NODE_MODULES", "node_modules"))
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    missing = [name for name in PACKAGES if not (folder / "@uploadcare" / name).is_dir()]
    if missing:
        pytest.skip(f"$NODE_MODULES has no @uploadcare/{missing[0]} (npm install it and set the variable)")
    return folder.resolve()


def test_javascript_clients(sandbox: SandboxProcess, tmp_path: Path, node_modules: Path, photo: bytes) -> None:
    """Upload, information, removal, paging, webhooks and batches pass through the vendor's rest and upload clients."""
    (tmp_path / "node_modules").symlink_to(node_modules)  # where Node looks: beside the script
    script = shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "cup.jpg").write_bytes(photo)
    arguments = (sandbox.url, str(tmp_path / "cup.jpg"), PUBLIC_KEY, SECRET_KEY)
    done = subprocess.run(["node", script, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
