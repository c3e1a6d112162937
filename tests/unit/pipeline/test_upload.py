"""Sending: only what was accepted leaves the machine, the right way up."""

import asyncio
import hashlib
import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from cutoutd.config.settings import FolderSettings
from cutoutd.core.errors import DiskError, RejectedError, SupersededError
from cutoutd.core.photo import Photo, State, Uploaded
from cutoutd.pipeline.steps.upload import upload_photo
from cutoutd.pipeline.steps.validate import validate_photo
from support.fakes.fake_uploadcare import FakeUploadcare
from support.folders import folder_in
from support.images.photographs import exif, jpeg, photograph, png
from support.images.turned_photos import jpeg_with, xmp_of
from support.ledgers import identity_of, with_columns


def accepted(folder: FolderSettings, path: str, content: bytes) -> Photo:
    """A photo that lies in the input tree and was examined."""
    file = folder.input / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    found = identity_of(folder.input, path)
    return Photo(1, found, State.DISCOVERED, 0.0).with_fact(validate_photo(found, folder).fact, 1.0)


async def no_use(uuid: str) -> None:
    """No test here is about what becomes of such an upload."""


def sent(photo: Photo, folder: FolderSettings, uploadcare: FakeUploadcare) -> Uploaded:
    return asyncio.run(upload_photo(photo, folder, uploadcare, no_use))


def test_an_upright_photo_is_sent_byte_by_byte(tmp_path: Path) -> None:
    """The very bytes that were accepted go out, under the photo's own name without its folders."""
    folder, uploadcare, content = folder_in(tmp_path), FakeUploadcare(), jpeg()
    assert sent(accepted(folder, "sub/ä.jpg", content), folder, uploadcare).source_uuid == "ä.jpg"
    assert uploadcare.sent == {"ä.jpg": content}


@pytest.mark.parametrize("content", [jpeg((60, 40), exif=exif(6)), png((60, 40), exif=exif(6))])
def test_a_lying_photo_is_sent_upright(tmp_path: Path, content: bytes) -> None:
    """Orientation 6 is turned by a quarter, carries no orientation any more, and the photo itself is untouched."""
    folder, uploadcare = folder_in(tmp_path), FakeUploadcare()
    photo = accepted(folder, "a.jpg", content)
    sent(photo, folder, uploadcare)
    with Image.open(BytesIO(uploadcare.sent["a.jpg"])) as copy:
        assert copy.size == (40, 60) == (photo.picture.width, photo.picture.height)
        assert copy.getexif().get(0x0112, 1) == 1
        # Red, green, blue and white in reading order become blue, red, white and green.
        corner = copy.convert("RGB").getpixel((39, 0))
        assert isinstance(corner, tuple)
        assert corner[0] > corner[2] + 150
    assert (folder.input / "a.jpg").read_bytes() == content


@pytest.mark.parametrize("oversize", ["reject", "shrink"])
def test_our_own_copy_never_fails_the_users_file(tmp_path: Path, oversize: str) -> None:
    """A photo just within the limit is sent upright within it, whatever `oversize` says, and loses next to nothing."""
    content = photograph("coffee", quality=85, exif=exif(6))
    folder = folder_in(tmp_path, max_upload_bytes=len(content), oversize=oversize)
    uploadcare, photo = FakeUploadcare(), accepted(folder, "a.jpg", content)
    assert sent(photo, folder, uploadcare).sent_as is None
    assert len(uploadcare.sent["a.jpg"]) <= len(content)


@pytest.mark.parametrize("oversize", ["reject", "shrink"])
def test_the_quality_of_our_own_copy_falls_if_it_must(tmp_path: Path, oversize: str) -> None:
    """A copy that grew by turning is compressed more, in its own size, and the fact tells it."""
    content = photograph("coffee", quality=95, subsampling=1, exif=exif(6))
    folder = folder_in(tmp_path, max_upload_bytes=len(content), oversize=oversize)
    uploadcare, photo = FakeUploadcare(), accepted(folder, "a.jpg", content)
    fact = sent(photo, folder, uploadcare)
    assert (fact.sent_as, fact.sent_width) == ("sent as a copy of 400 x 600 pixels, JPEG quality 92", None)
    assert len(uploadcare.sent["a.jpg"]) <= len(content)


def test_a_copy_that_no_quality_makes_small_enough_is_refused(tmp_path: Path) -> None:
    """The sentence says what was tried, and nothing leaves the machine."""
    photo = accepted(folder_in(tmp_path), "a.jpg", photograph("coffee", exif=exif(6)))
    folder, uploadcare = folder_in(tmp_path, max_upload_bytes=5_000), FakeUploadcare()
    with pytest.raises(RejectedError, match=r"even a copy of 400 x 600 pixels as JPEG quality 75 has .* 5 kB limit"):
        sent(photo, folder, uploadcare)
    assert uploadcare.calls == []


def test_a_disputed_photo_is_sent_without_its_metadata(tmp_path: Path) -> None:
    """Only XMP would turn it, so it is sent as it is stored, without a word that other programs could believe."""
    content = jpeg_with(xmp=xmp_of(6))
    folder, uploadcare = folder_in(tmp_path), FakeUploadcare()
    photo = accepted(folder, "a.jpg", content)
    assert (photo.picture.width, photo.picture.height) == (60, 40)
    assert sent(photo, folder, uploadcare).sent_as is None
    with Image.open(BytesIO(uploadcare.sent["a.jpg"])) as copy, Image.open(BytesIO(content)) as original:
        assert "xmp" not in copy.info
        assert copy.tobytes() == original.tobytes()


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_photo_that_changed_after_acceptance_is_not_sent(tmp_path: Path, orientation: int) -> None:
    """A changed or vanished file is superseded before a byte of it leaves the machine."""
    folder, uploadcare = folder_in(tmp_path), FakeUploadcare()
    photo = accepted(folder, "a.jpg", jpeg(exif=exif(orientation)))
    (folder.input / "a.jpg").write_bytes(jpeg((61, 41)))
    with pytest.raises(SupersededError, match="was changed"):
        sent(photo, folder, uploadcare)
    (folder.input / "a.jpg").unlink()
    with pytest.raises(SupersededError, match="was removed"):
        sent(photo, folder, uploadcare)
    assert uploadcare.calls == []


@pytest.mark.parametrize("orientation", [1, 6])
def test_other_content_under_the_same_times_is_noticed(tmp_path: Path, orientation: int) -> None:
    """Where a file system keeps all times and numbers, the hash of what was sent still tells."""
    folder = folder_in(tmp_path)
    photo = accepted(folder, "a.jpg", jpeg(exif=exif(orientation)))
    with pytest.raises(SupersededError, match="while it was being sent"):
        sent(with_columns(photo, sha256="0" * 64), folder, FakeUploadcare())


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_photo_over_the_limit_is_sent_smaller(tmp_path: Path, orientation: int) -> None:
    """With oversize: shrink a copy within the limit goes out, the fact says what was done, the photo is untouched."""
    content = photograph("coffee", quality=99, exif=exif(orientation))
    folder = folder_in(tmp_path, max_upload_bytes=len(content) // 3, oversize="shrink")
    uploadcare, photo = FakeUploadcare(), accepted(folder, "a.jpg", content)
    assert photo.picture.sha256 == hashlib.sha256(content).hexdigest()
    fact = sent(photo, folder, uploadcare)
    with Image.open(BytesIO(uploadcare.sent["a.jpg"])) as copy:
        assert copy.size == (photo.picture.width, photo.picture.height) == (fact.sent_width, fact.sent_height)
        assert fact.sent_as is not None
        assert fact.sent_as.startswith(f"sent as a copy of {copy.width} x {copy.height} pixels, JPEG quality ")
    assert len(uploadcare.sent["a.jpg"]) <= folder.max_upload_bytes
    assert (folder.input / "a.jpg").read_bytes() == content
    again = FakeUploadcare()
    assert (sent(photo, folder, again), again.sent) == (fact, uploadcare.sent)


def test_what_was_accepted_is_sent_whatever_the_folder_says_since(tmp_path: Path) -> None:
    """A folder that rejects large photos again, or takes smaller ones only, does so with photos that come."""
    content = photograph("coffee", quality=99)
    shrinking = folder_in(tmp_path, max_upload_bytes=len(content) // 3, oversize="shrink")
    photo = accepted(shrinking, "a.jpg", content)
    uploadcare = FakeUploadcare()
    assert sent(photo, folder_in(tmp_path, max_upload_bytes=1000), uploadcare).sent_as is None
    assert uploadcare.sent["a.jpg"] == content


def test_a_photo_that_changes_during_the_upload_is_not_used(tmp_path: Path) -> None:
    """An upload of a file that somebody wrote to meanwhile is left to expire: nothing is stored, nothing paid."""
    folder, uploadcare = folder_in(tmp_path), FakeUploadcare()
    photo = accepted(folder, "a.jpg", jpeg())

    async def scene() -> None:
        go_on = uploadcare.hold("upload_source")
        sending = asyncio.create_task(upload_photo(photo, folder, uploadcare, no_use))
        await uploadcare.called("upload_source")
        os.utime(folder.input / "a.jpg")
        go_on.set()
        with pytest.raises(SupersededError):
            await sending

    asyncio.run(scene())


def test_a_disk_that_fails_during_the_upload_is_no_fault_of_the_photo(tmp_path: Path) -> None:
    """An error while reading waits like one while opening."""
    folder, uploadcare = folder_in(tmp_path), FakeUploadcare()
    photo = accepted(folder, "a.jpg", jpeg())
    uploadcare.fail("upload_source", OSError(5, "Input/output error"))
    with pytest.raises(DiskError, match="Input/output error"):
        sent(photo, folder, uploadcare)


def test_what_is_sent_has_the_accepted_hash(tmp_path: Path) -> None:
    """The stand-in's own hash of the bytes it got is the one that was accepted."""
    folder, uploadcare = folder_in(tmp_path), FakeUploadcare()
    photo = accepted(folder, "a.png", png())
    sent(photo, folder, uploadcare)
    assert hashlib.sha256(uploadcare.sent["a.png"]).hexdigest() == photo.picture.sha256
