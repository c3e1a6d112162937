"""The sandbox's reading of ``remove_bg`` parameters."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.sandbox.engine import BadParameterError, Parameters, parse_parameters
from cutoutd.sandbox.engine.geometry import CENTRE, Colour, Length, Position, Region, Unit
from cutoutd.sandbox.engine.parameters import Channels, ForegroundType, TypeLevel

NAMES = [field.name for field in fields(Parameters)]
MALFORMED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
LENGTHS = st.builds(Length, st.integers(1, 9999).map(float), st.sampled_from(Unit))
PERCENTAGES = st.integers(0, 100)
SPANS = st.lists(PERCENTAGES, min_size=2, max_size=2, unique=True)


def written(length: Length) -> str:
    return f"{length.amount:g}{length.unit}"


def test_nothing_given_means_the_services_defaults() -> None:
    """An execute call without parameters gets the documented defaults."""
    assert parse_parameters({}) == Parameters()


def test_unknown_names_are_dropped() -> None:
    """A misspelt name has no effect and is no error, as at the service."""
    assert parse_parameters({"crop_marign": "30px", "shadow": True}) == Parameters()


def test_null_means_not_given() -> None:
    """Clients that send every field with null for the unset ones get the defaults."""
    assert parse_parameters(dict.fromkeys(NAMES)) == Parameters()


@given(st.sampled_from(NAMES), MALFORMED)
def test_whatever_is_sent_is_read_or_refused_with_a_sentence(name: str, value: object) -> None:
    """No value, however odd, raises anything but the one error, whose text is a sentence naming the parameter."""
    refusal = ""
    try:
        parse_parameters({name: value})
    except BadParameterError as error:
        refusal = str(error)
    assert refusal == "" or (refusal.startswith(f"{name} must be ") and refusal.endswith("."))


@given(LENGTHS)
def test_margins_survive_being_written_and_read(length: Length) -> None:
    """A margin in px or % is read as what was written."""
    assert parse_parameters({"crop_margin": written(length)}).crop_margin == length


@given(SPANS, SPANS, st.sampled_from(Unit))
def test_regions_survive_being_written_and_read(across: list[int], down: list[int], unit: Unit) -> None:
    """A region with its corners in order and in one unit is read as what was written."""
    left, right, top, bottom = (Length(float(edge), unit) for edge in (*sorted(across), *sorted(down)))
    raw = " ".join(map(written, (left, top, right, bottom)))
    assert parse_parameters({"roi": raw}).roi == Region(left, top, right, bottom)


@given(PERCENTAGES, PERCENTAGES)
def test_positions_survive_being_written_and_read(horizontal: int, vertical: int) -> None:
    """One percentage places both directions, two place one each."""
    expected = Position(horizontal / 100, vertical / 100)
    assert parse_parameters({"position": f"{horizontal}% {vertical}%"}).position == expected
    assert parse_parameters({"position": f"{horizontal}%"}).position == Position(horizontal / 100, horizontal / 100)


@given(st.binary(min_size=4, max_size=4))
def test_colours_survive_being_written_and_read(channels: bytes) -> None:
    """Eight digits carry opacity, six are opaque, and capitals do not matter."""
    red, green, blue, opacity = channels
    assert parse_parameters({"bg_color": channels.hex().upper()}).bg_color == Colour(red, green, blue, opacity)
    assert parse_parameters({"bg_color": channels[:3].hex()}).bg_color == Colour(red, green, blue)


def test_short_colours_double_each_digit() -> None:
    """Three and four digits are short for six and eight."""
    assert parse_parameters({"bg_color": "f80"}).bg_color == Colour(255, 136, 0)
    assert parse_parameters({"bg_color": "f807"}).bg_color == Colour(255, 136, 0, 119)


def test_scale_implies_the_centre_unless_a_position_is_given() -> None:
    """A scaled subject is centred by default, and stays where it was if that is asked for."""
    assert parse_parameters({"scale": "40%"}).position == CENTRE
    assert parse_parameters({"scale": "40%", "position": "original"}).position is None
    assert parse_parameters({"scale": "original"}).position is None


def test_choices_are_read() -> None:
    """The enumerated parameters take exactly the service's words."""
    raw = {"type": "car", "type_level": "2", "channels": "alpha", "crop": True, "semitransparency": False}
    expected = Parameters(
        type=ForegroundType.CAR, type_level=TypeLevel.FINE, channels=Channels.ALPHA, crop=True, semitransparency=False
    )
    assert parse_parameters(raw) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("crop", "true"),
        ("crop", 1),
        ("crop_margin", "30"),
        ("crop_margin", "-3px"),
        ("crop_margin", "३px"),
        ("scale", "9%"),
        ("scale", "101%"),
        ("position", "middle"),
        ("position", "10% 20% 30%"),
        ("type", "animal"),
        ("type_level", 1),
        ("channels", "rgb"),
        ("roi", "0% 0% 101% 100%"),
        ("roi", "0px 0px 50% 50%"),
        ("roi", "50% 0% 50% 100%"),
        ("roi", "0% 0% 100%"),
        ("bg_color", "#ffffff"),
        ("bg_color", "fffff"),
    ],
)
def test_values_the_service_does_not_know_are_refused(name: str, value: object) -> None:
    """A value outside of the documented grammar is refused, and the sentence shows it."""
    with pytest.raises(BadParameterError, match=rf"^{name} must be .*, not .*\.$"):
        parse_parameters({name: value})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"type": "product"}, ""),
        ({"type": "product", "type_level": "1"}, "product"),
        ({"type_level": "latest"}, "other"),
    ],
)
def test_a_class_is_reported_only_when_asked_for(raw: dict[str, object], expected: str) -> None:
    """With ``type_level`` none the result names no class; otherwise it repeats the client's word."""
    assert parse_parameters(raw).foreground_type == expected
