"""Counting this run's photos."""

from dataclasses import replace

from cutoutd.core.photo import Photo, State
from cutoutd.pipeline.scheduling.step_runner import RunCounts
from support.ledgers import identity

PHOTO = Photo(1, identity(), State.DISCOVERED, 0.0)


def test_a_photo_is_counted_where_it_stands() -> None:
    """Each photo counts once, at its present state, however often it moved."""
    tally = RunCounts()
    for state in (State.DISCOVERED, State.ACCEPTED, State.UPLOADED):
        tally.note(replace(PHOTO, state=state))
    tally.note(replace(PHOTO, id=2))
    assert tally.at(State.UPLOADED) == 1
    assert tally.at(State.DISCOVERED, State.ACCEPTED) == 1
    assert (tally.met, tally.finished) == (2, 0)


def test_photos_at_rest_are_only_counted() -> None:
    """What came to rest is a number, so that a daemon's memory does not grow with its photos."""
    tally = RunCounts()
    for number in range(1000):
        photo = replace(PHOTO, id=number)
        tally.note(photo)
        tally.note(replace(photo, state=State.PUBLISHED if number else State.FAILED))
    assert (tally.at(State.PUBLISHED), tally.at(State.FAILED)) == (999, 1)
    assert (tally.met, tally.finished) == (1000, 1000)
    assert not tally._states
