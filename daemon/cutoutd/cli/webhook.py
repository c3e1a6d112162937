"""The commands for the webhook, with which Uploadcare reports finished removals."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd.cli.options import ConfigOption, JsonOption, app, read_settings_as_owner, run_to_end, say
from cutoutd.core.logs import printable

if TYPE_CHECKING:
    from cutoutd.app.webhook_setup import ListedWebhook

webhook = typer.Typer(
    name="webhook",
    help="Let Uploadcare report finished removals, so that cutoutd need not poll.",
    no_args_is_help=True,
)
app.add_typer(webhook)


@webhook.command()
def create(
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="The address of web.listen for Uploadcare; default: webhook.url."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Set up the webhook at Uploadcare with a new signing secret, or repair it."""
    from pydantic import TypeAdapter, ValidationError

    from cutoutd.app.webhook_setup import SetupResult, subscribe
    from cutoutd.config.types.text_types import HookUrl

    settings = read_settings_as_owner(config)
    given = url or settings.webhook.url
    if given is None:
        raise typer.BadParameter("is missing, and webhook.url is not set", param_hint="URL")
    try:
        target = TypeAdapter(HookUrl).validate_python(given)
        setup = run_to_end(subscribe(settings, target))
    except ValidationError as error:
        raise typer.BadParameter(str(error.errors()[0]["ctx"]["error"]), param_hint="URL") from None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="webhook.secret_file") from None
    sentences = {
        SetupResult.CREATED: "Uploadcare now reports finished removals to",
        SetupResult.UPDATED: (
            "It was there, but switched off or with another secret. Uploadcare now reports finished removals to"
        ),
        SetupResult.UNCHANGED: "Nothing to do. Uploadcare already reports finished removals to",
    }
    say(f"{sentences[setup]} {target}")


@webhook.command("list")
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the project's webhooks: the address, whether it is active, and whether it is this machine's."""
    from cutoutd.app.webhook_setup import list_webhooks

    found = run_to_end(list_webhooks(read_settings_as_owner(config)))
    if as_json:
        typer.echo(json.dumps([_as_json(each) for each in found], indent=2))
        return
    for each in found:
        activity = "active" if each.webhook.is_active else "switched off"
        owner = "this machine's" if each.is_ours else "another's"
        say(f"{printable(each.webhook.target_url)}: {each.webhook.event}, {activity}, {owner}")
    if not any(each.is_ours for each in found):
        say("This machine has none. `cutoutd webhook create URL` sets one up.", err=True)


def _as_json(each: "ListedWebhook") -> dict[str, object]:
    webhook = each.webhook
    return {
        "id": webhook.id,
        "url": webhook.target_url,
        "event": webhook.event,
        "is_active": webhook.is_active,
        "is_ours": each.is_ours,
    }


@webhook.command()
def remove(config: ConfigOption = None) -> None:
    """Delete this machine's webhook at Uploadcare; cutoutd polls again."""
    from cutoutd.app.webhook_setup import unsubscribe

    found = run_to_end(unsubscribe(read_settings_as_owner(config)))
    for each in found:
        say(f"Uploadcare no longer reports to {printable(each.target_url)}")
    if not found:
        say("This machine had no webhook.")
