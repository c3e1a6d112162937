"""Killed while Uploadcare tells of a finished removal: nothing is paid for twice, and the photo is published."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.crash_site import CrashSite, open_crash_site
from crash.launcher import WatchedDaemon, open_fork_server
from crash.scenes import picture, put
from cutoutd.core.photo import State
from support.clients.webhook_client import SECRET
from support.processes.daemon_process import eventually
from support.servers.ports import free_port

#: A launch whose answer the killed daemon never stored; the message about it comes to the next one.
UNANSWERED = "after POST /addons/remove_bg/execute/ of a.jpg #1"


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashSite]:
    """A shop whose listener keeps its port, so that messages find the next daemon."""
    folder = tmp_path_factory.mktemp("announcing")
    with open_crash_site(folder / "ward", open_fork_server()) as ward:
        configure(ward)
        yield ward


def configure(ward: CrashSite) -> None:
    secret = ward.place.home / "webhook-secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    ward.place.configure(web={"listen": f"127.0.0.1:{free_port()}"}, webhook={"secret_file": str(secret)})


def begin(ward: CrashSite) -> None:
    """An empty shop with a webhook."""
    ward.clear()
    (url,) = [line.split()[1] for line in ward.place.config.read_text().splitlines() if "listen:" in line]
    done = ward.place.command("webhook", "create", f"http://{url}")
    assert done.returncode == 0, done.stderr


def finish(ward: CrashSite, daemon: WatchedDaemon) -> None:
    """Let it work until the photo is published."""
    try:
        eventually(lambda: '"published"' in daemon.output)
    except TimeoutError:
        raise TimeoutError(daemon.output) from None
    assert daemon.stop() == 0


def announcing_points(ward: CrashSite) -> list[str]:
    """Both sides of the storing of the message, and of the fact that follows, as an undisturbed run has them."""
    begin(ward)
    daemon = ward.start()
    put(ward.place.input / "a.jpg", picture())
    finish(ward, daemon)
    found = [line for line in daemon.passed if "announcements(" in line or "commit removal_finished" in line]
    assert len(found) == 4, daemon.passed
    return found


def kill_at(ward: CrashSite, point: str) -> None:
    """Kill it there; timing decides whether a commit is named for its photo, so it may take more than one run."""
    for _ in range(10):
        begin(ward)
        daemon = ward.start(fatal=point)
        put(ward.place.input / "a.jpg", picture())
        eventually(lambda daemon=daemon: point in daemon.passed or '"published"' in daemon.output)
        if point in daemon.passed:
            daemon.wait()
            return
        daemon.kill()
    raise AssertionError(point)


def test_a_kill_around_a_message_costs_nothing(ward: CrashSite, tmp_path: Path) -> None:
    """Before and after it is stored, before and after its fact, and with the launch's answer lost: paid for once."""
    for point in (*announcing_points(ward), UNANSWERED):
        kill_at(ward, point)
        finish(ward, ward.start())
        (photo,) = ward.photos()
        assert photo.state is State.PUBLISHED, point
        assert set(ward.books().executes.values()) == {1}, point
        assert ward.place.outputs() == ["a.png"], point
        assert not ward.said("possible_double_charge"), point
