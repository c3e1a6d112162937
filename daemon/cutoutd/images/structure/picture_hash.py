"""The hash of a picture itself: of the data that a viewer decodes, and of what changes its look.

Ratings, keywords, captions and previews do not count, because programs rewrite them in a file with the same picture.
Everything unknown counts: a wrong "same" gives a wrong cutout, a wrong "different" costs one removal. The table in
docs/architecture.md has the reason for each part. The hash is stored, so a change here needs another ``_VERSION``.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from cutoutd.images.structure.jpeg_segments import SOS, JpegSegment
from cutoutd.images.structure.png_chunks import PngChunk

_VERSION = b"cutoutd picture 1"

_COMMENT = 0xFE
_APP0 = 0xE0
_APP2 = 0xE2
_APP14 = 0xEE
_BETWEEN = -1  #: the data of a scan, or stray bytes between segments

#: JPEG application segments by marker and first bytes that say nothing about the look of the picture.
_JPEG_METADATA: tuple[tuple[int, bytes], ...] = (
    (_APP0, b"JFXX\0"),  # a thumbnail
    (0xE1, b"Exif\0"),  # orientation and colour space count by their values
    (0xE1, b"http://ns.adobe.com/xap/1.0/\0"),  # XMP
    (0xE1, b"http://ns.adobe.com/xmp/extension/\0"),
    (_APP2, b"MPF\0"),  # the offsets of further pictures behind this one
    (0xED, b"Photoshop 3.0\0"),  # IPTC
)
_JFIF = b"JFIF\0"  #: counts as such where decoders would else not take the colours for YCbCr
_ADOBE = b"Adobe"
_ADOBE_TRANSFORM_AT, _ADOBE_YCBCR = 11, 1
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  #: all SOF markers
_COLOURS = 3
_COMPONENTS_AT, _COMPONENT_BYTES = 6, 3  #: in the content of a frame
_JFIF_COMPONENTS = bytes((1, 2, 3))
_ICC = b"ICC_PROFILE\0"
_ICC_NUMBER_BYTES = 2  #: the number of a piece and of all pieces

_PIXELS = b"IDAT"
_PNG_NAME_BYTES = 80  #: the longest name of a profile, with its end

#: PNG chunks that say nothing about the look; eXIf counts by its values.
_PNG_METADATA = frozenset({b"tEXt", b"zTXt", b"iTXt", b"tIME", b"pHYs", b"eXIf", b"IEND"})


@dataclass(frozen=True, slots=True)
class ExifLook:
    """The values in EXIF that change the look of a picture."""

    orientation: int  #: 1 to 8
    color_space: str = ""  #: colour space and gamma, as far as they are given


def jpeg_sha256(content: bytes, segments: Sequence[JpegSegment], look: ExifLook) -> str:
    """Return the SHA-256 of the picture in a JPEG with these segments, the end marker last."""
    return _sha256_of(b"JPEG", look, _jpeg_pieces(memoryview(content), segments))


def png_sha256(content: bytes, chunks: Sequence[PngChunk], look: ExifLook) -> str:
    """Return the SHA-256 of the picture in a PNG with these chunks, IEND last."""
    return _sha256_of(b"PNG", look, _png_pieces(memoryview(content), chunks))


def _sha256_of(kind: bytes, look: ExifLook, pieces: Iterator[Sequence[memoryview]]) -> str:
    digest = hashlib.sha256()
    values = (_VERSION, kind, str(look.orientation).encode(), look.color_space.encode())
    for piece in chain(([memoryview(value)] for value in values), pieces):
        # With its length, else bytes could pass from one piece to the next unseen.
        digest.update(sum(map(len, piece)).to_bytes(8, "big"))
        for each in piece:
            digest.update(each)
    return digest.hexdigest()


def _jpeg_pieces(view: memoryview, segments: Sequence[JpegSegment]) -> Iterator[Sequence[memoryview]]:
    """Yield the colour profile, and then everything else that counts, each behind its marker."""
    profile: list[tuple[bytes, memoryview]] = []
    counted: list[tuple[int, memoryview]] = []
    is_before_scans = True
    is_jfif_counted = not _is_ycbcr_anyway(view, segments)
    at = segments[0].start
    for segment in segments:
        if segment.start > at:
            counted.append((_BETWEEN, view[at : segment.start]))
        at = segment.end
        content = view[segment.content_start : segment.end]
        is_before_scans = is_before_scans and segment.marker != SOS
        # Behind the first scan decoders do not look for a profile any more.
        if is_before_scans and segment.marker == _APP2 and content[: len(_ICC)] == _ICC:
            numbered = content[len(_ICC) :]
            profile.append((bytes(numbered[:_ICC_NUMBER_BYTES]), numbered[_ICC_NUMBER_BYTES:]))
        elif segment.marker == _APP0 and content[: len(_JFIF)] == _JFIF:
            if is_jfif_counted:
                counted.append((_APP0, content[:0]))  # without its density and thumbnail
        elif not _is_jpeg_metadata(segment.marker, content):
            counted.append((segment.marker, content))
    profile.sort(key=lambda numbered: numbered[0])
    # Because decoders drop a profile that lacks a piece: as bytes it may be equal to a whole one.
    yield [memoryview(bytes([_is_complete([number for number, _ in profile])]))]
    yield [piece for _, piece in profile]
    for kind, piece in counted:
        yield [memoryview(str(kind).encode())]
        yield [piece]


def _is_complete(numbers: Sequence[bytes]) -> bool:
    return all(tuple(number) == (at, len(numbers)) for at, number in enumerate(numbers, 1))


def _is_ycbcr_anyway(view: memoryview, segments: Sequence[JpegSegment]) -> bool:
    """Return True if JFIF makes no difference: decoders go by it, else by Adobe, else by the names of the colours."""
    transform, components = None, b""
    for segment in segments:
        content = view[segment.content_start : segment.end]
        if segment.marker == SOS:
            break
        if segment.marker == _APP14 and content[: len(_ADOBE)] == _ADOBE and len(content) > _ADOBE_TRANSFORM_AT:
            transform = content[_ADOBE_TRANSFORM_AT]
        elif segment.marker in _FRAMES:
            components = bytes(content[_COMPONENTS_AT::_COMPONENT_BYTES])
    if len(components) != _COLOURS:
        return True
    return components == _JFIF_COMPONENTS if transform is None else transform == _ADOBE_YCBCR


def _is_jpeg_metadata(marker: int, content: memoryview) -> bool:
    return marker == _COMMENT or any(
        marker == known and content[: len(beginning)] == beginning for known, beginning in _JPEG_METADATA
    )


def _png_pieces(view: memoryview, chunks: Sequence[PngChunk]) -> Iterator[Sequence[memoryview]]:
    """Yield the pixels as one piece, however they are divided, and then every other chunk behind its type.

    The place of the pixels counts, because decoders ignore colours that stand behind them.
    """
    yield [view[chunk.content_start : chunk.content_end] for chunk in chunks if chunk.type == _PIXELS]
    is_before_pixels = True
    for chunk in chunks:
        if chunk.type == _PIXELS and is_before_pixels:
            is_before_pixels = False
            yield [memoryview(_PIXELS)]
        if chunk.type != _PIXELS and chunk.type not in _PNG_METADATA:
            content = view[chunk.content_start : chunk.content_end]
            yield [memoryview(chunk.type)]
            yield [_without_name(content) if chunk.type == b"iCCP" else content]


def _without_name(profile: memoryview) -> memoryview:
    """Return a colour profile without the name that a program gave it."""
    return profile[bytes(profile[:_PNG_NAME_BYTES]).find(b"\0") + 1 :]
