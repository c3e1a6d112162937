from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.config.types.choices import WatchMode
from cutoutd.files.mounts import Backend, BackendKind, backend_of, choose_backends, parse_mounts, polling_reason

AUTO = WatchMode.AUTO

#: A file server as recorded, shortened: the root stands behind what is mounted on it, as on many systems.
SERVER = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
23 27 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,discard
63 27 0:39 / /srv/photos rw,relatime shared:30 master:2 propagate_from:1 - xfs /dev/sdb1 rw,attr2
64 63 0:40 / /srv/photos/in/nas rw,relatime - nfs4 nas:/export/pho\\040tos rw,vers=4.2
65 63 0:41 / /srv/photos/in/office\\040share rw,relatime shared:31 - cifs //pc/share rw
66 65 8:17 / /srv/photos/in/office\\040share/usb rw,relatime - vfat /dev/sdc1 rw
67 63 0:42 / /srv/photos/in-other rw,relatime - nfs nas:/x rw
"""


def kinds(table: str, root: str = "/srv/photos/in", mode: WatchMode = AUTO) -> dict[str, str]:
    backends = choose_backends(Path(root), parse_mounts(table), mode)
    return {backend.path: backend.kind.value for backend in backends}


def test_each_mount_inside_a_tree_is_decided_by_itself() -> None:
    """Nested mounts, names with spaces, optional fields or none; a neighbour with a similar name is not inside."""
    assert kinds(SERVER) == {"": "events", "nas": "polling", "office share": "polling", "office share/usb": "events"}


def test_the_reason_names_the_file_system() -> None:
    """It is what status shows."""
    first, second, *_ = choose_backends(Path("/srv/photos/in"), parse_mounts(SERVER), AUTO)
    assert first.reason == "xfs raises events"
    assert second.reason == "other machines' changes raise no events on nfs4"


def test_a_tree_inside_a_mount_goes_by_that_mount() -> None:
    """The longest mount point above the root counts."""
    assert kinds(SERVER, "/srv/photos/in/nas/2026") == {"": "polling"}
    assert kinds(SERVER, "/home/shop/in") == {"": "events"}


def test_a_configured_choice_wins() -> None:
    """``polling`` is one backend for the whole tree, ``events`` asks for them everywhere."""
    assert kinds(SERVER, mode=WatchMode.POLLING) == {"": "polling"}
    assert set(kinds(SERVER, mode=WatchMode.EVENTS).values()) == {"events"}


def test_of_mounts_over_each_other_the_top_one_counts() -> None:
    """Stacked on the same folder, the lower one cannot be seen."""
    stacked = SERVER + "70 64 0:50 / /srv/photos/in/nas rw - ext4 /dev/sdd1 rw\n"
    assert kinds(stacked)["nas"] == "events"


def test_a_mount_hides_what_lay_below_it() -> None:
    """Recorded from a real stack: a mount over the whole tree hides every mount inside."""
    hidden = SERVER + "71 63 0:51 / /srv/photos/in rw - tmpfs over rw\n"
    assert kinds(hidden) == {"": "events"}
    covered = SERVER + "72 63 0:51 / /srv/photos rw - nfs nas:/all rw\n"
    assert kinds(covered) == {"": "polling"}


def test_a_bind_mount_goes_by_its_own_file_system() -> None:
    """A folder of an NFS share bound into the tree is NFS."""
    bound = SERVER + "73 63 0:40 /sub /srv/photos/in/bound rw - nfs4 nas:/export rw\n"
    assert kinds(bound)["bound"] == "polling"


@pytest.mark.parametrize("written", ["/a\\040b", "/a\\011b", "/a\\012b", "/a\\134b", "/\\043b", "/ü"])
def test_octal_escapes_are_undone(written: str) -> None:
    """Space, tab, newline, backslash and the number sign; anything else stands as it is."""
    (mount,) = parse_mounts(f"1 0 0:1 / {written} rw - ext4 x rw\n")
    assert str(mount.path) == written.encode().decode("unicode_escape").encode("latin-1").decode()


@pytest.mark.parametrize(
    "fs_type", ["nfs", "nfs4", "cifs", "smb3", "9p", "vboxsf", "drvfs", "ceph", "fuse.sshfs", "fuse.rclone"]
)
def test_file_systems_that_others_write_to_are_polled(fs_type: str) -> None:
    """Their events tell of this machine's own writes only."""
    assert polling_reason(fs_type)


@pytest.mark.parametrize(
    "fs_type", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "vfat", "exfat", "ntfs3", "fuseblk"]
)
def test_local_file_systems_raise_events(fs_type: str) -> None:
    """They have no other writers."""
    assert polling_reason(fs_type) is None


def test_unknown_programs_behind_fuse_are_polled() -> None:
    """The place of their files is unknown."""
    assert polling_reason("fuse.newcloudfs")


@pytest.mark.parametrize(
    "table", ["", "nonsense\n", "1 2 3\n", "x y 0:1 / /srv rw - ext4 d rw\n", "1 1 0:1 / / rw ext4 d\n"]
)
def test_a_table_that_makes_no_sense_means_polling(table: str) -> None:
    """A chroot without /proc, or a kernel that writes otherwise, must not stop the service."""
    backends = choose_backends(Path("/srv"), parse_mounts(table), AUTO)
    assert [backend.kind for backend in backends] == [BackendKind.POLLING]


def test_a_table_that_goes_in_a_circle_ends() -> None:
    """No kernel writes one."""
    assert len(parse_mounts("1 2 0:1 / /a rw - ext4 d rw\n2 1 0:1 / /b rw - ext4 d rw\n")) == 2


@given(st.text(max_size=200))
def test_any_table_is_parsed(table: str) -> None:
    """Nothing in it raises."""
    parse_mounts(table)


def test_the_innermost_mount_decides_for_a_path() -> None:
    """A local disk inside a network share has events of its own."""
    backends = [Backend(path, BackendKind.EVENTS, "") for path in ("", "nas", "nas/local")]
    assert backend_of("nas/local/a", backends).path == "nas/local"
    assert backend_of("nas-other/a", backends).path == ""
