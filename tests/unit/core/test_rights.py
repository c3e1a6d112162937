"""Root's commands act with the rights of the state folder's owner, and follow no link that the owner put there."""

import os
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from cutoutd.core.rights import as_owner_of, read_own_file, refuse_links_in

NOBODY = 65534
DAEMON = Path(__file__).parents[3] / "daemon"

#: With our packages, so that the system's Python finds them too.
PACKAGES = sysconfig.get_path("purelib")
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{DAEMON}{os.pathsep}{PACKAGES}", "PYTHONDONTWRITEBYTECODE": "1"}

#: The owner's rights are taken only where the owner can read the program.
PYTHONS = (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")

CONFIGURATION = """
uploadcare: {{public_key: demopublickey, secret_key_file: {root}/key}}
state_dir: {state}
folders: [{{name: shop, input: {root}/in, output: {root}/out}}]
"""


@pytest.fixture
def place() -> "Path":
    """A folder that every user reaches, with trees of the user nobody and one private folder of root's."""
    root = Path(tempfile.mkdtemp(prefix="cutoutd-rights-"))
    root.chmod(0o755)
    for name in ("in", "out", "state"):
        (root / name).mkdir()
        os.chown(root / name, NOBODY, NOBODY)
    (root / "state").chmod(0o700)
    (root / "private").mkdir(mode=0o700)
    (root / "private" / "victim").write_text("root's own\n")
    (root / "key").write_text("demosecretkey\n")
    (root / "key").chmod(0o600)
    (root / "config.yaml").write_text(CONFIGURATION.format(root=root, state=root / "state"))
    return root


@pytest.fixture(scope="module")
def readable_python() -> str:
    """A Python that another user can start, with everything that cutoutd needs: our own, or the system's."""
    for python in PYTHONS:
        with suppress(OSError):
            tried = subprocess.run(
                [python, "-c", "import cutoutd.app.rebuild, cutoutd.cli"],
                env=ENVIRONMENT,
                user=NOBODY,
                cwd="/",
                capture_output=True,
                check=False,
            )
            if tried.returncode == 0:
                return python
    pytest.skip("another user can read no Python with the packages of cutoutd")


def cutoutd(place: Path, *words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "cutoutd", words[0], "--config", str(place / "config.yaml"), *words[1:]],
        capture_output=True,
        text=True,
        timeout=60,
        env=ENVIRONMENT,
        check=False,
    )


@needs_root
@pytest.mark.parametrize(
    "name", ["ledger.lock", "ledger.sqlite", "ledger.sqlite.new", "page-token", "live.json", "webhook.json"]
)
@pytest.mark.parametrize(
    "words", [("retry", "--all", "--yes"), ("status",), ("rebuild",), ("backup", "copy"), ("page",)]
)
def test_no_command_of_roots_follows_a_link(place: Path, name: str, words: tuple[str, ...]) -> None:
    """The file behind the link keeps its content, and no file appears beside it."""
    (place / "state" / name).symlink_to(place / "private" / "victim")
    words = (words[0], str(place / "private" / "copy")) if words[0] == "backup" else words
    cutoutd(place, *words)
    assert (place / "private" / "victim").read_text() == "root's own\n"
    assert [file.name for file in (place / "private").iterdir()] == ["victim"]


@needs_root
def test_what_root_makes_in_the_folder_belongs_to_its_owner(place: Path, readable_python: str) -> None:
    """A rebuild by root leaves a ledger that the service can use; a backup goes where only root may write."""
    assert cutoutd(place, "rebuild", python=readable_python).returncode == 0
    owners = {file.name: file.stat().st_uid for file in (place / "state").iterdir()}
    assert set(owners.values()) == {NOBODY}, owners


@needs_root
def test_a_backup_by_root_goes_where_only_root_may_write(place: Path) -> None:
    """The ledger is read with its owner's rights, and the copy is root's own."""
    assert cutoutd(place, "rebuild").returncode == 0
    copy = place / "private" / "copy.sqlite"
    answer = cutoutd(place, "backup", str(copy))
    assert answer.returncode == 0, answer.stderr
    assert (copy.stat().st_uid, copy.stat().st_mode & 0o777) == (0, 0o600)


@needs_root
def test_a_service_of_roots_refuses_a_foreign_folder_with_links(place: Path) -> None:
    """It keeps root's rights, because it needs them for photos, so it looks before it opens anything."""
    (place / "state" / "ledger.sqlite").symlink_to(place / "private" / "victim")
    answer = cutoutd(place, "run", "--once")
    assert answer.returncode != 0
    assert "ledger.sqlite is a link" in answer.stderr
    assert (place / "private" / "victim").read_text() == "root's own\n"


@needs_root
def test_rights_end_with_the_block(place: Path) -> None:
    """Inside, files are made for the folder's owner; afterwards root is root."""
    with as_owner_of(place / "state"):
        (place / "state" / "made").touch()
        assert os.geteuid() == NOBODY
    assert os.geteuid() == 0
    assert (place / "state" / "made").stat().st_uid == NOBODY
    (place / "state" / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="is a link"):
        refuse_links_in(place / "state")


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "large", "missing"])
def test_an_own_file_is_an_ordinary_one(tmp_path: Path, kind: str) -> None:
    """A link, a pipe that would block, a folder and an endless file are refused at once."""
    file = tmp_path / "live.json"
    match kind:
        case "link":
            file.symlink_to("/etc/passwd")
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "large":
            file.write_bytes(bytes(11))
    with pytest.raises(OSError, match=r"."):
        read_own_file(file, 10)
