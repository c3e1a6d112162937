"""A photo's facts in words."""

from dataclasses import asdict

import pytest

from cutoutd.core.photo import (
    Fact,
    LaunchNotMade,
    LaunchPrevented,
    LaunchRefused,
    LaunchResponseLost,
    RemovalLocked,
    ResultLost,
    State,
    UploadExpired,
    UploadWithdrawn,
)
from cutoutd.ledger import Event
from cutoutd.web.pages.history import history_entry, parameters_in_words


def told(to_state: State, from_state: State | None = None, **detail: object) -> tuple[str, dict[str, str]]:
    moment = history_entry(Event(1, 1, "shop", "a.jpg", 5.0, from_state, to_state, detail))
    return moment.title, dict(moment.details)


def test_a_fact_is_told_with_what_it_brings() -> None:
    """What is null, or of no use to a reader, is left out; sizes and parameters are words."""
    assert told(
        State.ACCEPTED, State.DISCOVERED, width=4000, height=3000, parameters='{"crop":true,"type":"product"}',
        note=None, orientation=1, sha256="ab",
    ) == (
        "Accepted", {"Pixels": "4,000 x 3,000", "Parameters": "crop: yes, type: product", "SHA-256 of the photo": "ab"},
    )  # fmt: skip
    assert told(State.PUBLISHED, State.REMOVAL_FINISHED, cutout_bytes=1_500_000, target="a\udce9.png") == (
        "Published",
        {"Cutout": "a\\udce9.png", "Size of the cutout": "1.5 MB"},
    )


def test_what_happened_comes_before_what_to_do() -> None:
    """And the code after both; a fact from a later version of cutoutd is told under its own name."""
    title, details = told(State.FAILED, State.UPLOADED, zebra=1, code="x", advice="Do.", sentence="It is.")
    assert (title, list(details)) == ("Failed", ["What happened", "What to do", "Code", "zebra"])


def test_orders_are_told_as_orders() -> None:
    """A retry, a dismissal, a cutout made anew, and a fact that repeats; a failure that is gone was no order."""
    assert told(State.ACCEPTED, State.FAILED)[0] == "Retried by a person"
    assert told(State.DISCOVERED, State.DISMISSED)[0] == "Retried by a person"
    assert told(State.DISMISSED, State.REJECTED)[0] == "Dismissed by a person"
    assert told(State.SUPERSEDED, State.REJECTED)[0] == "Superseded"
    assert told(State.ACCEPTED, State.PUBLISHED)[0] == "Ordered to be made again"
    assert told(State.REMOVAL_INTENDED, State.REMOVAL_INTENDED)[0] == "Still removal being launched"


@pytest.mark.parametrize(
    ("fact", "from_state", "title"),
    [
        (LaunchResponseLost(5.0, "no answer"), State.REMOVAL_INTENDED, "The answer to the launch was lost"),
        (RemovalLocked(5.0), State.REMOVAL_INTENDED, "An earlier launch of the upload still runs"),
        (UploadWithdrawn(5.0), State.REMOVAL_INTENDED, "Upload deleted, so that no late launch is paid for"),
        (LaunchRefused(), State.REMOVAL_INTENDED, "To be launched again"),
        (LaunchNotMade(), State.REMOVAL_INTENDED, "To be launched again"),
        (LaunchPrevented(), State.REMOVAL_INTENDED, "To be sent again"),
        (UploadExpired(), State.UPLOADED, "To be sent again"),
        (ResultLost(), State.REMOVAL_FINISHED, "To be sent again"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Fact) else "",
)
def test_every_way_back_is_told(fact: Fact, from_state: State, title: str) -> None:
    """The words say why a photo is not further on than before, and no moment is told as a bare number."""
    found, details = told(fact.state, from_state, **asdict(fact))
    assert found == title
    assert not any(name.endswith("_s") for name in details)


def test_parameters_one_by_one() -> None:
    """None is no parameter at all."""
    assert parameters_in_words(None) == parameters_in_words("{}") == []
    assert parameters_in_words('{"crop":false,"bg_color":"000000"}') == ["crop: no", "bg_color: 000000"]
