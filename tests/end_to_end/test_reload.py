"""A running daemon that reads its configuration anew: what changes, what is refused, and that nothing is lost."""

import signal
from pathlib import Path

from support.images.drawn_photos import is_cutout, jpeg_of, png, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess


def with_second_folder(place: Place, **sections: object) -> tuple[Path, Path]:
    """The usual configuration, and another folder in it."""
    source, cutouts = place.home / "in2", place.home / "out2"
    source.mkdir(exist_ok=True)
    place.configure(**sections)  # type: ignore[arg-type]  # the sections of a configuration
    place.add_folder("second", source, cutouts)
    return source, cutouts


def reload(place: Place, *, code: int = 0) -> str:
    """What ``reload`` answers."""
    answer = place.command("reload")
    assert answer.returncode == code, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def test_a_new_folder_is_watched_at_once(place: Place) -> None:
    """Photos that lie there and photos dropped later are cut out, and the first folder goes on."""
    with place.start() as daemon:
        daemon.wait_for("started")
        source, cutouts = with_second_folder(place)
        put(source / "there.jpg")
        assert '"second" is new' in reload(place)
        put(source / "dropped.jpg", jpeg_of("red"))
        put(place.input / "first.jpg", jpeg_of("green"))
        daemon.wait_for("published", "there.jpg", "dropped.jpg", "first.jpg")
        assert is_cutout(cutouts / "there.png")
        assert daemon.stop() == 0


def test_a_removed_folder_is_left_alone_and_comes_back(place: Place) -> None:
    """Nothing of it is deleted or sent while it is gone; put back, its photos go on."""
    source, cutouts = with_second_folder(place)
    with place.start() as daemon:
        put(source / "before.jpg")
        daemon.wait_for("published", "before.jpg")
        place.configure()
        assert '"second" is no longer watched' in reload(place)
        put(source / "meanwhile.jpg", jpeg_of("red"))
        put(place.input / "first.jpg", jpeg_of("green"))
        daemon.wait_for("published", "first.jpg")
        assert not any(line.path == "meanwhile.jpg" for line in daemon.lines)
        assert is_cutout(cutouts / "before.png")
        with_second_folder(place)
        reload(place)
        daemon.wait_for("published", "meanwhile.jpg")
        assert daemon.stop() == 0


def test_photos_of_a_removed_folder_that_wait_go_on_when_it_is_back(place: Place) -> None:
    """Held by a limit, their folder removed, put back with more room: they are paid for once."""
    source, _ = with_second_folder(place, limits={"per_day": 1})
    with place.start() as daemon:
        put(place.input / "first.jpg", jpeg_of("green"))
        daemon.wait_for("published", "first.jpg")
        put(source / "held.jpg")
        daemon.wait_for("accepted", "held.jpg")
        daemon.wait_for("limit_reached")
        place.configure()
        reload(place)
        with_second_folder(place)
        reload(place)
        daemon.wait_for("published", "held.jpg")
        assert daemon.stop() == 0


def test_parameters_count_for_photos_that_come_later(place: Place, sandbox: SandboxProcess) -> None:
    """Photos accepted before keep theirs; nothing that is published is sent again."""
    with place.start() as daemon:
        put(place.input / "before.jpg")
        daemon.wait_for("published", "before.jpg")
        place.configure(folder={"remove_bg": {"crop": True}, "filename": "{name}.png"})
        assert "changed: folders.shop.remove_bg, folders.shop.filename" in reload(place)
        put(place.input / "after.jpg", jpeg_of("red"))
        daemon.wait_for("published", "after.jpg")
        assert place.outputs() == ["after.jpg.png", "before.png"]
        (before,), (after,) = place.versions("before.jpg"), place.versions("after.jpg")
        assert "crop" not in (before.bound.parameters or "")
        assert "crop" in (after.bound.parameters or "")
        assert sum(sandbox.counters()["executes_by_sha256"].values()) == 2
        assert daemon.stop() == 0


def test_a_raised_limit_lets_held_photos_go_on(place: Place) -> None:
    """Who waits for tomorrow's allowance need not wait for tomorrow."""
    place.configure(limits={"per_day": 1})
    with place.start() as daemon:
        put(place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        put(place.input / "b.jpg", jpeg_of("red"))
        daemon.wait_for("limit_reached")
        place.configure()
        assert "limits.per_day" in reload(place)
        daemon.wait_for("published", "b.jpg")
        assert daemon.stop() == 0


def test_a_bad_configuration_is_refused_and_the_old_one_stays(place: Place) -> None:
    """Every fault is told with its place, the exit code is 2, and photos go on as before."""
    with place.start() as daemon:
        daemon.wait_for("started")
        good = place.config.read_text()
        place.config.write_text(good + "limit: {per_dya: 3}\nwatch: 7\n")
        told = reload(place, code=2)
        assert "limit" in told
        assert "line" in told or ":" in told
        put(place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        assert daemon.count("reloading") == 0
        assert daemon.stop() == 0


def test_a_secret_that_cannot_be_read_is_refused_by_the_daemon(place: Place) -> None:
    """What only the daemon sees is refused by it, and told by the command."""
    with place.start() as daemon:
        daemon.wait_for("started")
        place.configure(uploadcare={"secret_key_file": str(place.home / "nowhere")})
        told = reload(place, code=2)
        assert "secret_key_file" in told
        assert "is unchanged" in told
        assert daemon.stop() == 0


def test_a_folder_out_of_reach_is_refused_as_a_whole(place: Place) -> None:
    """Nothing is half done: the limits beside it stay as they were, and the advice names the drop-in."""
    with place.start() as daemon:
        daemon.wait_for("started")
        place.configure(limits={"per_day": 1})
        place.add_folder("far", Path("/proc/nowhere/in"), Path("/proc/nowhere/out"))
        told = reload(place, code=2)
        assert "folders.far" in told
        assert "systemd-dropin" in told
        for number, colour in enumerate(("red", "green", "blue")):
            put(place.input / f"{number}.jpg", jpeg_of(colour))
        daemon.wait_for("published", "0.jpg", "1.jpg", "2.jpg")
        assert daemon.stop() == 0


def test_what_is_logged_changes_as_well(place: Place) -> None:
    """After a reload with another level, what goes well is no longer told; the same again changes nothing."""
    with place.start() as daemon:
        daemon.wait_for("started")
        place.configure(log={"format": "json", "level": "error"}, concurrency={"uploads": 2})
        assert "changed: concurrency.uploads, log.level" in reload(place)
        put(place.input / "a.jpg")
        eventually(lambda: place.outputs() == ["a.png"])
        assert "Nothing has changed" in reload(place)
        assert daemon.stop() == 0
        assert daemon.count("published") == 0


def test_keys_for_a_restart_are_named(place: Place) -> None:
    """The control socket stays where it is, which the log says; the rest is taken up."""
    with place.start() as daemon:
        daemon.wait_for("started")
        place.configure(control_socket=str(place.home / "other.sock"), folder={"filename": "{name}.png"})
        daemon.send(signal.SIGHUP)
        daemon.wait_for("reloaded")
        (said,) = [line.message for line in daemon.lines if line.action == "reloaded"]
        assert "control_socket has changed, which takes effect at the next start" in said
        assert "filename" in said
        assert (place.state / "control.sock").exists()
        assert daemon.stop() == 0


def test_a_hangup_reloads_as_well(place: Place) -> None:
    """The old way to say it; what is wrong stands in the log."""
    with place.start() as daemon:
        daemon.wait_for("started")
        good = place.config.read_text()
        place.config.write_text(good + "limit: 3\n")
        daemon.send(signal.SIGHUP)
        daemon.wait_for("reload_refused")
        place.configure(folder={"filename": "{name}.png"})
        daemon.send(signal.SIGHUP)
        daemon.wait_for("reloading")
        eventually(lambda: daemon.count("started") == 2)
        put(place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        assert place.outputs() == ["a.jpg.png"]
        assert daemon.stop() == 0


def test_without_a_daemon_there_is_nothing_to_reload(place: Place) -> None:
    """The next start reads the configuration anyway."""
    put(place.input / "a.png", png())
    place.run_once()
    assert "not running" in reload(place, code=1)


COLOURS = ("red", "green", "blue", "black", "white", "yellow", "purple", "orange", "pink", "brown", "grey", "navy")


def test_reloads_under_load_lose_nothing_and_pay_once(place: Place, sandbox: SandboxProcess) -> None:
    """Photos on their way everywhere, and the configuration changed again and again."""
    with place.start() as daemon:
        daemon.wait_for("started")
        for number, colour in enumerate(COLOURS):
            put(place.input / f"{number}.jpg", jpeg_of(colour))
            if number % 3 == 2:
                place.configure(concurrency={"uploads": 1 + number})
                assert "concurrency.uploads" in reload(place)
        daemon.wait_for("published", *(f"{number}.jpg" for number in range(len(COLOURS))))
        assert daemon.stop() == 0
    assert len(place.outputs()) == len(COLOURS)
    assert all(count == 1 for count in sandbox.counters()["executes_by_sha256"].values())
