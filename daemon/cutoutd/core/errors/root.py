"""The root of the tree."""

from typing import ClassVar


class CutoutdError(Exception):
    """The root: an error whose text was written for a person."""

    title: ClassVar[str] = "Something went wrong"
    default_advice: ClassVar[str] = ""

    def __init__(self, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice or self.default_advice
