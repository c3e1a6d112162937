"""What the overview says of a status: the headline, and what a person should know or decide."""

from dataclasses import replace

import pytest

from cutoutd.config.settings import CommonSettings, Price
from cutoutd.core.photo import State
from cutoutd.ledger import Batch, Total
from cutoutd.pipeline.budget.pricing import estimate
from cutoutd.pipeline.scheduling.pause import Pause
from cutoutd.status.costs import PricedBatch, no_costs
from cutoutd.status.forecast import Forecast
from cutoutd.status.live_state import LiveHalt, LiveState, LiveUnavailableFolder
from cutoutd.status.status import Launches, Status
from cutoutd.watch.passed_over.passed_over import PassedOver, PassedOverReason
from cutoutd.web.live.notices import Remedy, Tone
from cutoutd.web.live.overview_model import OverviewModel, overview_of

LIVE = LiveState(pid=1, started_at_s=0.0)
QUIET = Status(
    is_running=True,
    live=LIVE,
    totals=(),
    waiting=(),
    troubled=(),
    launches=Launches(0, 0, None, None, 0),
    double_charges=(),
    costs=no_costs(Price()),
    batches=(),
)
SETTINGS = CommonSettings.model_validate({"folders": [{"name": "shop", "input": "/in", "output": "/out"}]})


def overview(**changes: object) -> OverviewModel:
    return overview_of(replace(QUIET, **changes), SETTINGS, now_s=0.0)  # type: ignore[arg-type]  fields by name


def batch_of(photos: int) -> PricedBatch:
    return PricedBatch(Batch("shop", photos, 0, photos), estimate(Price(), uploads=photos, removals=photos))


@pytest.mark.parametrize(
    ("changes", "title", "tone"),
    [
        ({}, "Ready for photos", "good"),
        ({"totals": (Total("shop", State.PUBLISHED, 1200),)}, "All done", "good"),
        (
            {"totals": (Total("shop", State.UPLOADED, 2), Total("shop", State.ACCEPTED, 1))},
            "Working on 3 photos",
            "good",
        ),
        ({"totals": (Total("shop", State.ACCEPTED, 1),)}, "Working on 1 photo", "good"),
        (
            {"totals": (Total("shop", State.ACCEPTED, 9),), "launches": Launches(0, 0, None, None, 9)},
            "9 photos on hold",
            "warn",
        ),
        ({"totals": (Total("shop", State.ACCEPTED, 9),), "pause": Pause("", 0.0)}, "Paused", "warn"),
        (
            {"live": LIVE.model_copy(update={"halt": LiveHalt(title="No keys", sentence="401", advice="Check.")})},
            "Standing still",
            "bad",
        ),
    ],
)
def test_the_headline_says_the_one_thing_to_know(changes: dict[str, object], title: str, tone: str) -> None:
    """The gravest first, then what is done, then what is left."""
    headline = overview(**changes).headline
    assert (headline.title, headline.tone) == (title, tone)


def test_photos_on_hold_are_not_worked_on() -> None:
    """Held ones are named beside those that move."""
    totals = (Total("shop", State.ACCEPTED, 9), Total("shop", State.UPLOADED, 3))
    headline = overview(totals=totals, launches=Launches(0, 0, None, None, 9)).headline
    assert (headline.title, headline.sentence) == ("Working on 3 photos", "9 more on hold.")


def test_the_pace_and_the_end_are_told_with_what_is_left() -> None:
    """As soon as they can be told; what is read aloud does not change with every number."""
    totals = (Total("shop", State.UPLOADED, 30),)
    headline = overview(totals=totals, forecast=Forecast(12.0, 30, 0, 30.0)).headline
    assert headline.sentence == "12.0 a minute published; the last of 30 expected within a minute."
    assert headline.announcement == "Running: Working on some photos"


def test_what_a_person_should_know_comes_gravest_first() -> None:
    """A halt before all, then what a person is asked, then what passes by itself; each with its reason and advice."""
    live = LIVE.model_copy(
        update={
            "halt": LiveHalt(title="Uploadcare refused the keys", sentence="401", advice="Check public_key."),
            "unavailable": (LiveUnavailableFolder(folder="shop", reason="the input is not mounted", since_s=0.0),),
            "source_troubles": {"shop": "the archive is full"},
            "is_throttled": True,
            "launches_per_minute": 19.0,
            "launch_reason": "Uploadcare refused more after 20 in a minute (429)",
            "passed_over": (
                PassedOver("shop", PassedOverReason.UNREADABLE, 1, ("set",), "Permission denied"),
                PassedOver("shop", PassedOverReason.LINK, 2, ("a", "b")),
                PassedOver("shop", PassedOverReason.SUBFOLDER, 1, ("sub",)),
            ),
        }
    )
    notices = overview(live=live, pause=Pause("stocktaking", 0.0), batches=(batch_of(600),)).notices
    assert [notice.tone for notice in notices] == [Tone.BAD, Tone.WARN, Tone.ASK, *[Tone.WARN] * 5]
    assert notices[0].title == "Uploadcare refused the keys"
    assert "Check public_key" in notices[0].sentence
    assert "stocktaking" in notices[1].title
    assert (notices[2].remedy, notices[2].folder) == (Remedy.APPROVE, "shop")
    assert "600 new photos" in notices[2].title
    assert "not mounted" in notices[3].sentence
    assert "19 removals a minute" in notices[4].title
    assert "archive is full" in notices[5].sentence
    assert "shop/set: cannot be read (Permission denied)" in notices[6].sentence
    assert "2 files and folders of “shop” passed over" in notices[7].title
    assert all(notice.sentence.endswith(".") and ".." not in notice.sentence for notice in notices)


def test_a_limit_is_told_without_those_that_wait_for_an_approval() -> None:
    """Both are held, for different reasons."""
    launches = Launches(100, 100, 100, None, 30)
    (asked, limit) = overview(launches=launches, batches=(batch_of(25),)).notices
    assert asked.tone is Tone.ASK
    assert limit.title == "A limit is reached, and 5 photos wait"
    assert overview(launches=replace(launches, held=25), batches=(batch_of(25),)).notices[1:] == ()


def test_folders_keep_their_order_and_former_ones_come_last() -> None:
    """A folder that was taken out of the configuration still has its photos."""
    found = overview(totals=(Total("old", State.PUBLISHED, 2), Total("shop", State.FAILED, 1))).folders
    assert [(folder.name, folder.is_configured) for folder in found] == [("shop", True), ("old", False)]
    assert (found[0].counts.failed, found[1].counts.published) == (1, 2)
