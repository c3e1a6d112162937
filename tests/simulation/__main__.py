"""``python -m simulation``: run worlds from seeds, replay one, shrink a failing one.

PYTHONPATH=daemon:tests python -m simulation 7               one seed; -v shows everything that happens
PYTHONPATH=daemon:tests python -m simulation --seeds 0:2000 -j 2
"""

import os
import sys

if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is a part of the run
    os.environ |= {"PYTHONHASHSEED": "0", "TZ": "UTC"}
    os.execv(sys.executable, [sys.executable, "-m", "simulation", *sys.argv[1:]])  # noqa: S606  this very program

from simulation.machine import clock

clock.install()

from simulation.command import main  # noqa: E402  because the clocks must be in place first

sys.exit(main(sys.argv[1:]))
