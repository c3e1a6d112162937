"""The switch between every push and the night: ``CUTOUTD_NIGHTLY=1`` runs what is otherwise drawn or left out."""

import os
import random
import sys
from collections.abc import Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")

IS_NIGHTLY = os.environ.get("CUTOUTD_NIGHTLY") == "1"

#: A test that a push does not run.
nightly_only = pytest.mark.skipif(not IS_NIGHTLY, reason="CUTOUTD_NIGHTLY=1 was not asked for")


def sample_of(rows: Sequence[T], number: int) -> tuple[T, ...]:
    """Draw some of these rows, all of them at night; the seed is written for whoever wants the same ones again."""
    if IS_NIGHTLY or number >= len(rows):
        return tuple(rows)
    seed = int(os.environ.get("CUTOUTD_SEED") or random.randrange(1_000_000))  # noqa: S311  no secret
    sys.stdout.write(f"\n{number} of {len(rows)}, drawn with CUTOUTD_SEED={seed}\n")
    return tuple(random.Random(seed).sample(rows, number))  # noqa: S311  as above
