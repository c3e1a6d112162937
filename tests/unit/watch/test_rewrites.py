"""The delays of paths that bring new versions again and again."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from cutoutd.files.input_tree import Sighting
from cutoutd.watch.rewrites import LONGEST_DELAY_S, RewriteDelays


@dataclass
class Clock:
    now_s: float = 100.0

    def delays(self, capacity: int = 10) -> RewriteDelays:
        return RewriteDelays(now_s=lambda: self.now_s, capacity=capacity)


def version(number: int, path: str = "a.jpg") -> Sighting:
    return Sighting(path, size_bytes=number, mtime_ns=number, ctime_ns=number, inode=1)


def test_the_delay_doubles_with_each_version_up_to_a_limit() -> None:
    """One second first; the same version again does not count."""
    clock = Clock()
    delays = clock.delays()
    seen = []
    for number in range(12):
        seen.append(delays.delay_s(version(number)))
        for _ in range(2):
            delays.note_delivery(version(number))
        clock.now_s += seen[-1]
    assert seen == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_a_path_that_rests_is_forgotten() -> None:
    """A photo that a person saves every few minutes is taken at once each time."""
    clock = Clock()
    delays = clock.delays()
    for number in range(5):
        assert delays.delay_s(version(number)) == 0
        delays.note_delivery(version(number))
        clock.now_s += 61


def test_memory_is_bounded() -> None:
    """The path that was delivered first is forgotten first."""
    clock = Clock()
    delays = clock.delays(capacity=2)
    for path in ("a.jpg", "b.jpg", "c.jpg"):
        delays.note_delivery(version(1, path))
    assert [delays.delay_s(version(2, path)) for path in ("a.jpg", "b.jpg", "c.jpg")] == [0, 1, 1]


@given(st.lists(st.floats(0, 1000), max_size=50))
def test_no_delay_exceeds_the_limit(pauses: list[float]) -> None:
    """However often a path changes, and whenever."""
    clock = Clock()
    delays = clock.delays()
    for number, pause_s in enumerate(pauses):
        assert 0 <= delays.delay_s(version(number)) <= LONGEST_DELAY_S
        delays.note_delivery(version(number))
        clock.now_s += pause_s
