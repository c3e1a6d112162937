import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from cutoutd.files.input_tree import Sighting
from cutoutd.watch.watcher import BATCH, Watcher
from support.fakes.fake_sink import NEVER_S, PATIENCE_S, folder_at, until, watch_with

SOURCE_ROOT = Path(__file__).parents[3] / "daemon"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    root.mkdir()
    return root


def fill(root: Path, count: int) -> None:
    for number in range(count):
        (root / f"{number}.jpg").write_bytes(b"x")


async def first(watcher: Watcher, is_enough: Callable[[list[Sighting]], bool]) -> list[Sighting]:
    """Return the sightings of the watcher until they are enough."""
    noticed: list[Sighting] = []
    async with asyncio.timeout(PATIENCE_S), aclosing(watcher.sightings()) as batches:
        async for batch in batches:
            assert 0 < len(batch) <= BATCH
            noticed += batch
            if is_enough(noticed):
                break
    return noticed


def test_the_start_scan_comes_in_batches(root: Path) -> None:
    """Each small enough for one question to the ledger, all together complete."""
    fill(root, 2 * BATCH + 1)
    noticed = asyncio.run(first(Watcher(folder_at(root), watch_with()), lambda seen: len(seen) == 2 * BATCH + 1))
    assert len({sighting.path for sighting in noticed}) == 2 * BATCH + 1


def test_nothing_is_scanned_ahead_of_what_was_taken(root: Path) -> None:
    """A slow consumer is not buried: a file that appears in between is still in the same scan."""
    fill(root, BATCH)
    (root / "later").mkdir()

    async def play() -> set[str]:
        watcher = Watcher(folder_at(root), watch_with("polling"))
        survey = watcher.scan_once()
        taken = await anext(survey)
        (root / "later/late.jpg").write_bytes(b"x")
        async for batch in survey:
            taken += batch
        return {sighting.path for sighting in taken}

    assert "later/late.jpg" in asyncio.run(play())


def test_a_photo_dropped_during_a_long_scan_goes_first(root: Path) -> None:
    """The scan of a large tree may take minutes, and the user waits for one photo."""
    fill(root, 5 * BATCH)

    async def play() -> list[str]:
        watcher = Watcher(folder_at(root), watch_with())
        async with asyncio.timeout(PATIENCE_S), aclosing(watcher.sightings()) as batches:
            await anext(batches)
            (root / "fresh.jpg").write_bytes(b"x")
            await until(
                lambda: "fresh.jpg" in watcher._buffer._events.files
            )  # nothing public tells of an untaken event
            return [sighting.path for sighting in await anext(batches)]

    assert asyncio.run(play()) == ["fresh.jpg"]


def test_the_kernel_says_that_a_file_is_closed(root: Path) -> None:
    """A scan cannot know that."""
    (root / "old.jpg").write_bytes(b"x")

    async def play() -> dict[str, bool]:
        noticed: list[Sighting] = []
        async with asyncio.timeout(PATIENCE_S), aclosing(Watcher(folder_at(root), watch_with()).sightings()) as batches:
            async for batch in batches:
                if not noticed:
                    (root / "new.jpg").write_bytes(b"x")
                noticed += batch
                if "new.jpg" in {sighting.path for sighting in noticed if sighting.is_closed}:
                    break
        return {sighting.path: sighting.is_closed for sighting in noticed}

    assert asyncio.run(play()) == {"old.jpg": False, "new.jpg": True}


def test_the_rescan_shows_everything_again(root: Path) -> None:
    """Events are hints, the scan is the truth."""
    fill(root, 3)
    noticed = asyncio.run(first(Watcher(folder_at(root), watch_with(rescan_s=0.01)), lambda seen: len(seen) == 9))
    assert {sighting.path for sighting in noticed} == {"0.jpg", "1.jpg", "2.jpg"}


def test_that_all_is_watched_is_said_once(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The first look at a large tree takes a while, and people want to know when it is over; rescans say nothing."""
    fill(root, 3)
    (root / "sub").mkdir()
    with caplog.at_level("INFO", logger="cutoutd"):
        asyncio.run(first(Watcher(folder_at(root), watch_with(rescan_s=0.01)), lambda seen: len(seen) == 9))
    assert caplog.messages == [f"{root} was scanned as a whole (folders: 2) and is watched by events"]


def test_what_could_not_be_looked_at_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system call refuses, because root may run the tests and reads everything."""
    fill(root, 1)
    (root / "closed").mkdir()
    (root / "notes.txt").write_text("no photo")
    real_open = os.open

    def refuse_one(path: Path, flags: int) -> int:
        if path == root / "closed":
            raise PermissionError(13, "Permission denied")
        return real_open(path, flags)

    monkeypatch.setattr("cutoutd.watch.scanner.os.open", refuse_one)
    watcher = Watcher(folder_at(root), watch_with())

    async def play() -> list[str]:
        return [sighting.path async for batch in watcher.scan_once() for sighting in batch]

    assert asyncio.run(play()) == ["0.jpg"]
    assert [(item.reason, item.paths) for item in watcher.passed_over.present] == [("unreadable", ("closed",))]
    assert (watcher.ignored, watcher.is_missing) == (1, False)


LIMITED = """
import asyncio, sys
from pathlib import Path
from cutoutd.watch.watcher import Watcher
sys.path.insert(0, {tests!r})
from support.fakes.fake_sink import folder_at, until, watch_with

async def watch():
    watcher = Watcher(folder_at(Path({root!r})), watch_with(rescan_s=0.1))
    async def take():
        async for _ in watcher.sightings():
            pass
    task = asyncio.create_task(take())
    await until(lambda: bool(watcher.backends()))
    print(*(f"{{backend.kind}}: {{backend.reason}}" for backend in watcher.backends()))
    Path("/proc/sys/user", {limit!r}).write_text("1000")
    await until(lambda: watcher.backends()[0].kind == "events")
    print("events again")
    task.cancel()

asyncio.run(watch())
"""


def limited(root: Path, limit: str, value: int) -> str:
    """Run a watcher where the kernel allows only so much: in a user namespace of its own, which needs no root."""
    script = LIMITED.format(tests=str(Path(__file__).parents[2]), root=str(root), limit=limit)
    shell = f'echo {value} > /proc/sys/user/{limit} || exit 99; exec "$0" -c "$1"'
    try:
        ran = subprocess.run(
            ["unshare", "--user", "--map-root-user", "sh", "-c", shell, sys.executable, script],
            env={**os.environ, "PYTHONPATH": str(SOURCE_ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except FileNotFoundError:
        pytest.skip("unshare (util-linux) is not installed")
    if ran.returncode == 99 or "unshare:" in ran.stderr:
        pytest.skip("this kernel gives no user namespaces to this user")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_tree_too_large_for_the_kernels_limit_is_polled_until_it_is_raised(root: Path) -> None:
    """The real limit, hit in the middle of the tree: status gives the line that helps, and events come back."""
    for number in range(20):
        (root / str(number)).mkdir()
    said = limited(root, "max_inotify_watches", 5).splitlines()
    assert "polling: the limit of " in said[0]
    assert "inotify watches is used up; raise it: sysctl fs.inotify.max_user_watches=" in said[0]
    assert said[-1] == "events again"


def test_no_inotify_instance_left_means_polling_until_there_is_one(root: Path) -> None:
    """Other programs of the user may have taken them all."""
    said = limited(root, "max_inotify_instances", 0).splitlines()
    assert "inotify instances is used up; raise it: sysctl fs.inotify.max_user_instances=" in said[0]
    assert said[-1] == "events again"


def test_listening_ends_with_the_watcher(root: Path) -> None:
    """No thread and no file descriptor of the kernel's is left."""

    def open_inotify() -> int:
        links = (str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if os.path.lexists(entry))
        return sum("inotify" in link for link in links)

    async def play() -> None:
        watcher = Watcher(folder_at(root), watch_with())

        async def take() -> None:
            async with aclosing(watcher.sightings()) as batches:
                async for _ in batches:
                    pass

        task = asyncio.create_task(take())
        await until(lambda: bool(watcher.backends()))
        assert open_inotify() == before + 1
        task.cancel()
        await asyncio.wait({task}, timeout=NEVER_S)
        assert open_inotify() == before

    before = open_inotify()
    asyncio.run(play())
