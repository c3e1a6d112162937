"""The findings of a check: severity, subject, and advice."""

from dataclasses import dataclass
from enum import StrEnum

from cutoutd.core.errors import HaltError


class Level(StrEnum):
    """The severity of a finding."""

    GOOD = "good"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding about one subject."""

    level: Level
    subject: str
    sentence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All findings, and the error with which Uploadcare refuses all work, if it does."""

    findings: tuple[Finding, ...]
    halt_error: HaltError | None = None
