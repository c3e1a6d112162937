"""Uploadcare's own JavaScript clients against the sandbox, where Node and they are installed."""

import shutil
import subprocess
from pathlib import Path

from support.node_packages import lend_packages
from support.processes.sandbox_process import PUBLIC_KEY, SECRET_KEY, SandboxProcess

SCRIPT = Path(__file__).with_name("javascript_clients.mjs")


def test_javascript_clients(sandbox: SandboxProcess, tmp_path: Path, photo: bytes) -> None:
    """Uploads of every kind, groups, labels, removal, paging, webhooks and batches pass through both clients."""
    lend_packages(tmp_path, "@uploadcare/rest-client", "@uploadcare/upload-client")
    script = shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "cup.jpg").write_bytes(photo)
    arguments = (sandbox.url, str(tmp_path / "cup.jpg"), PUBLIC_KEY, SECRET_KEY)
    done = subprocess.run(["node", script, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
