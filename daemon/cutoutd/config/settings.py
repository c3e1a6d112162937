"""The configuration as the program sees it: frozen and checked.

It holds values only. Reading them from YAML, with line and column for every fault, is done beside it; nobody else
builds settings by hand except tests.
"""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Frozen(BaseModel):
    """What all settings share: unknown keys are faults, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WatchMode(StrEnum):
    """How changes in the input trees are noticed."""

    AUTO = "auto"
    EVENTS = "events"
    POLLING = "polling"


class Watch(Frozen):
    """How new photos are noticed and when a file counts as finished."""

    mode: WatchMode = WatchMode.AUTO
    rescan_interval_s: float = 60.0
    stability_delay_s: float = 2.0


class Folder(Frozen):
    """One configured pair: an input tree, its mirrored output tree, and what to do with its photos."""

    name: str
    input: Path
    output: Path
    recursive: bool = True
    exclude: tuple[str, ...] = ()
    filename: str = "{stem}.png"
    max_upload_bytes: int = 12_000_000


class Concurrency(Frozen):
    """How much is done at the same time."""

    uploads: int = Field(default=4, ge=1)
    removals: int = Field(default=64, ge=1)
    downloads: int = Field(default=4, ge=1)


class Uploadcare(Frozen):
    """The account and where its service lives."""

    public_key: str
    secret_key: SecretStr
