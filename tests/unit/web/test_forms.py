"""What a person sent with a button, as values."""

import pytest

from cutoutd.web.pages.forms import Form


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("0", 0),
        ("", None),
        ("-1", None),
        ("1e3", None),
        ("\u0662", None),
        ("9" * 19, None),
        ("9" * 5000, None),
    ],
)
def test_a_number_is_one_that_a_ledger_can_hold(text: str, number: int | None) -> None:
    """What is none, or has more digits than anything is counted to, was not sent."""
    assert Form({"photos": [text]}).number("photos") == number
