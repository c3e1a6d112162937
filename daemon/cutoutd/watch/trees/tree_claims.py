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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

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

#: Tells the claims of this process from others; a process number may be that of one in another container.
_OWN = secrets.token_hex(8)


@contextmanager
def claimed_trees(trees: TreesNow) -> Iterator[None]:
    """Claim the inputs and outputs for the time of the block. A tree that did not answer is not among them.

    Raises:
        TreesInUseError: another process has claimed one of them.
    """
    with ExitStack() as claims:
        claimed: set[str] = set()
        for tree, seen in trees.items():
            for place in _places(tree, seen):
                # Two folders of one cutoutd may share an output.
                if (name := _name(tree.role, place)) not in claimed:
                    claimed.add(name)
                    claims.enter_context(_claim(tree, place))
        yield


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
def _claim(tree: ConfiguredTree, place: DiskPlace) -> Iterator[None]:
    with ExitStack() as held:
        # First what is above, so that of two that start together at least one sees the other.
        if tree.role is TreeRole.INPUT:
            for above in place.path.parents:
                held.enter_context(_bound(f"{_name(tree.role, place, above)}/above/{_OWN}/{secrets.token_hex(4)}"))
        try:
            held.enter_context(_bound(_name(tree.role, place)))
        except OSError as error:
            raise _in_use(tree, _name(tree.role, place)) from error
        if tree.role is TreeRole.INPUT and (other := _overlapping(place)) is not None:
            raise _in_use(tree, other)
        yield


def _overlapping(place: DiskPlace) -> str | None:
    """Return the claim of another process on an input above this one, or inside it."""
    around = {_name(TreeRole.INPUT, place, above) for above in place.path.parents}
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
        claim.listen(1)
        yield


def _in_use(tree: ConfiguredTree, name: str) -> TreesInUseError:
    return TreesInUseError(f"{tree} is in use by another cutoutd{_holder(name)}")


def _holder(name: str) -> str:
    """Return the process that holds a claim, as far as it can be known."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(_CONNECT_S)
            asking.connect(f"\0{name}")
            process, _, _ = _CREDENTIALS.unpack(
                asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
        command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").strip()
    except OSError:
        return ""
    return f", process {process} ({printable(os.fsdecode(command))})"
