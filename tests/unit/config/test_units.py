"""Sizes and durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.config.types.units import bytes_of, seconds_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("12 MB", 12_000_000),
        ("12MB", 12_000_000),
        ("500 kB", 500_000),
        ("11 MiB", 11_534_336),
        ("7", 7),
        ("1.5 kib", 1536),
    ],
)
def test_sizes(text: str, size: int) -> None:
    """MB counts in thousands, MiB in 1024s, a plain number in bytes; case and blanks do not matter."""
    assert bytes_of(text) == size


@pytest.mark.parametrize(
    ("text", "duration_s"), [("60s", 60), ("2m", 120), ("1h", 3600), ("500ms", 0.5), ("2.5", 2.5), ("1 d", 86_400)]
)
def test_durations(text: str, duration_s: float) -> None:
    """Durations take ms, s, m, h and d; a plain number counts seconds."""
    assert seconds_of(text) == duration_s


@pytest.mark.parametrize(
    "text", ["", "MB", "12 MG", "-1 MB", "1e3", "inf", "nan", "12 MB 3", "1,5 MB", "٣ MB", "9" * 5000]
)
def test_no_sizes(text: str) -> None:
    """What is no size is refused with the forms that are."""
    with pytest.raises(ValueError, match="such as 12 MB, 500 kB or 11 MiB"):
        bytes_of(text)


@pytest.mark.parametrize("text", ["", "s", "2 weeks", "-1s", "1e3s", "inf", "1h30m", "9" * 5000])
def test_no_durations(text: str) -> None:
    """What is no duration is refused with the forms that are."""
    with pytest.raises(ValueError, match="such as 500ms, 60s, 2m or 1h"):
        seconds_of(text)


def test_part_of_a_byte() -> None:
    """A size that is no whole number of bytes is refused."""
    with pytest.raises(ValueError, match="whole number of bytes"):
        bytes_of("0.0001 kB")


@given(st.integers(0, 10**12), st.sampled_from([("kB", 1000), ("MB", 1000**2), ("KiB", 1024), ("MiB", 1024**2)]))
def test_sizes_are_exact(number: int, unit: tuple[str, int]) -> None:
    """No size is rounded on its way."""
    assert bytes_of(f"{number} {unit[0]}") == number * unit[1]


@given(st.text(max_size=20))
def test_any_text_is_a_size_or_refused(text: str) -> None:
    """Any text is a size that is not negative, or refused; nothing else comes out."""
    try:
        size = bytes_of(text)
    except ValueError:
        return
    assert size >= 0
