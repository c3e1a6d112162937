"""A world: its folders, what people put into them, and what is true of them."""

import contextvars
import hashlib
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutoutd.config.settings import FolderSettings, Settings
from simulation.machine.clock import VirtualClock
from simulation.machine.disk import Disks, MountTable
from simulation.machine.hands import Hands
from simulation.machine.hung import HungTrees
from simulation.pictures import photo
from simulation.service.internet import SERVICE, Internet

PUBLIC_KEY, SECRET_KEY = "sandboxpublickey", "sandboxsecretkey"


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """A folder of a world, as its configuration says."""

    name: str
    mounts: Mapping[str, str] = field(default_factory=dict)  #: file system types by side, "in" or "out"
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Put:
    """One version of a photo that people put into a folder."""

    picture: int
    at_s: float


class World:
    """The machine, its users' files, and the trace of everything that happened."""

    def __init__(self, root: Path, seed: int, clock: VirtualClock) -> None:
        self.root = root
        self.clock = clock
        self.context = contextvars.copy_context()
        self.rng = random.Random(f"world {seed}")  # noqa: S311  a world, not a secret
        self.disks = Disks(root, random.Random(f"disks {seed}"))  # noqa: S311  a world, not a secret
        self.mount_table = MountTable(root / "mountinfo")
        self.internet = Internet(self, random.Random(f"internet {seed}"), lambda: clock.elapsed_s)  # noqa: S311  a world, not a secret
        self.files: dict[tuple[str, str], Put] = {}  #: the photos that are in the inputs now
        self.foreign: dict[Path, str] = {}  #: files of others in the outputs, with their hashes
        self.retouched: dict[Path, str] = {}  #: cutouts that people saved anew, with their hashes
        self.spoilt: list[str] = []  #: the hashes of cutouts before they were retouched: nothing can be copied of them
        self.ordered: list[tuple[str, str]] = []  #: pictures with parameters that a person ordered again
        self.hands = Hands(self)
        self.pauses: list[tuple[float, float]] = []  #: begin and end of each
        self.hash = hashlib.sha256()
        self.lines: list[str] = []
        self.is_verbose = False
        self.faults_end_s = 0.0
        self.kills: list[float] = []
        self.left: set[str] = set()  #: folders that left the configuration
        self.first_wall_s = clock.wall_s
        self.trash = root / "home" / "Trash"
        self.has_given_up = False  #: people gave up the removals that hang
        self.stays_away: frozenset[str] = frozenset()  #: folders that never come back into the configuration
        self.slowest_s = 0.0  #: the longest time of a photo in the healthy folder
        self.is_slow = False  #: requests are delayed, so a launch may be sent long after it was decided on
        self.is_unsent = False  #: every faulty launch failed before the service acted
        self.is_search_easy = False  #: nothing hinders the search for the result of a lost launch
        self.found: list[str] = []  #: what was seen to be wrong on the way
        self.hung: HungTrees
        self.settings: Settings | None = None
        self.all_folders: tuple[FolderSettings, ...] = ()  #: those of the first configuration
        self.on_line: Callable[[str], None] = lambda _: None

    def trace(self, kind: str, text: str) -> None:
        """Note an event; the hash of all events tells two runs apart."""
        line = f"{self.clock.elapsed_s:10.3f} {kind:8} {text.replace(str(self.root), '')}"
        self.hash.update(line.encode("utf-8", "backslashreplace"))
        self.on_line(line)

    def input(self, folder: str) -> Path:
        """Return the input tree of a folder."""
        return self.root / f"{folder}-in"

    def output(self, folder: str) -> Path:
        """Return the output tree of a folder."""
        return self.root / f"{folder}-out"

    def put(self, folder: str, name: str, picture: int) -> None:
        """Write a photo, over an earlier one of its name."""
        file = self.input(folder) / name
        if not self.input(folder).is_dir():
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        part.write_bytes(photo(picture))
        now_ns = time.time_ns()
        os.utime(part, ns=(now_ns, now_ns))
        part.rename(file)
        self.files[folder, name] = Put(picture, self.clock.elapsed_s)

    def remove(self, folder: str, name: str) -> None:
        """Remove a photo."""
        if (folder, name) in self.files and (self.input(folder) / name).exists():
            (self.input(folder) / name).unlink()
            del self.files[folder, name]

    def rename(self, folder: str, name: str, new: str) -> None:
        """Rename a photo."""
        if (folder, name) in self.files and (self.input(folder) / name).exists():
            (self.input(folder) / new).parent.mkdir(parents=True, exist_ok=True)
            (self.input(folder) / name).rename(self.input(folder) / new)
            self.files[folder, new] = self.files.pop((folder, name))

    def feed_back(self, folder: str, name: str) -> None:
        """Copy the cutout of a photo into an input, as a synchronising program may."""
        cutout = self.output(folder) / Path(name).with_suffix(".png")
        if cutout.is_file() and self.input(folder).is_dir():
            target = self.input(folder) / f"back-{cutout.name}"
            shutil.copyfile(cutout, target)
            now_ns = time.time_ns()
            os.utime(target, ns=(now_ns, now_ns))

    def put_foreign(self, folder: str, name: str, content: bytes | None = None) -> None:
        """Put a file of somebody else where a cutout may come to be."""
        file = self.output(folder) / name
        if self.output(folder).is_dir() and not file.exists():
            file.write_bytes(f"somebody's own {name}".encode() if content is None else content)
            self.foreign[file] = hashlib.sha256(file.read_bytes()).hexdigest()

    def retouch(self, folder: str, name: str, *, is_in_place: bool) -> None:
        """Save a cutout anew, as a picture program does; nothing if there is none."""
        cutout = self.output(folder) / Path(name).with_suffix(".png")
        if not cutout.is_file():
            return
        self.spoilt.append(hashlib.sha256(cutout.read_bytes()).hexdigest())
        content = cutout.read_bytes() + f"retouched at {self.clock.elapsed_s}".encode()
        if is_in_place:
            cutout.write_bytes(content)
        else:
            saved = cutout.with_name(f"{cutout.name}~")
            saved.write_bytes(content)
            saved.rename(cutout)
        now_ns = time.time_ns()
        os.utime(cutout, ns=(now_ns, now_ns))
        self.foreign.pop(cutout, None)
        self.retouched[cutout] = hashlib.sha256(content).hexdigest()


def _with_archive(root: Path, plan: FolderPlan) -> Mapping[str, object]:
    is_moved = plan.options.get("on_success") == "move"
    return {**plan.options, "archive": root / f"{plan.name}-archive"} if is_moved else plan.options


def settings_of(root: Path, folders: tuple[FolderPlan, ...], options: Mapping[str, Any]) -> Settings:
    """Return the product's settings in a world."""
    bases = dict.fromkeys(("api_base", "upload_base", "cdn_base"), SERVICE)
    given = {
        "state_dir": root / "state",
        "folders": [
            {
                "name": plan.name,
                "input": root / f"{plan.name}-in",
                "output": root / f"{plan.name}-out",
                **_with_archive(root, plan),
            }
            for plan in folders
        ],
        "watch": {"mode": "polling", "stability_delay_s": 0.5},
        "web": {"listen": None},
        **options,
        "uploadcare": {"public_key": PUBLIC_KEY, "secret_key": SECRET_KEY, **bases, **options.get("uploadcare", {})},
        "limits": {"min_free_bytes": 1_000_000, **json.loads(json.dumps(options.get("limits", {})))},
    }
    return Settings.model_validate(given)
