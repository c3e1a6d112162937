import itertools
from io import BytesIO

import pytest

from cutoutd.images.structure.jpeg_segments import EOI, SOS, walk_segments
from cutoutd.images.structure.png_chunks import walk_chunks
from support.images.photographs import exif, jpeg, png


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_jpeg_segments_cover_all_but_the_data_of_scans(options: dict[str, object]) -> None:
    """Each segment begins with its marker, and gaps are found only behind the start of a scan."""
    content = jpeg((64, 48), exif=exif(6), **options)
    segments = list(walk_segments(BytesIO(content + b"a phone's trailer")))
    assert all(content[one.start : one.start + 2] == bytes((0xFF, one.marker)) for one in segments)
    assert content[segments[0].content_start :].startswith((b"JFIF\0", b"Exif\0"))
    gaps = [one.marker for one, following in itertools.pairwise(segments) if one.end < following.start]
    assert set(gaps) == {SOS}
    assert (segments[-1].marker, segments[-1].end) == (EOI, len(content))


def test_png_chunks_follow_each_other_without_a_gap() -> None:
    """Each chunk begins where the one before it ends; the last one is IEND."""
    content = png((64, 48))
    chunks = list(walk_chunks(BytesIO(content + b"a trailer")))
    assert [one.start for one in chunks[1:]] == [one.end for one in chunks[:-1]]
    assert (chunks[0].type, chunks[0].content_end - chunks[0].content_start) == (b"IHDR", 13)
    assert (chunks[-1].type, chunks[-1].end) == (b"IEND", len(content))


@pytest.mark.parametrize("content", [jpeg(), png()])
def test_a_cut_file_yields_its_whole_parts(content: bytes) -> None:
    """The walk ends with the last part that is there as a whole."""
    walk = walk_segments if content == jpeg() else walk_chunks
    whole = [one.end for one in walk(BytesIO(content))]
    for length in range(8, len(content)):
        assert [one.end for one in walk(BytesIO(content[:length]))] == [end for end in whole if end <= length]
