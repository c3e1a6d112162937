"""What is not taken is named by all that a person looks at, and taken as soon as it can be."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cutoutd.core.photo import State
from support.images.drawn_photos import jpeg, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

STRANGER = 65534
#: Root reads everything by two capabilities; without them it is a user like any other.
_LIKE_ANY_USER = "-dac_override,-dac_read_search"
_UNPRIVILEGED = (
    ["setpriv", f"--bounding-set={_LIKE_ANY_USER}", f"--inh-caps={_LIKE_ANY_USER}"] if os.geteuid() == 0 else []
)
COPY = "b.sync-conflict-20261129-101500-ABCDEFG.jpg"


def close(folder: Path) -> None:
    """Close a folder for the service, as a umask of 077 of another user does."""
    folder.chmod(0o700 if os.geteuid() == 0 else 0)
    if os.geteuid() == 0:
        os.chown(folder, STRANGER, STRANGER)


def command(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [*_UNPRIVILEGED, sys.executable, "-m", "cutoutd", *arguments, "--config", str(place.config)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


@contextmanager
def running(place: Place) -> Iterator[Path]:
    """Run the daemon as a user like any other, and give its log."""
    log = place.home / "log"
    line = [*_UNPRIVILEGED, sys.executable, "-m", "cutoutd", "run", "--config", str(place.config)]
    with log.open("wb") as stream, subprocess.Popen(line, stdout=stream, stderr=stream) as daemon:
        try:
            yield log
        finally:
            daemon.terminate()


def passed_over(place: Place) -> dict[str, list[str]]:
    status = json.loads(command(place, "status", "--json").stdout)
    return {item["reason"]: item["paths"] for item in status["passed_over"]}


def messages(log: Path, action: str) -> list[str]:
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    return [line["message"] for line in lines if line["action"] == action]


def test_a_folder_that_cannot_be_read_is_named_by_all_and_taken_once_it_can(own_place: Place) -> None:
    """Run, check, plan, status and the log name it; after the permissions are mended its photo is published."""
    put(own_place.input / "a.jpg")
    put(own_place.input / "set/x.jpg")
    close(own_place.input / "set")
    ended = command(own_place, "run", "--once")
    assert ended.returncode == 1
    assert "Passed over: shop/set: cannot be read (Permission denied)" in ended.stderr
    checked, planned = command(own_place, "check", "--offline"), command(own_place, "plan")
    assert checked.returncode == 1
    assert all("shop/set: cannot be read (Permission denied)" in told.stdout for told in (checked, planned))
    told = json.loads(command(own_place, "plan", "--json").stdout)["folders"]["shop"]["passed_over"]
    assert [(item["reason"], item["may_hide_photos"], item["paths"]) for item in told] == [
        ("unreadable", True, ["set"])
    ]
    with running(own_place) as log:
        eventually(lambda: passed_over(own_place) == {"unreadable": ["set"]})
        shown = command(own_place, "status").stdout
        assert "Passed over" in shown
        assert "shop/set" in shown
        assert len(messages(log, "passed_over")) == 1
        # Another one that comes while it runs.
        put(own_place.home / "moved/y.jpg")
        close(own_place.home / "moved")
        (own_place.home / "moved").rename(own_place.input / "moved")
        eventually(lambda: passed_over(own_place) == {"unreadable": ["set", "moved"]})
        for name in ("set", "moved"):
            (own_place.input / name).chmod(0o755)
        eventually(lambda: {"set/x.png", "moved/y.png"} <= set(own_place.cutouts()))
        eventually(lambda: passed_over(own_place) == {})
        assert len(messages(log, "passed_over")) == 2
        assert len(messages(log, "passed_over_ended")) == 1
    assert command(own_place, "run", "--once").returncode == 0


def test_what_is_left_out_by_rule_is_told_and_no_failure(place: Place, sandbox: SandboxProcess) -> None:
    """Links and conflict copies cost nothing, are named, and leave the exit code alone; two keys change that."""
    picture = jpeg()
    put(place.input / "b.jpg", picture)
    put(place.input / COPY)
    put(place.home / "elsewhere/c.jpg")
    (place.input / "link.jpg").symlink_to("../elsewhere/c.jpg")
    (place.input / "album").symlink_to("../elsewhere", target_is_directory=True)
    put(place.input / "x.tmp/d.jpg", picture)
    ended = place.run_once()
    assert ended.returncode == 0, ended.stderr
    assert f"Passed over: shop/{COPY}: conflict copies and snapshots are not paid for" in ended.stderr
    assert "symbolic links are not followed" in ended.stderr
    assert place.cutouts() == ["b.png", "x.tmp/d.png"]
    place.configure(folder={"conflict_copies": "take", "exclude": ["link.jpg", "album"]})
    ended = place.run_once()
    assert (ended.returncode, "Passed over" in ended.stderr) == (0, False)
    assert Path(COPY).with_suffix(".png").name in place.cutouts()
    assert sum(sandbox.counters()["executes_by_sha256"].values()) == 2


def test_a_running_daemon_names_what_comes_without_a_scan(place: Place) -> None:
    """Kernel events tell of links, conflict copies and closed folders; a mended one is looked at again by itself."""
    place.configure(
        watch={"rescan_interval": "1h", "stability_delay": "300ms"},
        folder={"exclude": ["drafts"], "filename": "{name}.png"},
    )
    put(place.home / "elsewhere/c.jpg")
    put(place.home / "closed/x.jpg")
    close(place.home / "closed")
    with running(place) as log:
        eventually(lambda: messages(log, "watching"))
        (place.input / "link.jpg").symlink_to("../elsewhere/c.jpg")
        put(place.input / COPY)
        put(place.input / "drafts" / COPY)
        (place.home / "closed").rename(place.input / "closed")
        expected = {"unreadable": ["closed"], "link": ["link.jpg"], "conflict_copy": [COPY]}
        eventually(lambda: passed_over(place) == expected)
        put(place.input / "b.jpg")
        (place.input / "closed").chmod(0o755)
        eventually(lambda: place.cutouts() == ["b.jpg.png", "closed/x.jpg.png"])
        eventually(lambda: "unreadable" not in passed_over(place))


def test_a_rebuild_says_which_cutouts_it_could_not_read(place: Place) -> None:
    """Else the photos of a closed folder of the output would be paid for again, without a word."""
    put(place.input / "a.jpg")
    put(place.input / "set/x.jpg")
    assert place.run_once().returncode == 0
    shutil.rmtree(place.state)
    close(place.output / "set")
    told = command(place, "rebuild", "--dry-run")
    assert told.returncode == 1
    assert "1 published photos would be restored." in told.stdout
    assert "1 folders of the outputs cannot be read (set)" in told.stdout


def put_deep(root: Path, levels: int, name: str) -> str:
    """Put a photo below so many folders of long names, and return its path; no path of the kernel reaches it."""
    folder = "d" * 250
    fd = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        with suppress(FileExistsError):
            os.mkdir(folder, dir_fd=fd)
        child = os.open(folder, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = child
    with os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT, dir_fd=fd), "wb") as photo:
        photo.write(jpeg())
    os.close(fd)
    return "/".join([folder] * levels + [name])


def test_a_path_over_the_limit_of_the_kernel_is_named(place: Place) -> None:
    """Its folder is passed over; a photo just over the limit, a folder higher, ends with a shorter name or a reason."""
    levels = (4095 - len(os.fsencode(place.input))) // 251
    at_the_edge = put_deep(place.input, levels, f"{'e' * 240}.jpg")
    put_deep(place.input, levels + 2, "a.jpg")
    put(place.input / "b.jpg")
    ended = place.run_once()
    assert ended.returncode == 1
    assert "the path is too long; photos there may be missed" in ended.stderr
    (edge,) = place.versions(at_the_edge)  # how much room its cutout has depends on where this place lies
    assert edge.state is State.PUBLISHED or edge.ending.code == "name_too_long"
    for told in (place.command("check", "--offline"), place.command("plan")):
        assert "the path is too long; photos there may be missed" in told.stdout
    subprocess.run(["rm", "-rf", place.input / ("d" * 250)], check=True)
