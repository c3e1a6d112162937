"""The check of a JPEG's pixel data, as far as a cheap look can see: scans that are empty, too short or filled up.

A preallocated file that was never written to its end holds zeros, an erased memory card holds 0xFF. Some encoders fill
up the file behind a whole picture, and blank parts of a picture can be zeros. So zeros are damage only where the tables
of the file say that they make no picture. A small file, and one that looks too short, is decoded to an eighth of its
size: 12 ms of CPU for a megabyte.
"""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from cutoutd.config.settings import LARGEST_UPLOAD_BYTES
from cutoutd.images.damage.jpeg_scans import HuffmanCode, JpegFrame, JpegScan, read_frame, read_scans
from cutoutd.images.picture_memory import picture_memory
from cutoutd.images.structure.jpeg_segments import EOI, SOS, JpegSegment
from cutoutd.images.structure.mending import END_MARKER

_START_MARKER = b"\xff\xd8"
_SIDE_SEGMENTS = frozenset({*range(0xE0, 0xF0), 0xFE})  #: of applications, and comments

#: Up to this size each JPEG is decoded, because it costs at most 6 ms of CPU.
_ALWAYS_DECODED_BYTES = 500_000
_ALWAYS_DECODED_SCANS_BYTES = 100_000  #: of several scans, which cost six times as much

_RUN_BYTES = 256  #: hundreds of equal coefficients, or fill bytes far beyond alignment
_REFINING_RUN_BYTES = 4096  #: raw bits of large coefficients may be zero for a while
_END_OF_BLOCK = 0x00
_SIXTEEN_ZEROS = 0xF0

#: Decoders look ahead by a few bytes.
_AHEAD_BYTES = 16
#: Old cameras lose the last units of a picture, and viewers show the rest.
_FORGIVEN_SHARE = 100

_DECODER_MAX_SIDE = 65_500  #: of libjpeg

#: Decoding a progressive JPEG needs six bytes a pixel, also to an eighth of its size. Within this it need not wait.
_MAX_SMALL_PIXELS = 2_000_000
#: Two whole pictures are compared, of four bytes each, and one is just decoded.
_COMPARED_BYTES = 14
_MAX_COMPARED_PIXELS = 50_000_000
_COEFFICIENTS = 64


def require_jpeg_pixels(content: bytes, segments: Sequence[JpegSegment]) -> None:
    """Refuse a whole JPEG with these segments if its pixels cannot be whole. Blocking.

    Raises:
        ValueError: they are not, or a header makes no sense; the text is a clause ("its pixels ...").
    """
    pixels = _Pixels(content, segments)
    for scan in pixels.scans:
        _require_enough(pixels.frame, scan)
        _require_no_gap(pixels, scan)
    if not pixels.is_single:
        _require_decodable(pixels)
    elif _is_decoded(pixels):
        scan = pixels.scans[0]
        forgiven = _AHEAD_BYTES + (scan.end - scan.start) // _FORGIVEN_SHARE
        if not _reaches_end(pixels.until(scan.end), forgiven=forgiven):
            msg = "its pixels end before the bottom of the picture"
            raise ValueError(msg)


def has_all_pixels(content: bytes, segments: Sequence[JpegSegment]) -> bool:
    """Return True if every pixel of a JPEG is there, although its end marker was missing. Blocking.

    Args:
        content: the file, with an end marker added.
        segments: those that are found in it now.
    """
    if not segments or segments[-1].marker != EOI:
        return False  # cut off inside a segment
    try:
        require_jpeg_pixels(content, segments)
    except ValueError:
        return False
    pixels = _Pixels(content, segments)
    frame = pixels.frame
    if not _are_all_scans(frame, pixels.scans) or frame.width * frame.height > _MAX_COMPARED_PIXELS:
        return False
    # A larger file holds memory of the budget already, and two that wait for each other's would wait for ever.
    if len(content) > LARGEST_UPLOAD_BYTES:
        return False
    # Without filling, because a preallocated file must not pass for a blank picture.
    data = pixels.until(pixels.scans[-1].end).rstrip(b"\0\xff")
    with picture_memory.reserved(_COMPARED_BYTES * frame.width * frame.height):
        return _is_last_scan_whole(data)


class _Pixels:
    """The pixel data of a JPEG with the tables that they need; side data are left out, so they cannot decide."""

    def __init__(self, content: bytes, segments: Sequence[JpegSegment]) -> None:
        self.content = content
        self.frame = read_frame(content, segments)
        self.scans = list(read_scans(content, segments, self.frame))
        self._scans_start = next((segment.start for segment in segments if segment.marker == SOS), len(content))
        self._tables = [
            segment
            for segment in segments
            if segment.start < self._scans_start and segment.marker not in _SIDE_SEGMENTS
        ]
        if not self.scans:
            msg = "it holds no picture"
            raise ValueError(msg)

    @property
    def is_single(self) -> bool:
        """True if one scan holds everything: nearly all photos."""
        return self.frame.is_sequential and len(self.scans) == 1

    def until(self, end: int) -> bytes:
        """Return a JPEG of the data before this offset, without an end marker."""
        tables = (self.content[segment.start : segment.end] for segment in self._tables)
        return b"".join((_START_MARKER, *tables, memoryview(self.content)[self._scans_start : end]))


def _require_enough(frame: JpegFrame, scan: JpegScan) -> None:
    """Compare with the least that any encoder needs: two bits for a block, one for a block of a progressive scan."""
    least_bits = 1
    if frame.is_sequential:
        least_bits = 2 * frame.blocks(scan.components)
    elif frame.is_progressive and scan.first == 0:
        least_bits = frame.blocks(scan.components)
    data_bits = 8 * (scan.end - scan.start)
    if data_bits < least_bits:
        msg = "its pixels are missing" if data_bits == 0 else "it has too little data for its pixels"
        raise ValueError(msg)


def _require_no_gap(pixels: _Pixels, scan: JpegScan) -> None:
    gap = _gap_of(pixels.content, pixels.frame, scan)
    if gap is None or (pixels.is_single and _reaches_end(pixels.until(scan.start + gap), forgiven=_AHEAD_BYTES)):
        return
    msg = f"its pixels end after {100 * gap // (scan.end - scan.start)} % of their data"
    raise ValueError(msg)


def _gap_of(content: bytes, frame: JpegFrame, scan: JpegScan) -> int | None:
    """Return where the data of a scan end in bytes that make no picture; None if they do not."""
    run_bytes = _least_gap(frame, scan)
    gaps = [content.find(b"\xff" * _RUN_BYTES, scan.start, scan.end)]
    if run_bytes is not None:
        gaps.append(content.find(bytes(run_bytes), scan.start, scan.end))
    found = [at - scan.start for at in gaps if at >= 0]
    return min(found) if found else None


def _least_gap(frame: JpegFrame, scan: JpegScan) -> int | None:
    """Return the number of zero bytes that no picture has in a row; None if any number may be one."""
    if not (frame.is_sequential or frame.is_progressive):
        return None
    blocks = frame.blocks(scan.components)
    if frame.is_sequential:
        if any(code is not None and code.symbol != _END_OF_BLOCK for code in scan.ac_zeros):
            return _RUN_BYTES
        bits = max(map(_blank_bits, scan.dc_zeros)) + max(map(_blank_bits, scan.ac_zeros))
    elif scan.first == 0:
        bits = 1 if scan.is_refining else max(map(_blank_bits, scan.dc_zeros))
    else:
        code = scan.ac_zeros[0]
        if code is None:
            return None
        if code.symbol & 15 or code.symbol == _SIXTEEN_ZEROS:
            return _REFINING_RUN_BYTES if scan.is_refining else _RUN_BYTES
        bits = code.bits + (code.symbol >> 4)
    return max(_REFINING_RUN_BYTES if scan.is_refining else _RUN_BYTES, blocks * bits // 8 + 1)


def _blank_bits(code: HuffmanCode | None) -> int:
    """Return the bits of a code of zeros, with the zeros that its symbol asks for."""
    return 1 if code is None else code.bits + (code.symbol & 15)


def _require_decodable(pixels: _Pixels) -> None:
    is_known = pixels.frame.is_sequential or pixels.frame.is_progressive
    end, size = pixels.scans[-1].end, pixels.frame.width * pixels.frame.height
    if not is_known or end > _ALWAYS_DECODED_SCANS_BYTES or size > _MAX_SMALL_PIXELS:
        return
    if _decoded(pixels.until(end) + END_MARKER, is_small=True) is None:
        msg = "its pixels make no sense"
        raise ValueError(msg)


def _is_decoded(pixels: _Pixels) -> bool:
    frame, scan = pixels.frame, pixels.scans[0]
    if max(frame.width, frame.height) > _DECODER_MAX_SIDE:
        return False
    if scan.end <= _ALWAYS_DECODED_BYTES:
        return True
    # An encoder fills up the last byte with ones. Half of all cuts lack them, and one whole photo of sixteen.
    if not pixels.content[scan.end - 1] & 1:
        return True
    if not scan.restart_interval or len(scan.components) != len(frame.components):
        return False
    wanted = -(-frame.units() // scan.restart_interval) - 1
    return sum(pixels.content.count(bytes((0xFF, 0xD0 + at)), scan.start, scan.end) for at in range(8)) < wanted


def _reaches_end(beginning: bytes, *, forgiven: int) -> bool:
    """Return True if the data of a single scan suffice for the last pixel.

    The decoder gets a few zeros behind them and no end marker. So it runs out of data where it would else paint the
    rest grey.
    """
    return _decoded(beginning + bytes(forgiven), is_small=True) is not None


def _are_all_scans(frame: JpegFrame, scans: Sequence[JpegScan]) -> bool:
    """Return True if the scans bring every coefficient of every component down to its last bit."""
    if not (frame.is_sequential or frame.is_progressive):
        return False
    wanted = {(one.number, at) for one in frame.components for at in range(_COEFFICIENTS)}
    for scan in scans:
        if scan.low_bits == 0:
            wanted -= {(one.number, at) for one in scan.components for at in range(scan.first, scan.last + 1)}
    return not wanted


def _is_last_scan_whole(data: bytes) -> bool:
    """Return True if what follows the last scan makes no difference to any pixel."""
    first, second = (
        _decoded(data + filling * (4 * _AHEAD_BYTES) + END_MARKER, is_small=False) for filling in (b"\0", b"\xaa")
    )
    return first is not None and first == second


def _decoded(content: bytes, *, is_small: bool) -> Image.Image | None:
    """Return the pixels, or those of an eighth of the size; None if they cannot be decoded."""
    try:
        with JpegImageFile(BytesIO(content)) as image:
            if is_small:
                image.draft("L", (1, 1))
            image.load()
            return image
    # Every error, because parsers of foreign bytes raise nearly anything.
    except Exception:  # noqa: BLE001 - see above
        return None
