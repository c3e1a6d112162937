"""What became of an order while it is carried out: numbers by kind, and a sentence for each photo left alone."""

from collections import Counter
from collections.abc import Callable

from cutoutd.control.messages import CommandResult
from cutoutd.core.photo import Photo

#: More refusals than this are a number.
_TOLD = 20


class ResultBuilder:
    """Collects, and becomes an answer at the end."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()
        self._refused: list[str] = []  #: the first of them
        self._untold = 0  #: how many more there are

    def copy(self) -> "ResultBuilder":
        """Another one that begins with what is in this one."""
        other = ResultBuilder()
        other._numbers, other._refused, other._untold = self._numbers.copy(), self._refused.copy(), self._untold
        return other

    def count(self, kind: str) -> None:
        """A photo was done, in this way."""
        self._numbers[kind] += 1

    def refuse(self, photo: Photo, reason: str) -> None:
        """A photo was left alone."""
        self.refuse_all(f"{photo.identity.folder}/{photo.identity.path}: {reason}")

    def refuse_all(self, reason: str) -> None:
        """Photos were left alone for one reason."""
        if len(self._refused) < _TOLD:
            self._refused.append(reason)
        else:
            self._untold += 1

    def build(self, done: Callable[[Counter[str]], list[str]], idle: str) -> CommandResult:
        """All of it; ``idle`` says that there was nothing to do."""
        sentences = done(self._numbers)
        is_idle = not sentences
        if is_idle and not self._refused:
            sentences = [idle]
        more = [f"and {self._untold:,} more"] if self._untold else []
        return CommandResult(tuple(sentences), (*self._refused, *more), is_idle=is_idle)


def counted(number: int) -> str:
    """The subject of a sentence about photos."""
    return "1 photo is" if number == 1 else f"{number:,} photos are"
