"""The settings of one sandbox, and their defaults."""

import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cutoutd.sandbox.engine import Engine, ModelEngine
from cutoutd.sandbox.faults.plan import Fault


@dataclass(frozen=True, slots=True)
class ProcessingTime:
    """The duration of removals: log-normal around a median; with sigma 0 always exactly the median."""

    median_s: float = 1.0
    sigma: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2.5`` (seconds) or ``lognormal:MEDIAN:SIGMA``. Raises ValueError for anything else."""
        name, _, rest = text.partition(":")
        if name == "lognormal":
            median, sigma = rest.split(":")
            parsed = cls(float(median), float(sigma))
        else:
            parsed = cls(float(text))
        if not (parsed.median_s >= 0 and parsed.sigma >= 0 and math.isfinite(parsed.median_s + parsed.sigma)):
            raise ValueError(f"a processing time cannot be {text}")
        return parsed

    def draw_s(self) -> float:
        """Return the seconds for one removal."""
        return self.median_s * math.exp(random.gauss(0.0, self.sigma)) if self.sigma else self.median_s


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """The settings of one sandbox.

    Attributes:
        state_dir: The folder of its state, made if missing. A later start with the same folder continues there.
        public_key: The project's public key.
        secret_key: The project's secret key, also the key of signed uploads.
        host: Address to listen on.
        port: TCP port; 0 takes a free one.
        engine: The engine that cuts the subject out.
        processing_time: The shortest duration of a removal.
        launch_limit_per_minute: Removals accepted in any 60 seconds; 0 means no limit.
        launch_burst: Size of a bucket that fills evenly; 0 counts the launches of a minute instead.
        operations_per_removal: Billable operations of one removal; assumed, because Uploadcare publishes no number.
        faults: The faults in force from the start.
        from_url_hosts: Names of hosts beside this machine that uploads may come from.
        is_autostore_enabled: The project's setting; it decides for ``UPLOADCARE_STORE=auto`` and for results.
        is_signed_upload_required: True if uploads without a signature are refused.
        is_ended_by_input: True if it ends when its standard input closes.
    """

    state_dir: Path
    public_key: str = "sandboxpublickey"
    secret_key: str = "sandboxsecretkey"  # noqa: S105 - a stand-in's published key, worth nothing anywhere else
    host: str = "127.0.0.1"
    port: int = 0
    engine: Engine | ModelEngine = Engine.GRABCUT
    processing_time: ProcessingTime = ProcessingTime()
    launch_limit_per_minute: int = 0
    launch_burst: int = 0
    operations_per_removal: int = 10
    faults: tuple[Fault, ...] = ()
    from_url_hosts: tuple[str, ...] = ()
    is_autostore_enabled: bool = True
    is_signed_upload_required: bool = False
    is_ended_by_input: bool = False
