"""Failures heal: what was removed, renamed, replaced or dismissed is no failure any more, and nothing paid is lost."""

import os

import pytest

from cutoutd.core.photo import Failed, State
from cutoutd.ledger import Ledger
from support.images.drawn_photos import jpeg, put
from support.ledgers import with_ledger
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

REFUSED = {"kind": "status", "status": 400, "on": "execute", "times": 1}


def states(place: Place, *paths: str) -> list[State]:
    """The state of the newest version of each path."""
    return [place.versions(path)[-1].state for path in paths]


def counted(place: Place) -> tuple[int, int]:
    """The rejected and the failed photos of the status."""
    folder = place.status()["folders"]["shop"]
    return folder["rejected"], folder["failed"]


def notes(place: Place) -> list[str]:
    return [path for path in place.outputs() if path.endswith(".failed.txt")]


def fail_once(place: Place, sandbox: SandboxProcess, path: str) -> None:
    """A photo whose removal Uploadcare refuses, so that nothing is paid."""
    sandbox.set_faults(REFUSED)
    put(place.input / path)
    assert place.run_once().returncode == 1
    assert states(place, path) == [State.FAILED]


def test_failures_that_are_gone_renamed_or_replaced_drop_out(place: Place, sandbox: SandboxProcess) -> None:
    """With their notes, also failed ones; one that is still there stays, and nothing is launched for it again."""
    fail_once(place, sandbox, "failed.jpg")
    for path in ("gone.jpg", "renamed.jpg", "replaced.jpg", "stays.jpg"):
        put(place.input / path, b"no picture")
    with place.start() as daemon:
        daemon.wait_for("rejected", "gone.jpg", "renamed.jpg", "replaced.jpg", "stays.jpg")
        (place.input / "gone.jpg").unlink()
        (place.input / "failed.jpg").unlink()
        (place.input / "renamed.jpg").rename(place.input / "renamed.txt")
        put(place.input / "replaced.jpg", jpeg())
        daemon.wait_for("superseded", "gone.jpg", "renamed.jpg", "replaced.jpg", "failed.jpg", within_s=30)
        daemon.wait_for("published", "replaced.jpg")
    assert notes(place) == ["stays.jpg.failed.txt"]
    assert counted(place) == (1, 0)
    assert sandbox.counters()["requests"]["execute"] == 2


def test_a_run_once_ends_failures_that_are_gone(place: Place) -> None:
    """At the next run, without a daemon; it ends with success, because nothing is wrong any more."""
    put(place.input / "a.jpg", b"no picture")
    put(place.input / "b.jpg", jpeg())
    assert place.run_once().returncode == 1
    (place.input / "a.jpg").unlink()
    assert place.run_once().returncode == 0
    assert states(place, "a.jpg", "b.jpg") == [State.SUPERSEDED, State.PUBLISHED]
    assert (notes(place), counted(place)) == ([], (0, 0))


def test_a_note_that_a_person_wrote_into_stays(place: Place) -> None:
    """It is theirs now; the failure drops out all the same."""
    put(place.input / "a.jpg", b"no picture")
    assert place.run_once().returncode == 1
    note = place.output / "a.jpg.failed.txt"
    note.write_text(note.read_text() + "Anna: asked the photographer.\n")
    (place.input / "a.jpg").unlink()
    assert place.run_once().returncode == 0
    assert states(place, "a.jpg") == [State.SUPERSEDED]
    assert "Anna" in place.note("a.jpg")


@pytest.mark.parametrize("is_moved_away", [True, False], ids=["input away", "emptied"])
def test_failures_of_a_vanished_share_stay(place: Place, sandbox: SandboxProcess, *, is_moved_away: bool) -> None:
    """An input that is away removed nothing; an emptied one may be a share, and a failed photo would be paid again."""
    fail_once(place, sandbox, "a.jpg")
    fail_once(place, sandbox, "b.jpg")
    place.input.rename(place.home / "away")
    if not is_moved_away:
        place.input.mkdir()
    place.run_once()
    place.run_once()
    assert states(place, "a.jpg", "b.jpg") == [State.FAILED, State.FAILED]
    assert len(notes(place)) == 2
    if not is_moved_away:
        place.input.rmdir()
        assert place.status()["standby"] == []
    (place.home / "away").rename(place.input)
    assert place.run_once().returncode == 0
    assert states(place, "a.jpg", "b.jpg") == [State.FAILED, State.FAILED]
    assert sandbox.counters()["requests"]["execute"] == 2


def test_a_paid_failure_outlives_its_source(place: Place, sandbox: SandboxProcess) -> None:
    """A result that is paid for can be fetched without the source, so the photo stays, and a retry publishes it."""
    put(place.input / "a.jpg")
    sandbox.set_faults({"kind": "status", "status": 403, "on": "cdn", "times": 1000})
    place.run_once()

    async def fail(ledger: Ledger) -> None:
        (paid,) = place.versions("a.jpg")
        await ledger.record(paid, Failed("disk", "the disk said no", "Mend it."))

    with_ledger(place.state, fail)
    sandbox.clear_faults()
    (place.input / "a.jpg").unlink()
    assert place.run_once().returncode == 0
    assert place.run_once().returncode == 0
    assert states(place, "a.jpg") == [State.FAILED]
    refused = place.command("dismiss", "--failed", "--yes")
    assert "paid for" in refused.stderr
    assert place.command("retry", "--yes", "shop/a.jpg").returncode == 0
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png"]
    assert sandbox.counters()["requests"]["execute"] == 1


def test_dismissed_photos_are_out_of_sight_until_a_retry(place: Place, sandbox: SandboxProcess) -> None:
    """With their notes; the same file is not tried again, a changed one is new, and ``retry`` takes it back."""
    fail_once(place, sandbox, "failed.jpg")
    put(place.input / "bad.jpg", b"no picture")
    put(place.input / "worse.jpg", b"none either")
    assert place.run_once().returncode == 1
    asked = place.command("dismiss", "--rejected")
    assert asked.returncode == 2
    assert "2 photos are to be dismissed" in asked.stdout
    assert counted(place) == (2, 1)
    assert place.command("dismiss", "--rejected", "--yes").stdout == "2 photos are dismissed.\n"
    with place.start() as daemon:
        daemon.wait_for("started")
        assert place.command("dismiss", "shop/failed.jpg").stdout == "1 photo is dismissed.\n"
        again = place.command("dismiss", "shop/failed.jpg")
        assert (again.returncode, "already" in again.stderr) == (1, True)
        assert (counted(place), notes(place)) == ((0, 0), [])
        assert place.status()["troubled"] == []
        put(place.input / "worse.jpg", jpeg())
        daemon.wait_for("published", "worse.jpg")
        assert sandbox.counters()["requests"]["execute"] == 2
        assert place.command("retry", "--yes", "shop/failed.jpg").returncode == 0
        daemon.wait_for("published", "failed.jpg")
        assert place.command("retry", "shop/bad.jpg").returncode == 0
        eventually(lambda: states(place, "bad.jpg") == [State.REJECTED])
    assert notes(place) == ["bad.jpg.failed.txt"]
    history = place.command("history", "shop/bad.jpg").stdout
    assert "dismissed" in history


def test_a_touch_or_other_rights_bring_no_dismissed_photo_back(place: Place, sandbox: SandboxProcess) -> None:
    """Its bytes are the same, whatever its times, rights and links say; other bytes are a new photo."""
    fail_once(place, sandbox, "failed.jpg")
    for path in ("touched.jpg", "rights.jpg", "linked.jpg", "other.jpg"):
        put(place.input / path, b"no picture")
    assert place.run_once().returncode == 1
    assert place.command("dismiss", "--rejected", "--failed", "--yes").stdout == "5 photos are dismissed.\n"
    for path in ("failed.jpg", "touched.jpg"):
        os.utime(place.input / path)
    (place.input / "rights.jpg").chmod(0o600)
    (place.input.parent / "link").hardlink_to(place.input / "linked.jpg")
    put(place.input / "other.jpg", b"none either")
    assert place.run_once().returncode == 1
    assert (counted(place), notes(place)) == ((1, 0), ["other.jpg.failed.txt"])
    assert sandbox.counters()["requests"]["execute"] == 1


def test_a_retry_that_cannot_help_says_what_does(place: Place) -> None:
    """The same bytes get the same answer; a mended configuration gets another."""
    put(place.input / "note.jpg", b"no picture")
    put(place.input / "big.jpg", jpeg())
    place.configure(folder={"max_size": "300B"})
    assert place.run_once().returncode == 1
    refused = place.command("retry", "shop/note.jpg")
    assert refused.returncode == 1
    assert "would be rejected again" in refused.stderr
    assert "would be rejected again" in place.command("retry", "shop/big.jpg").stderr
    assert states(place, "note.jpg", "big.jpg") == [State.REJECTED, State.REJECTED]
    place.configure()
    assert place.command("retry", "shop/big.jpg").returncode == 0
    assert place.run_once().returncode == 0
    assert states(place, "big.jpg") == [State.PUBLISHED]
