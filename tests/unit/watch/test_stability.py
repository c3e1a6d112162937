from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.files.input_tree import Sighting
from cutoutd.files.unfinished import NO_SIGNS, Sibling, Writer
from cutoutd.watch.stability import QUIET_FACTOR, FileLook, StabilityCheck

DELAY_S = 2.0
START_S = 1_800_000_000.0


@dataclass
class Clocks:
    """Two clocks as a machine has them: one that people set, one that only runs."""

    monotonic_s: float = 50.0
    wall_s: float = START_S

    def pass_by(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall_s += seconds

    def settling(self, **options: int) -> StabilityCheck:
        return StabilityCheck(
            DELAY_S, now_s=lambda: self.monotonic_s, wall_ns=lambda: int(self.wall_s * 1e9), **options
        )

    def file(self, **changes: object) -> Sighting:
        """A file changed at this moment."""
        now_ns = int(self.wall_s * 1e9)
        seen = Sighting("a.jpg", size_bytes=1000, mtime_ns=now_ns, ctime_ns=now_ns, inode=7)
        return replace(seen, **changes)


def test_closed_and_whole_is_finished_at_once() -> None:
    """No fixed delay for a copy that has ended."""
    clocks = Clocks()
    assert clocks.settling().is_finished(clocks.file(is_closed=True), FileLook(is_whole=True))


def test_closed_but_not_whole_has_to_wait() -> None:
    """A program that opens and closes the file for each piece is not done with the first."""
    clocks = Clocks()
    settling = clocks.settling()
    assert not settling.is_finished(clocks.file(is_closed=True), FileLook(is_whole=False))
    assert settling.waiting()[0].reason == "was closed, but is not whole yet"


def test_whole_and_long_unchanged_is_finished_at_the_first_look() -> None:
    """A folder full of old photos is taken at once at the start."""
    clocks = Clocks()
    seen = clocks.file()
    clocks.pass_by(DELAY_S)
    assert clocks.settling().is_finished(seen, FileLook(is_whole=True))


def test_an_old_stamp_on_a_file_just_written_is_not_believed() -> None:
    """Copying programs set mtime to the original's; ctime cannot be set."""
    clocks = Clocks()
    assert not clocks.settling().is_finished(clocks.file(mtime_ns=0), FileLook(is_whole=True))


def test_standing_still_is_enough_whole_or_not() -> None:
    """A cut-off file is handed on as well, so that intake can say that it is cut off."""
    clocks = Clocks()
    settling = clocks.settling()
    seen = clocks.file()
    assert not settling.is_finished(seen, FileLook(is_whole=False))
    clocks.pass_by(DELAY_S)
    assert settling.is_finished(seen, FileLook(is_whole=False))
    assert settling.waiting() == ()


def test_two_looks_in_quick_succession_are_not_standing_still() -> None:
    """The time between the looks counts, not their number."""
    clocks = Clocks()
    settling = clocks.settling()
    seen = clocks.file()
    for _ in range(19):
        assert not settling.is_finished(seen, FileLook(is_whole=False))
        clocks.pass_by(DELAY_S / 20)


@pytest.mark.parametrize("change", ["size_bytes", "mtime_ns", "ctime_ns", "inode"])
def test_any_change_starts_the_wait_anew(change: str) -> None:
    """Size, either stamp, or another file in its place."""
    clocks = Clocks()
    settling = clocks.settling()
    seen = clocks.file()
    settling.is_finished(seen, FileLook(is_whole=False))
    clocks.pass_by(DELAY_S)
    changed = replace(seen, **{change: getattr(seen, change) + 1})
    assert not settling.is_finished(changed, FileLook(is_whole=False))
    assert settling.waiting()[0].reason == "is still being written"
    assert settling.waiting()[0].since_s == START_S


def test_reading_is_asked_for_only_where_it_can_matter() -> None:
    """A file in the middle of being written is not read over and over."""
    clocks = Clocks()
    settling = clocks.settling()
    seen = clocks.file()
    assert not settling.is_due_for_reading(seen)
    assert settling.is_due_for_reading(replace(seen, is_closed=True))
    clocks.pass_by(DELAY_S)
    assert settling.is_due_for_reading(seen)


def test_the_next_look_is_due_when_the_file_could_be_finished() -> None:
    """Neither earlier nor later."""
    clocks = Clocks()
    settling = clocks.settling()
    assert settling.due_in_s() is None
    settling.is_finished(clocks.file(), FileLook(is_whole=False))
    clocks.pass_by(0.5)
    assert (settling.due_in_s(), settling.due()) == (1.5, [])
    clocks.pass_by(1.5)
    assert (settling.due_in_s(), settling.due()) == (0.0, ["a.jpg"])
    settling.forget("a.jpg")
    assert settling.due_in_s() is None


def test_memory_is_bounded() -> None:
    """Beyond the capacity files are left to the next rescan; those already waiting stay."""
    clocks = Clocks()
    settling = clocks.settling(capacity=2)
    for name in ("a.jpg", "b.jpg", "c.jpg", "a.jpg"):
        settling.is_finished(clocks.file(path=name), FileLook(is_whole=False))
    assert {file.path for file in settling.waiting()} == {"a.jpg", "b.jpg"}
    assert settling.is_full


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-1e6, 1e6)), max_size=30))
def test_a_file_that_keeps_changing_is_never_finished(steps: list[tuple[float, float]]) -> None:
    """However long it takes, and whatever is done to the wall clock; unless it is whole by its own format."""
    clocks = Clocks()
    settling = clocks.settling()
    for size, (passed_s, jump_s) in enumerate(steps):
        clocks.pass_by(passed_s)
        clocks.wall_s += jump_s
        assert not settling.is_finished(clocks.file(size_bytes=size), FileLook(is_whole=False))


@given(
    is_closed=st.booleans(),
    is_whole=st.booleans(),
    stamped_ahead_s=st.floats(-1e9, 1e9),
    jumps=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5),
)
def test_a_file_that_stands_still_is_finished_in_bounded_time(
    *, is_closed: bool, is_whole: bool, stamped_ahead_s: float, jumps: list[float]
) -> None:
    """Stamps from the future, a wall clock that jumps: two looks a delay apart are enough."""
    clocks = Clocks()
    settling = clocks.settling()
    stamp_ns = int((START_S + stamped_ahead_s) * 1e9)
    seen = clocks.file(mtime_ns=stamp_ns, ctime_ns=stamp_ns, is_closed=is_closed)
    looks = [settling.is_finished(seen, FileLook(is_whole=is_whole))]
    for jump_s in jumps:
        clocks.pass_by(DELAY_S)
        clocks.wall_s += jump_s
        looks.append(looks[-1] or settling.is_finished(seen, FileLook(is_whole=is_whole)))
    assert looks[1]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.booleans(), st.floats(0, 3)), max_size=40))
def test_whatever_waits_falls_due(looks: list[tuple[str, int, bool, float]]) -> None:
    """No verdict of "not finished" is final: everything that waits is due within the delay."""
    clocks = Clocks()
    settling = clocks.settling(capacity=2)
    for path, size, is_closed, passed_s in looks:
        clocks.pass_by(passed_s)
        settling.is_finished(clocks.file(path=path, size_bytes=size, is_closed=is_closed), FileLook(is_whole=False))
    waiting = {file.path for file in settling.waiting()}
    clocks.pass_by(DELAY_S + 1e-6)
    assert set(settling.due()) == waiting


WHOLE = FileLook(is_whole=True)
LONG_S = 10_000.0


def look_with(**signs: object) -> FileLook:
    return FileLook(is_whole=True, signs=replace(NO_SIGNS, **signs))


def sibling(clocks: Clocks, name: str, *, is_control_file: bool) -> Sibling:
    """A file beside the photo, changed at this moment."""
    return Sibling(name, is_control_file, int(clocks.wall_s * 1e9))


def test_a_file_with_a_writer_waits_as_long_as_it_takes() -> None:
    """Closed by another program, whole and old: it is not finished; status and, after a while, the log say why."""
    clocks = Clocks()
    settling = clocks.settling()
    seen = clocks.file(is_closed=True)
    for _ in range(20):
        assert not settling.is_finished(seen, look_with(writer=Writer.PRESENT))
        clocks.pass_by(60)
    assert settling.waiting()[0].reason == "is open for writing in another program"
    assert [file.path for file in settling.take_untold()] == ["a.jpg"]
    assert settling.take_untold() == ()
    assert settling.is_finished(seen, WHOLE)


def test_looks_at_a_file_with_a_writer_grow_rare() -> None:
    """Its end is told by an event; ten thousand of such files must not be opened every two seconds."""
    clocks = Clocks()
    settling = clocks.settling()
    for _ in range(30):
        settling.is_finished(clocks.file(mtime_ns=1, ctime_ns=1), look_with(writer=Writer.PRESENT))
        clocks.pass_by(settling.due_in_s() or 0.0)
    settling.is_finished(clocks.file(mtime_ns=1, ctime_ns=1), look_with(writer=Writer.PRESENT))
    assert settling.due_in_s() == 30.0


def test_a_control_file_counts_for_ever() -> None:
    """Its tool removes it when the download is complete, so without that the photo is not complete."""
    clocks = Clocks()
    settling = clocks.settling()
    beside = sibling(clocks, "a.jpg.aria2", is_control_file=True)
    seen = clocks.file(is_closed=True)
    clocks.pass_by(LONG_S)
    assert not settling.is_finished(seen, look_with(sibling=beside))
    assert settling.waiting()[0].reason == "has a.jpg.aria2 beside it, so it is not complete"


def test_what_a_crash_may_have_left_counts_for_ten_minutes() -> None:
    """Holes, and a sibling in progress: while the file or the sibling changes, and for a while after that."""
    clocks = Clocks()
    settling = clocks.settling()
    seen = clocks.file(is_closed=True)
    assert not settling.is_finished(seen, look_with(has_holes=True))
    clocks.pass_by(599)
    beside = sibling(clocks, "a.jpg.part", is_control_file=False)
    assert not settling.is_finished(seen, look_with(has_holes=True))
    clocks.pass_by(1)
    assert not settling.is_finished(seen, look_with(sibling=beside))
    assert settling.is_finished(seen, look_with(has_holes=True))
    clocks.pass_by(599)
    assert settling.is_finished(seen, look_with(sibling=beside))


def test_where_nothing_can_tell_a_file_stands_still_for_longer() -> None:
    """On a network share a closed and whole file may have another writer."""
    clocks = Clocks()
    settling = clocks.settling()
    seen = clocks.file(is_closed=True)
    unsure = look_with(writer=Writer.UNKNOWN)
    assert not settling.is_finished(seen, unsure)
    assert settling.due_in_s() == QUIET_FACTOR * DELAY_S
    clocks.pass_by(QUIET_FACTOR * DELAY_S - 0.1)
    assert not settling.is_finished(seen, unsure)
    clocks.pass_by(0.2)
    assert settling.is_finished(seen, unsure)


def test_a_name_overwritten_forty_times_is_finished_twice() -> None:
    """The first version at once, the last one when it stood still: each would cost a removal."""
    clocks = Clocks()
    settling = clocks.settling()
    finished = 0
    for size in range(40):
        finished += settling.is_finished(clocks.file(size_bytes=size, is_closed=True), WHOLE)
        last = clocks.file(size_bytes=size)
        clocks.pass_by(0.4)
    clocks.pass_by(settling.due_in_s() or 0.0)
    assert finished + settling.is_finished(last, WHOLE) == 2


def test_a_changed_attribute_is_no_rewrite() -> None:
    """A chmod right after the copy holds nothing up."""
    clocks = Clocks()
    settling = clocks.settling()
    seen = clocks.file(is_closed=True)
    assert settling.is_finished(seen, WHOLE)
    assert settling.is_finished(replace(seen, ctime_ns=seen.ctime_ns + 1), WHOLE)
