"""What one sandbox is told when it starts.

Owns the values and their defaults; it must not read files, arguments or the environment. Filled in by ``__main__``,
``cutoutd sandbox``, ``cutoutd try`` or a test; read by ``server``.
"""

import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cutoutd.sandbox.engine import Engine
from cutoutd.sandbox.faults.plan import Fault


@dataclass(frozen=True, slots=True)
class ProcessingTime:
    """How long a removal takes: log-normal around a median; with sigma 0 always exactly the median."""

    median_s: float = 1.0
    sigma: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2.5`` (seconds) or ``lognormal:MEDIAN:SIGMA``. Raises ValueError for anything else."""
        name, _, rest = text.partition(":")
        if name == "lognormal":
            median, sigma = rest.split(":")
            drawn = cls(float(median), float(sigma))
        else:
            drawn = cls(float(text))
        if not (drawn.median_s >= 0 and drawn.sigma >= 0 and math.isfinite(drawn.median_s + drawn.sigma)):
            raise ValueError(f"a processing time cannot be {text}")
        return drawn

    def draw_s(self) -> float:
        """The seconds for one removal."""
        return self.median_s * math.exp(random.gauss(0.0, self.sigma)) if self.sigma else self.median_s


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """One sandbox: its project, where it listens, what it keeps, how it behaves.

    Attributes:
        state_dir: Everything it remembers; made when missing. A later start with the same folder continues there.
        public_key: The project's public key.
        secret_key: The project's secret key, also the key of signed uploads.
        host: Address to listen on.
        port: TCP port; 0 takes a free one.
        engine: What cuts the subject out.
        processing_time: How long a removal takes at least.
        launch_limit_per_minute: Removals accepted in any 60 seconds; 0 means no limit.
        launch_burst: With it the limit is a bucket that fills evenly and holds so many; 0 counts by the minute.
        operations_per_removal: Billable operations of one removal. Assumed: Uploadcare publishes no figure.
        faults: What goes wrong from the start on.
        is_autostore_enabled: The project's setting; decides for ``UPLOADCARE_STORE=auto`` and for results.
        is_signed_upload_required: Whether uploads without a signature are refused.
        is_ended_by_input: Whether it ends when its standard input closes.
    """

    state_dir: Path
    public_key: str = "sandboxpublickey"
    secret_key: str = "sandboxsecretkey"  # noqa: S105 - a stand-in's published key, worth nothing anywhere else
    host: str = "127.0.0.1"
    port: int = 0
    engine: Engine = Engine.GRABCUT
    processing_time: ProcessingTime = ProcessingTime()
    launch_limit_per_minute: int = 0
    launch_burst: int = 0
    operations_per_removal: int = 10
    faults: tuple[Fault, ...] = ()
    is_autostore_enabled: bool = True
    is_signed_upload_required: bool = False
    is_ended_by_input: bool = False
