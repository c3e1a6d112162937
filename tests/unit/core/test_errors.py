"""The error tree: everything that can go wrong speaks to a person."""

import pytest

from cutoutd.core import errors
from cutoutd.core.errors import ConfigurationError, CutoutdError, DelayError, HaltError, PhotoError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CutoutdError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_title(kind: type[CutoutdError]) -> None:
    """A title of a few words, and a docstring that the tree in the module names."""
    assert kind.title
    assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, HaltError)])
def test_every_halt_has_a_reason_and_advice(kind: type[HaltError]) -> None:
    """What stops the service has a slug of its own; what a person must mend says how."""
    assert kind.reason
    if kind is not HaltError:
        assert kind.default_advice
        assert [other.reason for other in KINDS if issubclass(other, HaltError)].count(kind.reason) == 1


def test_own_advice_wins() -> None:
    """Advice given on the spot is better than the kind's."""
    assert errors.DiskError("full").advice == errors.DiskError.default_advice
    assert errors.DiskError("gone", advice="Mount it.").advice == "Mount it."


def test_what_the_branches_carry() -> None:
    """A photo's error has a code, a delay the service's wish, a configuration's faults one sentence each."""
    assert PhotoError("empty", "it is empty").code == "empty"
    assert DelayError("later", retry_after_s=3.0).retry_after_s == 3.0
    assert str(ConfigurationError(("one", "two"))) == "one\ntwo"
