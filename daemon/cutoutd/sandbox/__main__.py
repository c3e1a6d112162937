"""The command line of the sandbox: ``python -m cutoutd.sandbox`` runs it as a process of its own.

The first line on standard output is ``sandbox ready at URL``.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from cutoutd.sandbox.engine import Engine, ModelEngine
from cutoutd.sandbox.engine.model_catalog import CATALOG, DEFAULT_MODEL
from cutoutd.sandbox.engine.model_files import ModelError, default_folder, find_model, require_runtime
from cutoutd.sandbox.faults.plan import FAULT_KINDS, Fault, FaultError
from cutoutd.sandbox.server import serve
from cutoutd.sandbox.settings import ProcessingTime, SandboxSettings

MODEL = "model"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sandbox until SIGTERM or SIGINT and return 0; return 1 if it could not start."""
    settings = parse_settings(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_serve_until_signal(settings))
    except OSError as error:
        place = error.filename or f"{settings.host}:{settings.port}"
        reason = os.strerror(error.errno) if error.errno else str(error)
        sys.stderr.write(f"sandbox: {place}: {reason}\n")
        return 1
    return 0


async def _serve_until_signal(settings: SandboxSettings) -> None:
    serving = asyncio.ensure_future(serve(settings, lambda url: _print_address(settings, url)))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    if settings.is_ended_by_input:
        _end_with_input(serving)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _end_with_input(serving: asyncio.Future[None]) -> None:
    """End when standard input closes: its other end belongs to the parent process, and a kill closes it."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(sys.stdin.fileno())
        serving.cancel()

    loop.add_reader(sys.stdin.fileno(), end)


def _print_address(settings: SandboxSettings, url: str) -> None:
    sys.stdout.write(
        f"sandbox ready at {url}\npublic key {settings.public_key}\nsecret key {settings.secret_key}\n"
        f"state in {settings.state_dir}\n"
    )
    sys.stdout.flush()


def parse_settings(argv: Sequence[str] | None) -> SandboxSettings:
    """Read the command line; a wrong one ends the program with status 2."""
    parser = _parser()
    given = parser.parse_args(argv)
    try:
        engine = _engine(given)
    except ModelError as error:
        parser.error(f"--engine {MODEL}: {error}")
    return SandboxSettings(
        state_dir=given.state_dir,
        public_key=given.public_key,
        secret_key=given.secret_key,
        host=given.host,
        port=given.port,
        engine=engine,
        processing_time=given.processing_time,
        launch_limit_per_minute=given.launch_limit,
        launch_burst=given.launch_burst,
        operations_per_removal=given.operations_per_removal,
        faults=tuple(given.fault),
        from_url_hosts=tuple(host.lower() for host in given.from_url_host),
        is_autostore_enabled=not given.no_autostore,
        is_signed_upload_required=given.signed_uploads,
        is_ended_by_input=given.end_with_input,
    )


def _engine(given: argparse.Namespace) -> Engine | ModelEngine:
    """Return the engine of the command line; a model is loaded, so that a broken one is told at once."""
    if given.engine != MODEL:
        return Engine(given.engine)
    require_runtime()

    def is_agreed(question: str) -> bool:
        sys.stderr.write(f"{question}\n")
        return given.yes or (sys.stdin.isatty() and input("Download it? [y/N] ").strip().lower() in {"y", "yes"})

    engine = ModelEngine(find_model(given.model, default_folder(), is_agreed))
    engine.load()
    return engine


def _parser() -> argparse.ArgumentParser:
    defaults = SandboxSettings(state_dir=Path("sandbox-state"))
    parser = argparse.ArgumentParser(
        prog="cutoutd sandbox",
        description="A local stand-in for Uploadcare.",
        epilog="In a configuration, give uploadcare.api_base, upload_base and cdn_base the address it prints, with the"
        " keys it prints.",
    )
    add = parser.add_argument
    add("--state-dir", type=Path, default=defaults.state_dir, help="folder of its state (default: %(default)s)")
    add("--host", default=defaults.host, help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=defaults.port, help="0 takes a free port (default: %(default)s)")
    add("--public-key", default=defaults.public_key, help="default: %(default)s")
    add("--secret-key", default=defaults.secret_key, help="default: %(default)s")
    add("--engine", choices=[*Engine, MODEL], default=Engine.GRABCUT, help="default: %(default)s")
    add("--model", default=DEFAULT_MODEL, metavar="NAME|FILE",
        help=f"for --engine {MODEL}: an ONNX file, or {', '.join(CATALOG)}")  # fmt: skip # as above
    add("--yes", action="store_true", help="download the model without asking")
    add("--processing-time", type=_processing_time, default=defaults.processing_time, metavar="SECONDS",
        help="duration of a removal, or lognormal:MEDIAN:SIGMA (default: 1)")  # fmt: skip # one option, one statement
    add("--launch-limit", type=int, default=0, metavar="N", help="removals a minute; 0 is no limit (default)")
    add("--launch-burst", type=int, default=0, metavar="N",
        help="count the limit as a bucket of N that fills evenly (default: by the minute)")  # fmt: skip # as above
    add("--operations-per-removal", type=int, default=defaults.operations_per_removal, metavar="N",
        help="an assumption: Uploadcare publishes no number (default: %(default)s)")  # fmt: skip # as above
    add("--fault", type=_fault, action="append", default=[], metavar="KIND[=VALUE][,FIELD=VALUE...]",
        help=f"a fault to play, any number of times; kinds: {', '.join(FAULT_KINDS)}")  # fmt: skip # as above
    add(
        "--no-autostore",
        action="store_true",
        help="files with UPLOADCARE_STORE=auto, and results, expire after 24 hours",
    )
    add("--from-url-host", action="append", default=[], metavar="HOST",
        help="a host beside this machine that /from_url/ may fetch from, any number of times")  # fmt: skip # as above
    add("--signed-uploads", action="store_true", help="refuse uploads without a signature")
    add("--end-with-input", action="store_true", help="end when standard input closes, so with its parent process")
    return parser


def _processing_time(text: str) -> ProcessingTime:
    try:
        return ProcessingTime.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
