"""Trees that share a folder under two names, told from trees that only look alike."""

import asyncio
from pathlib import Path

import pytest

from cutoutd.files.mounts import parse_mounts
from cutoutd.watch.trees.mounted_tree import look_at_tree
from cutoutd.watch.trees.tree_overlap import look_at_trees, overlaps_among, trees_of
from support.folders import folder_in

TOP = "1 0 254:0 / / rw - ext4 /dev/vda1 rw\n"

#: Tables in which the output lies in the input, or the other way round. No path of them exists on this machine.
SHARED = {
    "one folder mounted twice, as docker -v does": "2 1 8:1 /photos /no-in rw - ext4 /dev/sda1 rw\n"
    "3 1 8:1 /photos /no-out rw - ext4 /dev/sda1 rw\n",
    "a folder of the input": "2 1 8:1 /photos /no-in rw - ext4 /dev/sda1 rw\n"
    "3 1 8:1 /photos/out /no-out rw - ext4 /dev/sda1 rw\n",
    "a folder of the output": "2 1 8:1 /photos/in /no-in rw - ext4 /dev/sda1 rw\n"
    "3 1 8:1 /photos /no-out rw - ext4 /dev/sda1 rw\n",
    "the output is bound below the input": "2 1 254:0 /no-out /no-in/deep/down rw - ext4 /dev/vda1 rw\n",
    "the input is bound below the output": "2 1 254:0 /no-in /no-out/2026/photos rw - ext4 /dev/vda1 rw\n",
    "a third folder is bound below both": "2 1 8:1 /cut /no-in/x rw - ext4 /dev/sda1 rw\n"
    "3 1 8:1 /cut/sub /no-out/y/z rw - ext4 /dev/sda1 rw\n",
    "a share mounted twice": "2 1 0:40 / /no-in rw - nfs4 nas:/photos rw\n"
    "3 1 0:41 / /no-out rw - nfs4 NAS:/photos/out rw\n",
    "a Windows share mounted twice": "2 1 0:40 / /no-in rw - cifs //nas/photos rw\n"
    "3 1 0:41 /cut /no-out rw - cifs //nas/photos rw\n",
    "sshfs twice": "2 1 0:40 / /no-in rw - fuse.sshfs me@nas:photos rw\n"
    "3 1 0:41 / /no-out rw - fuse.sshfs me@nas:photos/cut rw\n",
}

#: Tables in which they are apart.
APART = {
    "one disk": "",
    "two folders of a disk": "2 1 8:1 /in /no-in rw - ext4 /dev/sda1 rw\n3 1 8:1 /out /no-out rw - ext4 /dev/sda1 rw\n",
    "names that begin alike": "2 1 8:1 /p /no-in rw - ext4 /dev/sda1 rw\n3 1 8:1 /p2 /no-out rw - ext4 /dev/sda1 rw\n",
    "two subvolumes": "2 1 0:30 /@in /no-in rw - btrfs /dev/sda rw\n3 1 0:30 /@out /no-out rw - btrfs /dev/sda rw\n",
    "two disks": "2 1 8:1 / /no-in rw - ext4 /dev/sda1 rw\n3 1 8:17 / /no-out rw - ext4 /dev/sdb1 rw\n",
    "two memory disks": "2 1 0:50 / /no-in rw - tmpfs tmpfs rw\n3 1 0:51 / /no-out rw - tmpfs tmpfs rw\n",
    "two shares of a server": "2 1 0:40 / /no-in rw - nfs nas:/in rw\n3 1 0:41 / /no-out rw - nfs nas:/out rw\n",
    "two servers": "2 1 0:40 / /no-in rw - cifs //a/x rw\n3 1 0:41 / /no-out rw - cifs //b/x rw\n",
    "an absolute path and one below the home": "2 1 0:40 / /no-in rw - fuse.sshfs me@nas:/srv rw\n"
    "3 1 0:41 / /no-out rw - fuse.sshfs me@nas:cut rw\n",
    "the folder is hidden under another mount": "2 1 8:1 /photos /no-in rw - ext4 /dev/sda1 rw\n"
    "3 2 8:17 / /no-in/out rw - ext4 /dev/sdb1 rw\n4 1 8:1 /photos/out /no-out rw - ext4 /dev/sda1 rw\n",
    "below a name that is never entered": "2 1 254:0 /no-out /no-in/.snapshots rw - ext4 /dev/vda1 rw\n",
}


def overlaps(table: str, place: Path) -> list[str]:
    folder = folder_in(place).model_copy(update={"input": Path("/no-in"), "output": Path("/no-out")})
    trees = asyncio.run(look_at_trees(trees_of(folder), parse_mounts(TOP + table)))
    return [overlap.sentence for overlap in overlaps_among(trees)]


@pytest.mark.parametrize("case", SHARED)
def test_a_shared_folder_is_found_under_any_name(case: str, tmp_path: Path) -> None:
    """Cutouts would be taken for photos and paid for again, so one sentence names both trees."""
    (sentence,) = overlaps(SHARED[case], tmp_path)
    assert "/no-in)" in sentence
    assert "/no-out)" in sentence


@pytest.mark.parametrize("case", APART)
def test_trees_that_only_look_alike_are_left_alone(case: str, tmp_path: Path) -> None:
    """A false alarm would hold up photos that are fine."""
    assert overlaps(APART[case], tmp_path) == []


def test_the_sentence_tells_what_would_happen(tmp_path: Path) -> None:
    """Both trees by role, folder and path, and the reason."""
    sentences = [overlaps(SHARED[case], tmp_path)[0] for case in list(SHARED)[:2]]
    assert [sentence.partition(" (/no-in): ")[::2] for sentence in sentences] == [
        (
            f'the output of folder "products" (/no-out) {word} the input of folder "products"',
            "cutouts would be taken for photos",
        )
        for word in ("is the same folder as", "lies inside")
    ]


def test_numbers_tell_what_no_mount_table_tells(tmp_path: Path) -> None:
    """As with names in another case on a memory card; here the table is empty, and a link leads into the input."""
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "out").symlink_to(tmp_path / "in/sub")
    inside, around = look_at_tree(tmp_path / "out", ()), look_at_tree(tmp_path / "in", ())
    assert inside.shared_with(around) is not None
    assert around.shared_with(inside) is None
