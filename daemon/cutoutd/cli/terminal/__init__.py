"""The terminal views of commands: live progress, status tables, and plans.

The data that they show comes from ``status``; options and exit codes belong in ``cli``.
"""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from cutoutd.core.logs import printable

#: Wider than any line. Rich would fold lines at 80 columns in a pipe, where programs cut and search them.
_PIPE_WIDTH = 100_000


def output_console(*, stderr: bool = False) -> Console:
    """Return the console of a command; in a pipe or a file it folds no line."""
    console = _PlainConsole(stderr=stderr)
    return console if console.is_terminal else _PlainConsole(stderr=stderr, width=_PIPE_WIDTH)


class _PlainConsole(Console):
    """A console on which no text that is shown commands the terminal, wherever it comes from."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a text, a table or a group, with control characters escaped."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment("\n".join(map(printable, segment.text.split("\n"))), segment.style)
