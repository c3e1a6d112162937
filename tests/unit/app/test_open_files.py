"""Room for the open files of many folders."""

import subprocess
import sys

import pytest

from support.processes.fork_client import ENVIRONMENT

PROGRAM = """
import resource, sys
from cutoutd.app.process import allow_open_files
soft, hard = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
allow_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard", "then"), [(256, 4096, "4096 4096"), (4096, 4096, "4096 4096")])
def test_soft_limit_is_raised_as_far_as_the_system_allows(soft: int, hard: int, then: str) -> None:
    """A service of systemd has 1024 open files, and may take many more."""
    command = [sys.executable, "-c", PROGRAM, str(soft), str(hard)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == then
