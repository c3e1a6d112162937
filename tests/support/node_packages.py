"""Node and the npm packages that some tests are run with; tests install nothing themselves."""

import os
import shutil
from pathlib import Path

import pytest


def lend_packages(folder: Path, *names: str) -> None:
    """Let scripts in a folder find these packages, of those in ``$NODE_MODULES``; where they are missing, skip."""
    if shutil.which("node") is None:
        pytest.skip("this machine has no node")
    lent = Path(os.environ.get("NODE_MODULES", "node_modules"))
    if missing := [name for name in names if not (lent / name).is_dir()]:
        pytest.skip(f"this machine has no {missing[0]} in $NODE_MODULES (npm install it and set the variable)")
    (folder / "node_modules").symlink_to(lent.resolve())  # where Node looks: beside the script
