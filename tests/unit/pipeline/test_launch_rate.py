"""The launch rate: never over the ceiling, just under what was taken after a refusal, and gently up again."""

import math
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutoutd.pipeline.budget.launch_rate import LaunchRate, LearnedRate
from support.clocks import Clock


@dataclass
class Service:
    """Takes so many launches in any 60 seconds and names the moment when the next fits, as a window counter does."""

    limit: int
    clock: Clock
    taken_at_s: list[float] = field(default_factory=list)
    refusals: int = 0

    def launch(self) -> float | None:
        """None when it is accepted, else Retry-After."""
        oldest_s = self.taken_at_s[-self.limit] if len(self.taken_at_s) >= self.limit else -60.0
        if oldest_s > self.clock.now_s - 60:
            self.refusals += 1
            return oldest_s + 60 - self.clock.now_s
        self.taken_at_s.append(self.clock.now_s)
        return None


def work(rate: LaunchRate, service: "Service | Bucket", for_s: float) -> None:
    """Launch whenever one is free, one after the other."""
    end_s = service.clock.now_s + for_s
    while service.clock.now_s < end_s:
        launch(rate, service)


def launch(rate: LaunchRate, service: "Service | Bucket") -> None:
    """Wait until one is free, and launch it."""
    while not rate.free:
        service.clock.now_s += rate.free_in_s
    rate.take(1)
    refused_for_s = service.launch()
    if refused_for_s is None:
        rate.keep(1)
    else:
        rate.refuse(refused_for_s)
    rate.give_back(1)


@dataclass
class Bucket:
    """Fills evenly, so many a minute, and holds a few for a burst; names the whole seconds until the next one fits."""

    limit: int
    clock: Clock
    burst: int = 10
    held: float = 10.0
    filled_at_s: float = 1000.0
    taken: int = 0
    refusals: int = 0

    def launch(self) -> float | None:
        """None when it is accepted, else Retry-After."""
        self.held += (self.clock.now_s - self.filled_at_s) * self.limit / 60
        self.held, self.filled_at_s = min(self.held, self.burst), self.clock.now_s
        if self.held < 1:
            self.refusals += 1
            return float(math.ceil((1 - self.held) * 60 / self.limit))
        self.held -= 1
        self.taken += 1
        return None


def most_in_a_minute(at_s: list[float]) -> int:
    window: deque[float] = deque()
    most = 0
    for moment_s in at_s:
        window.append(moment_s)
        while window[0] <= moment_s - 60:
            window.popleft()
        most = max(most, len(window))
    return most


@settings(deadline=None)
@given(
    st.integers(1, 700),
    st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["keep", "give back", "refuse"])), max_size=200),
)
def test_never_more_than_the_ceiling_in_any_minute(ceiling: int, steps: list[tuple[float, str]]) -> None:
    """However launches come and end, and however often they are refused, no 60 seconds hold more than the ceiling."""
    clock = Clock()
    rate = LaunchRate(ceiling, clock=clock)
    launched_at_s: list[float] = []
    for number, (pause_s, end) in enumerate(steps):
        clock.now_s += pause_s
        for launch in range(rate.free):
            rate.take(1000 * number + launch)
            if end == "keep":
                launched_at_s.append(clock.now_s)
                rate.keep(1000 * number + launch)
            elif end == "refuse":
                rate.refuse(1.0)
            rate.give_back(1000 * number + launch)
        assert rate.free <= 5
    assert most_in_a_minute(launched_at_s) <= ceiling


@given(st.integers(1, 700), st.integers(1, 700))
@settings(deadline=None, max_examples=12)
def test_full_use_reaches_the_working_rate(ceiling: int, plan: int) -> None:
    """The smaller of ceiling and plan is all but used up, with few refusals in ten minutes of work."""
    clock = Clock()
    rate, service = LaunchRate(ceiling, clock=clock), Service(plan, clock)
    work(rate, service, 600)
    assert most_in_a_minute(service.taken_at_s) <= min(ceiling, plan)
    assert service.refusals <= (0 if ceiling <= plan else 6)
    work(rate, service, 600)
    reachable = min(ceiling, plan) * 20
    assert len(service.taken_at_s) >= reachable * 0.75 - 20


@given(st.integers(30, 590))
@settings(deadline=None, max_examples=12)
def test_a_bucket_is_all_but_emptied(plan: int) -> None:
    """A service that fills evenly and asks for a second's patience is not taken for one that refuses for a minute."""
    clock = Clock()
    rate, service = LaunchRate(600, clock=clock), Bucket(plan, clock)
    work(rate, service, 300)
    assert service.taken >= 0.9 * plan * 5
    assert service.refusals <= 30


@given(st.integers(2, 600), st.integers(0, 4))
def test_a_refusal_stops_all_and_the_rate_falls_below_what_was_accepted(plan: int, others_under_way: int) -> None:
    """Until Retry-After is over nothing is free; then less is launched in a minute than was accepted in one."""
    clock = Clock()
    rate, service = LaunchRate(700, clock=clock), Service(plan, clock)
    while not service.refusals:
        launch(rate, service)
    for _ in range(others_under_way):
        rate.refuse(rate.paused_for_s)
    assert rate.per_minute < plan
    assert rate.learned is not None
    assert rate.learned.accepted == plan
    paused_for_s = rate.paused_for_s
    assert paused_for_s > 0
    clock.now_s += paused_for_s - 0.01
    assert rate.free == 0
    clock.now_s += 0.01 + rate.free_in_s
    assert rate.free == 1


def accept(rate: LaunchRate, photo_id: int = 1) -> None:
    """Launch a photo, which is accepted."""
    rate.take(photo_id)
    rate.keep(photo_id)


def test_the_rate_rises_with_each_minute_in_which_launches_are_accepted() -> None:
    """Without an accepted launch nothing is known; one a minute is enough for the ceiling within ten minutes."""
    clock = Clock()
    rate = LaunchRate(600, clock=clock)
    rate.recall(LearnedRate(10.0, 11), paused_for_s=0, ages_s=())
    clock.now_s += 59
    accept(rate)
    assert rate.per_minute == 10
    rates = []
    for _ in range(10):
        clock.now_s += 61
        accept(rate)
        rates.append(rate.per_minute)
    assert rates[0] < 13
    assert rates[-1] == 600
    assert rate.learned is None


@pytest.mark.parametrize("accepted_between", [0, 1, 2])
@pytest.mark.parametrize("launches_a_minute", [0.5, 1, 20])
def test_six_short_refusals_are_made_up_for_within_minutes(accepted_between: int, launches_a_minute: float) -> None:
    """Six refusals by chance, whatever was accepted between them, cost no more than ten minutes of a lower rate."""
    clock = Clock()
    rate = LaunchRate(600, clock=clock)
    for _ in range(6):
        for photo_id in range(accepted_between):
            clock.now_s += rate.free_in_s
            accept(rate, photo_id)
        clock.now_s += rate.free_in_s
        rate.take(9)
        rate.refuse(1.0, 9)
        rate.give_back(9)
    refused_at_s = clock.now_s
    while rate.per_minute < 600:
        clock.now_s += max(rate.free_in_s, 60 / launches_a_minute)
        accept(rate)
    assert clock.now_s - refused_at_s <= 601


def test_refusals_by_chance_slow_down_no_more_than_they_ask() -> None:
    """Three of ten launches are refused for a second each, whatever the rate: the pauses cost time, and little else."""
    clock, chance = Clock(), random.Random(7)  # noqa: S311  no secret
    rate = LaunchRate(600, clock=clock)
    accepted, began_s = 0, clock.now_s
    while accepted < 200:
        clock.now_s += rate.free_in_s
        rate.take(1)
        if chance.random() < 0.3:
            rate.refuse(1.0, 1)
        else:
            rate.keep(1)
            accepted += 1
        rate.give_back(1)
    pauses_s = 200 * 0.3 / 0.7
    assert clock.now_s - began_s <= 2 * (pauses_s + 20)


def test_launches_that_met_the_same_refusal_halve_the_rate_once() -> None:
    """Refusals that no full minute explains halve the rate once for all launches under way, and not below 10."""
    clock = Clock()
    rate = LaunchRate(600, clock=clock)
    rate.take(1)
    rate.take(2)
    rate.refuse(1.0, 1)
    rate.refuse(1.0, 2)
    assert rate.per_minute == 300
    for _ in range(8):
        clock.now_s += 1 + rate.free_in_s
        accept(rate)
        rate.refuse(1.0)
    assert rate.per_minute == 10


def test_an_old_lesson_is_forgotten() -> None:
    """What an earlier process learned counts for an hour, and its age for the rise after the first accepted launch."""
    old, young = LaunchRate(600, clock=Clock()), LaunchRate(600, clock=Clock())
    old.recall(LearnedRate(19.0, 20), paused_for_s=0, ages_s=(), learned_ago_s=3600)
    assert old.per_minute == 600
    young.recall(LearnedRate(19.0, 20), paused_for_s=0, ages_s=(), learned_ago_s=600)
    assert young.per_minute == 19
    accept(young)
    assert young.per_minute == 600


def test_a_restart_remembers() -> None:
    """The learned rate, the pause and the launches of the last minute hold for the next process."""
    clock = Clock()
    rate = LaunchRate(600, clock=clock)
    rate.recall(LearnedRate(19.0, 20), paused_for_s=30, ages_s=[float(age_s) for age_s in range(18)])
    assert (rate.per_minute, rate.free, rate.paused_for_s) == (19, 0, 30)
    clock.now_s += 30
    assert rate.free == 0
    rate.refuse(12.0)
    assert rate.learned == LearnedRate(17.0, 18)


def test_a_lower_ceiling_wins_over_what_was_learned() -> None:
    """A ceiling below the remembered rate holds; what was learned above it is of no use."""
    rate = LaunchRate(10, clock=Clock())
    rate.recall(LearnedRate(19.0, 20), paused_for_s=0, ages_s=())
    assert rate.per_minute == 10
    assert rate.learned is None


def test_steps_that_came_to_no_launch_cost_nothing() -> None:
    """A launch that was given back is free again at once, and giving it back twice gives nothing."""
    rate = LaunchRate(600, clock=Clock())
    for photo_id in range(5):
        rate.take(photo_id)
    assert rate.free == 0
    rate.give_back(0)
    rate.give_back(0)
    assert rate.free == 1
    rate.keep(1)
    rate.give_back(1)
    assert rate.free == 1


def launches_at(rate: LaunchRate, clock: Clock, moments_s: Iterable[float]) -> None:
    """Launch at these seconds from now, all accepted."""
    begin_s = clock.now_s
    for number, moment_s in enumerate(moments_s):
        clock.now_s = begin_s + moment_s
        rate.take(number)
        rate.keep(number)


@pytest.mark.parametrize(
    ("moments_s", "retry_after_s", "per_minute"),
    [
        ([0.0, *[20.0] * 10], 5.0, 11 * 60 / 25 * 0.95),  # a token bucket: from the first launch on
        ([0.0] * 20, 0.0, 19.0),  # no time is named: a minute
        ([0.0] * 10, 30.0, 19.0),  # ten launches fill a minute, here in half of it
        ([0.0] * 9, 30.0, 300.0),  # nine do not: others share the limit
    ],
    ids=["bucket", "no time", "ten", "nine"],
)
def test_a_refusal_teaches_what_was_accepted_in_its_time(
    moments_s: list[float], retry_after_s: float, per_minute: float
) -> None:
    """The rate goes on just below the launches that the service took in the time that it counts, as a minute's."""
    clock = Clock()
    rate = LaunchRate(600, clock=clock)
    launches_at(rate, clock, moments_s)
    rate.refuse(retry_after_s)
    assert rate.per_minute == pytest.approx(per_minute)


def test_each_rise_is_twice_the_one_before() -> None:
    """From 60 a minute on: by 5 %, by 10 %, by 20 %, each after a minute in which a launch was accepted."""
    clock = Clock()
    rate = LaunchRate(600, clock=clock)
    rate.recall(LearnedRate(60.0, 63), paused_for_s=0, ages_s=())
    rates = []
    for _ in range(3):
        clock.now_s += 60.5
        accept(rate)
        rates.append(rate.per_minute)
    assert rates == pytest.approx([60 * 1.05, 60 * 1.05 * 1.1, 60 * 1.05 * 1.1 * 1.2])


def test_a_full_minute_ends_when_its_first_launch_leaves_it() -> None:
    """The stage sleeps until then; with launches under way for a second, because their ends wake it."""
    clock = Clock()
    rate = LaunchRate(10, clock=clock)
    launches_at(rate, clock, [0.0] * 5 + [6.0, 12.0, 18.0, 24.0, 30.0])
    clock.now_s = 1042.0
    assert (rate.free, rate.free_in_s) == (0, 1061.0 - 1042.0)
    clock.now_s = 1061.0
    assert rate.free == 5
    full = LaunchRate(10, clock=clock)
    for number in range(10):
        clock.now_s += 6.0
        full.take(number)
    clock.now_s += 12.0
    assert (full.free, full.free_in_s) == (0, 1.0)


def test_a_part_of_a_launch_is_none() -> None:
    """The launches of a burst come back one by one, each when its whole time is over."""
    clock = Clock()
    rate = LaunchRate(60, clock=clock)
    launches_at(rate, clock, [0.0] * 5)
    clock.now_s += 0.6
    assert (rate.free, rate.free_in_s) == (0, pytest.approx(0.4))
    clock.now_s += 0.4
    assert rate.free == 1


def test_all_launches_that_were_given_back_are_free_again() -> None:
    """However many there were."""
    rate = LaunchRate(600, clock=Clock())
    rate.take(1)
    rate.take(2)
    rate.give_back(1)
    rate.give_back(2)
    assert rate.free == 5


def test_a_launch_that_was_never_taken_counts_too() -> None:
    """It was made, and Uploadcare counts it."""
    rate = LaunchRate(3, clock=Clock())
    rate.keep(7)
    assert rate.free == 2


def test_the_last_moment_of_a_pause_holds_after_a_restart() -> None:
    """Half a second of it is a pause as well."""
    rate = LaunchRate(600, clock=Clock())
    rate.recall(None, paused_for_s=0.5, ages_s=())
    assert (rate.paused_for_s, rate.free) == (0.5, 0)


def test_the_first_launch_after_a_pause_is_refused_by_no_rate_of_ours() -> None:
    """Also one that was taken in the very moment at which the pause ended: then the ceiling is tried again."""
    clock = Clock()
    rate = LaunchRate(600, clock=clock)
    rate.refuse(30.0)
    assert rate.per_minute == 300
    clock.now_s += 30.0
    rate.take(1)
    rate.refuse(30.0, 1)
    assert rate.per_minute == 600


def test_a_launch_from_before_the_pause_tells_nothing_of_the_time_after_it() -> None:
    """Its refusal comes late; the rate that the first refusal taught stays."""
    clock = Clock()
    rate = LaunchRate(600, clock=clock)
    rate.take(1)
    clock.now_s += 1.0
    rate.refuse(0.0)
    clock.now_s += 1.0
    rate.refuse(0.0, 1)
    assert rate.per_minute <= 300
