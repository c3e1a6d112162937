"""The claims of a running cutoutd on its trees, so that a second one on the same folders sees them.

Two of them would pay for each photo twice, because each has a ledger of its own. A claim is an abstract Unix socket
(unix(7)) with the place of the tree in its name, as a hash. So it

- leaves nothing among the photos, and holds no disk that is to be unmounted;
- ends with its process, also with one that is killed;
- names its holder, because the kernel tells the process number;
- is the same under every name of the folder, and works on every file system.

It ends at the machine, or at the network namespace of a container. Therefore ``unseen_others`` names the trees that
other machines can reach.

An input is claimed with the folders above it, so that an input inside another one is seen too.
"""

import hashlib
import logging
import os
import secrets
import socket
import struct
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import Self

from cutoutd.config.overlap_check import TreeRole
from cutoutd.core.errors import TreesInUseError
from cutoutd.core.logs import log_event, printable
from cutoutd.files.mounts import polling_reason
from cutoutd.watch.trees.mounted_tree import DiskPlace, MountedTree
from cutoutd.watch.trees.tree_overlap import ConfiguredTree, TreesNow

_PREFIX = "cutoutd"
_CREDENTIALS = struct.Struct("3i")
_SOCKETS = Path("/proc/net/unix")
_CONNECT_S = 1.0

#: The questions for its holder that a claim keeps in its queue. The kernel answers them.
_QUESTIONS = 128

#: Tells the claims of this process from others; a process number may be that of one in another container.
_OWN = secrets.token_hex(8)


class _TakenError(Exception):
    """Another process has this claim."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TreeClaims:
    """The claims of one service; a context manager that ends them. They follow the trees, see ``follow``."""

    def __init__(self) -> None:
        self._held: dict[str, ExitStack] = {}
        self._names: dict[ConfiguredTree, set[str]] = {}
        self._holders: dict[str, tuple[int, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for held in self._held.values():
            held.close()
        self._held.clear()

    def follow(self, tree: ConfiguredTree, seen: MountedTree) -> None:
        """Claim the present places of a tree, and end the claims on those that it has left.

        Raises:
            TreesInUseError: another process has claimed one of them.
        """
        places = {_name(tree.role, place): place for place in _places(tree, seen)}
        for name, place in places.items():
            if name not in self._held:  # two folders of one cutoutd may share an output
                self._held[name] = self._claim(tree, place)
        self._names[tree] = set(places)
        for name in set(self._held).difference(*self._names.values()):
            self._held.pop(name).close()

    def refusal(self, trees: TreesNow) -> str:
        """As ``follow``, for some trees; return a sentence about the first that is refused, or nothing."""
        try:
            for tree, seen in trees.items():
                self.follow(tree, seen)
        except TreesInUseError as error:
            return error.sentence
        return ""

    def _claim(self, tree: ConfiguredTree, place: DiskPlace) -> ExitStack:
        with ExitStack() as held:
            try:
                held.enter_context(_claim(tree, place, self._held))
            except _TakenError as taken:
                raise TreesInUseError(f"{tree} is in use by another cutoutd{self._holder(taken.name)}") from taken
            return held.pop_all()

    def _holder(self, name: str) -> str:
        """Return the process that holds a claim. It is asked once, because each question stays in its queue."""
        process, words = self._holders.get(name, (0, ""))
        if not Path(f"/proc/{process}").exists():
            process, words = self._holders[name] = _holder(name)
        return words


@contextmanager
def claimed_trees(trees: TreesNow) -> Iterator[TreeClaims]:
    """Claim the inputs and outputs for the time of the block. A tree that did not answer is not among them.

    Raises:
        TreesInUseError: another process has claimed one of them.
    """
    with TreeClaims() as claims:
        for tree, seen in trees.items():
            claims.follow(tree, seen)
        yield claims


def _places(tree: ConfiguredTree, seen: MountedTree) -> tuple[DiskPlace, ...]:
    """Return the places to be claimed: of an input those of its mounts too, because one may be an input by itself."""
    places = tuple(part.place for part in seen.parts)
    match tree.role:
        case TreeRole.INPUT:
            return places
        case TreeRole.OUTPUT:
            return places[:1]
        case _:
            return ()


def unseen_others(tree: ConfiguredTree, seen: MountedTree) -> str:
    """Return the sentence that a cutoutd on another machine would not be seen; empty if there can be none."""
    if not seen.parts or tree.role not in {TreeRole.INPUT, TreeRole.OUTPUT}:
        return ""
    fs_type = seen.parts[0].mount.fs_type
    if polling_reason(fs_type) is None:
        return ""
    return (
        f"{tree} is on {fs_type}: a cutoutd on another machine with the same folder is not noticed, and both would pay"
    )


def tell_unseen(trees: TreesNow) -> None:
    """Log each tree that other machines can reach, once at each start."""
    for tree, seen in trees.items():
        if sentence := unseen_others(tree, seen):
            log_event("claim_limited", sentence, level=logging.INFO)


@contextmanager
def _claim(tree: ConfiguredTree, place: DiskPlace, own: Collection[str]) -> Iterator[None]:
    with ExitStack() as held:
        # First what is above, so that of two that start together at least one sees the other.
        if tree.role is TreeRole.INPUT:
            for above in place.path.parents:
                held.enter_context(_bound(f"{_name(tree.role, place, above)}/above/{_OWN}/{secrets.token_hex(4)}"))
        try:
            held.enter_context(_bound(_name(tree.role, place)))
        except OSError as error:
            raise _TakenError(_name(tree.role, place)) from error
        if tree.role is TreeRole.INPUT and (other := _overlapping(place, own)) is not None:
            raise _TakenError(other)
        yield


def _overlapping(place: DiskPlace, own: Collection[str]) -> str | None:
    """Return the claim of another process on an input above this one, or inside it."""
    around = {_name(TreeRole.INPUT, place, above) for above in place.path.parents}.difference(own)
    inside = f"{_name(TreeRole.INPUT, place)}/above/"
    for name in _names_of_sockets():
        if name in around or (name.startswith(inside) and not name.startswith(f"{inside}{_OWN}/")):
            return name
    return None


def _names_of_sockets() -> Iterator[str]:
    for line in _SOCKETS.read_bytes().splitlines():
        name = line.rpartition(b" ")[2]
        if name.startswith(b"@" + _PREFIX.encode()):
            yield name[1:].decode("ascii", "replace")


def _name(role: TreeRole, place: DiskPlace, path: PurePosixPath | None = None) -> str:
    text = f"{place.file_system}\0{place.path if path is None else path}"
    return f"{_PREFIX}/{role}/{hashlib.sha256(os.fsencode(text)).hexdigest()[:32]}"


@contextmanager
def _bound(name: str) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as claim:
        claim.bind(f"\0{name}")
        claim.listen(_QUESTIONS)
        yield


def _holder(name: str) -> tuple[int, str]:
    """Return the process that holds a claim, as far as it can be known: its number and a clause."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(_CONNECT_S)
            asking.connect(f"\0{name}")
            process, _, _ = _CREDENTIALS.unpack(
                asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
        command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").strip()
    except OSError:
        return 0, ""
    return process, f", process {process} ({printable(os.fsdecode(command))})"
