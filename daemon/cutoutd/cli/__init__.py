"""The commands: each reads the configuration, calls one function, and shows its result.

The work itself belongs in ``app``, ``control``, and ``status``.
"""

import sys
import traceback

import typer

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
from cutoutd.cli.options import app
from cutoutd.cli.terminal.plain_help import make_plain
from cutoutd.core.errors import ConfigurationError, CutoutdError

__all__ = ["app", "main"]

make_plain(app)


def main() -> None:
    """Run the command line; ``exit_codes`` has every code that it can end with."""
    try:
        app()
    except ConfigurationError as error:
        typer.echo("\n".join(error.faults), err=True)
        sys.exit(code_for(error))
    except CutoutdError as error:
        advice = f"\n{error.advice}" if error.advice else ""
        typer.echo(f"{error.title}: {error.sentence.rstrip('.')}.{advice}", err=True)
        sys.exit(code_for(error))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception:  # noqa: BLE001  a bug has its own exit code, else a script takes it for a bad photo
        traceback.print_exc()
        sys.exit(ExitCode.INTERNAL)
