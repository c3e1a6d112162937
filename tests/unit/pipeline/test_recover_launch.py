import json
from dataclasses import replace

import pytest

from cutoutd.core.photo import Photo, State
from cutoutd.pipeline.steps.launching.find_result import is_comparable
from cutoutd.pipeline.steps.launching.recover_launch import (
    LOCK_BOUND_S,
    LOOK_FOR_S,
    LaunchTraces,
    OutcomeSearch,
    RecoveryAction,
    looked_for_s,
    may_have_expired,
    next_action,
    search_of,
)
from support.ledgers import identity, with_columns

NOTHING = LaunchTraces(is_source_gone=False, result_uuid=None)
NO_REMOVAL = LaunchTraces(is_source_gone=False, result_uuid=None, may_have_run=False)
GONE = LaunchTraces(is_source_gone=True, result_uuid=None)
DELETED = LaunchTraces(is_source_gone=True, result_uuid=None, may_have_run=False)
FOUND = LaunchTraces(is_source_gone=False, result_uuid="result")


@pytest.mark.parametrize("unclear_for_s", [0.0, LOOK_FOR_S, LOCK_BOUND_S, 1e6])
def test_a_found_result_is_always_adopted(unclear_for_s: float) -> None:
    """What was paid for and found is taken, however late."""
    assert next_action(FOUND, OutcomeSearch(unclear_for_s, locked_for_s=unclear_for_s)) is RecoveryAction.ADOPT


@pytest.mark.parametrize("traces", [NOTHING, GONE])
def test_nothing_is_paid_again_before_traces_were_looked_for_long_enough(traces: LaunchTraces) -> None:
    """A lag of the service costs time, not money."""
    assert next_action(traces, OutcomeSearch(LOOK_FOR_S - 1, locked_for_s=LOCK_BOUND_S)) is RecoveryAction.LOOK_AGAIN


def test_without_a_trace_the_launch_is_made_again_on_the_same_upload() -> None:
    """On the same upload a removal that still runs refuses the call, so only there is trying harmless."""
    assert next_action(NOTHING, OutcomeSearch(LOOK_FOR_S)) is RecoveryAction.LAUNCH_AGAIN


def test_an_upload_that_is_gone_is_sent_anew() -> None:
    """Nothing can be launched on an upload that has expired."""
    assert next_action(GONE, OutcomeSearch(LOOK_FOR_S)) is RecoveryAction.SEND_ANEW


def test_a_lock_is_not_believed_for_ever() -> None:
    """The lock of a removal that died can stay for a day; a fresh upload has none."""
    assert next_action(NOTHING, OutcomeSearch(LOCK_BOUND_S, locked_for_s=LOCK_BOUND_S)) is RecoveryAction.SEND_ANEW


def test_an_upload_that_is_not_locked_is_kept_however_long_it_took() -> None:
    """After a night without the service only the upload itself can refuse a call whose removal runs already."""
    assert next_action(NOTHING, OutcomeSearch(1e6)) is RecoveryAction.LAUNCH_AGAIN


def test_each_further_loss_is_searched_for_twice_as_long() -> None:
    """A service that carries every call out and answers none is not fed a removal every few minutes."""
    for lost, patience_s in ((1, LOOK_FOR_S), (2, 2 * LOOK_FOR_S), (3, 4 * LOOK_FOR_S), (50, 128 * LOOK_FOR_S)):
        assert next_action(NOTHING, OutcomeSearch(patience_s - 1, lost_launches=lost)) is RecoveryAction.LOOK_AGAIN
        assert next_action(NOTHING, OutcomeSearch(patience_s, lost_launches=lost)) is RecoveryAction.LAUNCH_AGAIN


@pytest.mark.parametrize("name", ["crop", "scale", "position", "add_shadow", "bg_color", "channels"])
def test_results_that_differ_by_request_are_never_adopted(name: str) -> None:
    """Where the subject was moved, tinted or masked, pixels prove nothing."""
    assert not is_comparable(json.dumps({"type": "product", name: "anything"}))


def test_plain_results_can_be_compared() -> None:
    """Parameters that only choose what is cut out leave the pixels where they were."""
    assert is_comparable(json.dumps({"type": "product", "semitransparency": False, "roi": "0% 0% 50% 50%"}))


def test_a_launch_that_left_no_mark_on_its_upload_was_not_made() -> None:
    """After the time that any removal takes, an upload without a mark and without a lock had none."""
    search = OutcomeSearch(20.0, shown_after_s=20.0, may_come_late=False)
    assert next_action(NO_REMOVAL, search) is RecoveryAction.NOT_MADE
    assert next_action(NO_REMOVAL, replace(search, unclear_for_s=19.9)) is RecoveryAction.LOOK_AGAIN


def test_an_upload_is_deleted_before_a_call_that_may_come_late_is_made_again() -> None:
    """No answer shows that nobody holds the call; on a deleted upload it meets a no, whenever it comes."""
    search = OutcomeSearch(20.0, shown_after_s=20.0)
    assert next_action(NO_REMOVAL, search) is RecoveryAction.WITHDRAW
    assert next_action(NO_REMOVAL, replace(search, unclear_for_s=19.9)) is RecoveryAction.LOOK_AGAIN
    assert next_action(DELETED, replace(search, may_come_late=False)) is RecoveryAction.WITHDRAW  # a crash came between


def test_a_removal_that_began_just_before_the_deletion_is_waited_for() -> None:
    """Only a look after it would have ended shows that there was none; a mark shows that there was one."""
    search = OutcomeSearch(10.0, shown_after_s=20.0, is_withdrawn=True)
    assert next_action(DELETED, search) is RecoveryAction.PREVENTED
    assert next_action(DELETED, replace(search, unclear_for_s=9.9)) is RecoveryAction.LOOK_AGAIN
    assert next_action(FOUND, search) is RecoveryAction.ADOPT
    assert next_action(GONE, search) is RecoveryAction.LOOK_AGAIN
    assert next_action(GONE, replace(search, unclear_for_s=LOOK_FOR_S)) is RecoveryAction.SEND_ANEW


def test_a_deletion_that_did_nothing_is_made_again() -> None:
    """An upload that is still there can still be launched on."""
    assert (
        next_action(NO_REMOVAL, OutcomeSearch(10.0, shown_after_s=20.0, is_withdrawn=True)) is RecoveryAction.WITHDRAW
    )


def test_a_lock_or_a_mark_shows_that_a_launch_was_made() -> None:
    """Then it may be paid for, and the full search comes before another launch."""
    locked = OutcomeSearch(20.0, locked_for_s=0.0, shown_after_s=20.0)
    assert next_action(NO_REMOVAL, locked) is RecoveryAction.LOOK_AGAIN
    assert next_action(NO_REMOVAL, replace(locked, unclear_for_s=LOOK_FOR_S)) is RecoveryAction.LAUNCH_AGAIN
    assert next_action(NOTHING, OutcomeSearch(20.0, shown_after_s=20.0)) is RecoveryAction.LOOK_AGAIN
    assert next_action(GONE, OutcomeSearch(20.0, shown_after_s=20.0)) is RecoveryAction.LOOK_AGAIN


def test_launches_that_come_to_nothing_again_and_again_become_rarer() -> None:
    """A service that breaks its own rules is not fed a removal every few seconds."""
    search = OutcomeSearch(0.0, shown_after_s=20.0)
    found = [looked_for_s(NO_REMOVAL, replace(search, not_made=number)) for number in (0, 5, 6, 7, 50)]
    assert found == [20.0, 20.0, 40.0, 80.0, 20.0 * 128]


@pytest.mark.parametrize(("age_s", "is_old"), [(8_641.0, False), (86_400.0, False), (86_401.0, True), (-60.0, False)])
def test_a_file_is_gone_by_age_only_after_a_day(age_s: float, *, is_old: bool) -> None:
    """A younger one may come back, so nothing is paid for again because of it; a clock set back makes none older."""
    assert may_have_expired(1000.0, 1000.0 + age_s) is is_old


@pytest.mark.parametrize(
    ("unclear_ago_s", "locked_ago_s", "search"),
    [
        (None, None, OutcomeSearch(0.0, None, 2)),
        (30.0, None, OutcomeSearch(30.0, None, 2)),
        (None, 20.0, OutcomeSearch(20.0, 20.0, 2)),
        (30.0, 20.0, OutcomeSearch(30.0, 20.0, 2)),
    ],
)
def test_a_search_begins_with_the_lost_answer_or_with_a_lock(
    unclear_ago_s: float | None, locked_ago_s: float | None, search: OutcomeSearch
) -> None:
    """A lock without a lost answer is as unclear as one."""
    photo = Photo(1, identity(), State.REMOVAL_INTENDED, 0.0)
    ago_s: dict[str, float | None] = {"unclear_since_s": unclear_ago_s, "locked_since_s": locked_ago_s}
    photo = with_columns(
        photo, source_uuid="sent", **{key: None if value is None else 1000.0 - value for key, value in ago_s.items()}
    )
    assert search_of(photo, 2, 1000.0) == search
