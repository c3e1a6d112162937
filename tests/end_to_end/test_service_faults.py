"""Every fault in every phase, with the real daemon: it costs time, and neither a photo nor a second payment."""

from collections.abc import Mapping, Sequence

import pytest

from cutoutd.core.photo import State
from cutoutd.ledger import read_ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.status.live_state import read_live_state
from support.images.drawn_photos import is_cutout, put
from support.nightly import sample_of
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

Fault = Mapping[str, object]

#: A dozen faults in a row, on a busy machine.
LONG_S = 240.0

PHOTOS = tuple(f"{number}.jpg" for number in range(6))

TROUBLE: tuple[Fault, ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 504},
    {"kind": "html_portal"},
    {"kind": "body", "status": 302, "body": "<html>log in</html>", "content_type": "text/html"},
    {"kind": "reset"},
    {"kind": "lose_response"},
    {"kind": "stall"},
    {"kind": "stall_body", "seconds": 3},
    {"kind": "truncate"},
    {"kind": "reset_body"},
)

THROTTLE: tuple[Fault, ...] = (
    {"kind": "status", "status": 429, "retry_after_s": 1},
    {"kind": "body", "status": 429, "body": "slow down", "content_type": "text/plain"},
)

NO_ANSWER: tuple[Fault, ...] = (
    {"kind": "bad_json"},
    {"kind": "wrong_type"},
    {"kind": "body", "body": {"another": "shape"}},
)

NO_PICTURE: tuple[Fault, ...] = (
    {"kind": "overlong"},
    {"kind": "body", "body": "{}", "content_type": "application/json"},
    {"kind": "body", "body": "no PNG at all", "content_type": "image/png"},
)

#: What can go wrong with each kind of request, and how often each goes wrong.
PHASES: dict[str, tuple[Fault, ...]] = {
    "upload": (*TROUBLE, *THROTTLE, *NO_ANSWER),
    "file": (*TROUBLE, *THROTTLE, *NO_ANSWER, {"kind": "not_ready"}),
    "status": (*TROUBLE, *THROTTLE, *NO_ANSWER, {"kind": "unknown"}),
    "cdn": (*TROUBLE, *THROTTLE, *NO_PICTURE),
    "delete": (*TROUBLE, *THROTTLE, *NO_ANSWER),
}


def strike(sandbox: SandboxProcess, on: str, faults: tuple[Fault, ...]) -> None:
    """Each of the faults strikes one request of this kind."""
    sandbox.set_faults(*({**fault, "on": on, "times": 1} for fault in faults))


def has_blown_over(sandbox: SandboxProcess) -> bool:
    """Whether every fault has struck."""
    return all(fault["times_left"] == 0 for fault in sandbox.faults())


def require_published_once(
    place: Place, sandbox: SandboxProcess, photos: Sequence[str], paid_again: int = 0, sent_again: int = 0
) -> None:
    """Every photo has its cutout, none was ever blamed, and each was sent and launched as often as it had to be."""
    assert place.outputs() == sorted(path.replace(".jpg", ".png") for path in photos)
    assert all(is_cutout(place.output / name) for name in place.outputs())
    counters = sandbox.counters()
    assert sum(counters["executes_by_sha256"].values()) <= len(photos) + paid_again
    with read_ledger(place.state) as ledger:
        events = photo_queries.history(ledger, None, 1000)
    assert {State.FAILED, State.REJECTED}.isdisjoint(event.to_state for event in events)
    sent = [event.path for event in events if event.to_state is State.UPLOADED and "source_uuid" in event.detail]
    assert set(sent) == set(photos)
    assert len(sent) == len(photos) + sent_again


@pytest.mark.parametrize("phase", PHASES)
def test_faults_only_cost_time(place: Place, sandbox: SandboxProcess, phase: str) -> None:
    """Whatever each request of a phase meets, every photo is published in the end, sent and paid for once."""
    place.configure(uploadcare={"remote_cleanup": "delete"})
    strike(sandbox, phase, sample_of(PHASES[phase], 5))
    photos = list(PHOTOS)
    for path in photos:
        put(place.input / path)
    with place.hurry() as daemon:
        daemon.wait_for("published", *photos, within_s=LONG_S)
        daemon.wait_for("cleaned", within_s=LONG_S)
        while not has_blown_over(sandbox):  # because nothing more may have been left to ask for
            photos.append(f"more-{len(photos)}.jpg")
            put(place.input / photos[-1])
            daemon.wait_for("published", photos[-1], within_s=LONG_S)
        assert daemon.stop() == 0
    require_published_once(place, sandbox, photos)


#: What costs nothing and may be tried again.
DEFINITE_NO: tuple[Fault, ...] = (*THROTTLE, {"kind": "lock_409"})

#: After all else nobody knows whether the call was accepted, and only the last two were.
OF_A_LAUNCH: tuple[Fault, ...] = (
    *DEFINITE_NO,
    *TROUBLE[:7],
    *NO_ANSWER,
    {"kind": "stall"},
    {"kind": "lose_response"},
    {"kind": "late_answer", "seconds": 8},
)


def test_no_launch_is_ever_repeated_blindly(place: Place, sandbox: SandboxProcess) -> None:
    """It is made again only after a no, or if its upload shows no removal, or else told as a possible double charge."""
    faults = sample_of(OF_A_LAUNCH, 6)
    photos = [f"{number}.jpg" for number in range(len(faults))]
    place.configure(concurrency={"uploads": len(photos)})
    strike(sandbox, "execute", faults)
    for path in photos:
        put(place.input / path)
    with place.hurry() as daemon:
        daemon.wait_for("published", *photos, within_s=LONG_S)
        paid_again, not_made = daemon.count("possible_double_charge"), daemon.count("launch_not_made")
        sent_again = daemon.count("upload_withdrawn")
        assert daemon.stop() == 0
    require_published_once(place, sandbox, photos, paid_again, sent_again)
    status = place.status()
    # One photo may lose several answers, and is told once: the ledger counts the launches, the log the photos.
    lost = status["launches"]["lost"]
    assert sandbox.counters()["requests"]["execute"] <= len(photos) + len(DEFINITE_NO) + lost + not_made
    assert len(status["possible_double_charges"]) == paid_again <= lost


REFUSED_UPLOAD: Fault = {"kind": "status", "status": 403, "on": "upload"}


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        (
            {"kind": "status", "status": 401, "on": "upload", "body": "Invalid signature."},
            "accepted",
            "refused the keys",
        ),
        (
            {"kind": "status", "status": 403, "on": "upload", "body": "Account has been blocked."},
            "accepted",
            "blocked the",
        ),
        ({"kind": "status", "status": 401, "on": "file"}, "uploaded", "refused the keys"),
        ({"kind": "status", "status": 402, "on": "execute"}, "uploaded", "blocked the account"),
        ({"kind": "disabled"}, "uploaded", "refused the remove_bg add-on"),
        ({"kind": "status", "status": 403, "on": "status"}, "removal_started", "blocked the account"),
        ({"kind": "status", "status": 403, "on": "cdn"}, "removal_finished", "refused to deliver"),
    ],
    ids=lambda value: value["on"] if isinstance(value, dict) and "on" in value else None,
)
def test_a_no_to_all_halts_and_passes(
    place: Place, sandbox: SandboxProcess, fault: Fault, state: str, words: str
) -> None:
    """Said once, in log and status; photos are still accepted, a restart spends nothing, and it goes on by itself."""
    sandbox.set_faults(fault)
    put(place.input / "a.jpg")
    with place.hurry() as daemon:
        daemon.wait_for("halted", within_s=LONG_S)
        eventually(
            lambda: (live := read_live_state(place.state)) and words in (live.halt.text if live.halt else ""),
            within_s=LONG_S,
        )
        put(place.input / "b.jpg")
        daemon.wait_for("accepted", "a.jpg", "b.jpg", within_s=LONG_S)
        struck = sandbox.faults()[0]["struck"]
        eventually(lambda: sandbox.faults()[0]["struck"] > struck, within_s=LONG_S)
        assert daemon.count("halted") == 1
        daemon.kill()
    # The kill may hit a probe between its intent and the refusal: nobody knows of the refusal then.
    is_launching = state == State.UPLOADED
    states = [place.versions(name)[0].state for name in ("a.jpg", "b.jpg")]
    assert states[0] in {state, State.REMOVAL_INTENDED if is_launching else state}
    with place.hurry() as daemon:
        daemon.wait_for("halted", within_s=LONG_S)
        sandbox.clear_faults()
        daemon.wait_for("resumed", within_s=LONG_S)
        daemon.wait_for("published", "a.jpg", "b.jpg", within_s=LONG_S)
        assert daemon.count("halted") == 1
        assert daemon.stop() == 0
    counters = sandbox.counters()
    assert sorted(counters["executes_by_sha256"].values()) == [1, 1]
    # A call that nobody knows of may come late, so its upload is deleted and made again.
    assert sorted(counters["uploads_by_sha256"].values()) == sorted(
        1 + (each is State.REMOVAL_INTENDED) for each in states
    )
