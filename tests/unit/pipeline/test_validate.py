"""Intake: what is stored of a photo that is accepted, and where its cutout may go."""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from cutoutd.core.errors import DiskError, FolderBlockedError, RejectedError, SupersededError
from cutoutd.pipeline.steps.validate import validate_photo
from support.folders import folder_in
from support.images.photographs import exif, jpeg, png
from support.ledgers import identity, identity_of


def drop(place: Path, path: str, content: bytes) -> None:
    file = place / "in" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def test_an_accepted_photo_is_known_by_its_content(tmp_path: Path) -> None:
    """Hash, size, parameters and output tree are bound here; the target is left to the ledger."""
    folder = folder_in(tmp_path, parameters={"crop": True, "type": "product"})
    content = jpeg()
    drop(tmp_path, "sub/a.jpg", content)
    examination = validate_photo(identity_of(folder.input, "sub/a.jpg"), folder)
    fact = examination.fact
    assert fact.sha256 == hashlib.sha256(content).hexdigest()
    assert (fact.width, fact.height, fact.orientation) == (60, 40, 1)
    assert json.loads(fact.parameters) == {"crop": True, "type": "product"}
    assert (fact.output, fact.target, fact.note) == (str(folder.output), "", None)
    assert examination.free_targets[:2] == ("sub/a.png", "sub/a.jpg.png")


@pytest.mark.parametrize(("orientation", "size"), [(1, (60, 40)), (3, (60, 40)), (5, (40, 60)), (6, (40, 60))])
def test_sizes_are_those_of_the_upright_picture(tmp_path: Path, orientation: int, size: tuple[int, int]) -> None:
    """A photo stored lying has width and height as people see it, because its cutout will have them."""
    folder = folder_in(tmp_path)
    drop(tmp_path, "a.jpg", jpeg(exif=exif(orientation)))
    fact = validate_photo(identity_of(folder.input, "a.jpg"), folder).fact
    assert (fact.width, fact.height) == size
    assert fact.orientation == orientation


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff" + bytes(20_000), "too_large"),
        (jpeg()[:-40], "truncated"),
        (b"%PDF-1.7 not a photo", "not_a_picture"),
        (b"GIF89a and so on", "other_format"),
    ],
)
def test_what_cannot_be_sent_is_rejected_with_words(tmp_path: Path, content: bytes, code: str) -> None:
    """Each no has its code, a sentence and advice; no byte has left the machine."""
    folder = folder_in(tmp_path, max_upload_bytes=20_000)
    drop(tmp_path, "a.jpg", content)
    with pytest.raises(RejectedError) as refusal:
        validate_photo(identity_of(folder.input, "a.jpg"), folder)
    assert refusal.value.code == code
    assert refusal.value.sentence
    assert refusal.value.advice


def test_larger_photos_are_accepted_where_they_are_shrunk(tmp_path: Path) -> None:
    """Size and hash are the photo's own; beyond what is ever held in memory it is refused unread."""
    folder = folder_in(tmp_path, max_upload_bytes=100, oversize="shrink")
    drop(tmp_path, "a.jpg", jpeg())
    fact = validate_photo(identity_of(folder.input, "a.jpg"), folder).fact
    assert (fact.width, fact.height, fact.sha256) == (60, 40, hashlib.sha256(jpeg()).hexdigest())
    with (folder.input / "b.jpg").open("wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(RejectedError, match="over the 250 MB limit") as refusal:
        validate_photo(identity_of(folder.input, "b.jpg"), folder)
    assert refusal.value.code == "too_large"


def test_a_file_that_changed_since_it_was_found_is_not_examined(tmp_path: Path) -> None:
    """The version that was found is examined or none."""
    folder = folder_in(tmp_path)
    drop(tmp_path, "a.jpg", jpeg())
    found = identity_of(folder.input, "a.jpg")
    drop(tmp_path, "a.jpg", jpeg((61, 40)))
    with pytest.raises(SupersededError):
        validate_photo(found, folder)


def test_places_of_other_peoples_files_are_not_free(tmp_path: Path) -> None:
    """Files, folders and links that stand in the output tree already are passed over, dangling links included."""
    folder = folder_in(tmp_path)
    drop(tmp_path, "a.png", png())
    (folder.output / "a.png").write_text("mine")
    (folder.output / "a.png.png").symlink_to("nowhere")
    (folder.output / "a.png.2.png").mkdir()
    assert validate_photo(identity_of(folder.input, "a.png"), folder).free_targets[0] == "a.png.3.png"
    skipping = folder_in(tmp_path, on_conflict="skip")
    assert validate_photo(identity_of(folder.input, "a.png"), skipping).free_targets == ()


def test_a_cutout_that_no_disk_could_name_is_refused_before_it_is_paid_for(tmp_path: Path) -> None:
    """Neither a name over 255 bytes nor a path over what the system takes gets as far as an upload."""
    folder = folder_in(tmp_path, filename="the cutout of {stem}.png", on_conflict="skip")
    drop(tmp_path, "x" * 250 + ".jpg", jpeg())
    with pytest.raises(RejectedError, match="longer than 255 bytes") as refusal:
        validate_photo(identity_of(folder.input, "x" * 250 + ".jpg"), folder)
    assert refusal.value.code == "name_too_long"

    drop(tmp_path, "a.jpg", jpeg())
    deep = folder.model_copy(update={"output": Path("/", *["deep" * 60] * 18)})
    with pytest.raises(RejectedError, match="longer than the disk allows") as refusal:
        validate_photo(identity_of(folder.input, "a.jpg"), deep)
    assert refusal.value.code == "name_too_long"


def test_a_place_that_cannot_be_looked_at_waits(tmp_path: Path) -> None:
    """A file where the mirrored folder should be is told before the photo is paid for, and the photo waits."""
    folder = folder_in(tmp_path)
    drop(tmp_path, "sub/a.jpg", jpeg())
    (folder.output / "sub").write_text("mine")
    with pytest.raises(DiskError, match="one of its folders is a file"):
        validate_photo(identity_of(folder.input, "sub/a.jpg"), folder)


def test_a_missing_input_waits(tmp_path: Path) -> None:
    """A photo whose whole input tree is gone is neither rejected nor superseded."""
    folder = folder_in(tmp_path)
    folder.input.rmdir()
    with pytest.raises(DiskError):
        validate_photo(identity(), folder)


def test_the_place_of_a_mirrored_folder_is_left_free(tmp_path: Path) -> None:
    """Beside a source folder ``x.png/``, ``x.jpg`` does not ask for ``x.png``: the folder's mirror goes there."""
    folder = folder_in(tmp_path)
    drop(tmp_path, "x.jpg", jpeg())
    (folder.input / "x.png").mkdir()
    assert validate_photo(identity_of(folder.input, "x.jpg"), folder).free_targets[0] == "x.jpg.png"


def test_a_folder_called_like_a_cutout_is_stepped_aside_from(tmp_path: Path) -> None:
    """Where the cutout ``x.png`` lies, photos of a folder ``x.png/`` get places in a folder beside it."""
    folder = folder_in(tmp_path)
    drop(tmp_path, "x.png/a.jpg", jpeg())
    (folder.output / "x.png").write_bytes(b"a cutout")
    assert validate_photo(identity_of(folder.input, "x.png/a.jpg"), folder).free_targets[0] == "x.png-folder/a.png"


def test_a_link_in_place_of_a_mirrored_folder_is_waited_out(tmp_path: Path) -> None:
    """Links inside an output are not followed; the photo says so before it is paid for."""
    folder = folder_in(tmp_path)
    drop(tmp_path, "sub/a.jpg", jpeg())
    (folder.output / "sub").symlink_to(tmp_path)
    with pytest.raises(FolderBlockedError, match="a symbolic link"):
        validate_photo(identity_of(folder.input, "sub/a.jpg"), folder)


def test_a_spare_name_that_is_too_long_for_the_disk_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems take shorter names (eCryptfs: 143 bytes): the names that fit are there to be had."""
    folder = folder_in(tmp_path)
    drop(tmp_path, "a.jpg", jpeg())

    def look(_root: Path, target: str) -> bool:
        if len(target) > len("a.png"):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return False

    monkeypatch.setattr("cutoutd.pipeline.steps.validate.is_occupied", look)
    assert validate_photo(identity_of(folder.input, "a.jpg"), folder).free_targets == ("a.png",)
