"""A service on a bad day: everything is published in the end, and nothing is paid for twice."""

import pytest
from PIL import Image

from support.images.drawn_photos import UPRIGHT_SIZE, is_cutout, lying_jpeg, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

PHOTOS = tuple(f"{number}.jpg" for number in range(6))

BAD_DAY = (
    {"kind": "status", "status": 503, "on": "upload", "times": 3},
    {"kind": "status", "status": 429, "on": "execute", "times": 2, "retry_after_s": 1},
    {"kind": "reset", "on": "status", "times": 2},
    {"kind": "truncate", "on": "cdn", "times": 2},
)


def test_everything_is_published_once_on_a_bad_day(place: Place, sandbox: SandboxProcess) -> None:
    """Refused uploads, throttled launches, reset questions and torn downloads only cost time."""
    sandbox.set_faults(*BAD_DAY)
    for path in PHOTOS:
        put(place.input / path)
    ended = place.run_once()
    assert ended.returncode == 0, ended.stdout
    assert [fault["struck"] for fault in sandbox.faults()] == [fault["times"] for fault in BAD_DAY]
    assert place.outputs() == [path.replace(".jpg", ".png") for path in PHOTOS]
    assert all(is_cutout(place.output / name) for name in place.outputs())
    counters = sandbox.counters()
    assert sorted(counters["uploads_by_sha256"].values()) == [1] * len(PHOTOS)
    assert sorted(counters["executes_by_sha256"].values()) == [1] * len(PHOTOS)


@pytest.mark.parametrize("faults", [(), ({"kind": "ignore_exif"},)], ids=["honoured", "ignored"])
def test_a_lying_photo_comes_out_upright(
    place: Place, sandbox: SandboxProcess, faults: tuple[dict[str, object], ...]
) -> None:
    """A photo with EXIF orientation 6 comes out upright whether the service honours EXIF or not."""
    sandbox.set_faults(*faults)
    put(place.input / "portrait.jpg", lying_jpeg())
    assert place.run_once().returncode == 0
    with Image.open(place.output / "portrait.png") as cutout:
        assert cutout.size == UPRIGHT_SIZE
    assert is_cutout(place.output / "portrait.png")
    assert place.versions("portrait.jpg")[0].note is None
