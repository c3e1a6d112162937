"""What the daemon says it was billed for, held against what the sandbox counted on its own."""

from typing import Any

import pytest

from support.images.drawn_photos import jpeg, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

#: The sandbox's own default.
PER_REMOVAL = 10


def requests_of(sandbox: SandboxProcess, *kinds: str) -> int:
    return sum(sandbox.counters()["requests"].get(kind, 0) for kind in kinds)


@pytest.mark.parametrize("remote_cleanup", ["keep", "delete"])
def test_operations_are_those_that_the_service_counts(
    place: Place, sandbox: SandboxProcess, remote_cleanup: str
) -> None:
    """Uploads, launches, polls and the rest add up to the bill, also over a restart; a copy adds nothing."""
    price = {"operations_per_removal": PER_REMOVAL, "per_1000_operations": 0.5}
    place.configure(uploadcare={"remote_cleanup": remote_cleanup}, price=price)
    picture = jpeg()
    for number in range(3):
        put(place.input / f"{number}.jpg")
    assert place.run_once().returncode == 0
    put(place.input / "again.jpg", picture)
    assert place.run_once().returncode == 0
    before = sandbox.counters()["operations"]
    put(place.input / "copy.jpg", picture)
    assert place.run_once().returncode == 0
    assert sandbox.counters()["operations"] == before
    told: dict[str, Any] = place.status()["operations"]["today"]
    assert told["total"] == before
    assert told["upload"] == 3 * requests_of(sandbox, "upload") == 12
    assert told["launch"] == requests_of(sandbox, "execute") == 4
    assert told["poll"] == requests_of(sandbox, "status")
    assert told["other"] == requests_of(sandbox, "files", "file", "delete", "store")
    assert told["removals"] == 4 * PER_REMOVAL
    assert told["money"] == pytest.approx(before * 0.0005)
    assert place.status()["operations"]["this_month"] == told
