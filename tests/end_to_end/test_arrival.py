"""Photos that arrive in every way, and what comes of them."""

import os
import threading
import time
from hashlib import sha256
from pathlib import Path

from cutoutd.status.live_state import read_live_state
from support.clients import http_requests
from support.images.drawn_photos import is_cutout, noisy_jpeg, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

SPRING = "Frühjahr 2026"
NESTED = (f"{SPRING}/Schuhe & Taschen/süß 👟.jpg", f"{SPRING}/Schuhe & Taschen/b c.jpeg", f"{SPRING}/x.JPG")

CHUNKS = 20
CHUNK_PAUSE_S = 0.25  # twenty of them cross the stability delay of the slow tests five times
STABILITY_DELAY = "1s"


def test_photos_present_dropped_and_moved_in_are_published(
    place: Place, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """Photos there before the start, dropped in later, and moved in as a whole folder end at mirrored paths."""
    put(place.input / "before/a.jpg")
    for path in NESTED:
        put(tmp_path / "elsewhere" / path)
    with place.start() as daemon:
        daemon.wait_for("published", "before/a.jpg")
        put(place.input / "dropped.jpg")
        (tmp_path / "elsewhere" / SPRING).rename(place.input / SPRING)
        daemon.wait_for("published", "dropped.jpg", *NESTED)
        assert daemon.stop() == 0
    sources = ("before/a.jpg", "dropped.jpg", *NESTED)
    assert place.outputs() == sorted(str(Path(path).with_suffix(".png")) for path in sources)
    for path in sources:
        cutout = (place.output / path).with_suffix(".png")
        assert is_cutout(cutout)
        assert cutout.read_bytes() == _result_of(path, place, sandbox)
        assert (place.input / path).exists()


def test_a_photo_copied_slowly_is_uploaded_once_and_whole(place: Place, sandbox: SandboxProcess) -> None:
    """A 4 MB photo that arrives in twenty chunks, held open or reopened for each, is uploaded once, complete."""
    place.configure(watch={"stability_delay": STABILITY_DELAY, "rescan_interval": "1s"})
    contents = [noisy_jpeg(4_000_000), noisy_jpeg(4_000_000)]
    with place.start() as daemon:
        daemon.wait_for("started")
        writers = [
            threading.Thread(target=_write_held_open, args=(place.input / "held.jpg", contents[0])),
            threading.Thread(target=_write_reopened, args=(place.input / "reopened.jpg", contents[1])),
        ]
        for writer in writers:
            writer.start()
        eventually(lambda: _settling(place) == {"held.jpg", "reopened.jpg"})
        for writer in writers:
            writer.join()
        daemon.wait_for("published", "held.jpg", "reopened.jpg")
        assert daemon.count("discovered") == 2
        assert daemon.stop() == 0
    assert sandbox.counters()["uploads_by_sha256"] == {sha256(content).hexdigest(): 1 for content in contents}


def test_polling_finds_photos_without_events(place: Place) -> None:
    """With events forced off photos are found all the same, and status says that polling is in force and why."""
    place.configure(watch={"mode": "polling", "rescan_interval": "1s", "stability_delay": "300ms"})
    with place.start() as daemon:
        daemon.wait_for("started")
        put(place.input / "new/a.jpg")
        daemon.wait_for("published", "new/a.jpg")
        (watched,) = place.status()["watched"]
        assert (watched["folder"], watched["kind"]) == ("shop", "polling")
        assert "watch.mode" in watched["reason"]


def test_events_are_in_force_where_they_work(place: Place) -> None:
    """On a local disk events are in force, a photo is taken up without waiting for a rescan, and status says so."""
    place.configure(watch={"rescan_interval": "1h"})
    with place.start() as daemon:
        eventually(lambda: read_live_state(place.state))
        put(place.input / "new/a.jpg")
        daemon.wait_for("published", "new/a.jpg")
        (watched,) = place.status()["watched"]
        assert watched["kind"] == "events"
        assert watched["reason"]


def test_a_photo_made_whole_later_is_published_and_its_note_goes(place: Place) -> None:
    """A truncated photo is rejected with a note; once it is replaced by the whole one it is published, note gone."""
    whole = put(place.home / "whole.jpg").read_bytes()
    put(place.input / "a.jpg", whole[: len(whole) // 2])
    with place.start() as daemon:
        daemon.wait_for("rejected", "a.jpg")
        eventually((place.output / "a.jpg.failed.txt").exists)
        assert "truncated" in place.note("a.jpg")
        put(place.input / "a.jpg", whole)
        daemon.wait_for("published", "a.jpg")
    assert place.outputs() == ["a.png"]


def _settling(place: Place) -> set[str]:
    live = read_live_state(place.state)
    return {file.path for file in live.settling} if live else set()


def _write_held_open(file: Path, content: bytes) -> None:
    with file.open("wb", buffering=0) as stream:
        for chunk in _chunks(content):
            stream.write(chunk)
            time.sleep(CHUNK_PAUSE_S)  # slowness is what is tested
        os.fsync(stream.fileno())


def _write_reopened(file: Path, content: bytes) -> None:
    for chunk in _chunks(content):
        with file.open("ab") as stream:
            stream.write(chunk)
        time.sleep(CHUNK_PAUSE_S)  # slowness is what is tested


def _chunks(content: bytes) -> list[bytes]:
    size = -(-len(content) // CHUNKS)
    return [content[start : start + size] for start in range(0, len(content), size)]


def _result_of(path: str, place: Place, sandbox: SandboxProcess) -> bytes:
    (photo,) = place.versions(path)
    return http_requests.get(f"{sandbox.url}{photo.launch.result_uuid}/").content
