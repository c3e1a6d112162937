"""The check of ``web.listen``: an address of this machine, and a port that is free."""

import errno
import os
from collections.abc import Iterator

from cutoutd.app.check.finding import Finding, Level
from cutoutd.config.settings import CommonSettings
from cutoutd.ledger import is_held
from cutoutd.web.listener import listen_advice, open_port

_SUBJECT = "web.listen"


def check_listen(settings: CommonSettings) -> Iterator[Finding]:
    """Yield a finding about the address of the page, unless there is no page. Blocking."""
    listen = settings.web.listen
    if listen is None:
        return
    try:
        with open_port(listen):
            yield Finding(Level.GOOD, _SUBJECT, f"{listen} can be listened on")
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        if is_taken and is_held(settings.state_dir):
            yield Finding(Level.GOOD, _SUBJECT, f"{listen} is in use, as it should be while cutoutd runs")
            return
        level = Level.WARNING if is_taken else Level.FAULT
        yield Finding(level, _SUBJECT, f"{listen}: {os.strerror(error.errno or 0)}", listen_advice(error))
