"""``status --watch`` and ``run`` on a real terminal."""

import signal

from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import Place
from support.processes.terminal import CTRL_C, Terminal, config_of

_SHOW_CURSOR = "\x1b[?25h"
_LEAVE_SCREEN = "\x1b[?1049l"


def test_status_can_be_watched_while_the_daemon_comes_and_goes(place: Place) -> None:
    """It shows each change by itself, and Ctrl-C leaves the last look behind."""
    with Terminal("status", "--watch", *config_of(place.home)) as terminal:
        seen = terminal.wait_for("cutoutd is not running")
        with place.start() as daemon:
            seen = terminal.wait_for("cutoutd is running since", after=seen)
            put(place.input / "a.jpg", jpeg_of("red"))
            seen = terminal.wait_for(r"shop +0 +0 +1 +0 +0", after=seen)
            assert place.command("pause", "stocktaking").returncode == 0
            seen = terminal.wait_for("stocktaking", after=seen)
            assert daemon.stop() == 0
        terminal.wait_for("cutoutd is not running", after=seen)
        terminal.press(CTRL_C)
        assert terminal.wait() == 130
        left = terminal.raw.rpartition(_LEAVE_SCREEN)[2]
        assert "not running" in left
        assert _SHOW_CURSOR in terminal.raw


def test_being_ended_gives_the_terminal_back(place: Place) -> None:
    """SIGTERM leaves no terminal without its cursor, nor on the other screen."""
    with Terminal("status", "--watch", *config_of(place.home)) as terminal:
        terminal.wait_for("not running")
        terminal.send(signal.SIGTERM)
        assert terminal.wait() == 130
        assert _LEAVE_SCREEN in terminal.raw
        assert _SHOW_CURSOR in terminal.raw


def test_what_is_no_terminal_is_not_drawn_on(place: Place) -> None:
    """A script that asks for it hears what to ask for instead."""
    refused = place.command("status", "--watch")
    assert refused.returncode == 2
    assert "say --json too" in refused.stderr
    assert refused.stdout == ""


def test_run_shows_the_same_below_its_lines(place: Place) -> None:
    """Lines stay whole above it; when it ends, the terminal is as it was, and the lines are what is left."""
    put(place.input / "a.jpg", jpeg_of("red"))
    put(place.input / "empty.jpg", b"")
    place.configure(log={"format": "auto"})
    with Terminal("run", *config_of(place.home)) as terminal:
        seen = terminal.wait_for(r"shop +0 +0 +1 +1 +0")
        terminal.wait_for("today +1", after=seen)
        assert "it is empty (0 bytes)" in terminal.text
        terminal.press(CTRL_C)
        assert terminal.wait() == 0
        assert _SHOW_CURSOR in terminal.raw
        assert _LEAVE_SCREEN not in terminal.raw
