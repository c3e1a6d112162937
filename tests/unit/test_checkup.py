"""``cutoutd check``: what would go wrong, found before a photo does."""

import asyncio
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutoutd.checkup import Finding, Level, Report, check_all
from cutoutd.config.settings import Settings
from cutoutd.errors import KeysRefusedError
from folders import folder_in, settings_in
from sandbox_process import SandboxProcess

NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: SandboxProcess) -> Iterator[SandboxProcess]:
    yield running
    running.move_clock(0)


def checked(settings: Settings, *, is_offline: bool = False) -> Report:
    return asyncio.run(check_all(settings, is_offline=is_offline))


def found(report: Report, subject: str) -> Finding:
    (finding,) = (finding for finding in report.findings if finding.subject == subject)
    return finding


def test_all_is_well(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """Folders, keys, host and clock are each named; nothing is left behind in any folder."""
    report = checked(settings_in(tmp_path, sandbox.url, folder_in(tmp_path)))
    assert {finding.level for finding in report.findings} == {Level.GOOD}
    assert {finding.subject for finding in report.findings} == {
        "state_dir",
        "folders.products.input",
        "folders.products.output",
        "folders.products.watch",
        "CDN host",
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
    assert report.refusal is None


def test_refused_keys_are_a_fault(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """A wrong secret is told with advice, and as a refusal, for the exit code."""
    report = checked(settings_in(tmp_path, sandbox.url, folder_in(tmp_path), secret_key="wrong"))  # noqa: S106  it is
    assert found(report, "Uploadcare").level is Level.FAULT
    assert "secret key" in found(report, "Uploadcare").advice
    assert isinstance(report.refusal, KeysRefusedError)


def test_an_unreachable_service_is_a_fault_but_no_refusal(tmp_path: Path) -> None:
    """Nothing listens there: that says nothing about the keys."""
    report = checked(settings_in(tmp_path, NOWHERE, folder_in(tmp_path)))
    assert found(report, "Uploadcare").level is Level.FAULT
    assert report.refusal is None


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


def test_a_state_folder_is_made_with_all_above_it(tmp_path: Path) -> None:
    """A state folder whose parents are missing is no fault: the first run makes them."""
    settings = settings_in(tmp_path / "gone" / "far", NOWHERE, folder_in(tmp_path))
    finding = found(checked(settings, is_offline=True), "state_dir")
    assert (finding.level, "will be created" in finding.sentence) == (Level.GOOD, True)
