"""The commands: each reads the configuration, calls one function, and shows its result.

The work itself belongs in ``app``, ``control``, and ``status``.
"""

import errno
import sys
import traceback

# ``--help`` lists the commands in the order of these imports. Heavy imports stand inside the commands, because help and
# completion must feel instant.
from cutoutd.cli import run  # isort: skip  # noqa: F401  registers its commands
from cutoutd.cli import inspect  # isort: skip  # noqa: F401  as above
from cutoutd.cli import report  # isort: skip  # noqa: F401  as above
from cutoutd.cli import actions  # isort: skip  # noqa: F401  as above
from cutoutd.cli import ledger  # isort: skip  # noqa: F401  as above
from cutoutd.cli import webhook  # isort: skip  # noqa: F401  as above
from cutoutd.cli import trial  # isort: skip  # noqa: F401  as above
from cutoutd.cli.exit_codes import ExitCode, code_for
from cutoutd.cli.options import app, say
from cutoutd.cli.terminal.plain_help import make_plain
from cutoutd.core.errors import ConfigurationError, CutoutdError
from cutoutd.core.logs import printable

__all__ = ["app", "main"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}

make_plain(app)


def main() -> None:
    """Run the command line; ``exit_codes`` has every code that it can end with."""
    try:
        app()
    except ConfigurationError as error:
        say("\n".join(error.faults), err=True)
        sys.exit(code_for(error))
    except CutoutdError as error:
        advice = f"\n{error.advice_at_end}" if error.advice_at_end else ""
        say(f"{error.title}: {printable(error.sentence.rstrip('.'))}.{advice}", err=True)
        sys.exit(code_for(error))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:  # noqa: BLE001  a bug has its own exit code, else a script takes it for a bad photo
        sys.exit(_code_after_output_trouble(error) or _code_after_bug())


def _code_after_output_trouble(error: Exception) -> ExitCode | None:
    """Say that the command's own output cannot be written, and return the exit code; None if it is something else."""
    # Files of ours have names in their errors, and standard output has none.
    if not isinstance(error, OSError) or error.errno not in _FULL or error.filename is not None:
        return None
    say(f"The output of this command cannot be written: {error.strerror}.", err=True)
    return ExitCode.DISK


def _code_after_bug() -> ExitCode:
    say(traceback.format_exc().rstrip("\n"), err=True)
    return ExitCode.INTERNAL
