import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def simulate(*words: str, within_s: float = 600) -> str:
    """Run the simulator as a person does; its processes must not share Python's clocks with this one."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'daemon'}:{ROOT / 'tests'}"}
    command = [sys.executable, "-m", "simulation", *words]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=within_s, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def trace_of(printed: str) -> str:
    found = re.search(r"trace (\w+)", printed)
    assert found
    return found[1]


@pytest.mark.timeout(900)
def test_the_same_seed_is_the_same_run() -> None:
    """Two runs of a seed have the same events at the same moments, to the last log line."""
    assert trace_of(simulate("3", "--profile", "calm")) == trace_of(simulate("3", "--profile", "calm"))


@pytest.mark.timeout(900)
def test_calm_worlds_keep_all_promises() -> None:
    """Without weather every photo gets its own cutout, and each picture is paid for once."""
    assert " 0 failed" in simulate("--seeds", "0:8", "--profile", "calm", "-j", "2")
