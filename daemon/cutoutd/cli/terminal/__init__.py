"""The terminal views of commands: live progress, status tables, and plans.

The data that they show comes from ``status``; options and exit codes belong in ``cli``.
"""

from rich.console import Console

#: Wider than any line. Rich would fold lines at 80 columns in a pipe, where programs cut and search them.
_PIPE_WIDTH = 100_000


def output_console(*, stderr: bool = False) -> Console:
    """Return the console of a command; in a pipe or a file it folds no line."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=_PIPE_WIDTH)
