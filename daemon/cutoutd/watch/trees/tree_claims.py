"""The claims of a running cutoutd on its trees, so that a second one on the same folders sees them.

Two of them would pay for each photo twice, because each has a ledger of its own. A claim is an abstract Unix socket
(unix(7)) with the place of the tree in its name, as a hash. So it

- leaves nothing among the photos, and holds no disk that is to be unmounted;
- ends with its process, also with one that is killed;
- names its holder, because the kernel tells the process number;
- is the same under every name of the folder, and works on every file system.

It ends at the machine, or at the network namespace of a container. Therefore ``unseen_others`` names the trees that
other machines can reach.

An input is claimed with the folders above it, so that an input inside another one is seen too. Each claim is an open
file, so inputs share the claims on what is above them.
"""

import errno
import hashlib
import logging
import os
import secrets
import socket
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Self

from cutoutd.config.overlap_check import TreeRole
from cutoutd.core.errors import CutoutdError, DiskError, TreesInUseError
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

#: Between the name of a folder above an input and its claimant.
_ABOVE = "/above/"


class TreeClaims:
    """The claims of one service; a context manager that ends them. They follow the trees, see ``follow``."""

    def __init__(self) -> None:
        self._own = secrets.token_hex(8)  # a process number may be that of one in another container
        self._held: dict[str, socket.socket] = {}
        self._names: dict[ConfiguredTree, frozenset[str]] = {}
        self._holders: dict[str, tuple[int, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._names.clear()
        self._end_unneeded()

    def follow(self, tree: ConfiguredTree, seen: MountedTree) -> None:
        """Claim the present places of a tree, and end the claims on those that it has left.

        Raises:
            TreesInUseError: another process has claimed one of them.
            DiskError: the system allows no more claims.
        """
        try:
            claimed = [self._claim(tree, place) for place in _places(tree, seen)]
            self._names[tree] = frozenset().union(*claimed)
        finally:
            self._end_unneeded()

    def refusal(self, trees: TreesNow) -> CutoutdError | None:
        """As ``follow``, for some trees; return the first error, or None."""
        try:
            for tree, seen in trees.items():
                self.follow(tree, seen)
        except (TreesInUseError, DiskError) as error:
            return error
        return None

    def _claim(self, tree: ConfiguredTree, place: DiskPlace) -> frozenset[str]:
        """Claim a place, and of an input the folders above it; return the names of the claims."""
        name, is_input = _name(tree.role, place), tree.role is TreeRole.INPUT
        around = [_name(tree.role, place, above) for above in place.path.parents] if is_input else []
        above = [f"{each}{_ABOVE}{self._own}" for each in around]
        is_new = name not in self._held
        # First what is above, so that of two that start together at least one sees the other.
        for each in (*above, name):
            self._hold(each, tree)
        if is_input and is_new and (other := self._overlapping(name, around)) is not None:
            raise self._in_use(tree, other)
        return frozenset((name, *above))

    def _hold(self, name: str, tree: ConfiguredTree) -> None:
        """Make a claim once: trees share the folders above them, and folders of one cutoutd may share an output."""
        if name in self._held:
            return
        try:
            self._held[name] = _bound(name)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise self._in_use(tree, name) from error
            msg = f"{tree} cannot be claimed: {error.strerror}"
            raise DiskError(
                msg, advice="Raise the limit of open files: LimitNOFILE= in the unit, or ulimit -n."
            ) from error

    def _overlapping(self, name: str, around: Collection[str]) -> str | None:
        """Return the claim of another process on an input above this one, or inside it."""
        others = frozenset(around).difference(self._held)
        for each in _names_of_sockets():
            is_inside = each.startswith(f"{name}{_ABOVE}") and not each.endswith(self._own)
            if is_inside or each in others:
                return each
        return None

    def _end_unneeded(self) -> None:
        for name in set(self._held).difference(*self._names.values()):
            self._held.pop(name).close()

    def _in_use(self, tree: ConfiguredTree, name: str) -> TreesInUseError:
        return TreesInUseError(f"{tree} is in use by another cutoutd{self._holder(name)}")

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
        DiskError: the system allows no more claims.
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


def _names_of_sockets() -> Iterator[str]:
    for line in _SOCKETS.read_bytes().splitlines():
        name = line.rpartition(b" ")[2]
        if name.startswith(b"@" + _PREFIX.encode()):
            yield name[1:].decode("ascii", "replace")


def _name(role: TreeRole, place: DiskPlace, path: PurePosixPath | None = None) -> str:
    text = f"{place.file_system}\0{place.path if path is None else path}"
    return f"{_PREFIX}/{role}/{hashlib.sha256(os.fsencode(text)).hexdigest()[:32]}"


def _bound(name: str) -> socket.socket:
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0{name}")
        claim.listen(_QUESTIONS)
    except OSError:
        claim.close()
        raise
    return claim


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
