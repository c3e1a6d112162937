import json

import pytest

from cutoutd.recovery import LOCK_BOUND_S, LOOK_FOR_S, Move, Traces, is_comparable, next_move

NOTHING = Traces(is_source_gone=False, result_uuid=None)
GONE = Traces(is_source_gone=True, result_uuid=None)
FOUND = Traces(is_source_gone=False, result_uuid="result")


@pytest.mark.parametrize("unclear_for_s", [0.0, LOOK_FOR_S, LOCK_BOUND_S, 1e6])
def test_a_found_result_is_always_adopted(unclear_for_s: float) -> None:
    """What was paid for and found is taken, however late."""
    assert next_move(FOUND, unclear_for_s) is Move.ADOPT


@pytest.mark.parametrize("traces", [NOTHING, GONE])
def test_nothing_is_paid_again_before_traces_were_looked_for_long_enough(traces: Traces) -> None:
    """A lag of the service costs time, not money."""
    assert next_move(traces, LOOK_FOR_S - 1) is Move.LOOK_AGAIN


def test_without_a_trace_the_launch_is_made_again_on_the_same_upload() -> None:
    """On the same upload a removal that still runs refuses the call, so only there is trying harmless."""
    assert next_move(NOTHING, LOOK_FOR_S) is Move.LAUNCH_AGAIN


def test_an_upload_that_is_gone_is_sent_anew() -> None:
    """Nothing can be launched on an upload that has expired."""
    assert next_move(GONE, LOOK_FOR_S) is Move.SEND_ANEW


def test_a_lock_is_not_believed_for_ever() -> None:
    """The lock of a removal that died can stay for a day; a fresh upload has none."""
    assert next_move(NOTHING, LOCK_BOUND_S) is Move.SEND_ANEW


@pytest.mark.parametrize("name", ["crop", "scale", "position", "add_shadow", "bg_color", "channels"])
def test_results_that_differ_by_request_are_never_adopted(name: str) -> None:
    """Where the subject was moved, tinted or masked, pixels prove nothing."""
    assert not is_comparable(json.dumps({"type": "product", name: "anything"}))


def test_plain_results_can_be_compared() -> None:
    """Parameters that only choose what is cut out leave the pixels where they were."""
    assert is_comparable(json.dumps({"type": "product", "semitransparency": False, "roi": "0% 0% 50% 50%"}))
