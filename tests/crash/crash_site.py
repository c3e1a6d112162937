"""A sandbox, a shop beside it, and daemons that are killed there; what is left is held against the sandbox's books.

A ward runs one thing at a time, so what its sandbox counts belongs to it. Several wards work side by side.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

from crash.invariants import Books, read_books
from crash.launcher import Orders, WatchedDaemon
from cutoutd.core.errors import LedgerError
from cutoutd.core.photo import Photo, State
from cutoutd.ledger import read_ledger
from cutoutd.ledger.queries import photos as photo_queries
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


@dataclass(frozen=True, slots=True)
class Sources:
    """SHA-256 by path of what lies in the inputs and in the archive."""

    shop: Mapping[str, str]
    studio: Mapping[str, str]
    archive: Mapping[str, str]

    def faults_since(self, before: "Sources") -> list[str]:
        """Photos of the shop that are not as they were, and photos that are in neither the studio nor the archive."""
        faults = [f"{path} was touched" for path, sha256 in before.shop.items() if self.shop.get(path) != sha256]
        there = {*self.studio.values(), *self.archive.values()}
        lost = [path for path, sha256 in {**before.archive, **before.studio}.items() if sha256 not in there]
        return faults + [f"{path} is lost" for path in lost]


class CrashSite:
    """One sandbox and one shop, used again and again."""

    def __init__(self, folder: Path, sandbox: SandboxProcess, nursery: ForkServerContext) -> None:
        self._folder = folder
        self._sandbox = sandbox
        self._nursery = nursery
        self._template = folder / "template"
        self.place = Place(folder / "shop", sandbox.url)
        self.studio = self.place.home / "studio"  #: a second input, whose photos go to the archive
        self.archive = self.place.home / "archive"
        self._daemons: list[WatchedDaemon] = []

    def start(
        self, *options: str, fatal: str | None = None, look_for_s: float = 180.0, is_plain: bool = False
    ) -> WatchedDaemon:
        """Start ``cutoutd run``; every daemon until the next ``clear`` is remembered."""
        number = len(self._daemons) + 1
        orders = Orders(
            arguments=("run", "--config", str(self.place.config), *options),
            home=self.place.home,
            log=self._folder / f"{number}.log",
            trace=self._folder / f"{number}.trace",
            fatal=fatal,
            look_for_s=look_for_s,
            is_plain=is_plain,
        )
        daemon = WatchedDaemon(self._nursery, orders)
        self._daemons.append(daemon)
        return daemon

    @property
    def is_saved(self) -> bool:
        """Whether ``save`` was called."""
        return self._template.exists()

    def clear(self, *, is_restored: bool = False) -> None:
        """An empty shop, or one as it was saved, with no photos in its input; the sandbox counts from zero."""
        for daemon in self._daemons:
            daemon.orders.log.unlink(missing_ok=True)
            daemon.orders.trace.unlink(missing_ok=True)
        self._daemons.clear()
        for tree in (self.place.input, self.studio, *self._kept):
            shutil.rmtree(tree, ignore_errors=True)
        self.place.input.mkdir()
        self.studio.mkdir()
        if is_restored:
            for tree in self._kept:
                shutil.copytree(self._template / tree.name, tree)
        self._sandbox.clear_counters()

    def save(self) -> None:
        """Keep the shop's output, archive and ledger as they are, for ``clear``."""
        for tree in self._kept:
            shutil.copytree(tree, self._template / tree.name)

    @property
    def _kept(self) -> tuple[Path, ...]:
        return self.place.output, self.archive, self.place.state

    def sources(self) -> "Sources":
        """Where the photos' own files are, and what is in them."""
        return Sources(_hashes_in(self.place.input), _hashes_in(self.studio), _hashes_in(self.archive))

    def photos(self) -> list[Photo]:
        """What the ledger says, whatever state a kill left it in; read from a copy, so it stays as it was left."""
        copy = self._folder / "looked-at"
        shutil.rmtree(copy, ignore_errors=True)
        if not self.place.state.exists():
            return []
        # The control socket that a killed daemon leaves behind is no file to be copied.
        shutil.copytree(self.place.state, copy, ignore=shutil.ignore_patterns("*.sock"))
        try:
            with read_ledger(copy) as ledger:
                return photo_queries.at_state(ledger, frozenset(State), 10_000)
        except LedgerError:
            return []  # killed before there was one

    def books(self) -> Books:
        """What the sandbox counted and made."""
        return read_books(self._sandbox.counters(), self._folder / "sandbox" / "sandbox.sqlite")

    def said(self, action: str) -> Counter[str]:
        """How often any of the daemons said this about each photo."""
        lines = [line for daemon in self._daemons for line in daemon.output.splitlines() if line.startswith("{")]
        return Counter(said.get("path", "") for said in map(json.loads, lines) if said["action"] == action)

    def state_files(self) -> list[str]:
        """Every file of the state folder."""
        return sorted(file.name for file in self.place.state.iterdir())


def _hashes_in(tree: Path) -> dict[str, str]:
    files = [file for file in tree.rglob("*") if file.is_file()]
    return {str(file.relative_to(tree)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@contextmanager
def open_crash_site(folder: Path, nursery: ForkServerContext, *sandbox_options: str) -> Iterator[CrashSite]:
    """A ward in this folder, which is made; its sandbox ends with it."""
    folder.mkdir()
    with SandboxProcess(folder / "sandbox", *sandbox_options) as sandbox:
        yield CrashSite(folder, sandbox, nursery)
