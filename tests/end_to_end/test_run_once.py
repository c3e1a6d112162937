"""``run --once`` for scripts: what is done, what is said, and the exit code."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from support.images.drawn_photos import is_cutout, jpeg, jpeg_of, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


@pytest.fixture
def sluggish_place(tmp_path: Path) -> Iterator[Place]:
    """A place whose service takes a minute for a removal."""
    with SandboxProcess(tmp_path / "sluggish", "--processing-time", "60") as sandbox:
        yield Place(tmp_path / "patient-shop", sandbox.url)


def test_all_well_is_0_and_a_second_run_has_nothing_to_do(place: Place, sandbox: SandboxProcess) -> None:
    """Photos in nested folders are all published with exit code 0; running again sends nothing."""
    for path in ("a.jpg", "b/c.jpg", "b/d/e.jpg"):
        put(place.input / path)
    first = place.run_once()
    assert (first.returncode, first.stderr) == (0, "")
    assert place.outputs() == ["a.png", "b/c.png", "b/d/e.png"]
    assert all(is_cutout(place.output / name) for name in place.outputs())
    sandbox.clear_counters()
    assert place.run_once().returncode == 0
    assert sandbox.counters()["requests"] == {}


def test_odd_ones_out_are_1_each_with_its_own_sentence(place: Place, sandbox: SandboxProcess) -> None:
    """A PDF, half a photo, 13 MB and nothing at all are rejected in their own words, and the good one is published."""
    whole = jpeg()
    odd = {
        "pdf.jpg": (b"%PDF-1.7\n" + bytes(2000), "PDF"),
        "half.jpg": (whole[: len(whole) // 2], "before the picture's end marker"),
        "huge.jpg": (whole + bytes(13_000_000), "over the 12 MB limit"),
        "empty.jpg": (b"", "empty"),
    }
    put(place.input / "good.jpg")
    for path, (content, _) in odd.items():
        put(place.input / path, content)
    ended = place.run_once()
    assert ended.returncode == 1
    assert "1 published, 4 rejected, 0 failed, 0 left" in ended.stdout
    for path, (_, words) in odd.items():
        (photo,) = place.versions(path)
        assert words in (photo.ending.sentence or "")
        assert (photo.ending.sentence or "?") in place.note(path)
        assert photo.ending.advice
    assert place.outputs() == sorted(["good.png", *(f"{path}.failed.txt" for path in odd)])
    assert len(sandbox.counters()["uploads_by_sha256"]) == 1


def test_a_faulty_configuration_is_2_with_every_fault_listed(place: Place) -> None:
    """Faults are listed all at once, each with file, line and column, and nothing is started."""
    place.configure(folder={"remove_bg": {"typ": "product"}}, watch={"mode": "always"}, concurency={"uploads": 3})
    ended = place.run_once()
    assert ended.returncode == 2
    faults = ended.stderr.splitlines()
    assert len(faults) == 3
    assert all(fault.startswith(f"{place.config}:") for fault in faults)
    for words in ("typ", "watch.mode", "concurency"):
        assert any(words in fault for fault in faults)
    assert not place.state.exists()


def test_no_configuration_is_2(tmp_path: Path) -> None:
    """A configuration that is not there is named."""
    place = Place(tmp_path / "shop", "http://127.0.0.1:9/")
    place.config.unlink()
    ended = place.run_once()
    assert ended.returncode == 2
    assert str(place.config) in ended.stderr


def test_refused_keys_are_3(place: Place) -> None:
    """With a wrong secret key the run ends, says what to check, and no photo is blamed."""
    place.write_secret("not-the-secret-key")
    put(place.input / "a.jpg")
    ended = place.run_once()
    assert ended.returncode == 3
    assert ended.stderr == "Halted: Uploadcare refused the keys.\n"
    assert ended.stdout.count("Check public_key") == 1
    assert place.outputs() == []
    assert not place.versions("a.jpg")[0].state.is_terminal


def test_a_refused_addon_is_3(place: Place, sandbox: SandboxProcess) -> None:
    """With the add-on disabled the run ends and says so; enabled again, the photo is published."""
    sandbox.set_faults({"kind": "disabled"})
    put(place.input / "a.jpg")
    ended = place.run_once()
    assert ended.returncode == 3
    assert "refused the remove_bg add-on" in ended.stderr
    sandbox.clear_faults()
    assert place.run_once().returncode == 0
    assert sorted(sandbox.counters()["executes_by_sha256"].values()) == [1]


def test_a_second_instance_is_4(place: Place) -> None:
    """While a daemon holds the ledger, a second instance leaves it alone."""
    with place.start() as daemon:
        daemon.wait_for("started")
        ended = place.run_once()
    assert ended.returncode == 4
    assert "Another instance is running" in ended.stderr


def test_what_waits_for_long_is_5(place: Place, sandbox: SandboxProcess) -> None:
    """When the service asks for ten minutes of patience the photo is left for the next run."""
    sandbox.set_faults({"kind": "status", "status": 429, "on": "execute", "retry_after_s": 600})
    put(place.input / "a.jpg")
    ended = place.run_once()
    assert ended.returncode == 5
    assert "1 left for the next run" in ended.stdout
    (waiting,) = place.status()["waiting"]
    assert waiting["path"] == "a.jpg"
    assert "600 s of patience" in waiting["reason"]


def test_a_missing_input_is_5(place: Place) -> None:
    """An input that is not there is not taken for an empty one."""
    place.input.rmdir()
    ended = place.run_once()
    assert ended.returncode == 5
    assert str(place.input) in ended.stdout
    assert "are unavailable: 1" in ended.stderr


def test_a_state_folder_that_cannot_be_made_is_said(place: Place) -> None:
    """A path that cannot be made is the disk's fault (8); it ends the run in words, without a trace."""
    place.configure(state_dir=str(place.config / "state"))
    ended = place.run_once()
    assert ended.returncode == 8
    assert f"{place.config}/state cannot be made" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_lost_answer_is_not_paid_for_again(place: Place, sandbox: SandboxProcess) -> None:
    """When the paid call's answer is lost its result is looked for and published; the call is not repeated."""
    sandbox.set_faults({"kind": "lose_response", "on": "execute"})
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    assert is_cutout(place.output / "a.png")
    assert sandbox.counters()["requests"]["execute"] == 1


def test_several_lost_answers_are_told_apart(place: Place, sandbox: SandboxProcess) -> None:
    """Launches lost at the same time each get their own result, and none is paid for again."""
    sandbox.set_faults({"kind": "lose_response", "on": "execute", "times": 3})
    colours = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255)}
    for colour in colours:
        put(place.input / f"{colour}.jpg", jpeg_of(colour))
    assert place.run_once().returncode == 0
    assert sandbox.counters()["requests"]["execute"] == 3
    for colour, expected in colours.items():
        with Image.open(place.output / f"{colour}.png") as cutout:
            subject = cutout.getpixel((cutout.width * 5 // 16, cutout.height * 5 // 16))
            assert isinstance(subject, tuple)
            assert all(abs(seen - wanted) < 10 for seen, wanted in zip(subject, expected, strict=False))


def test_an_interrupt_is_130(sluggish_place: Place) -> None:
    """Ctrl-C ends the run at once though removals are under way; they are fetched another time."""
    put(sluggish_place.input / "a.jpg")
    with sluggish_place.start("--once") as run:
        run.wait_for("removal_started", "a.jpg")
        assert run.stop(signal.SIGINT) == 130


@pytest.mark.parametrize(("remote_cleanup", "is_removed"), [("delete", True), ("keep", False)])
def test_what_stays_at_uploadcare(
    place: Place, sandbox: SandboxProcess, remote_cleanup: str, *, is_removed: bool
) -> None:
    """Once published, source and result are deleted at Uploadcare, unless the configuration keeps them."""
    place.configure(uploadcare={"remote_cleanup": remote_cleanup})
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    (photo,) = place.versions("a.jpg")
    with sandbox.client() as client:
        for uuid in (photo.upload.source_uuid, photo.launch.result_uuid):
            assert (client.get(f"/files/{uuid}/").json()["datetime_removed"] is not None) is is_removed
