"""Leaving: the process ends with the code it was to end with, whatever a thread still does."""

import subprocess
import sys

import pytest

from support.processes.daemon_process import PATIENCE_S
from support.processes.fork_client import ENVIRONMENT

_PROGRAM = """
import asyncio, threading
from cutoutd.app.process import force_exit_after

async def work():
    asyncio.get_running_loop().run_in_executor(None, {busy})
    force_exit_after(0.2, 3)

asyncio.run(work())
"""


@pytest.mark.parametrize(("busy", "code"), [("threading.Event().wait", 3), ("str", 0)])
def test_nobody_waits_for_a_busy_thread(busy: str, code: int) -> None:
    """With a thread that never ends, the given code; without, the program's own end comes first."""
    program = [sys.executable, "-c", _PROGRAM.format(busy=busy)]
    assert subprocess.run(program, env=ENVIRONMENT, check=False, timeout=PATIENCE_S).returncode == code
