"""Uploadcare's messages on their way in: signature first, then what they say, then the ledger; only then an answer.

How a message arrives over HTTP, and how large it may be, is ``web``'s business.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto

from pydantic import SecretStr

from cutoutd.core.logs import say
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import webhook_results as announcements
from cutoutd.uploadcare.webhook_messages import announcement_in, is_signed


class Verdict(Enum):
    """What became of a message."""

    TAKEN = auto()  #: stored, known already, or none of ours: it need not come again
    UNSIGNED = auto()
    JUNK = auto()  #: signed, and no message of Uploadcare's
    CLOSED = auto()  #: no webhook was set up


class Mailbox:
    """Takes messages in.

    Args:
        ledger: where announcements are kept.
        secret: what messages are signed with; None where none are expected. May raise ValueError; blocking.
        tell: called when a photo may go on.
    """

    def __init__(self, ledger: Ledger, secret: Callable[[], SecretStr | None], tell: Callable[[], None]) -> None:
        self._ledger = ledger
        self._secret = secret
        self._tell = tell

    async def deliver(self, body: bytes, signature: str) -> Verdict:
        """Take one message in; the same one again changes nothing. Those that are refused are told in the log.

        Raises:
            DiskError, LedgerError: it could not be stored, and is to come again.
        """
        try:
            secret = await asyncio.to_thread(self._secret)
        except ValueError as error:
            refuse(f"webhook.secret_file {error}")
            return Verdict.CLOSED
        if secret is None:
            refuse("no webhook was set up here; cutoutd webhook create does")
            return Verdict.CLOSED
        if not is_signed(body, signature, secret.get_secret_value()):
            refuse("its signature is not that of the webhook's secret; if it lasts, run: cutoutd webhook create")
            return Verdict.UNSIGNED
        try:
            announcement = announcement_in(body)
        except ValueError as error:
            refuse(str(error))
            return Verdict.JUNK
        if announcement is not None:
            receipt = await self._ledger.keep_announcement(announcement)
            # One that is known may have been stored after nobody waited for it any more, and so without a word of it.
            if receipt is not announcements.Receipt.NOT_OURS:
                self._tell()
        return Verdict.TAKEN


def refuse(reason: str) -> None:
    """Tell that a message was refused; one that repeats is counted."""
    say("webhook_refused", f"a message to the webhook was refused: {reason}", level=logging.WARNING)
