"""Real disks for tests: one that can be filled, and a share that comes and goes. They take root to mount."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class SmallDisk:
    """A mounted tmpfs."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def fill(self) -> None:
        """Take every byte that is left."""
        with (self.root / ".ballast").open("ab", buffering=0) as file:
            for size in (65_536, 4096, 512, 1):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    def relieve(self) -> None:
        """Give the room back."""
        (self.root / ".ballast").unlink()

    def use_up_inodes(self) -> None:
        """Leave no room for one more file or name, however empty."""
        with suppress(OSError):
            for number in range(10_000):
                (self.root / f".ballast {number}").touch(exist_ok=False)

    def give_inodes_back(self) -> None:
        """Make room for files again."""
        for file in self.root.glob(".ballast *"):
            file.unlink()

    def remount(self, options: str) -> None:
        """Change its options: ``ro``, ``rw``, ``size=...``, ``nr_inodes=...``."""
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.root)], check=True)


@contextmanager
def small_disk(root: Path, options: str = "size=2m,nr_inodes=100") -> Iterator[SmallDisk]:
    """A disk mounted at a folder, which is made; unmounted at the end, busy or not."""
    root.mkdir(parents=True, exist_ok=True)
    # Of one user, because a state folder that others may look into is refused.
    mounting = ["mount", "-t", "tmpfs", "-o", f"{options},mode=700", "tmpfs", str(root)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs root and the right to mount: a small disk is a tmpfs")
    try:
        yield SmallDisk(root)
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)


@contextmanager
def exfat_disk(root: Path) -> Iterator[None]:
    """A disk as cameras and Windows have, mounted at a folder, which is made; it refuses names that Windows refuses."""
    image = root.with_name(f"{root.name}.exfat")
    root.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(16_000_000)
    device = ""
    try:
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(["mkfs.exfat", str(image)], check=True, capture_output=True)
            losetup = ["losetup", "--find", "--show", str(image)]
            device = subprocess.run(losetup, check=True, capture_output=True, text=True).stdout.strip()
            subprocess.run(["mount.exfat-fuse", device, str(root)], check=True, capture_output=True)
        if not root.is_mount():
            pytest.skip("needs root, exfat-fuse and the right to mount: an exFAT disk")
        yield
    finally:
        if root.is_mount():
            subprocess.run(["umount", "-l", str(root)], check=True)
        if device:
            subprocess.run(["losetup", "--detach", device], check=False)


class QuotaDisk:
    """A mounted Btrfs subvolume with a quota, on a disk with plenty of free space."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def limit(self, size: str) -> None:
        """Set the quota: ``1M``, ``none``."""
        subprocess.run(["btrfs", "qgroup", "limit", size, str(self.root)], check=True, capture_output=True)


@contextmanager
def quota_disk(home: Path, root: Path) -> Iterator[QuotaDisk]:
    """A subvolume with a quota, mounted at a folder; its image and its disk lie at home; both are made."""
    disk = home / "disk"
    disk.mkdir(parents=True)
    root.mkdir(parents=True, exist_ok=True)
    image = home / "image"
    with image.open("wb") as file:
        file.truncate(200_000_000)
    steps = (
        ["mkfs.btrfs", "-q", str(image)],
        ["mount", "-o", "loop", str(image), str(disk)],
        ["btrfs", "quota", "enable", str(disk)],
        ["btrfs", "subvolume", "create", str(disk / "out")],
        ["mount", "--bind", str(disk / "out"), str(root)],
    )
    try:
        with suppress(OSError, subprocess.CalledProcessError):
            for step in steps:
                subprocess.run(step, check=True, capture_output=True)
        if not root.is_mount():
            pytest.skip("needs root, Btrfs and the right to mount: a disk with a quota")
        yield QuotaDisk(root)
    finally:
        for place in (root, disk):
            if place.is_mount():
                subprocess.run(["umount", "-l", str(place)], check=True)


class Share:
    """A small file system of its own that is mounted at a place, taken away, and mounted again with all its files."""

    def __init__(self, home: Path, place: Path) -> None:
        self._store = home
        self._place = place
        home.mkdir()
        place.mkdir(parents=True, exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "none", home], check=False).returncode:
            pytest.skip("this machine does not let even root mount")

    def mount(self) -> None:
        """Let its files appear at the place."""
        subprocess.run(["mount", "--bind", self._store, self._place], check=True)

    def unmount(self) -> None:
        """Leave the bare mount point."""
        subprocess.run(["umount", "--lazy", self._place], check=True)

    def remove(self) -> None:
        """Take everything down, for good."""
        if os.path.ismount(self._place):
            self.unmount()
        subprocess.run(["umount", "--lazy", self._store], check=True)


@contextmanager
def share_at(home: Path, place: Path) -> Iterator[Share]:
    """A share with its files at home, mounted at a place; both are made."""
    share = Share(home, place)
    share.mount()
    try:
        yield share
    finally:
        share.remove()


class NetworkShare:
    """A folder mounted over SFTP by sshfs; its server is a process of ours, and no network is used."""

    def __init__(self, store: Path, place: Path) -> None:
        self._store = store
        self._place = place
        store.mkdir()
        place.mkdir(parents=True, exist_ok=True)
        self._processes: list[subprocess.Popen[bytes]] = []

    def mount(self) -> None:
        """Start server and client, and wait until the share is mounted."""
        here, there = socket.socketpair()
        with here, there:
            client = ["sshfs", "-f", "-o", "passive", f"photos@nas:{self._store}", str(self._place)]
            self._processes = [
                subprocess.Popen([_SFTP_SERVER], stdin=here, stdout=here),
                subprocess.Popen(client, stdin=there, stdout=there),
            ]
        deadline_s = time.monotonic() + 10
        while not os.path.ismount(self._place):
            if self._processes[1].poll() is not None or time.monotonic() > deadline_s:
                pytest.skip("this machine does not let even root mount")
            time.sleep(0.02)

    def hang(self) -> None:
        """Let the server answer nothing any more, as when its machine is gone: every call to the share hangs."""
        self._processes[0].send_signal(signal.SIGSTOP)

    def answer(self) -> None:
        """Let the server go on where it stood."""
        self._processes[0].send_signal(signal.SIGCONT)

    def unmount(self) -> None:
        """Leave the bare mount point; client and server end by themselves."""
        subprocess.run(["umount", self._place], check=True)
        for process in self._processes:
            process.wait(10)

    def remove(self) -> None:
        """Take everything down, for good."""
        if os.path.ismount(self._place):
            subprocess.run(["umount", "--lazy", self._place], check=True)
        self.answer()
        for process in self._processes:
            process.terminate()
            process.wait(10)


_SFTP_SERVER = "/usr/lib/openssh/sftp-server"


@contextmanager
def network_share_at(store: Path, place: Path) -> Iterator[NetworkShare]:
    """A share of a server, mounted at a place; both folders are made."""
    if not (shutil.which("sshfs") and all(Path(needed).exists() for needed in (_SFTP_SERVER, "/dev/fuse"))):
        pytest.skip("this machine has no sshfs or no /dev/fuse")
    share = NetworkShare(store, place)
    try:
        share.mount()
        yield share
    finally:
        share.remove()
