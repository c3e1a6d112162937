"""What people order: of the running daemon, or of the ledger while nothing runs."""

import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from cutoutd.core.photo import INTERNAL_FAULT, Failed, State, Wait, WaitKind
from cutoutd.ledger import Ledger
from support.images.drawn_photos import is_cutout, jpeg, put
from support.ledgers import with_ledger
from support.processes.daemon_process import DaemonProcess, Place
from support.processes.sandbox_process import SandboxProcess

REFUSED = {"kind": "status", "status": 400, "on": "execute", "times": 1}
GIVEN_UP = {"kind": "error_details", "code": "unknown_foreground", "times": 1}


def fail_once(place: Place, sandbox: SandboxProcess, *paths: str) -> None:
    """Photos whose removal Uploadcare refuses."""
    sandbox.set_faults({**REFUSED, "times": len(paths)})
    for path in paths:
        put(place.input / path)
    assert place.run_once().returncode == 1
    assert {photo.state for path in paths for photo in place.versions(path)} == {State.FAILED}


def ordered(place: Place, *arguments: str) -> str:
    """What a command says that does all it was told."""
    ended = place.command(*arguments)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr + ended.stdout
    return ended.stdout


def executes(sandbox: SandboxProcess) -> int:
    return int(sum(sandbox.counters()["executes_by_sha256"].values()))


def started(place: Place) -> DaemonProcess:
    daemon = place.start()
    daemon.wait_for("started")
    return daemon


def test_the_running_daemon_retries_at_once(place: Place, sandbox: SandboxProcess) -> None:
    """A failed photo is sent anew without a restart; its note goes, history tells, and the socket goes at last."""
    fail_once(place, sandbox, "a.jpg")
    assert place.note("a.jpg")
    with started(place) as daemon:
        assert ordered(place, "retry", "--yes", str(place.input / "a.jpg")) == "1 photo is sent again.\n"
        daemon.wait_for("published", "a.jpg")
        assert place.outputs() == ["a.png"]
        assert stat.S_IMODE((place.state / "control.sock").stat().st_mode) == 0o660
        assert daemon.stop() == 0
    assert not (place.state / "control.sock").exists()
    told = [json.loads(line) for line in ordered(place, "history", "shop/a.jpg", "--json").splitlines()]
    assert [event["from_state"] for event in told if event["order"] == "retried"] == ["failed"]
    assert "retried" in ordered(place, "history", str(place.input / "a.jpg"))


def test_each_way_to_name_a_photo_is_understood(place: Place, sandbox: SandboxProcess) -> None:
    """Its file, FOLDER/PATH, the path alone, a folder, a pattern, and all that failed; while nothing runs."""
    paths = ["a.jpg", "b.jpg", "c.jpg", "sub/d.jpg", "sub/e1.jpg", "f.jpg"]
    fail_once(place, sandbox, *paths)
    for name in (str(place.input / "a.jpg"), "shop/b.jpg", "c.jpg", "sub/*e?.jpg", "shop/sub"):
        assert ordered(place, "retry", "--yes", name).startswith("1 photo is sent again.\ncutoutd is not running")
    assert "1 photo is sent again" in ordered(place, "retry", "--yes", "--failed")
    assert "No photo has failed" in ordered(place, "retry", "--failed")
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png", "b.png", "c.png", "f.png", "sub/d.png", "sub/e1.png"]


def test_what_cannot_be_retried_is_told(place: Place, sandbox: SandboxProcess) -> None:
    """Unknown, published, gone and changed photos are left alone, each with a sentence; the others are done."""
    fail_once(place, sandbox, "a.jpg", "gone.jpg", "changed.jpg")
    put(place.input / "fine.jpg")
    assert place.run_once().returncode == 0
    (place.input / "gone.jpg").unlink()
    put(place.input / "changed.jpg")
    ended = place.command(
        "retry", "--yes", "a.jpg", "gone.jpg", "changed.jpg", "fine.jpg", "nobody.jpg", "/elsewhere/a.jpg"
    )
    assert ended.returncode == 1
    assert ended.stdout.startswith("1 photo is sent again.\n")
    told = dict(line.removeprefix("Left alone: ").split(": ", 1) for line in ended.stderr.splitlines())
    assert "no longer there" in told["shop/gone.jpg"]
    assert "another version" in told["shop/changed.jpg"]
    assert "cutoutd reprocess" in told["shop/fine.jpg"]
    assert "no photo has this name" in told["nobody.jpg"]
    assert "no photo has this name" in told["/elsewhere/a.jpg"]
    states = {path: place.versions(path)[0].state for path in ("a.jpg", "gone.jpg", "changed.jpg")}
    assert list(states.values()) == [State.ACCEPTED, State.FAILED, State.FAILED]


def test_a_rejected_photo_is_checked_again(place: Place) -> None:
    """What the configuration allows by now is taken."""
    put(place.input / "a.jpg")
    place.configure(folder={"max_size": 10})
    assert place.run_once().returncode == 1
    place.configure()
    assert "1 photo is checked again" in ordered(place, "retry", "a.jpg")
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png"]


def test_a_removal_that_was_given_up_is_launched_anew(place: Place, sandbox: SandboxProcess) -> None:
    """Uploadcare found nothing to cut out: with the upload deleted there meanwhile, a retry sends and launches anew."""
    place.configure(uploadcare={"remote_cleanup": "delete"})
    sandbox.set_faults(GIVEN_UP)
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 1
    assert place.versions("a.jpg")[0].ending.code == "unknown_foreground"
    assert "sent again" in ordered(place, "retry", "--yes", "a.jpg")
    assert place.run_once().returncode == 0
    assert (sandbox.counters()["requests"]["upload"], executes(sandbox)) == (2, 2)


@pytest.mark.parametrize("has_source", [True, False])
def test_what_is_paid_for_is_only_fetched(place: Place, sandbox: SandboxProcess, *, has_source: bool) -> None:
    """A photo that failed behind its payment is fetched at a retry, even if its source is gone; nothing is paid."""
    sandbox.set_faults({"kind": "status", "status": 503, "on": "cdn"})
    source = put(place.input / "a.jpg")
    with started(place) as daemon:
        daemon.wait_for("removal_finished", "a.jpg")
        daemon.wait_for("waiting", "a.jpg")
        daemon.stop()
    (photo,) = place.versions("a.jpg")

    async def fail(ledger: Ledger) -> None:
        await ledger.record(photo, Failed(INTERNAL_FAULT, "a fault in cutoutd itself stopped this photo", ""))

    with_ledger(place.state, fail)
    sandbox.clear_faults()
    if not has_source:
        source.unlink()
    with started(place) as daemon:
        assert "the cutout is paid for" in ordered(place, "retry", "--failed")
        daemon.wait_for("published", "a.jpg")
    assert is_cutout(place.output / "a.png")
    assert (sandbox.counters()["requests"]["upload"], executes(sandbox)) == (1, 1)


def test_a_waiting_photo_goes_on_at_once(place: Place, sandbox: SandboxProcess) -> None:
    """Whoever knows that the trouble is over need not wait for the next try."""
    sandbox.set_faults({"kind": "status", "status": 503, "on": "cdn"})
    put(place.input / "a.jpg")
    with started(place) as daemon:
        daemon.wait_for("waiting", "a.jpg")
        daemon.stop()
    sandbox.clear_faults()
    (photo,) = place.versions("a.jpg")
    with_ledger(
        place.state, lambda ledger: ledger.postpone(photo, Wait(WaitKind.RETRY, time.time() + 9000, 9, "no service"))
    )
    with started(place) as daemon:
        assert ordered(place, "retry", "a.jpg") == "1 photo is no longer made to wait.\n"
        daemon.wait_for("published", "a.jpg")
    assert executes(sandbox) == 1


def test_a_named_photo_is_paid_for_once_more_and_replaced(place: Place, sandbox: SandboxProcess) -> None:
    """Its cutout is made anew as the folder says now, in the old one's place; a copy made since costs nothing."""
    content = jpeg()
    put(place.input / "a.jpg", content)
    assert place.run_once().returncode == 0
    before = (place.output / "a.png").read_bytes()
    place.configure(folder={"remove_bg": {"bg_color": "00ff00"}})
    with started(place) as daemon:
        assert "1 removal may have to be paid for" in ordered(place, "reprocess", "--dry-run", "shop/a.jpg")
        refused = place.command("reprocess", "shop/a.jpg")
        assert (refused.returncode, executes(sandbox)) == (2, 1)
        assert "--yes" in refused.stderr
        assert "1 photo is made again" in ordered(place, "reprocess", "--yes", "shop/a.jpg")
        daemon.wait_for("published", "a.jpg")
        put(place.input / "copy.jpg", content)
        daemon.wait_for("published", "copy.jpg")
    assert place.outputs() == ["a.png", "copy.png"]
    assert (place.output / "a.png").read_bytes() == (place.output / "copy.png").read_bytes() != before
    assert executes(sandbox) == 2
    told = [json.loads(line) for line in ordered(place, "history", "a.jpg", "--json").splitlines()]
    assert [event["to_state"] for event in told if event["order"] == "reprocessed"] == ["accepted"]


def test_twins_that_are_named_pay_once(place: Place, sandbox: SandboxProcess) -> None:
    """Three copies made anew are one removal; it is counted as one beforehand."""
    content = jpeg()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(place.input / name, content)
    assert place.run_once().returncode == 0
    assert "1 removal may have to be paid for" in ordered(place, "reprocess", "--dry-run", "shop")
    assert "3 photos are made again" in ordered(place, "reprocess", "--yes", "shop")
    assert place.run_once().returncode == 0
    assert executes(sandbox) == 2
    paid = [photo.cutout.reused_from is None for name in "abc" for photo in place.versions(f"{name}.jpg")]
    assert sorted(paid) == [False, False, True]


def test_missing_cutouts_are_made_anew(place: Place, sandbox: SandboxProcess) -> None:
    """One that a copy still has costs nothing and needs no word; the other is paid for, once that is agreed to."""
    content = jpeg()
    put(place.input / "a.jpg", content)
    put(place.input / "copy.jpg", content)
    put(place.input / "b.jpg")
    assert place.run_once().returncode == 0
    assert "No cutout is missing" in ordered(place, "reprocess", "--missing")
    (place.output / "a.png").unlink()
    assert "1 photo is made again" in ordered(place, "reprocess", "--missing")
    assert place.run_once().returncode == 0
    assert executes(sandbox) == 2
    (place.output / "b.png").unlink()
    assert place.command("reprocess", "--missing").returncode == 2
    assert "1 photo is made again" in ordered(place, "reprocess", "--missing", "--yes")
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png", "b.png", "copy.png"]
    assert executes(sandbox) == 3


def test_an_empty_output_is_not_paid_for_again(place: Place, sandbox: SandboxProcess) -> None:
    """A disk that is not mounted leaves an empty folder: whoever means it names the photos."""
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    (place.output / "a.png").unlink()
    ended = place.command("reprocess", "--missing", "--yes")
    assert ended.returncode == 1
    assert "not there, or empty" in ended.stderr
    assert place.versions("a.jpg")[0].state is State.PUBLISHED
    assert executes(sandbox) == 1


def test_changed_parameters_are_applied(place: Place, sandbox: SandboxProcess) -> None:
    """What was made with other parameters is made with the present ones, and then nothing has changed any more."""
    for name in ("a.jpg", "b.jpg"):
        put(place.input / name)
    assert place.run_once().returncode == 0
    assert "No published photo has other parameters" in ordered(place, "reprocess", "--changed")
    before = (place.output / "a.png").read_bytes()
    place.configure(folder={"remove_bg": {"bg_color": "00ff00"}})
    assert "up to 2 removals" in ordered(place, "reprocess", "--changed", "--dry-run")
    assert "2 photos are made again" in ordered(place, "reprocess", "--changed", "--yes")
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png", "b.png"]
    assert (place.output / "a.png").read_bytes() != before
    assert executes(sandbox) == 4
    assert "No published photo has other parameters" in ordered(place, "reprocess", "--changed")


def test_an_edited_cutout_survives(place: Place, sandbox: SandboxProcess) -> None:
    """Somebody retouched the cutout: the new one goes beside it, and the next one replaces that."""
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    with Image.open(place.output / "a.png") as cutout:
        cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(place.output / "a.png")
    retouched = (place.output / "a.png").read_bytes()
    for _ in range(2):
        ordered(place, "reprocess", "--yes", "a.jpg")
        assert place.run_once().returncode == 0
        assert (place.output / "a.png").read_bytes() == retouched
        assert len(place.outputs()) == 2
    assert executes(sandbox) == 3


def test_a_failure_leaves_the_earlier_cutout(place: Place, sandbox: SandboxProcess) -> None:
    """Made anew in vain: the old cutout stands, copies still get it at no cost, and a retry replaces it."""
    content = jpeg()
    put(place.input / "a.jpg", content)
    assert place.run_once().returncode == 0
    before = (place.output / "a.png").read_bytes()
    sandbox.set_faults(REFUSED)
    ordered(place, "reprocess", "--yes", "a.jpg")
    put(place.input / "copy.jpg", content)
    assert place.run_once().returncode == 1
    assert (place.output / "a.png").read_bytes() == (place.output / "copy.png").read_bytes() == before
    assert place.versions("a.jpg")[0].state is State.FAILED
    ordered(place, "retry", "--yes", "a.jpg")
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png", "copy.png"]


def test_a_source_that_vanishes_leaves_the_earlier_cutout(place: Place, sandbox: SandboxProcess) -> None:
    """Nothing is paid, and the photo is published as before."""
    source = put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    ordered(place, "reprocess", "--yes", "a.jpg")
    source.unlink()
    place.run_once()
    (photo,) = place.versions("a.jpg")
    assert photo.state is State.PUBLISHED
    assert "not made anew" in (photo.note or "")
    assert place.outputs() == ["a.png"]
    assert executes(sandbox) == 1
    assert "no longer there" in place.command("reprocess", "--yes", "a.jpg").stderr


def test_two_commands_at_once_are_one(place: Place, sandbox: SandboxProcess) -> None:
    """One goes after the other; the photos are done once, and whoever comes later is told."""
    for name in ("a.jpg", "b.jpg"):
        put(place.input / name)
    assert place.run_once().returncode == 0
    sandbox.set_faults({"kind": "status", "status": 503, "on": "upload"})
    with started(place) as daemon, ThreadPoolExecutor(3) as threads:
        ended = list(threads.map(lambda _: place.command("reprocess", "--yes", "a.jpg", "b.jpg"), range(3)))
        sandbox.clear_faults()
        daemon.wait_for("published", "a.jpg", "b.jpg")
    assert sorted(each.stdout for each in ended) == ["", "", "2 photos are made again.\n"]
    assert sorted(each.returncode for each in ended) == [0, 1, 1]
    assert executes(sandbox) == 4


def test_a_retry_that_costs_asks_first(place: Place, sandbox: SandboxProcess) -> None:
    """Without a terminal and without --yes nothing is done; what costs nothing is not asked about."""
    fail_once(place, sandbox, "a.jpg", "b.jpg")
    before = executes(sandbox)
    for arguments in (("a.jpg",), ("--failed",)):
        asked = place.command("retry", *arguments)
        assert asked.returncode == 2
        number = (
            "1 photo is to be sent again; 1 removal" if arguments[0] == "a.jpg" else "2 photos are to be sent again"
        )
        assert number in asked.stdout
        assert "may have to be paid for: at least" in asked.stdout
        assert "say --yes" in asked.stderr
    assert {place.versions(path)[0].state for path in ("a.jpg", "b.jpg")} == {State.FAILED}
    assert executes(sandbox) == before
    assert "2 photos are sent again" in ordered(place, "retry", "--yes", "--failed")
