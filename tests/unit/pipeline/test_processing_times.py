"""What is learned of processing times from questions that only say "not yet" and "finished since"."""

import random

import pytest

from cutoutd.pipeline.completion.processing_times import ProcessingTimes

EVENLY = 0.4


def quantile_s(times: ProcessingTimes, share: float) -> float:
    return times.sorted_s[int(share * len(times.sorted_s))]


def test_the_first_times_are_the_middles() -> None:
    """While next to nothing is known, a removal ended half-way between the two questions."""
    times = ProcessingTimes()
    times.record(0.0, 3.0)
    times.record(2.0, 3.0)
    assert times.sorted_s == [1.5, 2.5]


@pytest.mark.parametrize("sigma", [0.25, 0.5])
def test_what_a_first_question_finds_is_not_taken_for_half_its_time(sigma: float) -> None:
    """Questions at a fixed moment find two in three finished; what is remembered still says so."""
    chance = random.Random(4)  # noqa: S311  a simulation
    times = ProcessingTimes([4.0 * chance.lognormvariate(0, sigma) for _ in range(50)], chance.random)
    for _ in range(1000):
        time_s = 4.0 * chance.lognormvariate(0, sigma)
        after_s, by_s = (0.0, 4.4) if time_s <= 4.4 else (4.4, max(6.6, time_s))
        times.record(after_s, by_s)
    assert 3.0 < quantile_s(times, 0.5) < 5.0  # by middles it would be 2.2


def test_a_drawn_time_lies_between_the_questions() -> None:
    """Whatever chance says, a time is later than "not yet" and no later than "finished"."""
    for chance in (0.0, 0.5, 0.999999):
        times = ProcessingTimes([4.0] * 200, lambda chance=chance: chance)
        times.record(3.9, 4.3)
        new_s = set(times.sorted_s) - {4.0}
        assert all(3.9 <= time_s <= 4.3 for time_s in new_s)


def test_only_so_many_are_remembered() -> None:
    """The oldest goes, so that a service may change."""
    times = ProcessingTimes([1.0] * 200, lambda: EVENLY)
    for _ in range(200):
        times.record(50.0, 52.0)
    assert len(times.sorted_s) == 200
    assert min(times.sorted_s) >= 50.0


def test_a_service_far_from_all_that_is_known_is_taken_at_its_middle() -> None:
    """From 2 s to 300 s at once: a distribution that never saw such times says nothing about them."""
    times = ProcessingTimes([2.0] * 200, lambda: EVENLY)
    times.record(290.0, 310.0)
    assert times.sorted_s[-1] == 300.0
