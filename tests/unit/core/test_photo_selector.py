"""How people name photos."""

from pathlib import Path

import pytest

from cutoutd.core.photo.photo_selector import PhotoSelector, selectors_for

INPUTS = {"shop": Path("/srv/in"), "people": Path("/srv/people")}


@pytest.mark.parametrize(
    ("text", "likeliest"),
    [
        ("/srv/in/a.jpg", PhotoSelector("shop", "a.jpg")),
        ("/srv/in/sub/../sub//a.jpg", PhotoSelector("shop", "sub/a.jpg")),
        ("/srv/people", PhotoSelector("people", "")),
        ("shop/sub/a.jpg", PhotoSelector("shop", "sub/a.jpg")),
        ("a.jpg", PhotoSelector("a.jpg", "")),
        ("shop/", PhotoSelector("shop", "")),
        ("./sub/a.jpg", PhotoSelector("sub", "a.jpg")),
    ],
)
def test_each_form_is_read(text: str, likeliest: PhotoSelector) -> None:
    """A file's absolute path, FOLDER/PATH, and a folder; what is tidied is only the spelling."""
    assert selectors_for(text, INPUTS)[0] == likeliest


def test_a_path_alone_is_the_second_reading() -> None:
    """What may be FOLDER/PATH may also be a path in a subfolder of that name, in whichever folder."""
    assert selectors_for("sub/a.jpg", INPUTS)[1] == PhotoSelector(None, "sub/a.jpg")
    assert selectors_for("a.jpg", INPUTS)[1] == PhotoSelector(None, "a.jpg")


def test_a_file_outside_all_inputs_is_no_photo() -> None:
    """Not even one whose name begins like an input's."""
    assert selectors_for("/srv/inside/a.jpg", INPUTS) == ()


def test_an_input_may_be_reached_over_a_link(tmp_path: Path) -> None:
    """As written and as the disk has it, on either side."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for root in ("real", "link"):
        for spelling in ("real", "link"):
            assert selectors_for(f"{tmp_path}/{spelling}/a.jpg", {"shop": tmp_path / root})[0] == PhotoSelector(
                "shop", "a.jpg"
            )


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (PhotoSelector("shop", ""), "a.jpg"),
        (PhotoSelector("shop", "sub"), "sub/a.jpg"),
        (PhotoSelector("shop", "sub/*.jpg"), "sub/a.jpg"),
        (PhotoSelector("shop", "[ab].jpg"), "b.jpg"),
    ],
)
def test_folders_and_patterns(address: PhotoSelector, path: str) -> None:
    """A folder stands for what lies below it, a pattern for what fits."""
    assert address.matches(path)


@pytest.mark.parametrize(("named", "path"), [("sub", "subway/a.jpg"), ("*.JPG", "a.jpg"), ("a", "a.jpg")])
def test_what_merely_looks_alike(named: str, path: str) -> None:
    """Names are not beginnings of names, and case counts."""
    assert not PhotoSelector("shop", named).matches(path)


def test_bytes_that_are_no_text_name_a_photo_and_no_folder() -> None:
    """A photo's name may be any bytes; the name of a folder is text, and the ledger compares it with nothing else."""
    assert selectors_for("b\udcffd.jpg", {}) == (PhotoSelector(None, "b\udcffd.jpg"),)
    assert selectors_for("shop/b\udcffd.jpg", {})[0] == PhotoSelector("shop", "b\udcffd.jpg")
