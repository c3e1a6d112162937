"""The switch between every push and the night: ``CUTOUTD_NIGHTLY=1`` runs all rows of what is sampled otherwise."""

import os

import pytest

IS_NIGHTLY = os.environ.get("CUTOUTD_NIGHTLY") == "1"

#: A test that a push does not run.
nightly_only = pytest.mark.skipif(not IS_NIGHTLY, reason="CUTOUTD_NIGHTLY=1 was not asked for")
