"""What a check found: how bad, about what, and what to do."""

from dataclasses import dataclass
from enum import StrEnum

from cutoutd.core.errors import HaltError


class Level(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    subject: str
    sentence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All findings, and Uploadcare's refusal if it gave one."""

    findings: tuple[Finding, ...]
    halt_error: HaltError | None = None
