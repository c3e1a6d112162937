"""No dumps of a memory that holds the secret key."""

import subprocess
import sys

from support.processes.fork_client import ENVIRONMENT

PROGRAM = """
import ctypes, resource
from cutoutd.app.process import disable_core_dumps
disable_core_dumps()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_memory_is_never_dumped() -> None:
    """The kernel says that the process is not dumpable, and the limit of a core file is nothing."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "0", "0"]
