"""Ports for programs that must be told theirs, or must come back to it after a restart.

Not from the range that the kernel takes ports for connections from: one of those may be gone again when the program
binds it. Each process of the suite has a stretch of its own, so that no two choose the same one at the same time.
"""

import itertools
import os
import socket

_FIRST = 20_000
_STRETCHES = 50
_PER_STRETCH = 200

_numbers = itertools.count()


def free_port() -> int:
    """A port that nothing is bound to and that was not given before, or long ago."""
    first = _FIRST + os.getpid() % _STRETCHES * _PER_STRETCH
    for number in itertools.islice(_numbers, _PER_STRETCH):
        port = first + number % _PER_STRETCH
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise OSError(f"no port from {first} on is free")
