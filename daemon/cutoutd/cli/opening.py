"""``page``: the link to the page of the running cutoutd."""

import typer

from cutoutd.cli.options import ConfigOption, app, read_document


@app.command()
def page(config: ConfigOption = None) -> None:
    """Print the link to the page of the running cutoutd; whoever has it can look, retry and approve."""
    from cutoutd.web.access.link import link_to_page

    typer.echo(link_to_page(read_document(config)))
