"""Small real disks: a tmpfs that can be filled, turned read-only and given room again. They take root to mount."""

import os
import subprocess
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
    mounting = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(root)]
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
