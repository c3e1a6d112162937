"""Figure 5: what ``cutoutd --help`` costs, and that it imports nothing that only other commands need."""

import os
import subprocess
import sys
from pathlib import Path

from bench.figures import Figure, Findings
from support.processes.fork_client import ENVIRONMENT

_GOAL_S = 0.25
_TRIES = 5

#: What makes commands slow to answer, and is wanted only where something runs.
_HEAVY = frozenset({"asyncio", "httpx2", "jinja2", "PIL", "pydantic", "pyuploadcare", "sqlalchemy", "starlette",
                    "uvicorn", "watchdog"})  # fmt: skip


def measure(_work: Path, _photos: int = 1) -> Findings:
    """The least of a few tries: whatever else the machine does only ever adds."""
    least_s = min(_help_cpu_s() for _ in range(_TRIES))
    heavy = sorted(_imported_for_help() & _HEAVY)
    return Findings(
        [
            Figure("cutoutd --help", f"<= {_GOAL_S} s of CPU", f"{least_s:.2f} s", least_s <= _GOAL_S),
            Figure("heavy imports of cutoutd --help", "none", ", ".join(heavy) or "none", not heavy),
        ]
    )


def _imported_for_help() -> frozenset[str]:
    """The packages; Python tells of each import in a line of its own, the module's name behind the last bar."""
    command = [sys.executable, "-X", "importtime", "-m", "cutoutd", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT).stderr
    return frozenset(line.rpartition("|")[2].strip().partition(".")[0] for line in told.splitlines())


def _help_cpu_s() -> float:
    command = [sys.executable, "-m", "cutoutd", "--help"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"cutoutd --help ended with {process.returncode}")
    return used.ru_utime + used.ru_stime
