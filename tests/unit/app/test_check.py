"""``cutoutd check``: what would go wrong, found before a photo does."""

import asyncio
import errno
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutoutd.app.check import CheckReport, Finding, KernelFiles, Level, check_all
from cutoutd.config.settings import Settings, WebSettings
from cutoutd.config.types.text_types import Listen
from cutoutd.core.errors import AddonRefusedError, KeysRefusedError
from support.folders import folder_in, settings_in
from support.processes.sandbox_process import SandboxProcess

NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)


def checked(settings: Settings, *, is_offline: bool = False, kernel: KernelFiles | None = None) -> CheckReport:
    return asyncio.run(check_all(settings, is_offline=is_offline, kernel=kernel))


def found(report: CheckReport, subject: str) -> Finding:
    (finding,) = (finding for finding in report.findings if finding.subject == subject)
    return finding


def test_all_is_well(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """Folders, keys, host and clock are each named; nothing is left behind in any folder."""
    settings = settings_in(tmp_path, sandbox.url, folder_in(tmp_path))
    report = checked(settings.model_copy(update={"web": WebSettings(listen=Listen("127.0.0.1", 0))}))
    assert {finding.level for finding in report.findings} == {Level.GOOD}
    assert {finding.subject for finding in report.findings} == {
        "state_dir",
        "state_dir room",
        "folders.products.output room",
        "add-on",
        "folders.products.input",
        "folders.products.output",
        "folders.products.watch",
        "CDN host",
        "web.listen",
        "keys",
        "clock",
    }
    assert "will be created" in found(report, "state_dir").sentence
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "out"]


def test_a_disk_without_attributes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where cutouts cannot carry their provenance, rebuild would find nothing: a warning, unless it is inside them."""

    def refuse(*_args: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "setxattr", refuse)
    report = checked(settings_in(tmp_path, NOWHERE, folder_in(tmp_path)), is_offline=True)
    assert found(report, "folders.products.provenance").level is Level.WARNING
    inside = settings_in(tmp_path, NOWHERE, folder_in(tmp_path, provenance="png_text"))
    subjects = {finding.subject for finding in checked(inside, is_offline=True).findings}
    assert "folders.products.provenance" not in subjects


def test_offline_asks_nobody(tmp_path: Path) -> None:
    """Without the network the machine alone is looked at, and the CDN host is still named."""
    settings = settings_in(tmp_path, NOWHERE, folder_in(tmp_path), public_key="demopublickey", cdn_base=None)
    report = checked(settings, is_offline=True)
    assert found(report, "CDN host").sentence == "1s4oyld5dc.ucarecd.net"
    assert report.halt_error is None


def test_refused_keys_are_a_fault(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """A wrong secret is told with advice, and as a refusal, for the exit code."""
    report = checked(settings_in(tmp_path, sandbox.url, folder_in(tmp_path), secret_key="wrong"))  # noqa: S106  it is
    assert found(report, "Uploadcare").level is Level.FAULT
    assert "secret key" in found(report, "Uploadcare").advice
    assert isinstance(report.halt_error, KeysRefusedError)


def test_an_unreachable_service_is_a_fault_but_no_refusal(tmp_path: Path) -> None:
    """Nothing listens there: that says nothing about the keys."""
    report = checked(settings_in(tmp_path, NOWHERE, folder_in(tmp_path)))
    assert found(report, "Uploadcare").level is Level.FAULT
    assert report.halt_error is None


@pytest.mark.parametrize(
    ("offset_s", "level", "words"), [(3, "good", "behind"), (600, "warning", "behind"), (-600, "warning", "ahead of")]
)
def test_a_wrong_clock_is_noticed(
    tmp_path: Path, sandbox: SandboxProcess, offset_s: float, level: str, words: str
) -> None:
    """Half of what Uploadcare tolerates is worth a warning, with the way to mend it."""
    sandbox.move_clock(offset_s)
    clock = found(checked(settings_in(tmp_path, sandbox.url, folder_in(tmp_path))), "clock")
    assert (clock.level, words in clock.sentence) == (level, True)
    assert bool(clock.advice) == (level != "good")


def test_folders_that_cannot_be_used_are_faults(tmp_path: Path) -> None:
    """A missing input, a file in an output's place and a state folder below a file are told with advice."""
    folder = folder_in(tmp_path)
    folder.input.rmdir()
    folder.output.rmdir()
    folder.output.write_text("in the way")
    settings = settings_in(folder.output, NOWHERE, folder)
    report = checked(settings, is_offline=True)
    for subject in ("folders.products.input", "folders.products.output", "state_dir"):
        assert found(report, subject).level is Level.FAULT
        assert found(report, subject).advice


def test_a_refused_addon_is_a_fault_before_the_first_photo(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """Uploadcare's own no, with what to do; asking it launches nothing."""
    settings = settings_in(tmp_path, sandbox.url, folder_in(tmp_path))
    assert found(checked(settings), "add-on").level is Level.GOOD
    assert sandbox.counters()["executes_by_target"] == {}
    sandbox.set_faults({"kind": "disabled"})
    report = checked(settings)
    sandbox.clear_faults()
    assert isinstance(report.halt_error, AddonRefusedError)
    assert "Enable" in found(report, "Uploadcare").advice


def test_a_full_disk_is_a_fault(tmp_path: Path) -> None:
    """Less room than the limit means that nothing would be sent."""
    settings = settings_in(tmp_path, NOWHERE, folder_in(tmp_path))
    poor = settings.model_copy(update={"limits": settings.limits.model_copy(update={"min_free_bytes": 1 << 60})})
    finding = found(checked(poor, is_offline=True), "folders.products.output room")
    assert (finding.level, "nothing would be sent" in finding.sentence) == (Level.FAULT, True)


def test_a_proxy_that_nobody_runs_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names one for the API's address: it is tried, and its password is not repeated."""
    monkeypatch.setenv("https_proxy", "http://user:geheim@127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    settings = settings_in(tmp_path, "https://api.example.invalid/", folder_in(tmp_path))
    finding = found(checked(settings), "proxy")
    assert (finding.level, "127.0.0.1:9" in finding.sentence) == (Level.FAULT, True)
    assert "geheim" not in repr(finding)
    assert "https_proxy" in finding.advice


def test_too_many_folders_for_the_kernel_are_noticed(tmp_path: Path) -> None:
    """More folders than inotify watches: a warning with the line that raises them."""
    limit = tmp_path / "limit"
    limit.write_text("3\n")
    folder = folder_in(tmp_path)
    for number in range(4):
        (folder.input / str(number)).mkdir()
    report = checked(
        settings_in(tmp_path, NOWHERE, folder), is_offline=True, kernel=KernelFiles(max_user_watches=limit)
    )
    (warning,) = (finding for finding in report.findings if finding.level is Level.WARNING)
    assert "sysctl fs.inotify.max_user_watches=8" in warning.advice


def test_a_ledger_on_a_share_is_a_fault(tmp_path: Path) -> None:
    """SQLite's log needs a local disk; here the mount table says that everything lies on NFS."""
    table = tmp_path / "mountinfo"
    table.write_text("1 1 0:1 / / rw - nfs4 server:/ rw\n")
    report = checked(
        settings_in(tmp_path, NOWHERE, folder_in(tmp_path)), is_offline=True, kernel=KernelFiles(mount_table=table)
    )
    faults = [finding for finding in report.findings if finding.level is Level.FAULT]
    assert [(fault.subject, fault.advice) for fault in faults] == [("state_dir", "Put state_dir on a local disk.")]
    assert "by polling" in found(report, "folders.products.watch").sentence


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to see as somebody else")
def test_root_sees_folders_as_the_service_does(open_place: Path) -> None:
    """What root may read and write says nothing about the service's user; its rights are taken for the look alone."""
    folder = folder_in(open_place)
    folder.input.chmod(0o700)
    folder.output.chmod(0o755)
    settings = settings_in(open_place, NOWHERE, folder)
    assert found(checked(settings, is_offline=True), "folders.products.input").level is Level.GOOD
    report = asyncio.run(check_all(settings, is_offline=True, user="nobody"))
    for subject in ("folders.products.input", "folders.products.output"):
        assert found(report, subject).level is Level.FAULT
        assert "user that cutoutd runs as" in found(report, subject).advice
    assert os.geteuid() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give folders to a group")
def test_an_output_that_keeps_its_group_to_itself_is_noticed(open_place: Path) -> None:
    """A shared folder without setgid, whose group the service is not in: cutouts would not be the group's."""
    folder = folder_in(open_place)
    os.chown(folder.output, pwd.getpwnam("nobody").pw_uid, 12_345)
    folder.output.chmod(0o770)
    settings = settings_in(open_place, NOWHERE, folder)
    report = asyncio.run(check_all(settings, is_offline=True, user="nobody"))
    assert "chmod g+s" in found(report, "folders.products.output group").advice
    folder.output.chmod(0o2770)
    report = asyncio.run(check_all(settings, is_offline=True, user="nobody"))
    assert "folders.products.output group" not in {finding.subject for finding in report.findings}


def test_a_user_that_is_none_is_refused(tmp_path: Path) -> None:
    """A name that this machine does not know ends the check before it begins."""
    settings = settings_in(tmp_path, NOWHERE, folder_in(tmp_path))
    with pytest.raises(LookupError):
        asyncio.run(check_all(settings, is_offline=True, user="no-such-user"))


def test_a_state_folder_is_made_with_all_above_it(tmp_path: Path) -> None:
    """A state folder whose parents are missing is no fault: the first run makes them."""
    settings = settings_in(tmp_path / "gone" / "far", NOWHERE, folder_in(tmp_path))
    finding = found(checked(settings, is_offline=True), "state_dir")
    assert (finding.level, "will be created" in finding.sentence) == (Level.GOOD, True)
