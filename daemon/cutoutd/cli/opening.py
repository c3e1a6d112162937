"""``page``: the link to the page of the running cutoutd."""

from typing import TYPE_CHECKING

import typer

from cutoutd.cli.application import ConfigOption, app, read_document

if TYPE_CHECKING:
    from cutoutd.config.document import Document


@app.command()
def page(config: ConfigOption = None) -> None:
    """Print the link to the page of the running cutoutd; whoever has it can look, retry and approve."""
    from cutoutd.web.token_file import read_token

    document = read_document(config)
    address = _address(document)
    typer.echo(f"{address}/?token={read_token(document)}")


def _address(document: "Document") -> str:
    """Where the running daemon listens; a wildcard is reached as this machine itself."""
    from cutoutd.errors import PageError
    from cutoutd.ledger import is_held
    from cutoutd.live import hear

    if document.web.listen is None:
        raise PageError("web.listen is null, so nobody listens", advice="Set it to 127.0.0.1:8717 and start anew.")
    live = hear(document.state_dir) if is_held(document.state_dir) else None
    if live is None:
        raise PageError("cutoutd is not running", advice="Start it: cutoutd run (not with --once).")
    if live.web_address is None:
        host, port = document.web.listen
        raise PageError(f"cutoutd could not listen on {host}:{port}", advice=_TAKEN)
    return live.web_address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


_TAKEN = "Another program has the port, or it is `run --once`: its log says why. Set web.listen to a free port."
