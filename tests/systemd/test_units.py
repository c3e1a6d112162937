"""The units as systemd itself judges them, without starting anything."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cutoutd.images.copies.shrink import LARGEST_SOURCE_BYTES
from cutoutd.images.picture_memory import SMALLER_COPY, UPRIGHT_COPY
from cutoutd.images.validation import MAX_MEGAPIXELS

UNITS = Path(__file__).parents[2] / "systemd"
NAMES = ("cutoutd.service", "cutoutd@.service", "cutoutd-failure@.service")

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_systemd_finds_no_fault(name: str, tmp_path: Path) -> None:
    """No unknown key, no bad value; the program's own place is put where one is, as it is not installed here."""
    unit = tmp_path / name.replace("@", "@shop")
    unit.write_text((UNITS / name).read_text().replace("/opt/cutoutd/bin/cutoutd", "/bin/true"))
    verified = analyze("verify", "--recursive-errors=no", "--man=no", str(unit))
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_the_sandboxing_is_tight(name: str) -> None:
    """At most 1.3 of 10; the rest is the internet and the photos' group, without which there is no work."""
    judged = analyze("security", "--offline=true", "--threshold=13", str(UNITS / name))
    assert judged.returncode == 0, judged.stdout


@pytest.mark.parametrize("name", NAMES[:2])
def test_the_largest_picture_fits_below_the_memory_bound(name: str) -> None:
    """Above MemoryHigh the kernel slows the service down, so one picture that runs alone must not reach it."""
    [bound_gb] = re.findall(r"^MemoryHigh=(\d+)G$", (UNITS / name).read_text(), re.MULTILINE)
    largest = MAX_MEGAPIXELS * 1_000_000 * max(UPRIGHT_COPY, SMALLER_COPY) + LARGEST_SOURCE_BYTES
    assert int(bound_gb) << 30 > largest + 250_000_000


@pytest.mark.parametrize("name", NAMES[:2])
def test_memory_tasks_programs_and_ports_are_bounded(name: str) -> None:
    """The hard bound of memory lies above the soft one, and what is written by the service is never run."""
    settings = dict(line.partition("=")[::2] for line in (UNITS / name).read_text().splitlines() if "=" in line)
    assert int(settings["MemoryMax"].rstrip("G")) > int(settings["MemoryHigh"].rstrip("G"))
    assert int(settings["TasksMax"]) <= 1_000
    assert (settings["NoExecPaths"], settings["SocketBindDeny"]) == ("/", "any")
    assert not {"/srv", "/var", "/home", "/"} & set(settings["ExecPaths"].replace("-", "").split())


@pytest.mark.parametrize("name", NAMES[:2])
def test_every_restriction_has_its_reason(name: str) -> None:
    """Each line that takes something away stands under a comment, alone or with its kin."""
    restrictions = (UNITS / name).read_text().partition("may not do, and why")[2].partition("[Install]")[0]
    for block in re.split(r"\n(?=#)", restrictions.strip("- \n")):
        assert block.startswith("#"), block


def test_the_instances_differ_from_the_service_in_their_names_alone() -> None:
    """What one unit promises the other does: they differ in comments and in places."""

    def settings(name: str, instance: str) -> list[str]:
        lines = (UNITS / name).read_text().replace(instance, "").splitlines()
        return [line for line in lines if "=" in line and not line.startswith("#")]

    single = "\n".join(settings("cutoutd.service", " nothing"))
    several = "\n".join(settings("cutoutd@.service", " (%i)"))
    several = several.replace("cutoutd-%i", "cutoutd").replace("%i.secret-key", "secret-key").replace("%i", "config")
    assert single == several
