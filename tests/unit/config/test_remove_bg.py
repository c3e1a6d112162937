"""The parameters of remove_bg: names, values, one spelling."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cutoutd.config.remove_bg import RemoveBg

_shares = st.integers(0, 100).map(lambda share: f"{share}%")
_pixels = st.integers(0, 99_999).map(lambda pixels: f"{pixels}px")
_edges = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted).map(lambda edge: (edge[0], edge[1] + 1))
_rois = st.tuples(_edges, _edges, st.sampled_from(["px", "%"])).map(
    lambda roi: " ".join(f"{edge}{roi[2]}" for edge in (roi[0][0], roi[1][0], roi[0][1], roi[1][1]))
)
_values = {
    "crop": st.booleans(),
    "crop_margin": st.one_of(_shares, _pixels),
    "scale": st.one_of(st.just("original"), st.integers(10, 100).map(lambda share: f"{share}%")),
    "position": st.one_of(st.sampled_from(["original", "center"]), _shares, st.tuples(_shares, _shares).map(" ".join)),
    "add_shadow": st.booleans(),
    "type": st.sampled_from(["auto", "person", "product", "car"]),
    "type_level": st.sampled_from(["none", "1", "2", "latest"]),
    "semitransparency": st.booleans(),
    "channels": st.sampled_from(["rgba", "alpha"]),
    "roi": _rois,
    "bg_color": st.one_of(*(st.text("0123456789abcdefABCDEF", min_size=n, max_size=n) for n in (3, 4, 6, 8))),
}


@given(st.fixed_dictionaries({}, optional=_values))
def test_every_documented_value_is_sent(values: dict[str, object]) -> None:
    """What the service documents is accepted, sent under its own name, and nothing else is sent."""
    assert json.loads(RemoveBg(**values).as_json()).keys() == values.keys()


@given(st.fixed_dictionaries({}, optional=_values))
def test_normalised_text_is_stable(values: dict[str, object]) -> None:
    """The normalised text, read again, gives the same text and hash."""
    parameters = RemoveBg(**values)
    again = RemoveBg(**json.loads(parameters.as_json()))
    assert again.as_json() == parameters.as_json()


@given(st.sampled_from(sorted(_values.keys() - {"crop", "add_shadow", "semitransparency"})), st.text(max_size=30))
def test_any_text_is_taken_or_refused(name: str, text: str) -> None:
    """Any text is either taken, in plain ASCII, or refused; nothing odd gets through to a paid call."""
    try:
        parameters = RemoveBg.model_validate({name: text})
    except ValidationError:
        return
    assert parameters.as_json().isascii()


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("crop_margin", ["30px", "030px", "30 px", "30PX"]),
        ("crop_margin", ["0", "0px", "0%"]),
        ("scale", ["80%", "080%", "80 %"]),
        ("position", ["50% 20%", "50%   20%"]),
        ("position", ["center", "Center"]),
        ("roi", ["0px 0px 10px 20px", "0px  0px 010px 20px"]),
        ("bg_color", ["81d4fa77", "81D4FA77"]),
        ("crop", [True, "true", "yes", "on", "True"]),
    ],
)
def test_equal_settings_give_equal_text(name: str, spellings: list[object]) -> None:
    """However a value is spelled, ledger and service see one spelling, so reuse finds it again."""
    assert len({RemoveBg.model_validate({name: spelling}).as_json() for spelling in spellings}) == 1


def test_order_does_not_matter() -> None:
    """Two parameters in another order are the same settings, written in one order."""
    assert (
        RemoveBg(crop=True, type="car").as_json()
        == '{"crop":true,"type":"car"}'
        == RemoveBg(type="car", crop=True).as_json()
    )


def test_nothing_set_is_an_empty_object() -> None:
    """Without parameters, an empty object is sent and the service's defaults hold."""
    assert RemoveBg().as_json() == "{}"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("crop", "perhaps", "boolean"),
        ("crop_margin", "101%", "0% to 100%"),
        ("crop_margin", "10", "30px or 10%"),
        ("crop_margin", "-1px", "30px or 10%"),
        ("crop_margin", "1.5px", "whole numbers"),
        ("scale", "9%", "from 10% to 100%"),
        ("scale", "101%", "from 10% to 100%"),
        ("scale", "80px", "from 10% to 100%"),
        ("position", "left", '"original", "center"'),
        ("position", "10% 20% 30%", "one or two"),
        ("position", "center 20%", "one or two"),
        ("position", "", "one or two"),
        ("type", "animal", "auto"),
        ("type_level", "3", "latest"),
        ("channels", "rgb", "alpha"),
        ("roi", "0% 0% 90px 90%", "all in px or all in %"),
        ("roi", "0% 0% 90%", "four whole numbers"),
        ("roi", "0% 0% 90% 101%", "four whole numbers"),
        ("roi", "50% 0% 50% 90%", "x1 must be less than x2"),
        ("roi", "0px 9px 5px 9px", "y1 less than y2"),
        ("roi", "", "four whole numbers"),
        ("bg_color", "#81d4fa", "without #, as 81d4fa"),
        ("bg_color", "81d4f", "3, 4, 6 or 8"),
        ("bg_color", "white", "3, 4, 6 or 8"),
        ("bg_color", "", "YAML reads a comment"),
        ("background", "81d4fa", "Extra inputs"),
    ],
)
def test_what_the_service_does_not_know(name: str, value: str, sentence: str) -> None:
    """A value or name that the service would drop or refuse is refused here, before it costs money."""
    with pytest.raises(ValidationError, match=sentence):
        RemoveBg.model_validate({name: value})
