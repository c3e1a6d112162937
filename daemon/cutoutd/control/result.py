"""The result of a command while it is built: numbers by kind, and a sentence for each photo that was left alone."""

from collections import Counter
from collections.abc import Callable

from cutoutd.control.messages import CommandResult
from cutoutd.core.photo import Photo

#: Further refusals are only counted.
_MAX_NAMED = 20


class ResultBuilder:
    """Collects numbers and refusals, and builds the result from them."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()
        self._refused: list[str] = []  #: the first refusals
        self._unnamed = 0  #: the number of the others

    def copy(self) -> "ResultBuilder":
        """Return another builder that begins with the same content."""
        other = ResultBuilder()
        other._numbers, other._refused, other._unnamed = self._numbers.copy(), self._refused.copy(), self._unnamed
        return other

    def count(self, kind: str) -> None:
        """Count a photo that was done in this way."""
        self._numbers[kind] += 1

    def refuse(self, photo: Photo, reason: str) -> None:
        """Note that a photo was left alone."""
        self.refuse_all(f"{photo.identity.folder}/{photo.identity.path}: {reason}")

    def refuse_all(self, reason: str) -> None:
        """Note that photos were left alone for one reason."""
        if len(self._refused) < _MAX_NAMED:
            self._refused.append(reason)
        else:
            self._unnamed += 1

    def build(self, describe: Callable[[Counter[str]], list[str]], idle: str) -> CommandResult:
        """Return the result.

        Args:
            describe: turns the numbers into sentences.
            idle: the sentence for a command that had nothing to do.
        """
        sentences = describe(self._numbers)
        is_idle = not sentences
        if is_idle and not self._refused:
            sentences = [idle]
        more = [f"and {self._unnamed:,} more"] if self._unnamed else []
        return CommandResult(tuple(sentences), (*self._refused, *more), is_idle=is_idle)


def photos_are(number: int) -> str:
    """Return the subject and verb of a sentence about photos."""
    return "1 photo is" if number == 1 else f"{number:,} photos are"


def removals_in_words(number: int) -> str:
    """Return the number of removals that a sentence says may have to be paid for."""
    return "no removal" if number == 0 else "1 removal" if number == 1 else f"up to {number:,} removals"
