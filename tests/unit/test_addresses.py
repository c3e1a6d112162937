"""How people name photos."""

from pathlib import Path

import pytest

from cutoutd.core.photo_selector import Address, addresses_of

INPUTS = {"shop": Path("/srv/in"), "people": Path("/srv/people")}


@pytest.mark.parametrize(
    ("text", "likeliest"),
    [
        ("/srv/in/a.jpg", Address("shop", "a.jpg")),
        ("/srv/in/sub/../sub//a.jpg", Address("shop", "sub/a.jpg")),
        ("/srv/people", Address("people", "")),
        ("shop/sub/a.jpg", Address("shop", "sub/a.jpg")),
        ("a.jpg", Address("a.jpg", "")),
        ("shop/", Address("shop", "")),
        ("./sub/a.jpg", Address("sub", "a.jpg")),
    ],
)
def test_each_form_is_read(text: str, likeliest: Address) -> None:
    """A file's absolute path, FOLDER/PATH, and a folder; what is tidied is only the spelling."""
    assert addresses_of(text, INPUTS)[0] == likeliest


def test_a_path_alone_is_the_second_reading() -> None:
    """What may be FOLDER/PATH may also be a path in a subfolder of that name, in whichever folder."""
    assert addresses_of("sub/a.jpg", INPUTS)[1] == Address(None, "sub/a.jpg")
    assert addresses_of("a.jpg", INPUTS)[1] == Address(None, "a.jpg")


def test_a_file_outside_all_inputs_is_no_photo() -> None:
    """Not even one whose name begins like an input's."""
    assert addresses_of("/srv/inside/a.jpg", INPUTS) == ()


def test_an_input_may_be_reached_over_a_link(tmp_path: Path) -> None:
    """As written and as the disk has it, on either side."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for root in ("real", "link"):
        for spelling in ("real", "link"):
            assert addresses_of(f"{tmp_path}/{spelling}/a.jpg", {"shop": tmp_path / root})[0] == Address(
                "shop", "a.jpg"
            )


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (Address("shop", ""), "a.jpg"),
        (Address("shop", "sub"), "sub/a.jpg"),
        (Address("shop", "sub/*.jpg"), "sub/a.jpg"),
        (Address("shop", "[ab].jpg"), "b.jpg"),
    ],
)
def test_folders_and_patterns(address: Address, path: str) -> None:
    """A folder stands for what lies below it, a pattern for what fits."""
    assert address.has(path)


@pytest.mark.parametrize(("named", "path"), [("sub", "subway/a.jpg"), ("*.JPG", "a.jpg"), ("a", "a.jpg")])
def test_what_merely_looks_alike(named: str, path: str) -> None:
    """Names are not beginnings of names, and case counts."""
    assert not Address("shop", named).has(path)
