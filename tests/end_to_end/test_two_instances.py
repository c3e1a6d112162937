"""Two real daemons on the same folders, each with a state folder of its own: only one of them works and pays."""

from pathlib import Path

import pytest

from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess


def launches(sandbox: SandboxProcess) -> int:
    return int(sandbox.counters()["requests"].get("execute", 0))


@pytest.fixture
def other_place(own_place: Place, own_sandbox: SandboxProcess, tmp_path: Path) -> Place:
    """Another installation, with folders of its own."""
    return Place(tmp_path / "other", own_sandbox.url)


def shares(other: Place, own: Place, tree: str) -> None:
    """Let the other installation have this tree of the first one."""
    other.configure(folder={tree: str(getattr(own, tree))})


@pytest.mark.parametrize("tree", ["input", "output"])
def test_second_instance_names_the_tree_and_the_process(
    tree: str, own_place: Place, other_place: Place, own_sandbox: SandboxProcess
) -> None:
    """``run`` and ``run --once`` end with exit code 4, pay for nothing, and work once the first one has ended."""
    shares(other_place, own_place, tree)
    with own_place.start() as daemon:
        put(own_place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        put(other_place.input / "b.jpg", jpeg_of("red"))
        for refused in (other_place.command("run"), other_place.run_once()):
            assert refused.returncode == 4
            told = f'the {tree} of folder "shop" ({getattr(own_place, tree)}) is in use by another cutoutd, process'
            assert f"{told} {daemon.pid} (" in refused.stdout + refused.stderr
        assert launches(own_sandbox) == 1
        assert daemon.stop() == 0
    assert other_place.run_once().returncode == 0


def test_reload_to_a_folder_of_another_instance_is_refused(
    own_place: Place, other_place: Place, own_sandbox: SandboxProcess
) -> None:
    """The earlier configuration stays in force, and the answer names tree and process."""
    with own_place.start() as first, other_place.start() as second:
        first.wait_for("started")
        second.wait_for("started")
        other_place.add_folder("taken", own_place.input, other_place.home / "taken-out")
        answer = other_place.command("reload")
        assert answer.returncode == 2
        assert f'the input of folder "taken" ({own_place.input}) is in use by another cutoutd' in answer.stderr
        assert f"process {first.pid} (" in answer.stderr
        put(own_place.input / "a.jpg")
        put(other_place.input / "b.jpg", jpeg_of("red"))
        first.wait_for("published", "a.jpg")
        second.wait_for("published", "b.jpg")
    assert launches(own_sandbox) == 2


def test_folder_that_leads_to_the_other_instance_later_is_unavailable(
    own_place: Place, other_place: Place, own_sandbox: SandboxProcess
) -> None:
    """A link that leads there while both run is noticed; ``status`` says who has it, and it goes on afterwards."""
    link = other_place.home / "link"
    (other_place.home / "before").mkdir()
    link.symlink_to(other_place.home / "before")
    other_place.configure(folder={"input": str(link)})
    with own_place.start() as first, other_place.start() as second:
        first.wait_for("started")
        second.wait_for("started")
        link.unlink()
        link.symlink_to(own_place.input)
        second.wait_for("standby")
        (told,) = eventually(lambda: other_place.status()["standby"])
        assert f"is in use by another cutoutd, process {first.pid} (" in told["reason"]
        assert "Stop one of the two" in told["advice"]
        put(own_place.input / "a.jpg")
        first.wait_for("published", "a.jpg")
        assert launches(own_sandbox) == 1
        assert first.stop() == 0
        second.wait_for("standby_over")
        put(own_place.input / "b.jpg", jpeg_of("red"))
        second.wait_for("published", "b.jpg")
