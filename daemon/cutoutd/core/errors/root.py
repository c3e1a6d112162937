"""The root of all errors."""

from typing import ClassVar


class CutoutdError(Exception):
    """An error with a text for people."""

    title: ClassVar[str] = "Something went wrong"
    default_advice: ClassVar[str] = ""

    def __init__(self, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice or self.default_advice
