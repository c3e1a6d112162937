from hypothesis import given
from hypothesis import strategies as st

from cutoutd.watch.watcher import RescanSchedule
from support.clocks import Clock


def test_the_first_scan_is_due_at_once() -> None:
    """Whatever was dropped while nothing ran is found at the start."""
    rhythm = RescanSchedule(60, Clock())
    assert (rhythm.is_scan_due, rhythm.rest_s) == (True, 0.0)


def test_a_small_tree_is_scanned_at_the_configured_interval() -> None:
    """And mounts without events more often in between."""
    clock = Clock()
    rhythm = RescanSchedule(60, clock)
    rhythm.note_scan(cpu_s=0.001)
    assert (rhythm.is_scan_due, rhythm.is_poll_due, rhythm.rest_s) == (False, False, 10.0)
    clock.now_s += 10
    assert (rhythm.is_scan_due, rhythm.is_poll_due) == (False, True)
    rhythm.note_poll(cpu_s=0.001)
    clock.now_s += 50
    assert rhythm.is_scan_due


def test_polling_is_never_rarer_than_the_interval() -> None:
    """Three configured seconds stay three seconds."""
    rhythm = RescanSchedule(3, Clock())
    rhythm.note_scan(cpu_s=0.0)
    assert rhythm.rest_s == 3


@given(st.floats(0.1, 3600), st.lists(st.floats(0, 100), min_size=1, max_size=10))
def test_scanning_stays_under_a_quarter_percent_of_a_core(interval_s: float, scans: list[float]) -> None:
    """However large the tree: the rest after each look is at least 400 times what it used."""
    clock = Clock()
    rhythm = RescanSchedule(interval_s, clock)
    for cpu_s in scans:
        rhythm.note_scan(cpu_s)
        assert rhythm.rest_s >= cpu_s * 400 - 1e-6
        clock.now_s += rhythm.rest_s


def test_after_a_loss_the_scan_comes_sooner_but_not_without_end() -> None:
    """A flood of events must not turn into scanning all the time."""
    clock = Clock()
    rhythm = RescanSchedule(60, clock)
    rhythm.note_scan(cpu_s=0.5)
    rhythm.note_loss()
    rhythm.note_loss()
    assert not rhythm.is_scan_due
    clock.now_s += 10
    assert rhythm.is_scan_due
    rhythm.note_scan(cpu_s=0.5)
    assert not rhythm.is_scan_due
