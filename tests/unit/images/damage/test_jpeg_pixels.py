import threading
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from cutoutd.config.settings import Limits
from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.picture_memory import picture_memory
from cutoutd.images.structure.jpeg_segments import SOS, walk_segments
from cutoutd.images.validation import validate
from support.images.photographs import drawn, encoded, exif, jpeg, photograph

END = b"\xff\xd9"


def data_start(content: bytes) -> int:
    return next(one.end for one in walk_segments(BytesIO(content)) if one.marker == SOS)


def noise(size: tuple[int, int], **options: object) -> bytes:
    """A photograph's worth of detail everywhere."""
    return encoded(Image.effect_noise(size, 60).convert("RGB"), "JPEG", **{"quality": 90, **options})


def refused(content: bytes) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        validate(content, "a.jpg")
    return caught.value


KINDS = [{}, {"optimize": True}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": "4:4:4"}]


@pytest.mark.parametrize("options", KINDS)
def test_an_empty_scan_is_damage(options: dict[str, object]) -> None:
    """The header of the scan is followed at once by the end marker."""
    content = photograph(**options)
    error = refused(content[: data_start(content)] + END)
    assert (error.code, error.sentence) == (RejectionCode.DAMAGED, "it is damaged: its pixels are missing")


@pytest.mark.parametrize("filling", [b"\0", b"\xff"])
@pytest.mark.parametrize("share", [0, 1, 50, 95])
@pytest.mark.parametrize("options", KINDS)
def test_a_photo_filled_up_from_somewhere_on_is_damage(options: dict[str, object], share: int, filling: bytes) -> None:
    """A file that was reserved and never written to its end holds zeros, one on an erased card 0xFF."""
    content = noise((900, 900), **options)
    start = data_start(content)
    at = start + 4 + (len(content) - start) * share // 100
    error = refused(content[:at] + filling * (len(content) - at - 2) + END)
    assert error.code == RejectionCode.DAMAGED
    assert error.sentence.count("it is damaged") == 1


def test_a_hole_of_zeros_in_a_large_photo_is_damage() -> None:
    """A lost block of the disk in its middle; too large to be decoded, it is seen all the same."""
    content = noise((1600, 1600))
    assert len(content) > 1_000_000
    at = len(content) // 2
    assert (
        "it is damaged: its pixels end after 49 %"
        in refused(content[:at] + bytes(4096) + content[at + 4096 :]).sentence
    )


@pytest.mark.parametrize("share", [5, 30, 50, 80, 97])
@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"restart_marker_rows": 1}, {"subsampling": "4:4:4"}])
def test_a_small_photo_cut_off_before_an_end_marker_is_damage(options: dict[str, object], share: int) -> None:
    """A program mended the file, and the decoder would paint the rest grey."""
    content = photograph(**options)
    at = data_start(content) + (len(content) - data_start(content)) * share // 100
    assert refused(content[:at].rstrip(b"\xff") + END).sentence == (
        "it is damaged: its pixels end before the bottom of the picture"
    )


def test_a_large_photo_that_lacks_restart_markers_is_damage() -> None:
    """Cameras that write them tell how many there must be."""
    content = noise((1600, 1600), restart_marker_rows=1)
    assert len(content) > 1_000_000
    assert "before the bottom" in refused(content[: len(content) // 2].rstrip(b"\xff") + END).sentence


def on_white(size: tuple[int, int]) -> Image.Image:
    """A product on a white ground, as studios take them: most of the data are blank."""
    picture = Image.new("RGB", size, "white")
    picture.paste(Image.effect_noise((size[0] // 3, size[1] // 5), 60).convert("RGB"), (size[0] // 3, size[1] // 10))
    ImageDraw.Draw(picture).ellipse((20, 20, 90, 90), fill="red")
    return picture


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", KINDS)
def test_blank_photos_are_fine(options: dict[str, object], mode: str) -> None:
    """With tables of its own, blank parts of a picture can be nothing but zeros."""
    for picture in (
        on_white((1500, 1500)),
        Image.new("RGB", (3000, 2000), "white"),
        Image.new("RGB", (999, 7), "black"),
    ):
        validate(encoded(picture.convert(mode), "JPEG", **options), "a.jpg")


@pytest.mark.parametrize("filling", [b"\0" * 5000, b"\xff" * 5000, b"\0", b"\xff"])
def test_a_whole_photo_that_is_filled_up_before_its_end_marker_is_fine(filling: bytes) -> None:
    """Some cameras write files of whole blocks."""
    content = photograph()
    assert validate(content[:-2] + filling + END, "a.jpg").note is None


@pytest.mark.parametrize("options", KINDS)
def test_a_photo_that_only_lacks_its_end_marker_is_accepted_with_a_note(options: dict[str, object]) -> None:
    """Every pixel is there."""
    content = photograph(exif=exif(6), **options)
    for missing in (1, 2):
        assert validate(content[:-missing], "a.jpg").note == "its end marker is missing, and its pixels are whole"


@pytest.mark.parametrize("options", KINDS)
def test_a_photo_that_lacks_any_pixel_is_cut_off(options: dict[str, object]) -> None:
    """A broken download stays one, also if it broke in the last row, or its place on the disk was reserved."""
    content = noise((400, 300), **options)
    for missing in (12, 40, 300, len(content) // 2, len(content) - 700):
        for beginning in (content[:-missing], content[:-missing] + bytes(missing)):
            assert refused(beginning).code == RejectionCode.TRUNCATED


def test_a_progressive_photo_without_its_last_scan_is_cut_off() -> None:
    """The scans before it end where a marker stands, and the picture would only be coarser."""
    content = photograph(progressive=True)
    last_scan = [one.start for one in walk_segments(BytesIO(content)) if one.marker == SOS][-1]
    assert refused(content[:last_scan]).code == RejectionCode.TRUNCATED


@pytest.mark.parametrize("missing", [1, 2])
def test_the_last_pixels_may_be_lost_where_there_is_an_end_marker(missing: int) -> None:
    """Old cameras lose the last unit of a picture, and every viewer shows the rest."""
    content = photograph()
    validate(content[: -2 - missing] + END, "a.jpg")


def test_garbage_in_side_data_does_not_reach_the_decoder() -> None:
    """Only tables and data of the pixels are looked at."""
    validate(jpeg(exif=b"Exif\0\0nonsense" * 50), "a.jpg")
    validate(encoded(drawn(), "JPEG", comment=b"\xff\xd8\xff" * 100), "a.jpg")


def test_whole_pictures_wait_for_the_memory_of_decoded_ones() -> None:
    """The pixels behind a missing end marker are compared within the one budget, else many would fill the machine."""
    content = photograph(exif=exif(6))[:-2]
    accepted = threading.Event()

    def look() -> None:
        validate(content, "a.jpg")
        accepted.set()

    with picture_memory.reserved(Limits().picture_memory_bytes):
        thread = threading.Thread(target=look)
        thread.start()
        assert not accepted.wait(0.5)
    thread.join(20)
    assert accepted.is_set()
