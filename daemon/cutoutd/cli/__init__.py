"""The commands. Each reads the configuration, calls one thing, and shows what came of it.

Imports that are heavy stand inside the commands that need them: ``--help`` and completion must feel instant. The order
in which the commands' modules are imported here is the order in which ``--help`` lists them.
"""

import sys
import traceback

import typer

from cutoutd.cli import working  # isort: skip  # noqa: F401  registers its commands
from cutoutd.cli import looking  # isort: skip  # noqa: F401  as above
from cutoutd.cli import summing  # isort: skip  # noqa: F401  as above
from cutoutd.cli import acting  # isort: skip  # noqa: F401  as above
from cutoutd.cli import opening  # isort: skip  # noqa: F401  as above
from cutoutd.cli import keeping  # isort: skip  # noqa: F401  as above
from cutoutd.cli import subscribing  # isort: skip  # noqa: F401  as above
from cutoutd.cli import trying  # isort: skip  # noqa: F401  as above
from cutoutd.cli.application import app
from cutoutd.errors import ConfigurationError, CutoutdError
from cutoutd.exits import ExitCode, code_for

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; every exit code it can end with is in ``exits``."""
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
    except Exception:  # noqa: BLE001  a bug has its own exit code, so that no script takes it for a bad photo
        traceback.print_exc()
        sys.exit(ExitCode.INTERNAL)
