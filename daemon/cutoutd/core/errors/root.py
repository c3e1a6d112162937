"""The root of all errors."""

from typing import ClassVar


class CutoutdError(Exception):
    """An error with a text for people: a title, a sentence with the facts, and advice about the next step.

    The edge that meets an error of a vendor or the system translates it into a CutoutdError.
    """

    title: ClassVar[str] = "Something went wrong"
    default_advice: ClassVar[str] = ""

    def __init__(self, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice or self.default_advice

    @property
    def advice_at_end(self) -> str:
        """The advice after a command that has ended with this error."""
        return self.advice
