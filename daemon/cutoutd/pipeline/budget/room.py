"""The room for cutouts: nothing is sent or paid for until a file was made where the cutout belongs.

A good trial counts for a second, so a burst of photos costs one trial for each folder. After a disk refused anything
in an output, a whole cutout has to be written there, to the last byte.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cutoutd.core.errors import PlaceError
from cutoutd.core.photo import Photo, require_value
from cutoutd.files.place_trial import PlaceTrial, try_place

#: The bytes of a pixel in a cutout: four if nothing could be compressed, and seldom more than two.
_BYTES_A_PIXEL = 2

#: Uploadcare returns no more pixels.
_MOST_PIXELS = 25_000_000

_LEAST_BYTES = 64 << 10

#: For so long a trial in a folder counts, and a failed one is not repeated.
_GOOD_FOR_S = 1.0
_BAD_FOR_S = 2.0

#: More folders than this within a second are not remembered.
_MOST_FOLDERS = 1000


@dataclass(frozen=True, slots=True)
class _TrialOutcome:
    until_s: float  #: monotonic time until which it counts
    trouble: str | None  #: the sentence of the error; None: the trial was good
    is_made: bool  #: True if the folder was made


def cutout_bytes(photo: Photo) -> int:
    """Return about how large the cutout of an accepted photo can become."""
    width, height = photo.sent_size
    return max(_LEAST_BYTES, min(width * height, _MOST_PIXELS) * _BYTES_A_PIXEL)


class Room:
    """Tries places, and remembers the outcomes for a moment. Its methods may be called in any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._outcomes: dict[tuple[str, str], _TrialOutcome] = {}
        self._distrusted: set[str] = set()

    def require(self, photo: Photo, *, is_making: bool = False) -> None:
        """Try the place of a photo's cutout, unless that was done a moment ago. Blocking.

        With `is_making` the folder of the cutout is made too.

        Raises:
            PlaceError: no cutout can be written there now.
        """
        output, target = require_value(photo.bound.output), require_value(photo.bound.target)
        key = (output, str(PurePosixPath(target).parent))
        known = self._outcomes.get(key)
        if known is not None and known.until_s > self._clock():
            if known.trouble is not None:
                raise PlaceError(known.trouble)
            if known.is_made or not is_making:
                return
        is_written = output in self._distrusted
        trial = PlaceTrial(Path(output), target, cutout_bytes(photo), is_making=is_making, is_written=is_written)
        try:
            try_place(trial)
        except PlaceError as error:
            self._distrusted.add(output)
            self._note(key, _TrialOutcome(self._clock() + _BAD_FOR_S, error.sentence, is_made=False))
            raise
        if is_written:
            self._distrusted.discard(output)
        self._note(key, _TrialOutcome(self._clock() + _GOOD_FOR_S, None, is_made=is_making))

    def distrust(self, photo: Photo) -> None:
        """Let no good trial in the photo's output count, because the disk has just refused something there."""
        output = require_value(photo.bound.output)
        self._distrusted.add(output)
        self._outcomes = {
            key: outcome for key, outcome in self._outcomes.items() if key[0] != output or outcome.trouble is not None
        }

    def _note(self, key: tuple[str, str], outcome: _TrialOutcome) -> None:
        if len(self._outcomes) >= _MOST_FOLDERS:
            self._outcomes = {}
        self._outcomes[key] = outcome
