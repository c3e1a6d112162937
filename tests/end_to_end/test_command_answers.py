"""Commands as scripts use them: exit codes, sentences that name the cause, and output that can be searched."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.images.drawn_photos import put
from support.processes.daemon_process import DaemonProcess, Place, eventually


@pytest.fixture
def unused(tmp_path: Path) -> Place:
    """A place without a service, because nothing is sent."""
    return Place(tmp_path / "shop", "http://127.0.0.1:9/")


@pytest.mark.parametrize("command", [("report", "--output"), ("backup",)])
def test_a_missing_folder_is_a_slip_of_the_user(unused: Place, command: tuple[str, ...]) -> None:
    """A report or backup to a folder that is missing ends with 2 and names the folder."""
    assert unused.run_once().returncode == 0
    ended = unused.command(*command, str(unused.home / "nowhere" / "file.html"))
    assert (ended.returncode, f"there is no folder {unused.home}/nowhere" in ended.stderr) == (2, True)


def test_a_pause_while_stopped_says_that_it_holds(unused: Place) -> None:
    """Nothing is said to go on at the start, because the start stays paused."""
    assert unused.run_once().returncode == 0
    paused = unused.command("pause")
    assert (paused.returncode, "it stays paused" in paused.stdout, "goes on" in paused.stdout) == (0, True, False)
    assert unused.run_once().returncode == 5


def test_an_unknown_name_has_no_history(unused: Place) -> None:
    """A name that is no photo's ends with 1, in both forms; an empty ledger alone does not."""
    assert unused.run_once().returncode == 0
    assert unused.command("history").returncode == 0
    for form in ((), ("--json",)):
        ended = unused.command("history", "nonsense.jpg", *form)
        assert (ended.returncode, "nonsense.jpg" in ended.stderr) == (1, True)


def test_a_plan_without_its_input_is_not_all_well(unused: Place) -> None:
    """A plan that could not look at a folder ends with 1 and says which, in both forms."""
    unused.input.rmdir()
    for form in ((), ("--json",)):
        ended = unused.command("plan", *form)
        assert (ended.returncode, str(unused.input) in ended.stdout) == (1, True)


def test_a_check_as_json_is_json_whatever_it_finds(unused: Place) -> None:
    """Faults of the configuration are findings too; the exit code stays that of a wrong configuration."""
    unused.configure(nonsense=1, more=2)
    ended = unused.command("check", "--offline", "--json")
    findings = json.loads(ended.stdout)
    assert ended.returncode == 2
    assert [(each["level"], each["subject"]) for each in findings] == [("fault", "configuration")] * 2
    assert all("unknown key" in each["sentence"] for each in findings)


def test_check_tries_the_address_of_the_page(unused: Place) -> None:
    """An address of another machine is a fault; one that the running cutoutd uses is all right."""
    unused.configure(web={"listen": "192.0.2.1:8717"})
    ended = unused.command("check", "--offline")
    assert (ended.returncode, "web.listen: 192.0.2.1:8717: " in ended.stdout) == (1, True)
    unused.configure(web={"listen": "127.0.0.1:0"})
    assert unused.command("check", "--offline").returncode == 0


@pytest.mark.parametrize("command", ["run", "status", "retry", "check"])
def test_a_flag_is_shown_without_a_type(command: str, unused: Place) -> None:
    """A flag takes no value, so the help names none."""
    assert "bool" not in unused.command(command, "--help").stdout


def test_what_goes_into_a_pipe_is_not_folded(unused: Place) -> None:
    """A long sentence stays on one line, so that it can be searched."""
    name = "n" * 120
    (unused.input / f"{name}.jpg").write_bytes(b"no picture")
    assert unused.run_once().returncode == 1
    assert any(name in line and "not_a_picture" in line for line in unused.command("status").stdout.splitlines())
    refused = unused.command("status", "--watch")
    assert "Error: Invalid value for --watch: it draws on a terminal; elsewhere say --json too" in refused.stderr


def test_amounts_name_the_currency(unused: Place) -> None:
    """The configured currency stands beside each amount, and in the JSON forms."""
    put(unused.input / "a.jpg")
    unused.configure(price={"operations_per_removal": 10, "per_1000_operations": 0.5, "currency": "EUR"})
    assert " EUR" in unused.command("plan").stdout
    assert json.loads(unused.command("plan", "--json").stdout)["currency"] == "EUR"
    assert json.loads(unused.command("status", "--json").stdout)["operations"]["today"]["currency"] == "EUR"


def test_programs_can_watch_and_follow(place: Place) -> None:
    """The status comes as a line of JSON every second, and each new event as it happens, until Ctrl-C."""
    with place.start() as daemon:
        daemon.wait_for("started")
        arguments = ("--config", str(place.config))
        with (
            DaemonProcess("history", "--follow", *arguments) as history,
            DaemonProcess("status", "--watch", "--json", *arguments) as status,
        ):
            eventually(lambda: len(status.output.splitlines()) > 1)
            put(place.input / "a.jpg")
            eventually(lambda: "published" in history.output)
            eventually(lambda: '"published": 1' in status.output)
            events = [line.split()[2] for line in history.output.splitlines()]
            assert events.count("discovered") == events.count("published") == 1
            assert json.loads(status.output.splitlines()[0])["running"] is True
            assert history.stop(signal.SIGINT) == status.stop(signal.SIGINT) == 130


@pytest.mark.parametrize("words", [("status",), ("check", "--offline"), ("retry", "a.jpg"), ("try",), ("backup", "b")])
def test_a_deleted_working_folder_is_told(unused: Place, words: tuple[str, ...]) -> None:
    """A command in a folder that was deleted says so and ends with 2, because no relative name means anything there."""
    ended = in_shell('mkdir gone && cd gone && rmdir ../gone && exec "$@"', unused, *words)
    assert (ended.returncode, "was deleted; change to another" in ended.stderr) == (2, True), ended
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("history",), ("report", "--csv"), ("schema",)])
def test_output_into_a_full_disk_is_told(unused: Place, words: tuple[str, ...]) -> None:
    """A command whose output finds no room ends with 8 and a sentence."""
    put(unused.input / "a.jpg", b"no photo")
    unused.run_once()
    ended = in_shell('exec "$@" >/dev/full', unused, *words)
    assert ended.returncode == 8, ended
    assert ended.stderr == "The output of this command cannot be written: No space left on device.\n"


def test_closed_streams_are_no_fault(unused: Place) -> None:
    """A command whose input and outputs are closed does its work all the same."""
    unused.run_once()
    ended = in_shell('exec "$@" <&- >&- 2>&-', unused, "pause", "lunch")
    assert (ended.returncode, unused.status()["paused"]["reason"]) == (0, "lunch")


def test_a_table_into_a_pipe_that_breaks_ends_quietly(unused: Place) -> None:
    """``report --csv | head -1`` says nothing of its own, however long the table is."""
    for number in range(30):
        put(unused.input / f"{number}.jpg", b"no photo %d" % number)
    unused.run_once()
    assert in_shell('"$@" | true', unused, "report", "--csv").stderr == ""


def in_shell(line: str, place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell, in which "$@" is a command with this configuration."""
    program = [sys.executable, "-m", "cutoutd", *words]
    config = [] if words[0] in {"try", "schema"} else ["--config", str(place.config)]
    return subprocess.run(
        ["/bin/bash", "-c", line, "-", *program, *config],
        cwd=place.home, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip  # one line for what stays the same


def test_the_program_keeps_its_name_at_the_beginning_of_a_sentence(unused: Place) -> None:
    """Results begin with a capital, but names of the program, of folders and of keys stay as they are."""
    unused.run_once()
    paused = unused.command("pause").stdout.splitlines()
    assert [line.partition(" ")[0] for line in paused] == ["Paused", "Nothing", "cutoutd"]
