import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.planted import rotten
from support.nightly import nightly_only

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


@pytest.mark.parametrize("profile", ["calm", "kills", "network", "people", "hung", "webhooks"])
def test_the_same_seed_is_the_same_run(profile: str) -> None:
    """Two runs of a seed have the same events at the same moments, to the last log line."""
    assert trace_of(simulate("3", "--profile", profile)) == trace_of(simulate("3", "--profile", profile))


def test_worlds_with_weather_keep_all_promises() -> None:
    """As many worlds as a minute holds: no photo is lost, stuck or paid for twice, whatever the weather."""
    cores = str(len(os.sched_getaffinity(0)))
    assert " 0 failed" in simulate("--seeds", "0:1000", "--seconds", "60", "-j", cores)


@nightly_only
def test_twenty_thousand_worlds_keep_all_promises() -> None:
    """The same for 20,000 worlds."""
    cores = str(len(os.sched_getaffinity(0)))
    assert " 0 failed" in simulate("--seeds", "0:20000", "-j", cores, within_s=36_000)


def test_planted_faults_are_where_they_were() -> None:
    """The text of each planted fault occurs once in the code, so that the proof does not rot."""
    assert rotten() == []


@nightly_only
def test_planted_faults_are_found() -> None:
    """Each planted fault makes some world fail."""
    cores = str(len(os.sched_getaffinity(0)))
    assert "NOT FOUND" not in simulate("--planted", "-j", cores, within_s=36_000)
