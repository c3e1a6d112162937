"""The command ``run``, and the lines with which a run ends."""

from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd.cli.options import ConfigOption, app, read_settings, run_to_end, say, settings_reader

if TYPE_CHECKING:
    from cutoutd.app.run_once import RunOutcome


@app.command()
def run(
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Process the photos that are there now, then stop.")] = False,
) -> None:
    """Watch the folders and make cutouts, until stopped."""
    from cutoutd.cli.exit_codes import code_after
    from cutoutd.cli.process import run_daemon, run_once

    settings = read_settings(config)
    if not once:
        run_to_end(run_daemon(settings, *settings_reader(config)))
        return
    outcome = run_to_end(run_once(settings))
    show_outcome(outcome)
    raise typer.Exit(code_after(outcome))


def show_outcome(outcome: "RunOutcome") -> None:
    """Show the numbers of a run that has ended, and what is left."""
    from cutoutd.status.costs import batch_in_words

    say(
        f"{outcome.published} published, {outcome.rejected} rejected, {outcome.failed} failed, "
        f"{outcome.held} left for the next run"
    )
    for batch in outcome.unapproved:
        say(f"{batch.batch.folder}: {batch_in_words(batch)}", err=True)
    if outcome.missing:
        say(f"Input folders that are unavailable: {outcome.missing}", err=True)
    for item in outcome.passed_over:
        if not item.reason.is_by_setting:
            say(f"Passed over: {item.sentence}. {item.advice}", err=True)
    if outcome.pause is not None:
        say(f"Nothing was sent: {outcome.pause.sentence}. To continue: cutoutd resume", err=True)
    if outcome.halt is not None:
        say(f"Halted: {outcome.halt.title}.", err=True)
