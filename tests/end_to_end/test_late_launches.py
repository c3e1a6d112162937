"""A gateway gives a launch up and delivers it all the same: it finds no upload any more, and nothing is paid twice."""

from collections.abc import Mapping

import pytest

from cutoutd.core.photo import State
from support.images.drawn_photos import is_cutout, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess
from support.servers.late_gateway import LateGateway

#: In a hurry a call that shows nothing counts as not made after 6 s (`short_timeouts_main`).
_LATE_S = 16.0


def bases(url: str) -> Mapping[str, str]:
    return dict.fromkeys(("api_base", "upload_base", "cdn_base"), url)


@pytest.mark.parametrize("is_silent", [True, False], ids=["no answer", "504"])
def test_a_launch_that_is_delivered_late_is_paid_for_once(
    place: Place, sandbox: SandboxProcess, *, is_silent: bool
) -> None:
    """It meets a 404; the photo was sent anew and launched once, and no double charge is told."""
    with LateGateway(sandbox.url, _LATE_S, is_silent=is_silent) as gateway:
        place.configure(uploadcare={**bases(gateway.url), "remote_cleanup": "keep"})
        put(place.input / "a.jpg")
        with place.hurry() as daemon:
            daemon.wait_for("published", "a.jpg")
            assert daemon.count("upload_withdrawn") == daemon.count("launch_not_made") == 1
            assert gateway.delivered == []
            eventually(lambda: gateway.delivered)
            assert daemon.count("possible_double_charge") == 0
            assert daemon.stop() == 0
    assert gateway.delivered == [404]
    assert is_cutout(place.output / "a.png")
    counters = sandbox.counters()
    assert sum(counters["executes_by_sha256"].values()) == 1
    assert place.versions("a.jpg")[0].state is State.PUBLISHED


def test_a_launch_that_is_delivered_during_the_search_is_found(place: Place, sandbox: SandboxProcess) -> None:
    """Nothing is deleted: its upload shows the removal, and its result is adopted."""
    with LateGateway(sandbox.url, 2.0, is_silent=True) as gateway:
        place.configure(uploadcare={**bases(gateway.url), "remote_cleanup": "keep"})
        put(place.input / "a.jpg")
        with place.hurry() as daemon:
            daemon.wait_for("published", "a.jpg")
            assert daemon.count("upload_withdrawn") == daemon.count("possible_double_charge") == 0
            assert daemon.stop() == 0
    assert sum(sandbox.counters()["executes_by_sha256"].values()) == 1


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "html_portal"}], ids=["503", "portal"])
def test_a_launch_that_somebody_answered_is_made_again_on_the_same_upload(
    place: Place, sandbox: SandboxProcess, fault: Mapping[str, object]
) -> None:
    """Nobody holds it any more, so the photo is not sent again."""
    sandbox.set_faults({**fault, "on": "execute", "times": 1})
    put(place.input / "a.jpg")
    with place.hurry() as daemon:
        daemon.wait_for("published", "a.jpg")
        assert daemon.count("launch_not_made") == 1
        assert daemon.count("upload_withdrawn") == 0
        assert daemon.stop() == 0
    assert sum(sandbox.counters()["uploads_by_sha256"].values()) == 1
    assert sum(sandbox.counters()["executes_by_sha256"].values()) == 1
