"""The signs of a file that is still being written, with real writers, leases, holes and file systems."""

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cutoutd.core.errors import SourceInUseError
from cutoutd.files.unfinished import Writer, has_holes, require_finished, sibling_of, writer_of
from support.ledgers import identity_of

_BOUNDING_SET_DROP = 24  #: PR_CAPBSET_DROP
_CAP_LEASE = 28
_SFTP_SERVER = "/usr/lib/openssh/sftp-server"


@contextmanager
def opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"a" * 100_000)
    return photo


def test_an_open_writer_is_seen_until_it_closes(photo: Path) -> None:
    """Also one that writes nothing at the moment, and one that only reserved the right to."""
    with opened(photo) as fd:
        assert writer_of(fd) is Writer.ABSENT
        with photo.open("r+b"):
            assert writer_of(fd) is Writer.PRESENT
        with photo.open("rb"):
            assert writer_of(fd) is Writer.ABSENT


def test_a_file_of_another_user_cannot_be_told_without_the_capability(photo: Path) -> None:
    """Neither yes nor no, even while it is written; with CAP_LEASE, which the unit grants, it can."""
    if os.geteuid() != 0:
        pytest.skip("needs root: files of several users")
    os.chown(photo, 12345, 12345)
    program = (
        "import os, sys; from cutoutd.files.unfinished import writer_of;"
        "fd = os.open(sys.argv[1], os.O_RDONLY); print(writer_of(fd).name);"
        "out = os.open(sys.argv[1], os.O_WRONLY); print(writer_of(fd).name)"
    )

    def without_lease() -> None:
        ctypes.CDLL(None).prctl(_BOUNDING_SET_DROP, _CAP_LEASE, 0, 0, 0)

    def answers(preexec_fn: object = None) -> list[str]:
        command = [sys.executable, "-c", program, str(photo)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=preexec_fn)
        return done.stdout.split()

    assert answers() == ["ABSENT", "PRESENT"]
    assert answers(without_lease) == ["UNKNOWN", "UNKNOWN"]


@contextmanager
def mounted_with_sshfs(source: Path, mount: Path) -> Iterator[None]:
    """A FUSE file system with a server behind it, connected by pipes."""
    to_server, to_client = os.pipe(), os.pipe()
    server = subprocess.Popen([_SFTP_SERVER], stdin=to_server[0], stdout=to_client[1])
    options = ["-f", "-o", "passive", f":{source}", str(mount)]
    client = subprocess.Popen(["sshfs", *options], stdin=to_client[0], stdout=to_server[1], stderr=subprocess.PIPE)
    for end in (*to_server, *to_client):
        os.close(end)
    try:
        while not mount.is_mount() and client.poll() is None:
            time.sleep(0.01)
        if not mount.is_mount():
            pytest.skip("there is no right to mount with FUSE here")
        yield
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(mount)], check=False, capture_output=True)
        for process in (client, server):
            process.kill()
            process.communicate()


@pytest.mark.skipif(
    shutil.which("sshfs") is None or not Path(_SFTP_SERVER).exists(), reason="this machine has no sshfs"
)
def test_a_share_cannot_say_that_there_is_no_writer(photo: Path, tmp_path: Path) -> None:
    """A writer of this machine is seen; for those behind the share the answer is no certain no."""
    (tmp_path / "mount").mkdir()
    with mounted_with_sshfs(tmp_path, tmp_path / "mount"):
        shared = tmp_path / "mount" / photo.name
        with opened(shared) as fd:
            assert writer_of(fd) is Writer.UNKNOWN
            with shared.open("r+b"):
                assert writer_of(fd) is Writer.PRESENT
            with photo.open("r+b"):
                assert writer_of(fd) is Writer.UNKNOWN


def test_a_writer_that_breaks_a_lease_ends_no_process(photo: Path) -> None:
    """The signal of a broken lease would end the process by default. A busy thread keeps each lease for a while."""
    storm = (
        "import os, sys, threading, time; from pathlib import Path; from cutoutd.files.unfinished import writer_of;"
        "writer = os.fork();\n"
        "if not writer:\n"
        "    for _ in range(30): os.close(os.open(sys.argv[1], os.O_WRONLY)); time.sleep(0.005)\n"
        "    os._exit(0)\n"
        "def keep_busy():\n"
        "    while True: pass\n"
        "sys.setswitchinterval(0.02)\n"
        "threading.Thread(target=keep_busy, daemon=True).start()\n"
        "fd = os.open(sys.argv[1], os.O_RDONLY)\n"
        "while os.waitpid(writer, os.WNOHANG) == (0, 0): writer_of(fd)\n"
        "print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", storm, str(photo)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


def test_holes_are_parts_that_were_never_written(photo: Path) -> None:
    """A file that was written as a whole has none, however small; a reserved one has."""
    small, reserved = photo.with_name("small.jpg"), photo.with_name("reserved.jpg")
    small.write_bytes(b"a")
    with reserved.open("wb") as file:
        file.truncate(1_000_000)
        file.seek(900_000)
        file.write(b"the last piece came first" * 4000)
    for path, expected in ((photo, False), (small, False), (reserved, True)):
        with opened(path) as fd:
            assert has_holes(fd) is expected, path


@pytest.mark.parametrize(
    ("name", "is_control_file"),
    [("a.jpg.aria2", True), ("a.jpg.st", True), ("a.jpg.part", False), ("a.jpg.tmp", False)],
)
def test_a_sibling_in_progress_is_seen(photo: Path, name: str, *, is_control_file: bool) -> None:
    """Control files are told from names that a crash may leave."""
    assert sibling_of(photo.parent, "a.jpg") is None
    photo.with_name(name).touch()
    found = sibling_of(photo.parent, "a.jpg")
    assert found is not None
    assert (found.name, found.is_control_file) == (name, is_control_file)


def test_the_last_look_before_payment_refuses_a_file_in_use(photo: Path) -> None:
    """The photo waits and is not superseded, because its version has not changed."""
    identity = identity_of(photo.parent, "a.jpg")
    require_finished(photo.parent, identity)
    with photo.open("r+b"), pytest.raises(SourceInUseError, match="is open for writing in another program"):
        require_finished(photo.parent, identity)
    photo.with_name("a.jpg.aria2").touch()
    with pytest.raises(SourceInUseError, match=r"has a\.jpg\.aria2 beside it"):
        require_finished(photo.parent, identity)
