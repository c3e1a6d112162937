"""The region of interest when a smaller copy is sent."""

import json

import pytest

from cutoutd.core.photo import Photo, State, Uploaded
from cutoutd.pipeline.steps.launching.parameters import request_parameters
from support.ledgers import ACCEPTED, identity


def uploaded(parameters: dict[str, object], sent: tuple[int, int] | None) -> Photo:
    """A photo of 60 x 40 pixels of which this size was sent."""
    bound = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
    accepted = type(ACCEPTED)(**{**_values(), "parameters": bound})
    photo = Photo(1, identity(), State.DISCOVERED, 0.0).with_fact(accepted, 1.0)
    width, height = sent or (None, None)
    return photo.with_fact(Uploaded("source", width, height), 2.0)


def _values() -> dict[str, object]:
    return {name: getattr(ACCEPTED, name) for name in ACCEPTED.__slots__}


@pytest.mark.parametrize(
    ("roi", "scaled"),
    [
        ("0px 0px 60px 40px", "0px 0px 30px 20px"),
        ("10px 20px 20px 40px", "5px 10px 10px 20px"),
        ("1px 1px 2px 2px", "0px 0px 1px 1px"),
        ("0% 0% 50% 50%", "0% 0% 50% 50%"),
    ],
)
def test_pixels_of_the_photo_become_pixels_of_its_copy(roi: str, scaled: str) -> None:
    """What was inside stays inside and the region never becomes empty; shares mean the same in a copy."""
    photo = uploaded({"crop_margin": "30px", "roi": roi}, (30, 20))
    assert request_parameters(photo) == f'{{"crop_margin":"30px","roi":"{scaled}"}}'
    assert photo.bound.parameters == json.dumps({"crop_margin": "30px", "roi": roi}, separators=(",", ":"))


@pytest.mark.parametrize("sent", [None, (60, 40)])
def test_without_a_smaller_copy_they_go_out_as_they_are_bound(sent: tuple[int, int] | None) -> None:
    """Not a character changes."""
    photo = uploaded({"roi": "1px 1px 2px 2px"}, sent)
    assert request_parameters(photo) == photo.bound.parameters
