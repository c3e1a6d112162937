"""The end of a photo with a paid result that arrives damaged again and again: it is kept, shown and told.

Each fetch costs money, and a result that stays damaged would else be fetched for ever. Nothing is paid again: the
result is stored (``maintenance.result_retention``), and ``retry`` fetches it once more.

The ledger counts the damaged fetches, because other trouble may come between them, and a restart.
"""

from cutoutd.core.errors import FailedError, ResultDamagedError
from cutoutd.core.photo import RESULT_DAMAGED, Photo
from cutoutd.ledger import Ledger

#: A fetch that was cut short gets better at the next one; a result that is no PNG never does.
MOST_FETCHES = 4


async def damaged_or_failed(
    photo: Photo, error: ResultDamagedError, ledger: Ledger
) -> ResultDamagedError | FailedError:
    """Return the error as it is, or the failure of the photo after its last fetch."""
    fetches = await ledger.waits.note_damage(photo, error.sentence)
    if fetches < MOST_FETCHES:
        return error
    return FailedError(
        RESULT_DAMAGED,
        f"{error.sentence}; it arrived so {fetches} times",
        advice="It is paid for, and stays at Uploadcare: `cutoutd retry` fetches it again for nothing. If it stays"
        " damaged, ask Uploadcare, or have it made again: `cutoutd reprocess` pays for that.",
    )
