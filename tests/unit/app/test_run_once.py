"""``run --once`` in this process, against the sandbox: how each run ends."""

import asyncio
from pathlib import Path

import pytest

from cutoutd.app.composition import open_service
from cutoutd.app.reload import Reloader
from cutoutd.app.run_once import RunOutcome, RunPatience, work_off
from cutoutd.app.service import serve
from cutoutd.config.settings import Settings
from cutoutd.control.queue import CommandQueue
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.errors import DiskError, KeysRefusedError, LedgerBusyError
from cutoutd.ledger import hold_ledger
from cutoutd.monitoring.systemd_notify import SystemdNotifier
from support.folders import folder_in, settings_in
from support.images.drawn_photos import is_cutout, jpeg, put
from support.processes.sandbox_process import SandboxProcess


def outcome_of(settings: Settings, stop: asyncio.Event | None = None) -> RunOutcome:
    async def play() -> RunOutcome:
        async with open_service(settings) as service:
            return await work_off(service, stop or asyncio.Event())

    return asyncio.run(play())


def test_all_that_is_there_is_worked_off(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """Photos become cutouts, the odd one out is rejected, leftovers are swept, and a second run finds nothing to do."""
    folder = folder_in(tmp_path)
    for path in ("a.jpg", "sub/b.jpg"):
        put(folder.input / path)
    put(folder.input / "c.jpg", b"%PDF-1.7")
    leftover = put(folder.output / f"{TEMPORARY_PREFIX}old.png", b"left")
    settings = settings_in(tmp_path, sandbox.url, folder)
    assert outcome_of(settings) == RunOutcome(2, 1, 0, 0, 0, halt=None, is_interrupted=False)
    assert is_cutout(folder.output / "a.png")
    assert is_cutout(folder.output / "sub" / "b.png")
    assert not leftover.exists()
    assert outcome_of(settings) == RunOutcome(0, 0, 0, 0, 0, halt=None, is_interrupted=False)


def test_an_output_that_was_used_is_not_made_again(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """An output root that is gone after its first use is an unmounted disk: nothing is written in its place."""
    folder = folder_in(tmp_path)
    put(folder.input / "a.jpg")
    settings = settings_in(tmp_path, sandbox.url, folder)
    assert outcome_of(settings).published == 1
    folder.output.rename(tmp_path / "unmounted")
    assert outcome_of(settings).held == 0
    assert not folder.output.exists()


def test_refused_keys_end_the_run_early(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """A wrong secret halts the run; no photo is blamed for it, all are left for the next run."""
    folder = folder_in(tmp_path)
    put(folder.input / "a.jpg")
    outcome = outcome_of(settings_in(tmp_path, sandbox.url, folder, secret_key="wrong"))  # noqa: S106  it is wrong
    assert isinstance(outcome.halt, KeysRefusedError)
    assert (outcome.published, outcome.failed, outcome.held) == (0, 0, 1)
    assert outcome_of(settings_in(tmp_path, sandbox.url, folder)).published == 1


def test_an_outage_is_told_and_not_sat_out(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """When all that is left waits for trouble to pass, it is said why, and after a minute the run leaves it."""
    folder, told = folder_in(tmp_path), list[str]()
    put(folder.input / "a.jpg")
    sandbox.set_faults({"kind": "status", "status": 503, "on": "upload"})
    settings = settings_in(tmp_path, sandbox.url, folder)
    patience = RunPatience(tell_after_s=0.1, outage_after_s=1.0)

    async def play() -> RunOutcome:
        async with open_service(settings) as service:
            return await work_off(service, asyncio.Event(), told.append, patience)

    outcome = asyncio.run(play())
    assert (outcome.published, outcome.failed, outcome.held) == (0, 0, 1)
    assert len(told) == 1
    assert "503" in told[0]


def test_an_interrupted_run_leaves_the_rest(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """A run that is told to stop says so and what it left."""
    folder = folder_in(tmp_path)
    put(folder.input / "a.jpg")
    stop = asyncio.Event()
    stop.set()
    outcome = outcome_of(settings_in(tmp_path, sandbox.url, folder), stop)
    assert outcome.is_interrupted
    assert outcome.published == 0


def test_one_run_at_a_time(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """A second instance on the same ledger is refused before it does anything."""
    settings = settings_in(tmp_path, sandbox.url, folder_in(tmp_path))
    settings.state_dir.mkdir()
    with hold_ledger(settings.state_dir), pytest.raises(LedgerBusyError):
        outcome_of(settings)


@pytest.mark.parametrize("name", ["state", "out"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, sandbox: SandboxProcess, name: str) -> None:
    """A file where the state folder or an output should be is a sentence, not a trace."""
    folder = folder_in(tmp_path)
    folder.output.rmdir()
    (tmp_path / name).write_text("in the way")
    with pytest.raises(DiskError, match=f"{name} cannot be made"):
        outcome_of(settings_in(tmp_path, sandbox.url, folder))


def test_the_state_folder_is_private(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """Nobody else reads names of photos, or the ledger."""
    settings = settings_in(tmp_path, sandbox.url, folder_in(tmp_path))
    outcome_of(settings)
    assert settings.state_dir.stat().st_mode & 0o777 == 0o700


def test_a_daemon_takes_what_arrives_and_stops_when_told(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """A photo dropped while it watches becomes a cutout; told to stop, it returns with everything stored."""
    folder = folder_in(tmp_path)
    settings = settings_in(tmp_path, sandbox.url, folder)

    async def play() -> None:
        stop = asyncio.Event()
        reloading = Reloader(settings)
        async with open_service(settings) as service, asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(service, CommandQueue(reloading.reload), reloading, stop, SystemdNotifier()))
            await asyncio.to_thread(put, folder.input / "late.jpg", jpeg())
            async with asyncio.timeout(30):
                while not (folder.output / "late.png").exists():
                    await service.workers.pool.next_step(within_s=0.2)
            stop.set()

    asyncio.run(play())
    assert is_cutout(folder.output / "late.png")
    assert outcome_of(settings).published <= 1
