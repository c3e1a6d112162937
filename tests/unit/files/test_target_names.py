"""The places of cutouts and notes: always into the mirrored folder, under a name that a file system takes."""

import os
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.config.types.choices import OnConflict
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.files.target_names import (
    MAX_NAME_BYTES,
    notes_of,
    plain,
    portable,
    safer_targets,
    spare_targets_of,
    targets_of,
)

#: Any name that Linux allows, undecodable ones as Python tells them, in at most three folders.
names = (
    st.binary(min_size=1, max_size=MAX_NAME_BYTES)
    .map(lambda name: name.replace(b"\0", b"0").replace(b"/", b"_"))
    .filter(lambda name: name not in {b".", b".."})
    .map(os.fsdecode)
)
photos = st.tuples(names, st.sampled_from([".jpg", ".JPEG", ".png", ""])).map("".join)
paths = st.tuples(st.lists(names, max_size=3).map("/".join), photos).map(
    lambda parts: "/".join(filter(None, parts)),
)
templates = st.sampled_from(["{stem}.png", "{name}.png", "cut-{stem}.png", "{stem} ({name}).png"])
conflicts = st.sampled_from(list(OnConflict))


@given(paths, templates, conflicts)
def test_targets_stay_in_the_mirrored_folder(path: str, template: str, on_conflict: OnConflict) -> None:
    """Whatever a photo is called, its cutout lies in the same folder of the output tree, never above it."""
    for target in targets_of(path, template=template, on_conflict=on_conflict):
        assert PurePosixPath(target).parent == PurePosixPath(path).parent
        assert not {"..", "."} & set(target.split("/"))
        assert target.endswith(".png")


@given(paths, templates, conflicts)
def test_targets_are_names_that_can_be_written(path: str, template: str, on_conflict: OnConflict) -> None:
    """Names are at most 255 bytes, and hidden or temporary only where the photo's own name was."""
    for target in targets_of(path, template=template, on_conflict=on_conflict):
        name = PurePosixPath(target).name
        assert 0 < len(os.fsencode(name)) <= MAX_NAME_BYTES
        assert not name.startswith(".") or PurePosixPath(path).name.startswith(".")


def test_the_template_comes_first() -> None:
    """The wished name first, then the whole name, then numbers; with skip there is one choice only."""
    wished = targets_of("sub/a.jpg", template="cut-{stem}.png", on_conflict=OnConflict.RENAME)
    assert wished[:3] == ("sub/cut-a.png", "sub/a.jpg.png", "sub/a.jpg.2.png")
    assert targets_of("sub/a.jpg", template="{stem}.png", on_conflict=OnConflict.SKIP) == ("sub/a.png",)
    assert wished[1:] == tuple(spare_targets_of("sub/a.jpg"))[:8]


def test_names_are_taken_as_they_are() -> None:
    """Braces, umlauts, emoji and dots in a photo's name mean nothing special."""
    for name in ("{stem}", "ä ö", "🦊", "a.b", "100%"):
        assert targets_of(f"{name}.jpg", template="{stem}.png", on_conflict=OnConflict.SKIP) == (f"{name}.png",)


def test_a_name_that_only_just_fits() -> None:
    """A name that is too long for one choice gets the next that fits, and none when none does."""
    stem = "ä" * 125
    assert targets_of(f"{stem}.jpg", template="{stem}.png", on_conflict=OnConflict.RENAME)[0] == f"{stem}.png"
    assert targets_of(f"{stem}a.jpg", template="{stem}.jpg.png", on_conflict=OnConflict.RENAME) == ()


@given(paths)
def test_notes_lie_beside_the_cutouts(path: str) -> None:
    """A note lies in the mirrored folder, has a name that can be written, and never looks like a picture."""
    note = PurePosixPath(notes_of("shop", path)[0])
    assert note.parent == PurePosixPath(path).parent
    assert len(os.fsencode(note.name)) <= MAX_NAME_BYTES
    assert note.name.endswith(".failed.txt")
    assert not note.name.startswith(TEMPORARY_PREFIX) or PurePosixPath(path).name.startswith(TEMPORARY_PREFIX)


@given(photos, photos)
def test_photos_do_not_share_a_note(one: str, other: str) -> None:
    """Two photos of one folder have two notes, undecodable names included, unless their names had to be cut."""
    if one != other and max(len(os.fsencode(one)), len(os.fsencode(other))) <= 244:
        assert notes_of("shop", one)[0] != notes_of("shop", other)[0]


def test_an_undecodable_name_is_kept() -> None:
    """A name that is no UTF-8 is not robbed of its bytes."""
    assert notes_of("shop", "sub/\udcff.jpg")[0] == "sub/\udcff.jpg.failed.txt"
    assert notes_of("shop", "ä" * 126 + ".jpg")[0] == "ä" * 122 + ".failed.txt"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("12:30.png", "12_30.png"),
        ('a<b>c"d|e?f*g\\h.png', "a_b_c_d_e_f_g_h.png"),
        ("CON.png", "CON_.png"),
        ("con.tar.png", "con_.tar.png"),
        ("aux/nul.png", "aux_/nul_.png"),
        ("com1.png", "com1_.png"),
        ("LPT¹.png", "LPT¹_.png"),
        ("CON .png", "CON _.png"),
        ("sub. /a.png", "sub__/a.png"),
        ("..a/...", "..a/___"),
        ("bell\x07.png", "bell_.png"),
        ("\udcff.png", "_.png"),
        ("console.png", "console.png"),
        ("com10.png", "com10.png"),
        ("ä ö 🦊.png", "ä ö 🦊.png"),
    ],
)
def test_portable_names_are_the_same_for_ever(path: str, wanted: str) -> None:
    """Each character and name that Windows refuses has one substitute, in every folder of the path; others stay."""
    assert portable(path) == wanted


@given(paths)
def test_safe_names_need_no_other(path: str) -> None:
    """Made safe twice is made safe once; plain names are short, and differ where the names differ."""
    assert portable(portable(path)) == portable(path)
    assert plain(plain(path)) == plain(path)
    assert portable(plain(path)) == plain(path)
    assert all(len(name) <= 100 and name.isascii() for name in plain(path).split("/"))


def test_plain_names_stay_apart() -> None:
    """Names of other characters would all look alike; their hash tells them apart."""
    assert plain("日本.png") != plain("中国.png")
    assert plain("a" * 200 + ".png").endswith(".png")


def test_a_refused_target_has_safer_ones() -> None:
    """First the portable name and its spares, then the plain one; a plain one has no other."""
    first = safer_targets("日:本.png", "日:本.jpg")
    assert first[:3] == ("日_本.png", "日_本.jpg.png", "日_本.jpg.2.png")
    assert safer_targets(first[0], "日:本.jpg")[0] == plain("日_本.png")
    assert safer_targets(plain("日_本.png"), "日:本.jpg") == ()
