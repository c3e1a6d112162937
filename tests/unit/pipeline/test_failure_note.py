"""Notes beside where a cutout would be: clear words, and never over somebody else's file."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.photo import Photo, State
from cutoutd.pipeline.steps.failure_note import FailureNotes
from support.folders import folder_in
from support.ledgers import REJECTED, identity, with_columns

PHOTO = Photo(1, identity("sub/a.jpg"), State.DISCOVERED, 0.0).with_fact(REJECTED, 1.0)
FOREIGN = "call the customer about this photo\n"


@pytest.fixture
def notes(tmp_path: Path) -> FailureNotes:
    return FailureNotes({"products": folder_in(tmp_path)})


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the note about the photo goes."""
    return tmp_path / "out" / "sub" / "a.jpg.failed.txt"


def test_a_note_says_what_happened_and_what_to_do(notes: FailureNotes, place: Path) -> None:
    """A person who looks for the cutout finds which photo, what happened, what to do, and the code for support."""
    notes.write(PHOTO)
    assert place.read_text() == (
        "cutoutd made no cutout of this photo: sub/a.jpg\n\n"
        "What happened: it is empty (0 bytes).\n"
        "What to do:    Copy it again.\n\n"
        "For support:   rejected, code empty, folder products\n"
    )
    assert list(place.parent.iterdir()) == [place]


def test_a_note_without_advice_still_says_what_to_do(notes: FailureNotes, place: Path) -> None:
    """Where an error brings no advice, replacing the photo is always possible."""
    notes.write(with_columns(PHOTO, advice=""))
    assert "What to do:    Replace the photo" in place.read_text()


def test_our_own_note_is_replaced_and_taken_away(notes: FailureNotes, place: Path) -> None:
    """A later end replaces the note of an earlier one; a photo that goes on has none."""
    notes.write(PHOTO)
    notes.write(with_columns(PHOTO, sentence="it is truncated"))
    assert "it is truncated" in place.read_text()
    notes.remove(PHOTO)
    assert not place.exists()
    notes.remove(PHOTO)


def test_a_foreign_file_is_left_alone(notes: FailureNotes, place: Path) -> None:
    """A file of the note's name that we did not write is neither replaced nor taken away."""
    place.parent.mkdir()
    place.write_text(FOREIGN)
    notes.write(PHOTO)
    notes.remove(PHOTO)
    assert place.read_text() == FOREIGN


LONG = "n" * 245


@pytest.mark.parametrize(
    ("path", "other"),
    [
        pytest.param("a:b.jpg", "a_b.jpg", id="a safe name"),
        pytest.param(f"{LONG}-1.jpg", f"{LONG}-2.jpg", id="names that are cut"),
    ],
)
def test_photos_that_want_one_note_get_two(tmp_path: Path, path: str, other: str) -> None:
    """Each note says its own photo, and is taken away with that photo only."""
    notes = FailureNotes({"products": folder_in(tmp_path, target_names="portable")})
    photos = [replace(PHOTO, identity=identity(each)) for each in (path, other)]
    for photo in photos * 2:
        notes.write(photo)
    assert first_lines(tmp_path / "out") == {f"cutoutd made no cutout of this photo: {each}" for each in (path, other)}
    assert len(list((tmp_path / "out").iterdir())) == 2
    notes.remove(photos[0])
    assert first_lines(tmp_path / "out") == {f"cutoutd made no cutout of this photo: {other}"}
    notes.remove(photos[1])
    assert list((tmp_path / "out").iterdir()) == []


def first_lines(output: Path) -> set[str]:
    """The first lines of all notes."""
    return {note.read_text().splitlines()[0] for note in output.iterdir()}


@pytest.mark.parametrize("is_dangling", [True, False])
def test_a_link_is_left_alone(notes: FailureNotes, place: Path, tmp_path: Path, is_dangling: bool) -> None:  # noqa: FBT001  two cases
    """A symbolic link in the note's place is somebody's, wherever it leads."""
    elsewhere = tmp_path / "elsewhere.txt"
    if not is_dangling:
        elsewhere.write_text("cutoutd made no cutout of this photo: an old one")
    place.parent.mkdir()
    place.symlink_to(elsewhere)
    notes.write(PHOTO)
    notes.remove(PHOTO)
    assert place.is_symlink()
    assert elsewhere.exists() != is_dangling


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_whatever_else_stands_there_is_left_alone(notes: FailureNotes, place: Path, make: object) -> None:
    """A folder or a pipe in the note's place is neither read nor replaced."""
    place.parent.mkdir()
    make(place)
    notes.write(PHOTO)
    notes.remove(PHOTO)
    assert list(place.parent.iterdir()) == [place]


def test_a_missing_output_root_is_not_made(tmp_path: Path, notes: FailureNotes) -> None:
    """An unmounted output is not replaced by a folder of our own, into which cutouts would vanish."""
    (tmp_path / "out").rmdir()
    notes.write(PHOTO)
    notes.remove(PHOTO)
    assert not (tmp_path / "out").exists()


def test_a_note_that_cannot_be_written_stops_nobody(
    tmp_path: Path, notes: FailureNotes, caplog: pytest.LogCaptureFixture
) -> None:
    """A note is a courtesy: trouble with it is said, and leaves nothing behind."""
    (tmp_path / "out" / "sub").write_text("a file where the folder would be")
    notes.write(PHOTO)
    assert "its note cannot be written" in caplog.text


def test_a_note_is_not_led_astray(tmp_path: Path, notes: FailureNotes, caplog: pytest.LogCaptureFixture) -> None:
    """A link in place of its folder is not followed: nothing is written or removed behind it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/sub").symlink_to(tmp_path / "elsewhere")
    notes.write(PHOTO)
    assert "its note cannot be written" in caplog.text
    (tmp_path / "elsewhere/a.jpg.failed.txt").write_text("cutoutd made no cutout of this photo, folder products\n")
    notes.remove(PHOTO)
    assert (tmp_path / "elsewhere/a.jpg.failed.txt").exists()


def test_folders_may_do_without_notes(tmp_path: Path) -> None:
    """Nothing is written where notes are not wanted, nor for a folder that is no longer configured."""
    FailureNotes({"products": folder_in(tmp_path, on_failure="none")}).write(PHOTO)
    FailureNotes({}).write(PHOTO)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("\udcff.jpg", r"\udcff.jpg"),
        ("a\nFor support: call me\x1b[2J.jpg", r"a\nFor support: call me\x1b[2J.jpg"),
        ("a\u202egpj.jpg", r"a\u202egpj.jpg"),
    ],
)
def test_an_odd_name_is_written_as_logs_write_it(tmp_path: Path, notes: FailureNotes, path: str, shown: str) -> None:
    """No name can forge a line of the note, hide in it, or make it something other than UTF-8."""
    notes.write(replace(PHOTO, identity=identity(path)))
    text = (tmp_path / "out" / f"{path}.failed.txt").read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"cutoutd made no cutout of this photo: {shown}"
    assert len(text.splitlines()) == 6
