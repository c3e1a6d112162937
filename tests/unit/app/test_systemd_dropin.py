"""The drop-in that a configuration asks for: what the unit must open, and through whose group."""

import os
import stat
from pathlib import Path

import pytest

from cutoutd import config
from cutoutd.app.systemd_dropin import render_dropin
from support.processes.daemon_process import command


def settings_of(
    place: Path, inputs: Path, output: Path, state: str = "/var/lib/cutoutd", success: str = "keep"
) -> Path:
    file = place / "config.yaml"
    file.write_text(
        f"uploadcare: {{public_key: demopublickey}}\nstate_dir: {state}\n"
        f"folders: [{{name: shop, input: '{inputs}', output: '{output}', on_success: {success}"
        f"{', archive: /srv/archive/done' if success == 'move' else ''}}}]\n"
    )
    return file


def lines_for(place: Path, inputs: Path, output: Path, state: str = "/var/lib/cutoutd") -> list[str]:
    file = settings_of(place, inputs, output, state)
    return render_dropin(config.read(file, {}), file).splitlines()


def test_the_folder_above_an_output_is_opened(tmp_path: Path) -> None:
    """Inputs need only reading; the output is opened through its parent, so that it can be made anew."""
    lines = lines_for(tmp_path, Path("/srv/scans/in"), Path("/srv/photos/out"))
    assert [line for line in lines if line.startswith("ReadWritePaths=")] == ["ReadWritePaths=/srv/photos"]
    assert "[Service]" in lines


@pytest.mark.parametrize(("success", "opened"), [("delete", {"/srv/scans"}), ("move", {"/srv/scans", "/srv/archive"})])
def test_inputs_are_opened_where_photos_leave_them(tmp_path: Path, success: str, opened: set[str]) -> None:
    """Moving, trashing and deleting a photo change its input, and moving the archive."""
    file = settings_of(tmp_path, Path("/srv/scans/in"), Path("/srv/photos/out"), success=success)
    lines = render_dropin(config.read(file, {}), file).splitlines()
    assert {line.removeprefix("ReadWritePaths=") for line in lines if line.startswith("ReadW")} == opened | {
        "/srv/photos"
    }


def test_the_whole_system_is_never_opened(tmp_path: Path) -> None:
    """An output right below the root or a system folder is opened itself."""
    assert "ReadWritePaths=/cutouts" in lines_for(tmp_path, Path("/srv/in"), Path("/cutouts"))
    assert "ReadWritePaths=/home/shop" in lines_for(tmp_path, Path("/srv/in"), Path("/home/shop"))


def test_what_the_unit_hides_is_shown_where_folders_lie_in_it(tmp_path: Path) -> None:
    """Homes and temporary folders, each with its reason; elsewhere they stay hidden."""
    assert "ProtectHome=read-only" in lines_for(tmp_path, Path("/home/a/in"), Path("/srv/photos/out"))
    assert "PrivateTmp=no" in lines_for(tmp_path, Path("/srv/photos/in"), Path("/var/tmp/x/out"))  # noqa: S108  named
    lines = lines_for(tmp_path, Path("/srv/photos/in"), Path("/srv/photos/out"))
    assert not any(line.startswith(("ProtectHome", "PrivateTmp")) for line in lines)


def test_odd_names_are_quoted(tmp_path: Path) -> None:
    """Spaces and systemd's own signs in a path mean themselves."""
    lines = lines_for(tmp_path, Path("/srv/in"), Path('/srv/10% "new" photos/out'), state="/srv/state")
    assert 'ReadWritePaths="/srv/10%% \\"new\\" photos"' in lines
    assert "ReadWritePaths=/srv/state" in lines


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give folders to a group")
def test_groups_that_open_folders_are_named(tmp_path: Path) -> None:
    """A folder that a group may enter and others may not needs that group; one open to all needs none."""
    inputs, output = tmp_path / "in", tmp_path / "out"
    for folder, group, mode in ((inputs, 12_345, 0o2750), (output, 12_346, 0o777)):
        folder.mkdir()
        os.chown(folder, 0, group)
        folder.chmod(mode)
    lines = lines_for(tmp_path, inputs, output)
    assert "SupplementaryGroups=12345" in lines
    assert "SupplementaryGroups=12346" not in lines
    assert stat.S_IMODE(output.stat().st_mode) == 0o777


def test_the_command_needs_no_secret(tmp_path: Path) -> None:
    """Whoever installs prints it before the service has its key."""
    done = command("systemd-dropin", "--config", str(settings_of(tmp_path, Path("/srv/a/in"), Path("/srv/b/out"))))
    assert (done.returncode, done.stderr) == (0, "")
    assert "ReadWritePaths=/srv/b\n" in done.stdout


def test_the_place_of_the_notification_command_is_opened_for_programs(tmp_path: Path) -> None:
    """The unit runs programs below /usr and /opt only; a script of one's own elsewhere is named."""
    script = tmp_path / "tell us.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    file = settings_of(tmp_path, Path("/srv/in"), Path("/srv/photos/out"))
    for program, opened in ((script, [f'ExecPaths="{script}"']), (Path("/usr/bin/env"), [])):
        file.write_text(file.read_text().partition("notify:")[0] + f"notify: {{command: ['{program}']}}\n")
        lines = render_dropin(config.read(file, {}), file).splitlines()
        assert [line for line in lines if line.startswith("ExecPaths=")] == opened


def test_another_port_of_the_page_is_opened(tmp_path: Path) -> None:
    """The unit opens the usual one."""
    file = settings_of(tmp_path, Path("/srv/in"), Path("/srv/photos/out"))
    assert not any(line.startswith("SocketBind") for line in render_dropin(config.read(file, {}), file).splitlines())
    file.write_text(file.read_text() + "web: {listen: '127.0.0.1:9000'}\n")
    assert "SocketBindAllow=tcp:9000" in render_dropin(config.read(file, {}), file).splitlines()


def test_no_name_begins_a_line_of_its_own(tmp_path: Path) -> None:
    """A line feed in a folder's name would add settings to the unit."""
    lines = lines_for(tmp_path, Path("/srv/in"), Path("/srv/a\n\nUser=root/out"))
    assert 'ReadWritePaths="/srv/a\\x0aUser=root"' in lines
    assert "User=root/out" not in lines
