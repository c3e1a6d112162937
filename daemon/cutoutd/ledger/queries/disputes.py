"""What people need who dispute a bill: which launches of a photo were sent, when, and what came instead of an answer.

It words what the ledger knows; nothing here asks or decides anything.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from cutoutd.core.logs import say
from cutoutd.core.photo import Photo
from cutoutd.ledger.queries.lost_launches import LostLaunch


def say_paid_again(photo: Photo, request_id: str, lost: Sequence[LostLaunch]) -> None:
    """A photo may have been paid for twice: say all that a dispute over the bill needs."""
    earlier = "; ".join(in_words(launch) for launch in lost)
    sentence = (
        f"launched again as request {request_id} on upload {photo.source_uuid}, because nothing was found of"
        f" {len(lost)} earlier: {earlier}"
    )
    say("possible_double_charge", sentence, about=photo.identity, level=logging.WARNING)


def in_words(launch: LostLaunch) -> str:
    """One launch, for a person who looks it up at Uploadcare."""
    at = datetime.fromtimestamp(launch.at_s, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC on upload {launch.source_uuid}: {launch.lost_because}"
