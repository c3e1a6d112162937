"""What the running daemon tells the commands: one small file, whole or not there."""

import asyncio
from pathlib import Path

import pytest

from cutoutd.config.settings import WatchSettings
from cutoutd.core.errors import KeysRefusedError
from cutoutd.core.photo import State
from cutoutd.files.input_tree import Sighting
from cutoutd.pipeline.budget.budget import LaunchPace
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.status.live_state import (
    LIVE_NAME,
    LiveHalt,
    LiveState,
    SettlingFile,
    WatchedMount,
    read_live_state,
    write_live_state,
)
from cutoutd.status.live_state_writer import LiveSources, LiveStateWriter
from cutoutd.watch.availability.monitor import UnavailableFolder
from cutoutd.watch.folder import FolderWatcher
from support.folders import folder_in

SETTLING = SettlingFile(folder="products", path="a.jpg", since_s=1.0, reason="it is still growing")
MOUNT = WatchedMount(folder="products", path="", kind="events", reason="ext4")


def test_what_was_told_is_heard(tmp_path: Path) -> None:
    """The last word counts, comes whole, and leaves no draft behind."""
    live = LiveState(
        pid=7,
        started_at_s=1.0,
        watched=(MOUNT,),
        settling=(SETTLING,),
        settling_count=1,
        halt=LiveHalt(title="keys", sentence="401"),
    )
    write_live_state(tmp_path, LiveState(pid=6, started_at_s=0.0))
    write_live_state(tmp_path, live)
    assert read_live_state(tmp_path) == live
    assert [file.name for file in tmp_path.iterdir()] == [LIVE_NAME]


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": "x"}', b"\xff\xfe"])
def test_what_is_not_understood_is_not_heard(tmp_path: Path, content: bytes) -> None:
    """A file of another version, or none at all, is silence and no error."""
    assert read_live_state(tmp_path) is None
    (tmp_path / LIVE_NAME).write_bytes(content)
    assert read_live_state(tmp_path) is None


def test_names_that_are_no_text_can_be_told(tmp_path: Path) -> None:
    """A file whose name is no UTF-8 is shown with its bytes spelled out."""
    odd = SettlingFile(folder="products", path="\udcff\n.jpg", since_s=1.0, reason="\udcfe")
    write_live_state(tmp_path, LiveState(pid=1, started_at_s=0.0, settling=(odd,)))
    heard = read_live_state(tmp_path)
    assert heard is not None
    assert heard.settling[0].path == "\\udcff\\n.jpg"


class Known:
    """A sink for which everything is new; it keeps what it gets."""

    def __init__(self) -> None:
        self.delivered: list[str] = []

    async def filter_new(self, _folder: str, sightings: list[Sighting]) -> list[Sighting]:
        return list(sightings)

    async def deliver(self, _folder: str, sighting: Sighting) -> None:
        self.delivered.append(sighting.path)

    async def check_availability(self, _folder: str, **_scan: bool) -> bool:
        return False

    async def has_changed_mounts(self, _folder: str) -> bool:
        return False


class AllThere:
    """A judge of folders that finds nothing amiss."""

    def unavailable(self) -> tuple[UnavailableFolder, ...]:
        return ()


async def heard(state_dir: Path, *, has_halt: bool) -> LiveState:
    while (live := read_live_state(state_dir)) is None or (live.halt is not None) != has_halt:  # noqa: ASYNC110  it is a file
        await asyncio.sleep(0.005)
    return live


def test_the_daemon_tells_what_only_it_knows(tmp_path: Path) -> None:
    """Files still being written, how folders are watched, and why it halts, as soon as that changes."""
    folder = folder_in(tmp_path)
    (folder.input / "\udcff.jpg").write_bytes(b"\xff\xd8\xff half a photo")
    breaker = CircuitBreaker()

    async def scene() -> tuple[LiveState, LiveState]:
        watcher = FolderWatcher(folder, WatchSettings(stability_delay_s=60), Known())
        await watcher.run_once(patience_s=0)
        pace = LaunchPace(19.0, "refused (429)")
        writer = LiveStateWriter(tmp_path, LiveSources([watcher], breaker, AllThere(), lambda: pace), 0.01)
        telling = asyncio.create_task(writer.run())
        before = await asyncio.wait_for(heard(tmp_path, has_halt=False), 60)
        breaker.open(KeysRefusedError("401"), State.ACCEPTED)
        after = await asyncio.wait_for(heard(tmp_path, has_halt=True), 60)
        telling.cancel()
        return before, after

    before, after = asyncio.run(scene())
    assert [file.path for file in before.settling] == ["\\udcff.jpg"]
    assert before.settling_count == 1
    assert (before.launches_per_minute, before.launch_reason) == (19, "refused (429)")
    assert after.halt is not None
    assert "401" in after.halt.text
    assert before.started_at_s == after.started_at_s


def test_a_state_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """What cannot be told now is told when it can be."""

    async def scene() -> None:
        pace = LaunchPace(600.0, "")
        writer = LiveStateWriter(tmp_path / "later", LiveSources([], CircuitBreaker(), AllThere(), lambda: pace), 0.01)
        telling = asyncio.create_task(writer.run())
        await asyncio.sleep(0.05)
        assert not telling.done()
        await asyncio.to_thread((tmp_path / "later").mkdir)
        await asyncio.wait_for(heard(tmp_path / "later", has_halt=False), 60)
        telling.cancel()

    asyncio.run(scene())
