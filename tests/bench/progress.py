"""Lines about what goes on, for people who wait."""

import sys
import time


def say(line: str) -> None:
    """Write a line with the time of day, beside the results and not among them."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()
