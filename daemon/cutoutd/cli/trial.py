"""The commands that need no account: ``try`` for the whole job on this machine, and ``sandbox``."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from cutoutd.cli.options import app, run_to_end, working_folder


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    help="Run the stand-in for Uploadcare on this machine; `cutoutd sandbox --help` lists its options.",
)
def sandbox(context: typer.Context) -> None:
    """Pass all arguments to the sandbox's own command line."""
    from cutoutd.cli.demo.demo import require_sandbox

    require_sandbox()
    from cutoutd.sandbox.__main__ import main as run_sandbox

    raise typer.Exit(run_sandbox(context.args))


@app.command(name="try")
def try_out(  # noqa: PLR0913, PLR0917  its options
    folder: Annotated[Path | None, typer.Argument(help="Your photos; without it, sample photos are used.")] = None,
    keep_running: Annotated[bool, typer.Option("--keep-running", help="Go on watching, for more photos.")] = False,
    engine: Annotated[
        Literal["grabcut", "border", "model"],
        typer.Option(help="border is fast, but only plain backgrounds suit it; model is a trained model."),
    ] = "grabcut",
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="For --engine model: a name of its catalogue, or an ONNX file."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Download the model without asking.")] = False,
    port: Annotated[int, typer.Option(help="The sandbox's port; 0 takes a free one.", min=0, max=65535)] = 0,
) -> None:
    """Try the whole thing on this machine: no account, no configuration, nothing is sent anywhere."""
    working_folder()
    if folder is not None and not os.path.isdir(folder):  # noqa: PTH112  because Path.is_dir() raises in closed folders
        raise typer.BadParameter(f"{folder} is not a folder that you can open", param_hint="FOLDER")
    from cutoutd.cli.demo.demo import try_photos
    from cutoutd.cli.exit_codes import code_after

    if model is not None and engine != "model":
        raise typer.BadParameter("it needs --engine model", param_hint="--model")
    sandbox_options: tuple[str, ...] = ("--engine", engine, "--port", str(port))
    if engine == "model":
        from cutoutd.cli.demo.model import model_options

        sandbox_options += model_options(model, is_agreed=yes)
    outcome = run_to_end(try_photos(folder, sandbox_options, is_staying=keep_running, show=typer.echo))
    raise typer.Exit(code_after(outcome))
