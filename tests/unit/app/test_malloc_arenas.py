"""One heap for all threads."""

import subprocess
import sys

from support.processes.fork_client import ENVIRONMENT

_PROGRAM = """
import threading
from cutoutd.app.process import limit_malloc_arenas

limit_malloc_arenas()
taken = []
for _ in range(4):
    thread = threading.Thread(target=lambda: taken.append([bytes(300 + n) for n in range(2000)]))
    thread.start()
    thread.join()
print(sum(map(len, taken)))
"""


def test_threads_work_on_one_heap() -> None:
    """A process that shares one heap goes on as before, with threads that take memory."""
    ran = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert int(ran.stdout) == 8000
